"""J^T W J and removal costs over a picture that `forward` saved, J the Jacobian of its colours.

Tangents, products and diagonals are (N, 6 + C) in each Gaussian's own units: shifts along its axes in
standard deviations, logarithms of its scales, its angle in radians, its log-weight in nats, its colours.
Weights are those of points, (M,), or of each channel of each point, (M, C), M the number of pixels, row by
row, or of points; None: all 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from imagegs.torch.triton.constants import GROUP_SIZE, SUMS
from imagegs.torch.triton.diagonal import diagonal_kernel
from imagegs.torch.triton.launching import on_device
from imagegs.torch.triton.removing import removal_kernel
from imagegs.torch.triton.rendering import Saved, own_gradient
from imagegs.torch.triton.tangents import tangent_kernel

_SQRT2 = 2.0**0.5


def normal_product(saved: Saved, tangent: Tensor, weights: Tensor | None = None) -> Tensor:
    """J^T W J times a tangent, float32."""
    with on_device(saved.out):
        change = _change(saved, tangent.to(torch.float32))
        weighed = change if weights is None else change * _of_channels(saved, weights)
        return own_gradient(saved, weighed)


def normal_diagonal(saved: Saved, weights: Tensor | None = None) -> Tensor:
    """The diagonal of J^T W J."""
    with on_device(saved.out):
        sums = saved.sums(diagonal_kernel, SUMS + GROUP_SIZE, _of_channels(saved, weights))
        return _own_squares(saved, sums)


def removal_cost(saved: Saved, residual: Tensor, weights: Tensor | None = None) -> Tensor:
    """By how much the weighed sum of squared errors would grow without each Gaussian, (N,).

    residual (M, C), or shaped as the picture, is target - picture. A Gaussian's copies are removed one by
    one; where a point keeps two of them, their costs are added. Exact in the softmax blend but for Gaussians
    that the cutoff or the top 10 would let in instead.
    """
    with on_device(saved.out):
        given = residual.reshape(saved.out.shape).to(torch.float32).contiguous()
        sums = saved.sums(removal_kernel, 1, _of_channels(saved, weights), given)
        return sums.sum(dim=0)[:, 0]


def _of_channels(saved: Saved, weights: Tensor | None) -> Tensor:
    """Weights of each channel of each point, (M, C)."""
    if weights is None:
        return torch.ones_like(saved.out)
    rows = weights.to(torch.float32).reshape(len(saved.out), -1)
    return rows.expand_as(saved.out).contiguous()


def _elongation(saved: Saved) -> Tensor:
    """(N,) how fast an angle changes the score: d score / d angle = 2 u v elongation."""
    return saved.scale[:, 1] / saved.scale[:, 0] - saved.scale[:, 0] / saved.scale[:, 1]


def _change(saved: Saved, tangent: Tensor) -> Tensor:
    """J times a tangent, (M, C)."""
    change = torch.empty_like(saved.out)
    changes = tangent[:, SUMS:].contiguous()
    saved.walk(tangent_kernel, _terms(saved, tangent), changes, change)
    return change


def _terms(saved: Saved, tangent: Tensor) -> Tensor:
    """(N, 6) the change of each score, a polynomial: of 1, u, v, u^2, u v, v^2 (native/render/gaussian.h)."""
    u, v, log_s, log_t, angle, log_weight = tangent[:, :SUMS].unbind(dim=1)
    weighed = torch.zeros_like(log_weight) if saved.canvas.paper else -log_weight
    turned = 2 * _elongation(saved) * angle
    return torch.stack([weighed, -_SQRT2 * u, -_SQRT2 * v, -2 * log_s, turned, -2 * log_t], dim=1)


def _own_squares(saved: Saved, sums: Tensor) -> Tensor:
    """The diagonal from the sums of diagonal.py (groups, N, 6 + GROUP): squares of d score / d own units."""
    q, uu, vv, u4, uv2, v4 = sums[:, :, :SUMS].sum(dim=0).unbind(dim=1)
    weighed = torch.zeros_like(q) if saved.canvas.paper else q
    turned = 4 * _elongation(saved).square() * uv2
    shape = torch.stack([2 * uu, 2 * vv, 4 * u4, 4 * v4, turned, weighed], dim=1)
    colors = sums[:, :, SUMS:].transpose(0, 1).flatten(1)[:, : saved.color.shape[1]]
    return torch.cat([shape, colors], dim=1)
