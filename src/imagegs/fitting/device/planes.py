"""Planes (C, H, W) on a device: copies of arrays, blurs, halves. Every operation is repeatable to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RADIUS, SIGMA = 5, 1.5  # pixels of the window of SSIM and of SSIMULACRA 2
_WINDOW = np.exp(-0.5 * np.square(np.arange(RADIUS + 1) / SIGMA))
WINDOW: list[float] = (_WINDOW / (2 * _WINDOW.sum() - _WINDOW[0])).tolist()  # from its middle on


def on_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """A copy of an array as float32 on a device."""
    return torch.from_numpy(np.array(array, np.float32, order="C")).to(device)


def blurred(planes: Tensor) -> Tensor:
    """Planes under the Gaussian window of 11 pixels; outside a plane all is 0."""
    found: Tensor = _Blur.apply(planes)  # type: ignore[no-untyped-call]
    return found


class _Blur(torch.autograd.Function):
    """The blur is its own adjoint, as the window is symmetric and all is 0 outside.

    Shifted planes are added: a convolution of cuDNN would round its factors to TF32, and its gradient need
    not repeat.
    """

    @staticmethod
    def forward(ctx: Any, planes: Tensor) -> Tensor:
        return _along(_along(planes, 2), 1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        return _along(_along(slopes[0], 2), 1)


def _along(planes: Tensor, dim: int) -> Tensor:
    total = planes * WINDOW[0]
    length = planes.shape[dim]
    for distance in range(1, min(RADIUS + 1, length)):
        weight, rest = WINDOW[distance], length - distance
        total.narrow(dim, distance, rest).add_(planes.narrow(dim, 0, rest), alpha=weight)
        total.narrow(dim, 0, rest).add_(planes.narrow(dim, distance, rest), alpha=weight)
    return total


def halved(planes: Tensor) -> Tensor:
    """Means of 2 x 2 pixels; the last row or column of an odd side counts twice."""
    for dim in (1, 2):
        if planes.shape[dim] % 2:
            planes = torch.cat([planes, planes.narrow(dim, planes.shape[dim] - 1, 1)], dim)
    rows = planes[:, ::2] + planes[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) * 0.25
