"""Kernel: the sums over the points of each tile that the diagonal of J^T W J is made of.

With p the share of a candidate at a point, W the point's weights and q = p^2 sum of W (c_k - c)^2 over the
channels:
Computes sums over points of q {1, u^2, v^2, u^4, u^2 v^2, v^4} and, for each channel, of p^2 W
(native/training/kernels/gauss_newton.h).
Mapping: a program has the 256 points of a block and GROUP channels, and goes over the list of the block's
tile. q is linear in the channels, so each group has a part of the first six sums.
Shapes: as in differentiating.py, with weights (M, C) in place of grad, to parts (groups, parts, 6 + GROUP).
Edges: as in differentiating.py.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.channels import colors_of, load_channels
from imagegs.torch.triton.constants import GROUP, SHAPE_SUMS
from imagegs.torch.triton.differentiating import store_color_sum, store_sums
from imagegs.torch.triton.walking import first_row, load_choices, weight_of
from imagegs.torch.triton.whitening import block_points, owner_of, shape_of, whiten


@triton.jit
def weighed_square(weight, color, out):
    return weight * (color - out) * (color - out)


@triton.jit
def diagonal_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, colors, out, inverse, weights, first_part,
    parts, n_parts, count, height, width, columns,
    CHANNELS: tl.constexpr, PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    lowest, worst, left = load_choices(best, last, ties, index, exists)
    factor = tl.load(inverse + index, mask=exists, other=0.0)
    out_a, out_b, out_c, out_d = load_channels(out, index, exists, CHANNELS)
    w_a, w_b, w_c, w_d = load_channels(weights, index, exists, CHANNELS)
    tile = tl.load(tiles + tl.program_id(0))
    to = first_row(parts, n_parts, first_part, SHAPE_SUMS + GROUP)
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        candidate = tl.load(ids + at)
        shape = shape_of(shapes, candidate)
        u, v = whiten(shape, x, y)
        weight, left = weight_of(shape, u, v, column, row, lowest, worst, left, PAPER)
        squared = weight * factor * weight * factor
        color_a, color_b, color_c, color_d = colors_of(colors, owner_of(candidate, count), CHANNELS)
        q = weighed_square(w_a, color_a, out_a) + weighed_square(w_b, color_b, out_b)
        q += weighed_square(w_c, color_c, out_c) + weighed_square(w_d, color_d, out_d)
        q *= squared
        uu = u * u
        vv = v * v
        store_sums(to, q, q * uu, q * vv, uu, vv)
        store_color_sum(to, squared * w_a, 0, CHANNELS)
        store_color_sum(to, squared * w_b, 1, CHANNELS)
        store_color_sum(to, squared * w_c, 2, CHANNELS)
        store_color_sum(to, squared * w_d, 3, CHANNELS)
        to += SHAPE_SUMS + GROUP
