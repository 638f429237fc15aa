"""Shares Gaussians out among the parts of a large picture, before anything is fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.placement import gradient_map
from imagegs.large.windows import HALO, Window
from imagegs.pictures.pixels import IntegerPixels, to_planes

CELL = HALO  # pixels on a side of a cell of a survey
# A fit of a whole picture has Gaussians about in proportion to the mean slope of cells, in samples a pixel
# (1 = white); a flat cell has as many as one of this slope. docs/experiments.md has how well that foretells.
FLAT_SLOPE = 0.002
_SOBEL = 8.0  # gradient_map gives so many times the slope


def survey(pixels: IntegerPixels) -> NDArray[np.float32]:
    """(rows, columns) of cells of a block (H, W, C): the share of Gaussians of each, not yet to scale."""
    slope = gradient_map(to_planes(pixels)) / np.float32(_SOBEL) + np.float32(FLAT_SLOPE)
    rows = np.add.reduceat(slope, np.arange(0, slope.shape[0], CELL), axis=0)
    return np.add.reduceat(rows, np.arange(0, slope.shape[1], CELL), axis=1)


def share_of(cells: NDArray[np.float32], window: Window) -> float:
    """The share of the Gaussians of the whole picture that a window should have, by all of its cells."""
    top, left = window.top // CELL, window.left // CELL
    bottom, right = -(-(window.top + window.height) // CELL), -(-(window.left + window.width) // CELL)
    part = cells[top:bottom, left:right].sum(dtype=np.float64)
    return float(part / cells.sum(dtype=np.float64))
