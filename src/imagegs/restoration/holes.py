"""Pictures with holes: which pixels are known, and something smooth where none is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import IntegerPixels, Picture, to_float, to_integers

UNKNOWN_FROM = 0.5  # of white, in a mask
FILLED_WEIGHT = 0.3  # of pixels that are filled, where known ones have 1
SMOOTHING_ROUNDS, SMOOTH = 60, 1e-9  # the mean squared gradient that is small enough


def known_by_mask(mask: Picture) -> NDArray[np.bool_]:
    """(H, W) of a mask picture: black is known, white (from half of it) is to be filled.

    The mean of the colours counts; alpha does not.
    """
    colors = to_float(mask.pixels)[:, :, : 3 if mask.pixels.shape[2] >= 3 else 1]
    known: NDArray[np.bool_] = colors.mean(axis=2) < UNKNOWN_FROM
    return known


def known_by_alpha(picture: Picture) -> NDArray[np.bool_]:
    """(H, W): where the alpha channel, the last one, is not 0."""
    known: NDArray[np.bool_] = picture.pixels[:, :, -1] > 0
    return known


def pixel_weights(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W): 1 where known, FILLED_WEIGHT elsewhere."""
    return np.where(known, 1.0, FILLED_WEIGHT).astype(np.float32)


def filled(pixels: IntegerPixels, known: NDArray[np.bool_]) -> IntegerPixels:
    """(H, W, C) with the unknown pixels smooth: the least sum of squared Laplacians (biharmonic), as far as a
    few rounds of conjugate gradients come from means of known pixels around. Small holes get there.

    Raises ValueError when no pixel is known.
    """
    if not known.any():
        raise ValueError("no pixel is known")
    values = _filled(to_float(pixels) * known[:, :, None], known.astype(np.float32))
    for c in range(values.shape[2]):
        _smooth(values[:, :, c], ~known)
    integers = to_integers(values, 8 * pixels.dtype.itemsize)
    return np.where(known[:, :, None], pixels, integers)


def _smooth(plane: NDArray[np.float32], free: NDArray[np.bool_]) -> None:
    """Conjugate gradients on the sum of squared Laplacians over the free pixels of (H, W), in place."""
    residual = -(free * _bilaplacian(plane))
    direction, squares = residual.copy(), float(np.vdot(residual, residual))
    for _ in range(SMOOTHING_ROUNDS):
        if squares <= SMOOTH * plane.size:
            return
        product = free * _bilaplacian(direction)
        step = np.float32(squares / float(np.vdot(direction, product)))
        plane += step * direction
        residual -= step * product
        before, squares = squares, float(np.vdot(residual, residual))
        direction = residual + np.float32(squares / before) * direction


def _bilaplacian(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.ndimage import laplace

    twice: NDArray[np.float32] = laplace(laplace(plane, mode="nearest"), mode="nearest")
    return twice


def _filled(sums: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means (H, W, C) of weighed sums; where weights are 0, those of half the resolution (push-pull)."""
    has, floor = weights > 0, np.float32(1e-12)
    means = np.asarray(sums / np.maximum(weights, floor)[:, :, None], np.float32)
    if has.all():
        return means
    coarse = _filled(_halved(sums), _halved(weights[:, :, None])[:, :, 0])
    large = coarse.repeat(2, axis=0).repeat(2, axis=1)[: len(weights), : weights.shape[1]]
    return np.where(has[:, :, None], means, large)


def _halved(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of 2 x 2 of (H, W, C), an odd side padded by zeros, over 4."""
    height, width, _ = planes.shape
    even = np.pad(planes, ((0, height % 2), (0, width % 2), (0, 0))).astype(np.float32, copy=False)
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return np.asarray(total / 4, np.float32)
