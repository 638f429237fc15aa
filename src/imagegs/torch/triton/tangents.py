"""Kernel: how the colours of points change with the Gaussians, J times a tangent.

With p_k the share of candidate k at a point, a change of the Gaussians moves the colour c there by
    dc = sum of p_k (dc_k - ds_k (c_k - c)),    ds_k = t0 + t1 u + t2 v + t3 u^2 + t4 u v + t5 v^2
(native/training/kernels/gauss_newton.h), ds_k the change of the score. The chosen sets are held fixed.
Mapping: a program has the 256 points of a block and GROUP channels, and goes over the list of the block's
tile.
Shapes: as in mixing.py, and terms (N, 6), the t of each Gaussian, changes (N, C), its dc_k, to change (M, C).
Edges: as in mixing.py.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.channels import colors_of, load_channels, store_channels
from imagegs.torch.triton.constants import POINTS, SHAPE_SUMS
from imagegs.torch.triton.walking import load_choices, weight_of
from imagegs.torch.triton.whitening import block_points, owner_of, shape_of, whiten


@triton.jit
def score_change(terms, u, v):
    """The polynomial in u and v whose six coefficients begin at `terms`."""
    along_u = tl.load(terms + 1) + u * tl.load(terms + 3) + v * tl.load(terms + 4)
    return tl.load(terms) + u * along_u + v * (tl.load(terms + 2) + v * tl.load(terms + 5))


@triton.jit
def tangent_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, colors, out, inverse, terms, changes, change,
    count, height, width, columns, CHANNELS: tl.constexpr, PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    lowest, worst, left = load_choices(best, last, ties, index, exists)
    factor = tl.load(inverse + index, mask=exists, other=0.0)
    out_a, out_b, out_c, out_d = load_channels(out, index, exists, CHANNELS)
    tile = tl.load(tiles + tl.program_id(0))
    a = tl.zeros([POINTS], tl.float32)
    b = a
    c = a
    d = a
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        candidate = tl.load(ids + at)
        shape = shape_of(shapes, candidate)
        u, v = whiten(shape, x, y)
        weight, left = weight_of(shape, u, v, column, row, lowest, worst, left, PAPER)
        share = weight * factor
        owner = owner_of(candidate, count)
        of_score = score_change(terms + owner.to(tl.int64) * SHAPE_SUMS, u, v)
        color_a, color_b, color_c, color_d = colors_of(colors, owner, CHANNELS)
        moved_a, moved_b, moved_c, moved_d = colors_of(changes, owner, CHANNELS)
        a += share * (moved_a - of_score * (color_a - out_a))
        b += share * (moved_b - of_score * (color_b - out_b))
        c += share * (moved_c - of_score * (color_c - out_c))
        d += share * (moved_d - of_score * (color_d - out_d))
    store_channels(change, index, exists, a, b, c, d, CHANNELS)
