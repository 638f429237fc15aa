"""From pixels to bytes of a wanted size, quality or number of Gaussians, and back."""

from imagegs.compression.bytes_to_pixels import decompress
from imagegs.compression.compressing import Compressed, Compression
from imagegs.compression.options import CompressionOptions, FitSettings, Target
from imagegs.compression.picture_files import imread, imwrite
from imagegs.compression.pixels_to_bytes import compress, compress_with_report
from imagegs.compression.quality_target import QualityFit, ScoreFit, fit_to_psnr, fit_to_ssimulacra2

__all__ = [
    "Compressed",
    "Compression",
    "CompressionOptions",
    "FitSettings",
    "QualityFit",
    "ScoreFit",
    "Target",
    "compress",
    "compress_with_report",
    "decompress",
    "fit_to_psnr",
    "fit_to_ssimulacra2",
    "imread",
    "imwrite",
]
