"""The numbers of a fit in the making, and the steps of Adam that move them in each Gaussian's own units.

A centre moves along the Gaussian's own axes by shares of its standard deviations, a scale by a factor, an
angle by less the longer the Gaussian is: a needle's ends sweep far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from imagegs import _native
from imagegs.fitting.adam import Adam
from imagegs.fitting.objective import GaussianArrays
from imagegs.gaussians import MAX_COLOR, MAX_LOG_WEIGHT, MAX_SCALE, FloatArray, on_canvas
from imagegs.own_units import from_axes, parts_of

BETAS = 0.8, 0.95
# A step of Adam at full rate: a shift in sigmas, a scale's logarithm, radians, nats, colour.
RATES = {"shift": 0.20, "log_scale": 0.25, "angle": 0.10, "log_weight": 0.20, "color": 0.02}
SMALLEST_SCALE = 0.1  # pixels
LARGEST_WRAPPED = 0.5  # of the shorter side of a canvas that wraps


@dataclass
class Parameters:
    """N Gaussians, C-contiguous float32; see `Gaussians`."""

    xy: FloatArray  # (N, 2) canvas pixels
    log_scale: FloatArray  # (N, 2) of canvas pixels
    angle: FloatArray  # (N,)
    log_weight: FloatArray  # (N,)
    color: FloatArray  # (N, C)

    def __len__(self) -> int:
        return len(self.xy)

    def arrays(self) -> GaussianArrays:
        """What is painted; a copy, since the parameters move on."""
        others = (a.copy() for a in (self.angle, self.log_weight, self.color))
        return GaussianArrays(self.xy.copy(), np.exp(self.log_scale), *others)

    def append(self, born: Parameters) -> None:
        for f in fields(self):
            setattr(self, f.name, np.concatenate([getattr(self, f.name), getattr(born, f.name)]))

    def reorder(self, order: NDArray[np.intp]) -> None:
        for f in fields(self):
            setattr(self, f.name, np.ascontiguousarray(getattr(self, f.name)[order]))

    def replace(self, rows: NDArray[np.intp], born: Parameters) -> None:
        for f in fields(self):
            getattr(self, f.name)[rows] = getattr(born, f.name)


def round_gaussians(xy: FloatArray, scale: FloatArray, color: FloatArray) -> Parameters:
    """Newborn Gaussians: centres (N, 2), one scale each (N,), pixels, colours (N, C); angle and weight 0."""
    n = len(xy)
    log_scale = np.repeat(np.log(scale).astype(np.float32)[:, None], 2, axis=1)
    return Parameters(xy, log_scale, np.zeros(n, np.float32), np.zeros(n, np.float32), color)


def from_arrays(arrays: GaussianArrays) -> Parameters:
    """The parameters of the same Gaussians; copies."""
    log_scale = np.log(np.maximum(arrays.scale, SMALLEST_SCALE))
    others = (a.copy() for a in (arrays.angle, arrays.log_weight, arrays.color))
    return Parameters(arrays.xy.copy(), log_scale, *others)


def elongation(scale: FloatArray) -> FloatArray:
    """(N,) of scales (N, 2): how fast a rotation changes the exponent, either way; 0 where round.

    native/render/gaussian.h has the formula.
    """
    found = np.empty(len(scale), np.float32)
    _native.elongations(scale, found)
    return found


class Mover:
    """Adam for `Parameters` on a canvas of height x width pixels that wraps or not.

    largest_scale: that a Gaussian may have, pixels.
    """

    def __init__(
        self, adam: Adam, height: int, width: int, wrap: bool = False, largest_scale: float = MAX_SCALE
    ) -> None:
        self.adam = adam
        self._canvas = height, width, wrap
        # Copies of a Gaussian that is as wide as the canvas look alike, and take the places of others.
        largest = LARGEST_WRAPPED * min(height, width) if wrap else 2 * max(height, width)
        self._log_scales = math.log(SMALLEST_SCALE), math.log(min(largest, largest_scale))

    def move(self, p: Parameters, painted: GaussianArrays, gradient: FloatArray, rate: float) -> None:
        """One step in place, `rate` (0..1) of the full one, then back into the allowed ranges.

        painted: p.arrays(); gradient: of the loss, (N, 6 + C) in their own units.
        """
        scale, shift = painted.scale, np.zeros_like(p.xy)
        gradients = parts_of(gradient)
        values = {"shift": shift, **{name: getattr(p, name) for name in gradients if name != "shift"}}
        units = {"angle": np.reciprocal(np.maximum(np.float32(1), np.abs(elongation(scale))))}
        self.adam.step(values, gradients, {name: r * rate for name, r in RATES.items()}, units)
        p.xy = on_canvas(p.xy + from_axes(shift * scale, painted.angle), *self._canvas)
        np.clip(p.log_scale, *self._log_scales, out=p.log_scale)
        np.clip(p.log_weight, -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT, out=p.log_weight)
        np.clip(p.color, -MAX_COLOR, MAX_COLOR, out=p.color)
