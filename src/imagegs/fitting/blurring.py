"""The Gaussian blur of planes, on the engine's threads."""

from __future__ import annotations

import numpy as np

from imagegs import _native
from imagegs._native import Engine
from imagegs.gaussians import FloatArray


def gaussian_blur(
    engine: Engine, planes: FloatArray, sigma: float, truncate: float, wrap: bool = False
) -> FloatArray:
    """Planes (C, H, W), none of them empty, blurred along columns and rows: float32, of the same shape.

    sigma: pixels. The window is exp(-x^2 / 2 sigma^2), of sum 1, and ends at `truncate` sigmas, rounded to
    whole pixels, as in scipy.ndimage.gaussian_filter. Outside a plane all is 0; wrap: it is repeated there.
    """
    distance = np.arange(int(truncate * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * np.square(distance / sigma))
    weights /= 2 * weights.sum() - weights[0]
    planes = np.ascontiguousarray(planes, np.float32)
    out = np.empty_like(planes)
    _native.blur_planes(engine, planes, out, weights.astype(np.float32), wrap)
    return out
