"""The one lattice of a large file, chosen by some of its blocks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imagegs.codec.blocks import BlockGrid
from imagegs.codec.lattice import Lattice
from imagegs.fitting.color_transforms import choose_color_transform
from imagegs.fitting.objective import GaussianArrays
from imagegs.fitting.quantising import FINENESS, Reference, lattice_for, lattice_of
from imagegs.gaussians import Gaussians
from imagegs.large.block_gaussians import BlockGaussians, joined
from imagegs.large.coding import coded_block
from imagegs.large.how import How
from imagegs.large.windows import Window
from imagegs.pictures.pixels import IntegerPixels

SAMPLES = 5  # blocks


def sample_blocks(n_gaussians: Sequence[int]) -> list[int]:
    """The blocks to choose by: those in the middle of equal parts of all Gaussians."""
    ends = np.cumsum(n_gaussians)
    middles = (np.arange(SAMPLES) + 0.5) / SAMPLES * ends[-1]
    return sorted(set(np.searchsorted(ends, middles, side="right").tolist()))


def lattice_within(blocks: Sequence[BlockGaussians], n_bytes: float, how: How) -> Lattice:
    """The finest lattice on which these blocks take so many bytes, rounded at once; the coarsest, if none is
    coarse enough.
    """
    together = _side_by_side(blocks, how.grid)

    def finest(like: Lattice | None) -> Lattice:
        def is_over(fineness: int) -> bool:
            return _stream_bytes(blocks, _with_colors_of(like, fineness), how) > n_bytes

        found = bisect_left(FINENESS, True, key=is_over)
        return _with_colors_of(like, FINENESS[max(0, found - 1)])

    first = finest(None)
    return finest(choose_color_transform(together, first, None, how.threads))


def lattice_worth_its_bits(
    pixels: Sequence[IntegerPixels], windows: Sequence[Window], arrays: Sequence[GaussianArrays], how: How
) -> Lattice:
    """The lattice whose bits are worth their price for the Gaussians of these windows."""
    found = []
    for each, window, g in zip(pixels, windows, arrays, strict=True):
        gaussians = Gaussians(**vars(g), **how.canvas(window))
        reference = Reference(each, gaussians, how.threads, alphas=how.alphas, tune=how.tune)
        found.append(lattice_for(reference, gaussians))
    found.sort(key=lambda lattice: -lattice.color)
    return found[len(found) // 2]


def _with_colors_of(like: Lattice | None, fineness: int) -> Lattice:
    transform = None if like is None else like.color_transform
    return replace(lattice_of(fineness), color_transform=transform)


def _stream_bytes(blocks: Sequence[BlockGaussians], lattice: Lattice, how: How) -> int:
    size = (1 << how.grid.side, 1 << how.grid.side)
    return sum(coded_block(block, size, lattice, how.layers, how.threads).n_bytes for block in blocks)


def _side_by_side(blocks: Sequence[BlockGaussians], grid: BlockGrid) -> Gaussians:
    """The Gaussians of some blocks, of all layers, on one canvas."""
    side = 1 << grid.side
    moved = joined([block.moved(i * side, 0) for i, block in enumerate(blocks)])
    return moved.on_canvas(side, side * len(blocks))
