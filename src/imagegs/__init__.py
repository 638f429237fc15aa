"""imagegs: pictures and texture stacks as a few thousand coloured, anisotropic 2D Gaussians.

gaussians = imagegs.fit(image, n_gaussians=10_000)
imagegs.save("a.gsimg", gaussians)
picture = imagegs.render(imagegs.load("a.gsimg"), height=4000)
"""

from imagegs.codec import Bits, FileInfo, decode, encode, load, read_info, save
from imagegs.errors import FormatError, ImageGSError, LimitError
from imagegs.fitting import Progress, fit, fit_progressively
from imagegs.gaussians import Gaussians
from imagegs.rendering import render, sample

__version__ = "0.1.0"

__all__ = [
    "Bits",
    "FileInfo",
    "FormatError",
    "Gaussians",
    "ImageGSError",
    "LimitError",
    "Progress",
    "__version__",
    "decode",
    "encode",
    "fit",
    "fit_progressively",
    "load",
    "read_info",
    "render",
    "sample",
    "save",
]
