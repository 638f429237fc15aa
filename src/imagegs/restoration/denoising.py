"""A noisy picture without its noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.restoration.shrinkage import SIDE, thresholded, to_coefficients, wiener_filtered

THRESHOLD = 2.7  # standard deviations of the noise
UNTOLD = 1.6  # 1.2 to 2.0 for noise of sigma 10 to 50 on Kodak 06, 07, 11 and 17
# Orthonormal, rows: gray and two differences of colours, whose noise is as white as that of R, G and B.
OPPONENT = np.array(
    [[1 / 3**0.5] * 3, [0.5**0.5, 0, -(0.5**0.5)], [1 / 6**0.5, -2 / 6**0.5, 1 / 6**0.5]], np.float32
)
LEAST_CLIPPED = 0.5  # of the pixels that noise would cut off at black and white, where that is made up for
CLIPPING_RANGE, CLIPPING_STEPS = 4.0, 2001  # deviations beyond black and white; values that are tabulated


def denoised(colors: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """(H, W, C), 1 = white, without white noise of that standard deviation, above 0: shrunk, then
    filtered with the shrunk picture as a guide (shrinkage.py).
    """
    planes = to_opponent(colors)
    guides = [thresholded(plane, noise, THRESHOLD) for plane in planes]
    clean = [wiener_filtered(*pair, noise) for pair in zip(planes, guides, strict=True)]
    return _unclipped(from_opponent(np.stack(clean)), colors, noise)


def expected_error(clean: NDArray[np.float32], noise: float) -> float:
    """The mean squared error, 1 = white, that is left in a `denoised` picture (H, W, C): UNTOLD times what
    Wiener's filter leaves of each coefficient where it knows the signal's power.
    """
    left = [_left(plane, noise) for plane in to_opponent(clean)]
    return min(1.0, UNTOLD * float(np.mean(left))) * noise**2


def _left(plane: NDArray[np.float32], noise: float) -> float:
    """Of the noise's variance."""
    height, width = (side // SIDE * SIDE for side in plane.shape)
    if not height or not width:
        return 1.0
    power = np.square(to_coefficients(np.ascontiguousarray(plane[:height, :width])))
    return float((power / (power + np.float32(noise**2))).mean())


def to_opponent(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, H, W) of a picture (H, W, C): RGB by OPPONENT, other channels as they are."""
    mixed = colors @ OPPONENT.T if colors.shape[2] == len(OPPONENT) else colors
    return np.ascontiguousarray(np.moveaxis(mixed, 2, 0))


def from_opponent(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of `to_opponent`."""
    mixed = np.moveaxis(planes, 0, 2)
    return mixed @ OPPONENT if len(planes) == len(OPPONENT) else mixed


def _unclipped(means: NDArray[np.float32], colors: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Means of noisy pixels that were cut off at black and white, to means of what was not (after Foi 2009,
    "Clipped noisy images"). They stay where fewer pixels are black or white than such noise would make so.
    """
    values = np.linspace(-CLIPPING_RANGE * noise, 1 + CLIPPING_RANGE * noise, CLIPPING_STEPS)
    seen, share = _clipped_moments(values, noise)
    wanted = np.interp(means, seen, values)
    expected = np.interp(wanted, values, share).mean()
    if ((colors <= 0) | (colors >= 1)).mean() < LEAST_CLIPPED * expected:
        return means
    return wanted.clip(0, 1).astype(np.float32)


def _clipped_moments(values: NDArray[Any], noise: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """The mean of a value with normal noise, cut off to 0..1, and the share of it that is cut off."""
    from scipy.special import ndtr

    low, high = -values / noise, (1 - values) / noise
    density = (np.exp(-np.square(low) / 2) - np.exp(-np.square(high) / 2)) / np.sqrt(2 * np.pi)
    inside = ndtr(high) - ndtr(low)
    return values * inside + noise * density + ndtr(-high), 1 - inside
