"""Maps that the user gives: the brightness of a pixel says how much that pixel of the picture counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.exit_codes import about
from imagegs.cli.paths import read_input
from imagegs.errors import FormatError
from imagegs.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from imagegs.gaussians import FloatArray
    from imagegs.pictures.pixels import Picture


def read_map(path: Path, picture: Picture) -> FloatArray:
    """The luma of a picture file, without its alpha: (H, W) in 0..1.

    Raises FileError where it is no picture, or has another size than `picture`.
    """
    import numpy as np

    from imagegs.pictures.pixels import LUMA_OF_RGB, to_float

    # A map may be as large as its picture, which was accepted.
    n_pixels = picture.pixels.shape[0] * picture.pixels.shape[1]
    read = read_input(path, size_limit=max(n_pixels, DEFAULT_LIMITS.max_picture_pixels))
    (h, w), (height, width) = read.pixels.shape[:2], picture.pixels.shape[:2]
    with about(path):
        if (h, w) != (height, width):
            raise FormatError(f"the map has {w} x {h} pixels, the picture {width} x {height}")
    values = to_float(read.pixels)
    if read.channels[:3] == ("R", "G", "B"):
        return np.asarray(values[:, :, :3] @ np.array(LUMA_OF_RGB, np.float32))
    return values[:, :, 0]
