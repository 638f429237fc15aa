"""Kernel: what the removal of each candidate would cost, over the points of each tile.

Without candidate k a point's colour is c - delta, delta = p_k / (1 - p_k) (c_k - c): the others' shares grow
to the sum 1. With r = target - c the squared error there grows by 2 r . delta + |delta|^2, times the point's
weights (native/training/kernels/removal.h). A point where k has almost the whole share counts as if 5% were
left to others.
Mapping: a program has the 256 points of a block and GROUP channels, and goes over the list of the block's
tile. The growth is linear in the channels, so the groups' parts are added.
Shapes: as in differentiating.py, with weights (M, C) and residual (M, C) in place of grad, to parts
(groups, parts, 1).
Edges: as in differentiating.py.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.channels import colors_of, load_channels
from imagegs.torch.triton.walking import first_row, load_choices, weight_of
from imagegs.torch.triton.whitening import block_points, owner_of, shape_of, whiten

SMALLEST_REST = tl.constexpr(0.05)


@triton.jit
def growth(weight, ratio, residual, difference):
    """The growth of the squared error in one channel."""
    return weight * ratio * (2 * residual * difference + ratio * difference * difference)


@triton.jit
def removal_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, colors, out, inverse, weights, residual,
    first_part, parts, n_parts, count, height, width, columns,
    CHANNELS: tl.constexpr, PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    lowest, worst, left = load_choices(best, last, ties, index, exists)
    factor = tl.load(inverse + index, mask=exists, other=0.0)
    out_a, out_b, out_c, out_d = load_channels(out, index, exists, CHANNELS)
    w_a, w_b, w_c, w_d = load_channels(weights, index, exists, CHANNELS)
    r_a, r_b, r_c, r_d = load_channels(residual, index, exists, CHANNELS)
    tile = tl.load(tiles + tl.program_id(0))
    to = first_row(parts, n_parts, first_part, 1)
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        candidate = tl.load(ids + at)
        shape = shape_of(shapes, candidate)
        u, v = whiten(shape, x, y)
        weight, left = weight_of(shape, u, v, column, row, lowest, worst, left, PAPER)
        share = weight * factor
        ratio = share / tl.maximum(1.0 - share, SMALLEST_REST)
        color_a, color_b, color_c, color_d = colors_of(colors, owner_of(candidate, count), CHANNELS)
        cost = growth(w_a, ratio, r_a, color_a - out_a) + growth(w_b, ratio, r_b, color_b - out_b)
        cost += growth(w_c, ratio, r_c, color_c - out_c) + growth(w_d, ratio, r_d, color_d - out_d)
        tl.store(to, tl.sum(cost, axis=0))
        to += 1
