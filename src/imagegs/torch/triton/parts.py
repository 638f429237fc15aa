"""Parts: what a block of points gives to each candidate of its list, and their sums for each Gaussian.

The candidates of block b have the parts first_part[b] to first_part[b + 1], in the order of its list. Each
part is written by one program and added up in a fixed order, so that no atomic addition is needed and runs
repeat to the bit.
"""

from __future__ import annotations

import torch
import triton
from torch import Tensor

from imagegs.torch.triton.adding import add_kernel
from imagegs.torch.triton.blocks import Blocks
from imagegs.torch.triton.constants import PARTS_AT_ONCE
from imagegs.torch.triton.launching import launch


class SortedParts:
    """The parts sorted by Gaussian, once they are first asked for."""

    def __init__(self, blocks: Blocks, gaussians: int) -> None:
        self._blocks, self._gaussians = blocks, gaussians
        self._found: tuple[Tensor, Tensor] | None = None

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Parts by Gaussian, of one in the order of blocks, and where those of each begin (N + 1,), int64."""
        if self._found is None:
            self._found = _sorted(self._blocks, self._gaussians)
        return self._found


def _sorted(blocks: Blocks, gaussians: int) -> tuple[Tensor, Tensor]:
    candidates = _candidates(blocks)
    owners = torch.where(candidates < gaussians, candidates, (candidates - gaussians) // 8)
    sorted_owners, parts = torch.sort(owners, stable=True)
    starts = torch.searchsorted(sorted_owners, torch.arange(gaussians + 1, device=owners.device))
    return parts, starts


def _candidates(blocks: Blocks) -> Tensor:
    """The candidate of each part, int64."""
    if not blocks.sampled:
        return blocks.lists.ids.long()
    tiles = blocks.tiles.long()
    counts = blocks.first_part[1:] - blocks.first_part[:-1]
    block = torch.repeat_interleave(torch.arange(len(tiles), device=tiles.device), counts)
    within = torch.arange(len(block), device=tiles.device) - blocks.first_part[block]
    return blocks.lists.ids[blocks.lists.offsets[tiles[block]] + within].long()


def add_parts(by_gaussian: SortedParts, parts: Tensor, filled: int) -> Tensor:
    """The sums (groups, N, width) of parts (groups, parts, width) over all blocks.

    filled: the number of columns that were written, the first ones; the sums of the others are 0.
    """
    order, starts = by_gaussian()
    groups, n_parts, width = parts.shape
    n = len(starts) - 1
    sums = parts.new_empty((groups, n, width))
    compiled = {"WIDTH": width, "COLUMNS": triton.next_power_of_2(width), "BLOCK": PARTS_AT_ONCE}
    launch(add_kernel, (n, groups), parts, order, starts, sums, n_parts, n, filled, **compiled)
    return sums
