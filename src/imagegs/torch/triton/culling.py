"""Tells the candidates that can matter in a rectangle of points: native/render/kernels/cull.h in Triton.

Softmax: a candidate's lowest score in the rectangle ("near") must come within the cutoff of the score that
some candidate never exceeds there (the lowest "far"). In the whitened frame the rectangle is a parallelogram:
far is its most distant corner, near its distance from the origin. Rounding widens the bound, so a list may
hold a candidate too many and never one too few.
Paper: the candidate's tiles and those of the rectangle must meet.

A rectangle is that of a node: SPAN x SPAN tiles of the canvas, clipped to it. `inset` is 1/2 where only pixel
centres count, and 0 where any point of a tile may be asked for. Lengths are canvas pixels.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import CUTOFF, TILE
from imagegs.torch.triton.whitening import INFINITY, shape_of


@triton.jit
def squared_distance(au, av, du, dv):
    """The squared distance of the origin from the segment a + t d, 0 <= t <= 1."""
    t = -(au * du + av * dv) / (du * du + dv * dv + 1e-30)
    t = tl.minimum(tl.maximum(t, 0.0), 1.0)
    u = au + t * du
    v = av + t * dv
    return u * u + v * v


@triton.jit
def node_rectangle(node, columns, height, width, inset, span):
    """Left, top, right and bottom of the points of a node that is `span` tiles wide and high."""
    side = span * TILE
    left = (node % columns) * side
    top = (node // columns) * side
    right = tl.minimum(left + side, width).to(tl.float32) - inset
    bottom = tl.minimum(top + side, height).to(tl.float32) - inset
    return left.to(tl.float32) + inset, top.to(tl.float32) + inset, right, bottom


@triton.jit
def near_and_far(row, exists, left, top, right, bottom):
    """The lowest and the highest score of candidates in a rectangle; inf where they do not exist."""
    x = tl.load(row, mask=exists, other=0.0)
    y = tl.load(row + 1, mask=exists, other=0.0)
    ux = tl.load(row + 2, mask=exists, other=1.0)
    uy = tl.load(row + 3, mask=exists, other=0.0)
    vx = tl.load(row + 4, mask=exists, other=0.0)
    vy = tl.load(row + 5, mask=exists, other=1.0)
    w = tl.load(row + 6, mask=exists, other=0.0)
    dx = left - x
    dy = top - y
    u0 = dx * ux + dy * uy
    v0 = dx * vx + dy * vy
    across_u = (right - left) * ux
    across_v = (right - left) * vx
    down_u = (bottom - top) * uy
    down_v = (bottom - top) * vy
    u1 = u0 + across_u
    v1 = v0 + across_v
    u2 = u0 + down_u
    v2 = v0 + down_v
    u3 = u1 + down_u
    v3 = v1 + down_v
    far = tl.maximum(
        tl.maximum(u0 * u0 + v0 * v0, u1 * u1 + v1 * v1), tl.maximum(u2 * u2 + v2 * v2, u3 * u3 + v3 * v3)
    )
    near = tl.minimum(
        tl.minimum(
            squared_distance(u0, v0, across_u, across_v), squared_distance(u2, v2, across_u, across_v)
        ),
        tl.minimum(squared_distance(u0, v0, down_u, down_v), squared_distance(u1, v1, down_u, down_v)),
    )
    inside = (dx <= 0) & (dy <= 0) & (x <= right) & (y <= bottom)
    near = tl.where(inside, 0.0, near)
    return tl.where(exists, near - w, INFINITY), tl.where(exists, far - w, INFINITY)


@triton.jit
def bound_of(lowest_far):
    """The most that near may be, widened for the rounding of both."""
    return lowest_far + CUTOFF + 0.01 + 1e-5 * tl.abs(lowest_far)


@triton.jit
def tiles_meet(row, exists, left, top, right, bottom):
    """Whether candidates of the paper blend are seen by some tile of a rectangle."""
    first_column = tl.floor(left / TILE)
    first_row = tl.floor(top / TILE)
    last_column = tl.maximum(tl.ceil(right / TILE) - 1, first_column)
    last_row = tl.maximum(tl.ceil(bottom / TILE) - 1, first_row)
    across = (tl.load(row + 8, mask=exists, other=1.0) <= last_column) & (
        tl.load(row + 9, mask=exists, other=0.0) >= first_column
    )
    down = (tl.load(row + 10, mask=exists, other=1.0) <= last_row) & (
        tl.load(row + 11, mask=exists, other=0.0) >= first_row
    )
    return exists & across & down


@triton.jit
def listed(ids, at, end, ROOT: tl.constexpr):
    """The candidates at places `at` of a list, and which exist; the list of the ROOT is all candidates."""
    exists = at < end
    candidate = at
    if not ROOT:
        candidate = tl.load(ids + at, mask=exists, other=0).to(tl.int64)
    return candidate, exists


@triton.jit
def kept(shapes, candidate, exists, bound, left, top, right, bottom, PAPER: tl.constexpr):
    """Tells the candidates that matter in a rectangle. The paper blend has no bound."""
    row = shape_of(shapes, candidate)
    if PAPER:
        keep = tiles_meet(row, exists, left, top, right, bottom)
    else:
        near, _ = near_and_far(row, exists, left, top, right, bottom)
        keep = exists & (near <= bound)
    return keep
