"""Kernel: the whitened shapes of all Gaussians, and of their copies on a canvas that wraps.

Computes a row of whitening.py for each candidate: the Gaussians in their order, then, where the canvas wraps,
eight copies of each. Their order is that of docs/format.md, section 9: Gaussian by Gaussian, row by row.
Mapping: a program has GAUSSIANS_AT_ONCE candidates, one a lane.
Shapes: xy (N, 2), scale (N, 2), angle (N,), log_weight (N,) to shapes (N or 9 N, 12). Lengths are canvas
pixels.
Edges: centres are taken modulo a canvas that wraps, and both of its ends are the same place. In the paper
blend the log-weight is 0, and the tiles follow from the square of 3 standard deviations; otherwise they are
not written.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import RADIUS, TILE
from imagegs.torch.triton.whitening import owner_of, shape_of

SQRT_HALF = tl.constexpr(0.5**0.5)


@triton.jit
def modulo(value, side):
    rest = value - tl.floor(value / side) * side
    return tl.minimum(tl.maximum(rest, 0.0), side)


@triton.jit
def shift_of(candidate, count):
    """The canvas sides that a candidate lies away from its Gaussian, across and down."""
    copy = (candidate - count) % 8
    copy = tl.where(copy < 4, copy, copy + 1)  # the Gaussian itself is in the middle of the nine
    is_copy = candidate >= count
    return tl.where(is_copy, copy % 3 - 1, 0), tl.where(is_copy, copy // 3 - 1, 0)


@triton.jit
def store_tiles(row, x, y, s, exists):
    """The first and last canvas tile that sees a square of the half side RADIUS s, across and down."""
    tl.store(row + 8, tl.floor((x - s * RADIUS) / TILE), mask=exists)
    tl.store(row + 9, tl.floor((x + s * RADIUS) / TILE), mask=exists)
    tl.store(row + 10, tl.floor((y - s * RADIUS) / TILE), mask=exists)
    tl.store(row + 11, tl.floor((y + s * RADIUS) / TILE), mask=exists)


@triton.jit
def shape_kernel(
    xy, scale, angle, log_weight, shapes, count, candidates, height, width,
    PAPER: tl.constexpr, WRAP: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    candidate = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    exists = candidate < candidates
    owner = owner_of(candidate, count)
    x = tl.load(xy + 2 * owner, mask=exists, other=0.0)
    y = tl.load(xy + 2 * owner + 1, mask=exists, other=0.0)
    if WRAP:
        across, down = shift_of(candidate, count)
        x = modulo(x, tl.cast(width, tl.float32)) + (across * width).to(tl.float32)
        y = modulo(y, tl.cast(height, tl.float32)) + (down * height).to(tl.float32)
    s = tl.load(scale + 2 * owner, mask=exists, other=1.0)
    t = tl.load(scale + 2 * owner + 1, mask=exists, other=1.0)
    turn = tl.load(angle + owner, mask=exists, other=0.0)
    cosine = tl.cos(turn)
    sine = tl.sin(turn)
    row = shape_of(shapes, candidate)
    tl.store(row, x, mask=exists)
    tl.store(row + 1, y, mask=exists)
    tl.store(row + 2, cosine * SQRT_HALF / s, mask=exists)
    tl.store(row + 3, sine * SQRT_HALF / s, mask=exists)
    tl.store(row + 4, -sine * SQRT_HALF / t, mask=exists)
    tl.store(row + 5, cosine * SQRT_HALF / t, mask=exists)
    if PAPER:
        tl.store(row + 6, tl.zeros_like(x), mask=exists)
        store_tiles(row, x, y, tl.maximum(s, t), exists)
    else:
        tl.store(row + 6, tl.load(log_weight + owner, mask=exists, other=0.0), mask=exists)
