"""Kernel: the colours of points, from the candidates that they chose.

Computes c(p) = sum of w_k c_k / (sum of w_k + epsilon), w_k = exp(best - score_k), over the chosen ones; in
the softmax blend there is no epsilon, and in the paper blend best is 0.
Mapping: a program has the 256 points of a block and GROUP channels, and goes over the list of the block's
tile.
Shapes: as in choosing.py, and colors (N, C), to out (M, C) and inverse (M,), 1 / the sum of weights.
Edges: channels.py tells of the last group. A point without any candidate becomes 0 in the paper blend; in the
softmax blend it cannot occur.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.channels import colors_of, has_channel, store_channels
from imagegs.torch.triton.constants import EPSILON, POINTS
from imagegs.torch.triton.walking import load_choices, weight_of
from imagegs.torch.triton.whitening import block_points, owner_of, shape_of, whiten


@triton.jit
def mix_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, colors, out, inverse, count,
    height, width, columns, CHANNELS: tl.constexpr, PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    lowest, worst, left = load_choices(best, last, ties, index, exists)
    tile = tl.load(tiles + tl.program_id(0))
    total = tl.zeros([POINTS], tl.float32)
    a = total
    b = total
    c = total
    d = total
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        candidate = tl.load(ids + at)
        shape = shape_of(shapes, candidate)
        u, v = whiten(shape, x, y)
        weight, left = weight_of(shape, u, v, column, row, lowest, worst, left, PAPER)
        color_a, color_b, color_c, color_d = colors_of(colors, owner_of(candidate, count), CHANNELS)
        total += weight
        a += weight * color_a
        b += weight * color_b
        c += weight * color_c
        d += weight * color_d
    if PAPER:
        total += EPSILON
    share = 1.0 / tl.where(exists, total, 1.0)
    store_channels(out, index, exists, a * share, b * share, c * share, d * share, CHANNELS)
    tl.store(inverse + index, share, mask=has_channel(index, exists, tl.program_id(1), 1))
