"""The units that each Gaussian gives its own parameters: a shift along its axes in standard deviations, the
logarithms of its scales, its angle in radians, its log-weight in nats; then its colours.

Arrays in own units are (N, 6 + C). Gradients leave the native kernels in them (native/render/gaussian.h).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imagegs.gaussians import FloatArray

# The columns of an array in own units.
OWN = {
    "shift": slice(0, 2),
    "log_scale": slice(2, 4),
    "angle": slice(4, 5),
    "log_weight": slice(5, 6),
    "color": slice(6, None),
}


class Slopes(NamedTuple):
    """The gradient of a loss with respect to the arrays of `Gaussians`, float32."""

    xy: FloatArray  # (N, 2)
    scale: FloatArray  # (N, 2)
    angle: FloatArray  # (N,)
    log_weight: FloatArray  # (N,)
    color: FloatArray  # (N, C)


def parts_of(own: FloatArray) -> dict[str, FloatArray]:
    """The columns of an array (N, 6 + C) in own units under the names of OWN: C-contiguous copies, the angles
    and log-weights (N,).
    """
    parts = {name: np.ascontiguousarray(own[:, columns]) for name, columns in OWN.items()}
    return parts | {name: parts[name][:, 0] for name in ("angle", "log_weight")}


def from_axes(vectors: FloatArray, angle: FloatArray) -> FloatArray:
    """Vectors (N, 2) along the axes of Gaussians at angles (N,), as vectors on the canvas."""
    cosine, sine, u, v = np.cos(angle), np.sin(angle), vectors[:, 0], vectors[:, 1]
    return np.stack([u * cosine - v * sine, u * sine + v * cosine], axis=1)


def slopes_of(own: FloatArray, scale: FloatArray, angle: FloatArray) -> Slopes:
    """A gradient (N, 6 + C) in own units with respect to the arrays of `Gaussians`.

    scale, angle: (N, 2) canvas pixels and (N,) radians, where the gradient was taken. With
    xy = mu + R(angle) diag(scale) shift, the gradient with respect to xy is R diag(1 / scale) times that
    with respect to the shift. With scale = exp(log_scale), that with respect to the scale is 1 / scale times
    that with respect to its logarithm.
    """
    shift, log_scale, *others = parts_of(own).values()
    return Slopes(from_axes(shift / scale, angle), log_scale / scale, *others)
