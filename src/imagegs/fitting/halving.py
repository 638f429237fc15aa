"""Planes at half their size, on the engine's threads."""

from __future__ import annotations

import numpy as np

from imagegs import _native
from imagegs._native import Engine
from imagegs.gaussians import FloatArray


def halved(engine: Engine, planes: FloatArray) -> FloatArray:
    """Means of the 2 x 2 pixels of planes (C, H, W), none of them empty: float32, half the size, rounded up.
    The last row or column of an odd side counts twice.
    """
    planes = np.ascontiguousarray(planes, np.float32)
    channels, height, width = planes.shape
    half = np.empty((channels, (height + 1) // 2, (width + 1) // 2), np.float32)
    _native.halve_planes(engine, planes, half)
    return half


def doubled(plane: FloatArray, height: int, width: int) -> FloatArray:
    """Each pixel of a plane (h, w), half of (height, width) rounded up, as 2 x 2 pixels: (height, width)."""
    rows = plane.repeat(2, axis=1)[:, :width]
    out = np.empty((height, width), plane.dtype)
    out[0::2], out[1::2] = rows[: (height + 1) // 2], rows[: height // 2]
    return out


def halved_products(engine: Engine, picture: FloatArray, target: FloatArray, slope: FloatArray) -> FloatArray:
    """The sums over channels of slope x (picture - target) and of (picture - target)^2, at half the size:
    (2, h, w). All are (C, H, W), C-contiguous float32.
    """
    _, height, width = picture.shape
    half = np.empty((2, (height + 1) // 2, (width + 1) // 2), np.float32)
    _native.halve_products(engine, picture, target, slope, half)
    return half
