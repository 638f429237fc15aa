"""Normal maps: colours v that stand for vectors 2 v - 1, of length 1 in most maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.metrics import decibels
from imagegs.pixels import IntegerPixels, to_float

_LEAST_LENGTH = 1e-3  # of a vector; a shorter one has no direction
# A map that loses more than this when its vectors get length 1 is not one of such vectors. 8 bits and a good
# JPEG leave more; maps with gaps, or with vectors that filtering made shorter, are at 28 to 35 dB.
_LEAST_UNIT_PSNR = 45.0


def has_unit_normals(pixels: IntegerPixels) -> bool:
    """Whether the colours (H, W, 3) stand for vectors 2 v - 1 of about length 1."""
    vectors = 2 * to_float(pixels) - 1
    error = np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors)) - 1  # of a vector, twice that of its colour
    return decibels(float(np.mean(np.square(error), dtype=np.float64)) / 12) >= _LEAST_UNIT_PSNR


def with_unit_normals(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (H, W, 3) in 0..1 that stand for vectors 2 v - 1, brought to length 1.

    Vectors next to none keep what they are: they have no direction.
    """
    vectors = 2 * colors - 1
    length = np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors))[:, :, np.newaxis]
    vectors /= np.where(length < _LEAST_LENGTH, np.float32(1), length)
    return vectors * np.float32(0.5) + np.float32(0.5)
