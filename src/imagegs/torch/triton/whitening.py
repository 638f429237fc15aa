"""The maths of one Gaussian at many points, shared by all kernels: native/render/gaussian.h in Triton.

With d = p - mu, (u, v) = diag(1/s) R^T d / sqrt 2 and score = u^2 + v^2 - w = -exponent. Every product that
is added to something is an explicit fused multiply-add. So the compiler has nothing left to fuse, and a score
has the same bits in every kernel: what one kernel chose, the others find again.

A shape is a row of 12 floats: x, y, ux, uy, vx, vy, w, 0, then the first and last column and the first and
last row of the canvas tiles that see it (paper blend only). Lengths are canvas pixels, w is in nats.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import POINTS, SHAPE, TILE

INFINITY = tl.constexpr(float("inf"))


@triton.jit
def whiten(shape, x, y):
    """(u, v) of points (x, y) in the frame of the Gaussian whose row begins at `shape`."""
    dx = x - tl.load(shape)
    dy = y - tl.load(shape + 1)
    u = tl.fma(dx, tl.load(shape + 2), dy * tl.load(shape + 3))
    v = tl.fma(dx, tl.load(shape + 4), dy * tl.load(shape + 5))
    return u, v


@triton.jit
def score_at(shape, u, v, column, row, PAPER: tl.constexpr):
    """The score at whitened points on the tile (column, row); inf where the paper blend cannot see it."""
    score = tl.fma(u, u, tl.fma(v, v, -tl.load(shape + 6)))
    if PAPER:
        across = (tl.load(shape + 8) <= column) & (tl.load(shape + 9) >= column)
        down = (tl.load(shape + 10) <= row) & (tl.load(shape + 11) >= row)
        score = tl.where(across & down, score, INFINITY)
    return score


@triton.jit
def block_points(xy, order, tiles, height, width, columns, SAMPLED: tl.constexpr):
    """The points of this program's block: their coordinates, the tile's column and row, indices, and which
    exist.

    A block is a tile of pixels, whose index is row * width + column; where SAMPLED, 256 entries of `order`,
    each the index of a point in xy (M, 2), or -1. Points that do not exist have coordinates on the tile.
    """
    block = tl.program_id(0)
    lane = tl.arange(0, POINTS)
    tile = tl.load(tiles + block)
    column = tile % columns
    row = tile // columns
    if SAMPLED:
        index = tl.load(order + block.to(tl.int64) * POINTS + lane).to(tl.int64)
        exists = index >= 0
        x = tl.load(xy + 2 * index, mask=exists, other=0.0)
        y = tl.load(xy + 2 * index + 1, mask=exists, other=0.0)
    else:
        pixel_x = column * TILE + lane % TILE
        pixel_y = row * TILE + lane // TILE
        exists = (pixel_x < width) & (pixel_y < height)
        index = pixel_y.to(tl.int64) * width + pixel_x
        x = pixel_x.to(tl.float32) + 0.5
        y = pixel_y.to(tl.float32) + 0.5
    return x, y, column, row, index, exists


@triton.jit
def shape_of(shapes, candidate):
    """Where the row of a candidate begins."""
    return shapes + candidate.to(tl.int64) * SHAPE


@triton.jit
def owner_of(candidate, count):
    """The Gaussian that a candidate is, or a copy of: eight copies of each follow the `count` Gaussians."""
    return tl.where(candidate < count, candidate, (candidate - count) // 8)
