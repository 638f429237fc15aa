"""Kernel: which candidates each point keeps.

Computes, for each point, the lowest score, the worst score that it keeps, and how many candidates with
exactly that score it keeps. walking.py then tells the chosen ones from the others, so nothing else is stored:
12 bytes a point in place of 40 for ten indices. The ten lowest scores are held in registers, sorted, and each
candidate is put in its place by minima and maxima, without a branch (native/render/kernels/blend.h).
Mapping: a program has the 256 points of a block and goes over the list of its tile.
Shapes: xy (M, 2) and order (blocks, 256), or neither; tiles (blocks,) int32, shapes (candidates, 12), offsets
(tiles + 1,) int64, ids int32, to best and last (M,) in nats, ties (M,) int32.
Edges: a point of the paper blend may have no candidate; it keeps nothing. Equal scores rank by index.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import CUTOFF, POINTS, TOP_K
from imagegs.torch.triton.whitening import INFINITY, block_points, score_at, shape_of, whiten


@triton.jit
def between(low, high, score):
    """The score between two sorted ones once another one is put in."""
    return tl.minimum(high, tl.maximum(low, score))


@triton.jit
def better(score, last):
    return (score < last).to(tl.int32)


@triton.jit
def choose_kernel(
    xy, order, tiles, shapes, offsets, ids, best, last, ties, height, width, columns,
    PAPER: tl.constexpr, SAMPLED: tl.constexpr,
):  # fmt: skip
    x, y, column, row, index, exists = block_points(xy, order, tiles, height, width, columns, SAMPLED)
    tile = tl.load(tiles + tl.program_id(0))
    s0 = tl.full([POINTS], INFINITY, tl.float32)
    s1 = s0
    s2 = s0
    s3 = s0
    s4 = s0
    s5 = s0
    s6 = s0
    s7 = s0
    s8 = s0
    s9 = s0
    for at in range(tl.load(offsets + tile), tl.load(offsets + tile + 1)):
        shape = shape_of(shapes, tl.load(ids + at))
        u, v = whiten(shape, x, y)
        score = score_at(shape, u, v, column, row, PAPER)
        s9 = between(s8, s9, score)
        s8 = between(s7, s8, score)
        s7 = between(s6, s7, score)
        s6 = between(s5, s6, score)
        s5 = between(s4, s5, score)
        s4 = between(s3, s4, score)
        s3 = between(s2, s3, score)
        s2 = between(s1, s2, score)
        s1 = between(s0, s1, score)
        s0 = tl.minimum(s0, score)
    worst = s9
    if not PAPER:
        worst = tl.minimum(s9, s0 + CUTOFF)
    room = tl.full([POINTS], TOP_K, tl.int32)
    room -= better(s0, worst) + better(s1, worst) + better(s2, worst) + better(s3, worst) + better(s4, worst)
    room -= better(s5, worst) + better(s6, worst) + better(s7, worst) + better(s8, worst) + better(s9, worst)
    if PAPER:
        room = tl.where(worst < INFINITY, room, 0)  # inf is the score of those that cannot be seen
        s0 = tl.zeros_like(s0)
    tl.store(best + index, s0, mask=exists)
    tl.store(last + index, worst, mask=exists)
    tl.store(ties + index, room, mask=exists)
