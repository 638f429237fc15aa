"""The pieces of kernels that walk over the list of a block after choosing.py: who chose a candidate, and how
much of it.

Each step of such a walk asks `weight_of` for the weights of the next candidate in the list. The order
matters: of the candidates with the worst score that a point keeps, it keeps the first ones, and counts them
down in `ties`.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.whitening import score_at


@triton.jit
def load_choices(best, last, ties, index, exists):
    """The choices of a block's points; a point that does not exist keeps nothing."""
    lowest = tl.load(best + index, mask=exists, other=0.0)
    worst = tl.load(last + index, mask=exists, other=-float("inf"))
    return lowest, worst, tl.load(ties + index, mask=exists, other=0)


@triton.jit
def weight_of(shape, u, v, column, row, lowest, worst, ties, PAPER: tl.constexpr):
    """exp(best - score) at the points that chose a candidate, 0 at others, and the ties that are left."""
    score = score_at(shape, u, v, column, row, PAPER)
    tie = (score == worst) & (ties > 0)
    weight = tl.where((score < worst) | tie, tl.exp(lowest - score), 0.0)
    return weight, tl.where(tie, ties - 1, ties)


@triton.jit
def first_row(parts, n_parts, first_part, WIDTH: tl.constexpr):
    """Where the parts (groups, parts, WIDTH) of this program's block and group begin."""
    return parts + (tl.program_id(1) * n_parts + tl.load(first_part + tl.program_id(0))) * WIDTH
