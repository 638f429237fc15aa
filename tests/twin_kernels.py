"""The work of the Triton kernels, done slowly: pictures, gradients by the plain twin, J^T J by native ones.

A stand-in for `imagegs.torch.triton`, so that whole fits of a device run on the CPU; the kernels themselves
are held to the native ones in test_triton_gauss_newton.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imagegs.fitting.objective import GaussianArrays, Objective
from imagegs.rendering import Region
from imagegs.torch import twin
from imagegs.torch.views import View


class Saved(NamedTuple):
    """The Gaussians of a picture, its blend and its canvas, and the picture (H, W, C)."""

    leaves: list[Tensor]
    blend: Any
    wrap: bool
    out: Tensor


def forward(
    xy: Tensor,
    scale: Tensor,
    angle: Tensor,
    log_weight: Tensor,
    color: Tensor,
    height: int,
    width: int,
    blend: Any,
    wrap: bool,
    points: None,
) -> tuple[Tensor, Saved]:
    """As `imagegs.torch.triton.forward`."""
    leaves = [tensor.detach().requires_grad_() for tensor in (xy, scale, angle, log_weight, color)]
    view = View(height, width, blend, wrap, Region(0, 0, width, height), (1.0, 1.0))
    with torch.enable_grad():
        planes = twin.paint((leaves[0], leaves[1], leaves[2], leaves[3], leaves[4]), view)
    out = planes.permute(1, 2, 0)
    return out.detach(), Saved(leaves, blend, wrap, out)


def own_gradient(saved: Saved, grad: Tensor) -> Tensor:
    """As `imagegs.torch.triton.own_gradient`."""
    xy, scale, angle, log_weight, color = torch.autograd.grad(
        saved.out, saved.leaves, grad, retain_graph=True, materialize_grads=True
    )
    _, s, turn, *_ = (leaf.detach() for leaf in saved.leaves)
    cosine, sine = torch.cos(turn), torch.sin(turn)
    along = xy[:, 0] * cosine + xy[:, 1] * sine, xy[:, 1] * cosine - xy[:, 0] * sine
    return torch.cat(
        [torch.stack(along, 1) * s, scale * s, angle[:, None], log_weight[:, None], color], dim=1
    )


def normal_product(saved: Saved, tangent: Tensor, weights: Tensor | None = None) -> Tensor:
    """As `imagegs.torch.triton.normal_product`."""
    return torch.tensor(_kept(saved).normal_product(tangent.numpy(), _planes(saved, weights)))


def normal_diagonal(saved: Saved, weights: Tensor | None = None) -> Tensor:
    """As `imagegs.torch.triton.normal_diagonal`."""
    return torch.tensor(_kept(saved).normal_diagonal(_planes(saved, weights)))


def removal_cost(saved: Saved, residual: Tensor, weights: Tensor | None = None) -> Tensor:
    """As `imagegs.torch.triton.removal_cost`."""
    return torch.tensor(_kept(saved, residual).removal_cost(_planes(saved, weights)))


def _kept(saved: Saved, residual: Tensor | None = None) -> Any:
    picture = saved.out.detach()
    target = picture if residual is None else picture + residual
    planes = np.ascontiguousarray(target.permute(2, 0, 1).numpy())
    arrays = GaussianArrays(*(leaf.detach().numpy() for leaf in saved.leaves))
    return Objective(planes, saved.blend, 1, wrap=saved.wrap).kept(arrays)


def _planes(saved: Saved, weights: Tensor | None) -> Any:
    """Weights (M, 1) or (M, C) as native kernels take them."""
    if weights is None:
        return None
    height, width, channels = saved.out.shape
    planes = np.ascontiguousarray(weights.T.numpy()).reshape(-1, height, width)
    return planes if channels == len(planes) else planes[0]
