"""Kernel: the sums over all blocks of points, for each Gaussian.

Computes the sum of the parts (rows) of each Gaussian and its copies, in the order of blocks.
Mapping: a program has one Gaussian and one group of channels. Its parts are taken BLOCK at a time, one row of
a BLOCK x COLUMNS array each; in the end the rows are added. Which rows are added to which depends on nothing
but their number, so sums repeat to the bit.
Shapes: parts (groups, parts, WIDTH), by_gaussian (parts,) int64: the parts sorted by Gaussian, starts (N +
1,) int64, to sums (groups, N, WIDTH). COLUMNS is the power of two that is WIDTH or more.
Edges: a Gaussian that no tile sees has no parts; its sums are 0. Kernels write the first `filled` columns of
a part; the others hold whatever the memory held before, so they are not read, and their sums are 0.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def add_kernel(
    parts, by_gaussian, starts, sums, n_parts, gaussians, filled,
    WIDTH: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    gaussian = tl.program_id(0)
    group = tl.program_id(1).to(tl.int64)
    row = tl.arange(0, BLOCK)
    column = tl.arange(0, COLUMNS)
    end = tl.load(starts + gaussian + 1)
    total = tl.zeros([BLOCK, COLUMNS], tl.float32)
    for start in range(tl.load(starts + gaussian), end, BLOCK):
        exists = start + row < end
        part = group * n_parts + tl.load(by_gaussian + start + row, mask=exists, other=0)
        mask = exists[:, None] & (column < filled)[None, :]
        total += tl.load(parts + part[:, None] * WIDTH + column[None, :], mask=mask, other=0.0)
    to = sums + (group * gaussians + gaussian) * WIDTH
    tl.store(to + column, tl.sum(total, axis=0), mask=column < WIDTH)
