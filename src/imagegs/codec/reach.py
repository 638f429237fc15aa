"""The reach of the Gaussians of a block, which a decoder needs that paints a part of the picture."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagegs.codec.blocks import REACH_UNIT, UNKNOWN_REACH, BlockGrid
from imagegs.gaussians import FADE_POWER, MAX_LOG_WEIGHT, Gaussians
from imagegs.rendering import TileLists, tile_lists

# In the lists of tiles of all layers: a second of work, or a share of what a large file takes anyway. With
# more the reach is not known.
MOST_IDS, IDS_A_GAUSSIAN = 2**24, 16
IDS_AT_ONCE = 2**20
TILES_A_BLOCK = 16  # on a side
# A layer that fades in loses so many nats at most, by the least share that float64 tells from a whole layer.
MOST_FADE = FADE_POWER * 52 * np.log(2)


def reach_of_blocks(
    gaussians: Gaussians, blocks: NDArray[np.int64], grid: BlockGrid, threads: int | None = None
) -> NDArray[np.uint16]:
    """The reach of each block (K,), as chunk BLKS tells it: never less than it is, at any level of detail.

    blocks (N,): the block of each Gaussian. Whole layers are looked at: a layer that fades in reaches no
    farther, unless its log-weights are clipped at the least one.
    """
    later = gaussians.log_weight[gaussians.layers[0] :] if gaussians.layers else ()
    unknown = np.full(len(grid), UNKNOWN_REACH, np.uint16)
    if gaussians.wrap or fades_to_the_least(later):
        return unknown
    reach, left = np.zeros(len(grid), np.int64), _most_ids(gaussians)
    rectangles = grid.rectangles()
    side = max(1, (1 << grid.side) // TILES_A_BLOCK)
    for level in range(max(1, len(gaussians.layers))):
        picture = gaussians.first_layers(level + 1)
        lists = tile_lists(picture, side, most_ids=left, threads=threads)
        if lists is None:
            return unknown
        left -= len(lists.ids)
        for first in range(0, len(lists.ids), IDS_AT_ONCE):
            extend_reach(reach, rectangles, lists, first, blocks)
    return in_units(reach)


def fades_to_the_least(log_weights: ArrayLike) -> bool:
    """Whether log-weights of layers that fade in may be clipped at the least one."""
    return bool(np.min(log_weights, initial=0) < MOST_FADE - MAX_LOG_WEIGHT)


def in_units(reach: NDArray[np.int64]) -> NDArray[np.uint16]:
    """A reach in pixels as chunk BLKS tells it."""
    return np.minimum(-(-reach // REACH_UNIT), UNKNOWN_REACH).astype(np.uint16)


def _most_ids(gaussians: Gaussians) -> int:
    painted = sum(accumulate(gaussians.layers)) or len(gaussians)  # of all levels together
    return min(max(MOST_IDS, IDS_A_GAUSSIAN * painted), 2**32 - 1)


def extend_reach(
    reach: NDArray[np.int64],
    rectangles: NDArray[np.int64],
    lists: TileLists,
    first: int,
    blocks: NDArray[np.int64],
) -> None:
    """Extends the reach (K,) of blocks, in pixels, to the tiles that list some Gaussians: IDS_AT_ONCE of the
    lists' ids.

    rectangles (K, 4): left, top, right and bottom of the blocks, in pixels of the lists' canvas. blocks (N,):
    that of each Gaussian.
    """
    ids = np.arange(first, min(first + IDS_AT_ONCE, len(lists.ids)))
    tile = np.searchsorted(lists.offsets, ids, side="right") - 1
    seen = np.unique(tile * len(reach) + blocks[lists.ids[ids]])
    tile, block = np.divmod(seen, len(reach))
    row, column = np.divmod(tile, lists.columns)
    left, top, right, bottom = rectangles[block].T
    across = np.maximum(left - column * lists.side, (column + 1) * lists.side - right)
    down = np.maximum(top - row * lists.side, (row + 1) * lists.side - bottom)
    np.maximum.at(reach, block, np.maximum(across, down))
