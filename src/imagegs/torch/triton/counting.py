"""Kernel: how many candidates each node of the lists keeps, and the bound that they are kept by.

Computes, for each node of one level, the lowest score that some candidate of its parent's list never exceeds
there, from it the bound (culling.py), and how many candidates of that list come under it.
Mapping: a program has one node and goes over its parent's list, `BLOCK` candidates at a time, one a lane.
Shapes: shapes (candidates, 12), offsets (parents + 1,) int64 and ids int32 of the level above, wanted
(nodes,) bool, to bounds (nodes,) in nats and counts (nodes,) int32.
Edges: at the coarsest level (ROOT) the parent's list is all candidates. A node that is not wanted keeps none.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.culling import bound_of, kept, listed, near_and_far, node_rectangle
from imagegs.torch.triton.whitening import INFINITY, shape_of


@triton.jit
def list_of_parent(offsets, node, columns, parent_columns, fan_out, candidates, ROOT: tl.constexpr):
    """Where the list of a node's parent begins and ends, int64."""
    if ROOT:
        first = tl.zeros([], tl.int64)
        end = first + candidates
    else:
        parent = (node // columns // fan_out) * parent_columns + (node % columns) // fan_out
        first = tl.load(offsets + parent)
        end = tl.load(offsets + parent + 1)
    return first, end


@triton.jit
def count_kernel(
    shapes, offsets, ids, wanted, bounds, counts, candidates, height, width, inset, columns, parent_columns,
    fan_out, span, PAPER: tl.constexpr, ROOT: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    node = tl.program_id(0)
    lane = tl.arange(0, BLOCK)
    first, end = list_of_parent(offsets, node, columns, parent_columns, fan_out, candidates, ROOT)
    end = tl.where(tl.load(wanted + node), end, first)
    left, top, right, bottom = node_rectangle(node, columns, height, width, inset, span)
    bound = INFINITY
    if not PAPER:
        lowest = tl.full([BLOCK], INFINITY, tl.float32)
        for start in range(first, end, BLOCK):
            candidate, exists = listed(ids, start + lane, end, ROOT)
            _, far = near_and_far(shape_of(shapes, candidate), exists, left, top, right, bottom)
            lowest = tl.minimum(lowest, far)
        bound = bound_of(tl.min(lowest, axis=0))
        tl.store(bounds + node, bound)
    count = tl.zeros([BLOCK], tl.int32)
    for start in range(first, end, BLOCK):
        candidate, exists = listed(ids, start + lane, end, ROOT)
        count += kept(shapes, candidate, exists, bound, left, top, right, bottom, PAPER).to(tl.int32)
    tl.store(counts + node, tl.sum(count, axis=0))
