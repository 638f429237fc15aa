"""How much noise a picture has, from the picture alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import as_pixels, to_float
from imagegs.restoration.shrinkage import SIDE, to_coefficients

MAD_OF_NORMAL = 0.6745  # the median of |x|, x normal of standard deviation 1
SMOOTHEST, FEWEST_BLOCKS = 0.1, 48  # of the blocks tell the noise: a share, a number
MOST_BLOCKS = 2**16  # that are looked at
ROUNDING = 1e-6  # of the transform: less is no noise
FREQUENCIES = np.add.outer(np.arange(SIDE), np.arange(SIDE)).ravel()
LOW, HIGH = (FREQUENCIES > 0) & (FREQUENCIES < 6), FREQUENCIES >= 8  # where the picture is, and noise alone
# Blocks whose mean is so near to black or white had their noise cut off: in deviations of the noise, and at
# most in shares of white.
MARGIN, MOST_MARGIN, ROUNDS = 2.5, 0.3, 3


def noise_level(image: NDArray[Any], where: NDArray[np.bool_] | None = None) -> float:
    """The standard deviation of the white noise in a picture (H, W, C), of 1 = white; the root mean square
    over channels. 0 for less than 8 pixels a side. where: the pixels (H, W) that tell it; 0 where no 8 x 8
    of them touch.

    The median of high frequencies in the smoothest blocks (after Ponomarenko et al. 2007, "An automatic
    approach to lossy compression of AVIRIS images"). Clean photographs read as up to 0.008 of noise.
    """
    values = to_float(as_pixels(image))
    if min(values.shape[:2]) < SIDE:
        return 0.0
    tell = np.ones(values.shape[:2], bool) if where is None else where
    inside = _blocks(tell.astype(np.float32))[:, 0] > SIDE - 0.5
    if not inside.any():
        return 0.0
    levels = [_level(_blocks(plane)[inside]) for plane in np.moveaxis(values, 2, 0)]
    level = float(np.sqrt(np.mean(np.square(levels, dtype=np.float64))))
    return level if level > ROUNDING else 0.0


def _blocks(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coefficients (M, 64) of the blocks at two places of the grid, as many as are looked at."""
    found = []
    for first in (0, SIDE // 2):
        height, width = ((side - first) // SIDE * SIDE for side in plane.shape)
        if height and width:
            found.append(to_coefficients(np.ascontiguousarray(plane[first:, first:][:height, :width])))
    blocks = np.concatenate(found)
    return blocks[:: -(-len(blocks) // MOST_BLOCKS)]


def _level(blocks: NDArray[np.float32]) -> float:
    """The noise of a channel; first told by all of its blocks, then by those where it was not cut off."""
    means, roughness = blocks[:, 0] / SIDE, np.square(blocks[:, LOW]).sum(axis=1)
    level = 0.0
    for _ in range(ROUNDS):
        margin = min(MARGIN * level, MOST_MARGIN)
        whole = (means > margin) & (means < 1 - margin)
        chosen = np.flatnonzero(whole) if whole.sum() >= FEWEST_BLOCKS else np.arange(len(blocks))
        n = min(len(chosen), max(FEWEST_BLOCKS, int(SMOOTHEST * len(chosen))))
        smoothest = chosen[np.argsort(roughness[chosen], kind="stable")[:n]]
        level = float(np.median(np.abs(blocks[smoothest][:, HIGH]))) / MAD_OF_NORMAL
    return level
