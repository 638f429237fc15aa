"""The Triton kernels as a backend, for float32 tensors of CUDA and ROCm devices.

They paint whole canvases and points; any other grid of pixels is painted as the points of its centres.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import Tensor

from imagegs.torch.views import Five, View


def paint(gaussians: Five, view: View, out: Tensor, keep: bool) -> Any:
    """As `Backend.paint` says."""
    points = None if view.is_canvas else view.places(gaussians[0]).contiguous()
    found, saved = _kernels().forward(*gaussians, view.height, view.width, view.blend, view.wrap, points)
    if view.points is None:
        found = found.reshape(view.area.height, view.area.width, -1).permute(2, 0, 1)
    out.copy_(found)
    return saved if keep else None


def gradients(saved: Any, gaussians: Five, view: View, out: Tensor, grad: Tensor) -> Five:
    """As `Backend.gradients` says."""
    if view.points is None:
        grad = grad.permute(1, 2, 0)
    if not view.is_canvas:
        grad = grad.reshape(-1, grad.shape[-1])
    xy, scale, angle, log_weight, color = _kernels().backward(saved, grad.contiguous())
    return xy, scale, angle, log_weight, color


def _kernels() -> Any:
    """Triton is loaded when a device first needs it."""
    return import_module("imagegs.torch.triton")
