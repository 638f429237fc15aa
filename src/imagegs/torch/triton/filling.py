"""Kernel: the lists of the candidates that each node keeps, in the order of their index.

Computes what counting.py counted, at the places that the prefix sum of the counts gives to each node.
Mapping: a program has one node and goes over its parent's list, `BLOCK` candidates at a time, one a lane; a
prefix sum over the lanes gives each kept candidate its place.
Shapes: as in counting.py, and to_offsets (nodes + 1,) int64, to to_ids (sum of counts,) int32.
Edges: as in counting.py. No two programs write to one place, so the lists do not depend on the order of
programs.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.counting import list_of_parent
from imagegs.torch.triton.culling import kept, listed, node_rectangle


@triton.jit
def fill_kernel(
    shapes, offsets, ids, wanted, bounds, to_offsets, to_ids, candidates, height, width, inset, columns,
    parent_columns, fan_out, span, PAPER: tl.constexpr, ROOT: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    node = tl.program_id(0)
    lane = tl.arange(0, BLOCK)
    first, end = list_of_parent(offsets, node, columns, parent_columns, fan_out, candidates, ROOT)
    end = tl.where(tl.load(wanted + node), end, first)
    left, top, right, bottom = node_rectangle(node, columns, height, width, inset, span)
    bound = tl.load(bounds + node)
    to = tl.load(to_offsets + node)
    for start in range(first, end, BLOCK):
        candidate, exists = listed(ids, start + lane, end, ROOT)
        keep = kept(shapes, candidate, exists, bound, left, top, right, bottom, PAPER)
        number = keep.to(tl.int32)
        tl.store(to_ids + to + tl.cumsum(number, axis=0) - 1, candidate.to(tl.int32), mask=keep)
        to += tl.sum(number, axis=0)
