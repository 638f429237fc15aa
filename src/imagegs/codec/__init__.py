"""The .gsimg file format: Gaussians to bytes and back. docs/format.md specifies the bytes.

Needs numpy and the native module, and never imports the fitting.
"""

from imagegs.codec.bits import Bits
from imagegs.codec.budget import bytes_for_bpp, coded_frame_size, file_size, gaussians_for_bytes
from imagegs.codec.coded import LayerInfo
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.decoding import decode, load
from imagegs.codec.file_info import FileInfo, read_info
from imagegs.codec.grain import Grain
from imagegs.codec.gsimg import encode, save
from imagegs.codec.lattice import Lattice
from imagegs.codec.opening import read_file
from imagegs.codec.painting import render, sample

__all__ = [
    "Bits",
    "ColorTransform",
    "FileInfo",
    "Grain",
    "Lattice",
    "LayerInfo",
    "bytes_for_bpp",
    "coded_frame_size",
    "decode",
    "encode",
    "file_size",
    "gaussians_for_bytes",
    "load",
    "read_file",
    "read_info",
    "render",
    "sample",
    "save",
]
