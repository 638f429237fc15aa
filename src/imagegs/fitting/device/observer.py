"""The visual distance (fitting/visual.py) by operations of PyTorch, with their gradient.

native/training/visual_loss.h has the same for the CPU.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from imagegs.fitting.device.losses import weighted_mean
from imagegs.fitting.device.planes import blurred, halved, on_device
from imagegs.fitting.visual import SCALES, Observer, weights_for
from imagegs.gaussians import FloatArray

SMALLEST_SIDE = 8  # pixels of a scale but the first
SMALLEST_FOURTH = 1e-14  # a mean of fourth powers; below, a straight line stands for its root
CLOSE = 0.0009  # added to both sides of the quotient of structures
BIAS = 0.0037930732552754493
_M = 0.24342268924547819, 0.20476744424496821
ABSORBANCE = (0.30, 0.622, 0.078), (0.23, 0.692, 0.078), (*_M, 1 - sum(_M))


class _Reference(NamedTuple):
    """A component of the target at one scale: its plane (1, H, W), its means and variances in the window."""

    plane: Tensor
    mean: Tensor
    variance: Tensor


class DeviceObserver(Observer):
    """An `Observer` on a device; the other arguments are those of `Observer`."""

    def __init__(
        self, device: str, target: FloatArray, factors: FloatArray, pixel_weights: FloatArray | None = None
    ) -> None:
        self._device = torch.device(device)
        self._weights = weights_for(len(target))
        self._factors = on_device(factors, self._device)[:, None, None]
        planes = self._shown(on_device(target, self._device))
        has_alpha = len(planes) % 2 == 0 and bool(planes[-1].min() < 1)
        self._grounds = (0.0, 1.0) if has_alpha else (0.0,)
        self._pixel_weights = self._weights_of_scales(pixel_weights)
        self._references = [self._remembered(planes, ground) for ground in self._grounds]

    def rest(self) -> None:
        """Nothing is held between two looks."""

    def distance(self, picture: FloatArray) -> float:
        """As `Observer.distance`."""
        with torch.no_grad():
            return float(self.seen(on_device(picture, self._device)))

    def add_gradient(self, picture: FloatArray, weight: float, gradient: FloatArray) -> float:
        """As `Observer.add_gradient`."""
        leaf = on_device(picture, self._device).requires_grad_()
        distance = self.seen(leaf)
        (slope,) = torch.autograd.grad(distance, leaf)
        gradient += weight * slope.cpu().numpy()
        return float(distance.detach())

    def seen(self, picture: Tensor) -> Tensor:
        """The distance of a picture (C, H, W) on the device, differentiable."""
        planes = self._shown(picture)
        looks = [
            self._compared(planes, ground, references)
            for ground, references in zip(self._grounds, self._references, strict=True)
        ]
        return torch.stack(looks).mean()

    def _shown(self, picture: Tensor) -> Tensor:
        return (picture * self._factors).clamp(0, 1)

    def _weights_of_scales(self, pixel_weights: FloatArray | None) -> list[Tensor | None]:
        if pixel_weights is None:
            return [None] * SCALES
        found = [on_device(pixel_weights[None], self._device)]
        while len(found) < SCALES:
            found.append(halved(found[-1]))
        return list(found)

    def _wanted(self, scale: int) -> list[int]:
        """The components that are looked at."""
        return [int(k) for k in np.flatnonzero(self._weights[scale].any(axis=(1, 2)))]

    @torch.no_grad()
    def _remembered(self, planes: Tensor, ground: float) -> list[dict[int, _Reference]]:
        return [
            {k: _reference(xyb[k : k + 1]) for k in self._wanted(scale)}
            for scale, xyb in enumerate(_scales(planes, ground))
        ]

    def _compared(self, planes: Tensor, ground: float, references: list[dict[int, _Reference]]) -> Tensor:
        """The distance over one ground."""
        total = planes.new_zeros(())
        for scale, xyb in enumerate(_scales(planes, ground)):
            for k, reference in references[scale].items():
                errors = _errors(xyb[k : k + 1], reference)
                total = total + self._norms(errors, scale, k)
        return total

    def _norms(self, errors: list[Tensor], scale: int, component: int) -> Tensor:
        """The weighed means and 4-norms of the errors of one component."""
        total = errors[0].new_zeros(())
        of_pixels = self._pixel_weights[scale]
        for values, (of_mean, of_norm) in zip(errors, self._weights[scale, component].tolist(), strict=True):
            if of_mean:
                total = total + of_mean * weighted_mean(values, of_pixels)
            if of_norm:
                fourth = weighted_mean(values.square().square(), of_pixels)
                total = total + of_norm * fourth * fourth.clamp(min=SMALLEST_FOURTH) ** -0.75
        return total


def _scales(planes: Tensor, ground: float) -> list[Tensor]:
    """XYB (3, h, w) at each scale that a picture (C, H, W) in 0..1 has, seen over a ground."""
    if len(planes) % 2 == 0:
        planes = (planes[:-1] - ground) * planes[-1:] + ground
    light = _linear_light(planes.expand(3, -1, -1))
    found = [_xyb(light)]
    while len(found) < SCALES and min(light.shape[1:]) >= SMALLEST_SIDE:
        light = halved(light)
        found.append(_xyb(light))
    return found


def _linear_light(planes: Tensor) -> Tensor:
    curved = ((planes + 0.055) / 1.055) ** 2.4
    return torch.where(planes > 0.04045, curved, planes / 12.92)


def _xyb(light: Tensor) -> Tensor:
    """The colour space of SSIMULACRA 2: X, Y and B - Y, each brought to positive numbers."""
    red, green, blue = light.unbind()
    long, middle, short = (
        (red * r + green * g + blue * b + BIAS) ** (1 / 3) - BIAS ** (1 / 3) for r, g, b in ABSORBANCE
    )
    y = (long + middle) / 2
    return torch.stack([(long - middle) * 7 + 0.42, y + 0.01, short - y + 0.55])


def _reference(plane: Tensor) -> _Reference:
    mean = blurred(plane)
    return _Reference(plane, mean, blurred(plane.square()) - mean.square())


def _errors(plane: Tensor, target: _Reference) -> list[Tensor]:
    """The errors of structure, and of edges that are added and lost, each (1, H, W)."""
    mean = blurred(plane)
    variances = blurred(plane.square()) - mean.square() + target.variance
    covariance = blurred(plane * target.plane) - mean * target.mean
    similarity = (1 - (mean - target.mean).square()) * (2 * covariance + CLOSE) / (variances + CLOSE)
    edges = (1 + (plane - mean).abs()) / (1 + (target.plane - target.mean).abs()) - 1
    return [(1 - similarity).clamp(min=0), edges.clamp(min=0), (-edges).clamp(min=0)]
