"""Normal maps: colours v that stand for vectors 2 v - 1, of length 1 in most maps.

Maps of two channels hold x and y of such vectors; z >= 0 follows from the length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.metrics import decibels
from imagegs.pictures.pixels import IntegerPixels, to_float

LEAST_LENGTH = 1e-3  # of a vector; a shorter one has no direction
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
    vectors /= np.where(length < LEAST_LENGTH, np.float32(1), length)
    return vectors * np.float32(0.5) + np.float32(0.5)


def mean_angle(first: IntegerPixels, second: IntegerPixels) -> float:
    """The mean angle between the vectors of two normal maps, in degrees, 0..180.

    Maps are (H, W, C) uint8 or uint16, of x and y (C = 2), or x, y and z (C = 3; where the first map has the
    same z everywhere, it is a filler). Vectors are brought to length 1; without any
    they are (0, 0, 1).

    Raises ValueError for maps of another shape.
    """
    if first.shape != second.shape or first.ndim != 3 or first.shape[2] not in (2, 3):
        raise ValueError(f"no two normal maps of the same shape: {first.shape}, {second.shape}")
    if first.shape[2] == 3 and (first[:, :, 2] == first[0, 0, 2]).all():
        first, second = first[:, :, :2], second[:, :, :2]
    a, b = _unit_vectors(first), _unit_vectors(second)
    # The cosine of a small angle has no digits left: half the angle's sine is half the distance.
    half = np.linalg.norm(a - b, axis=2) / 2
    return float(np.mean(np.degrees(2 * np.arcsin(np.minimum(half, 1)))))


def _unit_vectors(pixels: IntegerPixels) -> NDArray[np.float64]:
    vectors = 2 * to_float(pixels).astype(np.float64) - 1
    if vectors.shape[2] == 2:
        rest = 1 - np.square(vectors).sum(axis=2, keepdims=True)
        vectors = np.concatenate([vectors, np.sqrt(np.maximum(rest, 0))], axis=2)
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.where(length < LEAST_LENGTH, (0.0, 0.0, 1.0), vectors / np.maximum(length, LEAST_LENGTH))
