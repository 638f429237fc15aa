"""The picture by plain tensor operations: any device, float32 or float64, derivatives by autograd alone.

It is the reference that the kernels are held to, and it runs where there are no kernels. Every exponent is
computed, so the time goes with pixels x Gaussians. Memory is bounded: points come in chunks, and backward
computes once more what autograd needs of a chunk (torch.utils.checkpoint).

docs/format.md, section 9, defines the two blends; native/render/gaussian.h derives the whitened frame.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from imagegs._native import (
    PAPER_EPSILON,
    PAPER_RADIUS,
    PAPER_TOP_K,
    SOFTMAX_CUTOFF,
    SOFTMAX_TOP_K,
    TILE,
)
from imagegs.torch.views import Five, View

CHUNK = 1 << 22  # exponents held at once


def paint(gaussians: Five, view: View) -> Tensor:
    """The picture (C, H, W), or the colours (M, C) at the points of the view, of Gaussians (N, ...)."""
    places = view.places(gaussians[0])
    colors = _colors_at(gaussians, _on_canvas(places, view), view)
    if view.points is not None:
        return colors
    return colors.T.reshape(-1, view.area.height, view.area.width)


def _colors_at(gaussians: Five, points: Tensor, view: View) -> Tensor:
    xy, scale, angle, log_weight, color = _with_copies(gaussians, view)
    if view.blend == "paper":
        log_weight = log_weight * 0  # without effect, and with a gradient of 0
    frames = _frames(xy, scale, angle, log_weight)
    tiles = _seen_tiles(xy, scale) if view.blend == "paper" else None
    parts = []
    for part in points.split(max(1, CHUNK // len(xy))):
        index, kept = _choose(frames, part, tiles, view)
        parts.append(checkpoint(_mix, frames, color, part, index, kept, tiles is None, use_reentrant=False))
    return torch.cat(parts)


def _on_canvas(points: Tensor, view: View) -> Tensor:
    """Points moved to the canvas: modulo its sides where it wraps, else to its nearest border."""
    sides = points.new_tensor([view.width, view.height])
    return points.remainder(sides) if view.wrap else points.clamp(torch.zeros_like(sides), sides)


def _with_copies(gaussians: Five, view: View) -> Five:
    """The N Gaussians, and on a canvas that wraps their eight copies behind them, Gaussian by Gaussian."""
    if not view.wrap:
        return gaussians
    sides = gaussians[0].new_tensor([view.width, view.height])
    away = [(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1) if (i, j) != (0, 0)]
    home = gaussians[0].remainder(sides)
    copies = (home[:, None] + home.new_tensor(away) * sides).reshape(-1, 2)
    scale, angle, log_weight, color = (
        torch.cat([values, values.repeat_interleave(len(away), dim=0)]) for values in gaussians[1:]
    )
    return torch.cat([home, copies]), scale, angle, log_weight, color


def _frames(xy: Tensor, scale: Tensor, angle: Tensor, log_weight: Tensor) -> Tensor:
    """(N, 7) centre, the two rows that whiten, log-weight: exponent = w - u^2 - v^2."""
    u, v = (math.sqrt(0.5) / scale).unbind(1)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = torch.stack([u * cosine, u * sine, -v * sine, v * cosine, log_weight], dim=1)
    return torch.cat([xy, rows], dim=1)


def _exponents(frames: Tensor, points: Tensor) -> Tensor:
    """(P, n) at points (P, 2), of frames (n, 7) or of frames of each point (P, n, 7)."""
    x, y, ux, uy, vx, vy, log_weight = frames.unbind(-1)
    dx, dy = points[:, :1] - x, points[:, 1:] - y
    u, v = dx * ux + dy * uy, dx * vx + dy * vy
    return log_weight - (u * u + v * v)


def _seen_tiles(xy: Tensor, scale: Tensor) -> Tensor:
    """(N, 2, 2) the first and last tile, in x and y, of the square that sees a Gaussian ("paper").

    In float32, as in the kernels, since others disagree on the borders of tiles.
    """
    xy, scale = xy.detach().float(), scale.detach().float()
    radius = PAPER_RADIUS * scale.amax(dim=1, keepdim=True)
    return torch.stack([(xy - radius) / TILE, (xy + radius) / TILE], dim=1).floor()


@torch.no_grad()
def _choose(frames: Tensor, points: Tensor, tiles: Tensor | None, view: View) -> tuple[Tensor, Tensor]:
    """(P, K) the Gaussians with the largest exponents, best first, and which of them count."""
    e = _exponents(frames, points)
    if tiles is not None:
        last = points.new_tensor([(view.width - 1) // TILE, (view.height - 1) // TILE]).float()
        tile = torch.minimum((points.float() / TILE).floor().clamp_min(0), last)[:, None]
        seen = ((tiles[:, 0] <= tile) & (tile <= tiles[:, 1])).all(dim=2)
        e = e.masked_fill(~seen, -math.inf)
    best, index = e.sort(dim=1, descending=True, stable=True)  # of equal ones the lower index comes first
    k = min(SOFTMAX_TOP_K if tiles is None else PAPER_TOP_K, e.shape[1])
    best, index = best[:, :k], index[:, :k]
    lowest = best[:, :1] - SOFTMAX_CUTOFF if tiles is None else best.new_tensor(-math.inf)
    return index, best >= lowest if tiles is None else best > lowest


def _mix(frames: Tensor, color: Tensor, points: Tensor, index: Tensor, kept: Tensor, softmax: bool) -> Tensor:
    """(P, C) colours of the chosen Gaussians (P, K), of which the kept ones count."""
    e = _exponents(frames[index], points)
    top = e[:, :1].detach() if softmax else 0.0
    weight = torch.where(kept, torch.exp(torch.where(kept, e - top, 0.0)), 0.0)
    total = weight.sum(dim=1, keepdim=True) + (0.0 if softmax else PAPER_EPSILON)
    return torch.einsum("pk,pkc->pc", weight / total, color[index])
