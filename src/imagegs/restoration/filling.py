"""Texture in holes: what is sparse in blocks of the cosine transform, and agrees with the known pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import IntegerPixels, to_float, to_integers
from imagegs.restoration.denoising import from_opponent, to_opponent
from imagegs.restoration.holes import filled
from imagegs.restoration.shrinkage import GRIDS, thresholded

# Thresholds of the rounds fall from the first to the last, which is about what is left unknown.
ROUNDS, FIRST, LAST = 20, 80 / 255, 6 / 255
APART = 2  # pixels between the block grids of a round; the next round has others
HELD_OUT = 0.1  # of the known pixels
STREAM = 2006  # of random numbers, which no holes that a seed made share


class Filled(NamedTuple):
    """A picture (H, W, C) without holes."""

    pixels: IntegerPixels
    error: float  # expected of the pixels that were unknown: mean, squared, 1 = white


def filled_best(pixels: IntegerPixels, known: NDArray[np.bool_], seed: int) -> Filled:
    """The picture (H, W, C) with its unknown pixels filled smoothly or with texture: by what comes nearer to
    known pixels (H, W) that are held out.

    Raises ValueError when no pixel is known.
    """
    values = to_float(pixels)
    drawn = known & (np.random.default_rng([STREAM, seed]).random(known.shape) < HELD_OUT)
    if not drawn.any() or not (known & ~drawn).any():
        return Filled(filled(pixels, known), 0.0)
    errors = [float(np.square(way - values)[drawn].mean()) for way in _ways(pixels, known & ~drawn)]
    best = int(np.argmin(errors))
    integers = to_integers(_ways(pixels, known)[best], 8 * pixels.dtype.itemsize)
    return Filled(np.where(known[:, :, None], pixels, integers), errors[best])


def _ways(pixels: IntegerPixels, known: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    smooth = to_float(filled(pixels, known))
    return [smooth, textured(smooth, known)]


def textured(smooth: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W, C), 1 = white, whose unknown pixels are filled smoothly, with texture there: shrunk
    (shrinkage.py) again and again, less each time, the known pixels put back (iterated thresholding, Guleryuz
    2006, "Nonlinear approximation based image recovery").
    """
    given = to_opponent(smooth)
    planes = given.copy()
    for i, threshold in enumerate(np.geomspace(FIRST, LAST, ROUNDS)):
        grids = _grids(i)
        for c, plane in enumerate(planes):
            planes[c] = np.where(known, given[c], thresholded(plane, threshold, 1.0, grids))
    return from_opponent(planes)


def _grids(i: int) -> list[tuple[int, int]]:
    """Those of a round: one in APART along either axis."""
    first = divmod(i % APART**2, APART)
    return [grid for grid in GRIDS if (grid[0] % APART, grid[1] % APART) == first]
