"""Shrinkage: small coefficients of the blocks of a picture are noise, large ones are the picture.

The blocks are 8 x 8, their transform is the cosine transform, and every place of the block grid counts alike:
the pictures of all 64 grids are averaged (cycle spinning, Coifman and Donoho 1995, "Translation-invariant
de-noising"; for the cosine transform Yu and Sapiro 2011, "DCT image denoising", IPOL).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 8  # of a block, pixels
GRIDS = tuple((y, x) for y in range(SIDE) for x in range(SIDE))  # where the first block may begin

Plane = NDArray[np.float32]  # (H, W)
Gains = Callable[
    ..., Plane
]  # of the coefficients (M, 64) of the planes: what the first ones are multiplied with


def thresholded(
    plane: Plane, deviations: NDArray[Any] | float, threshold: float, grids: Sequence[tuple[int, int]] = GRIDS
) -> Plane:
    """The plane without the coefficients below `threshold` deviations; means of blocks stay.

    deviations: the standard deviation of the noise, one number or 64, row by row.
    """
    least = np.float32(threshold) * np.asarray(deviations, np.float32)

    def gains(coefficients: Plane) -> Plane:
        kept = (np.abs(coefficients) >= least).astype(np.float32)
        kept[:, 0] = 1
        return kept

    return _spun([plane], gains, grids)


def wiener_filtered(plane: Plane, guide: Plane, deviations: NDArray[Any] | float) -> Plane:
    """The plane by Wiener's filter, for which a guide (H, W), the plane shrunk before, tells the power of the
    signal: the second step of BM3D (Dabov et al. 2007), without its search for like blocks.

    deviations: those of the noise, above 0, one number or 64.
    """
    noise = np.square(np.asarray(deviations, np.float32))

    def gains(_: Plane, of_guide: Plane) -> Plane:
        power = np.square(of_guide)
        power /= power + noise
        power[:, 0] = 1
        return power

    return _spun([plane, guide], gains, GRIDS)


def _spun(planes: Sequence[Plane], gains: Gains, grids: Sequence[tuple[int, int]]) -> Plane:
    """The mean over the grids of the first plane with gains; blocks in which more was left out weigh more."""
    height, width = planes[0].shape
    padded = [np.pad(plane, SIDE, mode="symmetric") for plane in planes]
    total, weights = np.zeros_like(padded[0]), np.zeros_like(padded[0])
    for y, x in grids:
        window = np.s_[y : y + (height + SIDE) // SIDE * SIDE, x : x + (width + SIDE) // SIDE * SIDE]
        coefficients = [to_coefficients(plane[window]) for plane in padded]
        gain = gains(*coefficients)
        weight = 1 / np.square(gain).sum(axis=1, keepdims=True)
        gain *= coefficients[0]
        gain *= weight
        total[window] += to_plane(gain, total[window].shape)
        rows = weights[window]
        rows += np.repeat(np.repeat(_grid(weight, rows.shape), SIDE, axis=0), SIDE, axis=1)
    inner = np.s_[SIDE : SIDE + height, SIDE : SIDE + width]
    shrunk: Plane = total[inner] / weights[inner]
    return shrunk


def _grid(of_blocks: Plane, shape: tuple[int, ...]) -> Plane:
    return of_blocks.reshape(shape[0] // SIDE, shape[1] // SIDE)


def _transform() -> Plane:
    """(64, 64): to the orthonormal cosine transform of a block, row by row."""
    side = np.arange(SIDE)
    rows = np.sqrt(2 / SIDE) * np.cos(np.pi * np.outer(side, 2 * side + 1) / (2 * SIDE))
    rows[0] /= np.sqrt(2)
    return np.kron(rows, rows).astype(np.float32)


TRANSFORM = _transform()


def to_coefficients(plane: Plane) -> Plane:
    """(M, 64), row by row, of the blocks of a plane whose sides are multiples of 8."""
    height, width = plane.shape
    blocks = plane.reshape(height // SIDE, SIDE, width // SIDE, SIDE).swapaxes(1, 2)
    coefficients: Plane = blocks.reshape(-1, SIDE * SIDE) @ TRANSFORM.T
    return coefficients


def to_plane(coefficients: Plane, shape: tuple[int, ...]) -> Plane:
    """The inverse of `to_coefficients`."""
    height, width = shape
    blocks = (coefficients @ TRANSFORM).reshape(height // SIDE, width // SIDE, SIDE, SIDE)
    return blocks.swapaxes(1, 2).reshape(height, width)
