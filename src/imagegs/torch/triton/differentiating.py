"""Kernel: the gradient's sums over the points of each tile, for each candidate of its list.

With p_k the share of candidate k at a point and v = dL/dc, dL/dscore_k = g = p_k v . (c - c_k) and dL/dc_k =
p_k v (native/training/kernels/gradient.h). The chosen sets are held fixed.
Computes sums over points of g {1, u, v, u^2, u v, v^2} and of p_k v.
Mapping: a program has the 256 points of a block and GROUP channels, and goes over the list of the block's
tile. g is linear in the channels, so each group has a part of the first six sums, and chaining.py adds the
groups.
Shapes: as in mixing.py, and out and grad (M, C), first_part (blocks,) int64, to parts (groups, parts, 6 +
GROUP): the block's parts begin at first_part, one for each candidate of its tile's list.
Edges: points that do not exist have the share 0. Each part is written once, by one program: no atomics.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.channels import colors_of, load_channels
from imagegs.torch.triton.constants import GROUP, SHAPE_SUMS
from imagegs.torch.triton.walking import first_row, load_choices, weight_of
from imagegs.torch.triton.whitening import block_points, owner_of, shape_of, whiten


@triton.jit
def store_sums(to, g, gu, gv, u, v):
    """The six sums of a shape, to `to` and after."""
    tl.store(to, tl.sum(g, axis=0))
    tl.store(to + 1, tl.sum(gu, axis=0))
    tl.store(to + 2, tl.sum(gv, axis=0))
    tl.store(to + 3, tl.sum(gu * u, axis=0))
    tl.store(to + 4, tl.sum(gu * v, axis=0))
    tl.store(to + 5, tl.sum(gv * v, axis=0))


@triton.jit
def store_color_sum(to, values, channel: tl.constexpr, CHANNELS: tl.constexpr):
    """The sum of one channel of the group, where the picture has so many."""
    if channel < CHANNELS:
        tl.store(to + SHAPE_SUMS + channel, tl.sum(values, axis=0))


@triton.jit
def gradient_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, colors, out, inverse, grad, first_part,
    parts, n_parts, count, height, width, columns,
    CHANNELS: tl.constexpr, PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    lowest, worst, left = load_choices(best, last, ties, index, exists)
    factor = tl.load(inverse + index, mask=exists, other=0.0)
    out_a, out_b, out_c, out_d = load_channels(out, index, exists, CHANNELS)
    v_a, v_b, v_c, v_d = load_channels(grad, index, exists, CHANNELS)
    dot = out_a * v_a + out_b * v_b + out_c * v_c + out_d * v_d
    tile = tl.load(tiles + tl.program_id(0))
    to = first_row(parts, n_parts, first_part, SHAPE_SUMS + GROUP)
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        candidate = tl.load(ids + at)
        shape = shape_of(shapes, candidate)
        u, v = whiten(shape, x, y)
        weight, left = weight_of(shape, u, v, column, row, lowest, worst, left, PAPER)
        share = weight * factor
        color_a, color_b, color_c, color_d = colors_of(colors, owner_of(candidate, count), CHANNELS)
        g = share * (dot - v_a * color_a - v_b * color_b - v_c * color_c - v_d * color_d)
        store_sums(to, g, g * u, g * v, u, v)
        store_color_sum(to, share * v_a, 0, CHANNELS)
        store_color_sum(to, share * v_b, 1, CHANNELS)
        store_color_sum(to, share * v_c, 2, CHANNELS)
        store_color_sum(to, share * v_d, 3, CHANNELS)
        to += SHAPE_SUMS + GROUP
