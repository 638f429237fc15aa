"""Gaussians that look sharp when painted larger than the picture that they were fitted to.

A pixel of a picture is the mean of an area, but Gaussians are painted at points. Fitted to the pixels as they
stand, they paint the picture blurred by a pixel, which shows as soon as there are more pixels to see it. So
they are fitted to the picture enlarged, such that its areas have the means that the pixels say, and shrunk.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.gaussians import Gaussians
from imagegs.metrics import mean_squared_error
from imagegs.pictures.pixels import IntegerPixels, to_float, to_integers

FACTOR = 2
ROUNDS = 4  # of back projection; more change nothing


def enlarged(pixels: IntegerPixels) -> IntegerPixels:
    """FACTOR times as large: bicubic, then corrected until the means over the areas of pixels are theirs, by
    iterated back projection (Irani and Peleg 1991, "Improving resolution by image registration").
    """
    small = to_float(pixels)
    large = _bicubic(small)
    for _ in range(ROUNDS):
        large = large + _bicubic(small - _means(large))
    return to_integers(large, 8 * pixels.dtype.itemsize)


def gain_of_projection(pixels: IntegerPixels, large: IntegerPixels) -> float:
    """The mean squared difference, 1 = white, of an `enlarged` picture from the bicubic one."""
    bicubic = to_integers(_bicubic(to_float(pixels)), 8 * pixels.dtype.itemsize)
    return mean_squared_error(bicubic, large)


def _bicubic(values: NDArray[np.float32]) -> NDArray[np.float32]:
    from PIL import Image

    height, width, _ = values.shape
    size = FACTOR * width, FACTOR * height
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.BICUBIC))
        for plane in np.moveaxis(values, 2, 0)
    ]
    return np.stack(planes, axis=2)


def _means(large: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over areas of FACTOR x FACTOR."""
    height, width, channels = large.shape
    areas = large.reshape(height // FACTOR, FACTOR, width // FACTOR, FACTOR, channels)
    means: NDArray[np.float32] = areas.mean(axis=(1, 3))
    return means


def shrunk(gaussians: Gaussians) -> Gaussians:
    """Brings Gaussians to a canvas of the size that the picture had before it was enlarged."""
    height, width = gaussians.height // FACTOR, gaussians.width // FACTOR
    return gaussians.replace(
        xy=gaussians.xy / FACTOR, scale=gaussians.scale / FACTOR, height=height, width=width
    )
