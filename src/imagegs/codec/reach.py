"""The reach of each layer of a block, which a decoder needs that paints a part of the picture."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagegs.codec.blocks import REACH_UNIT, UNKNOWN_REACH, BlockGrid
from imagegs.gaussians import FADE_POWER, MAX_LOG_WEIGHT, Gaussians
from imagegs.rendering import TileLists, tile_lists

# In the lists of tiles of all levels: a second of work, or a share of what a large file takes anyway. With
# more the tiles are too small; where all are, the reach is not known.
MOST_IDS, IDS_A_GAUSSIAN = 2**24, 16
IDS_AT_ONCE = 2**20
TILES_A_BLOCK = 32, 16  # on a side; with smaller tiles the reach is told more closely
# A layer that fades in loses so many nats at most, by the least share that float64 tells from a whole layer.
MOST_FADE = FADE_POWER * 52 * np.log(2)


def reach_of_blocks(
    gaussians: Gaussians, blocks: NDArray[np.int64], grid: BlockGrid, threads: int | None = None
) -> NDArray[np.uint16]:
    """The reach of each layer in each block (L, K), as chunk BLKS tells it: never less than it is, at any
    level of detail.

    blocks (N,): the block of each Gaussian. Whole layers are looked at: while a layer fades in, neither it
    nor an earlier one reaches farther, unless log-weights are clipped at the least one.
    """
    later = gaussians.log_weight[gaussians.layers[0] :] if gaussians.layers else ()
    layers = gaussians.layers or (len(gaussians),)
    shape = len(layers), len(grid)
    if not (gaussians.wrap or fades_to_the_least(later)):
        owners = np.repeat(np.arange(len(layers)), layers) * len(grid) + blocks
        for tiles in TILES_A_BLOCK:
            reach, side = np.zeros(shape, np.int64), max(1, (1 << grid.side) // tiles)
            if _extend_by_all(reach, gaussians, owners, grid.rectangles(), side, threads):
                return in_units(reach)
    return np.full(shape, UNKNOWN_REACH, np.uint16)


def _extend_by_all(
    reach: NDArray[np.int64],
    gaussians: Gaussians,
    owners: NDArray[np.int64],
    rectangles: NDArray[np.int64],
    side: int,
    threads: int | None,
) -> bool:
    """Extends the reach to all tiles of a side in pixels, level by level. False: the lists are too long."""
    left = _most_ids(gaussians)
    for level in range(len(reach)):
        picture = gaussians.first_layers(level + 1)
        lists = tile_lists(picture, side, most_ids=left, threads=threads)
        if lists is None:
            return False
        left -= len(lists.ids)
        for first in range(0, len(lists.ids), IDS_AT_ONCE):
            extend_reach(reach, rectangles, lists, first, owners)
    return True


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
    owners: NDArray[np.int64],
) -> None:
    """Extends the reach (L, K) of layers in blocks, in pixels, to the tiles that list some Gaussians:
    IDS_AT_ONCE of the lists' ids.

    reach: contiguous. rectangles (K, 4): left, top, right and bottom of the blocks, in pixels of the lists'
    canvas. owners (N,): layer x K + block of each Gaussian.
    """
    ids = np.arange(first, min(first + IDS_AT_ONCE, len(lists.ids)))
    tile = np.searchsorted(lists.offsets, ids, side="right") - 1
    seen = np.unique(tile * reach.size + owners[lists.ids[ids]])
    tile, owner = np.divmod(seen, reach.size)
    row, column = np.divmod(tile, lists.columns)
    left, top, right, bottom = rectangles[owner % len(rectangles)].T
    across = np.maximum(left - column * lists.side, (column + 1) * lists.side - right)
    down = np.maximum(top - row * lists.side, (row + 1) * lists.side - bottom)
    np.maximum.at(reach.reshape(-1), owner, np.maximum(across, down))
