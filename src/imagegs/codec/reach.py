"""How far the Gaussians of a block reach: what a decoder needs that paints a part of the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import REACH_UNIT, UNKNOWN_REACH, BlockGrid
from imagegs.gaussians import Gaussians
from imagegs.rendering import tile_lists

MOST_IDS = 2**27  # of the lists of tiles, half a gigabyte
TILES_A_BLOCK = 16  # on a side


def reach_of_blocks(
    gaussians: Gaussians, blocks: NDArray[np.int64], grid: BlockGrid, threads: int | None = None
) -> NDArray[np.uint16]:
    """The reach of each block (K,), as chunk BLKS tells it: in the pictures of the first layers, all or some.

    blocks (N,): the block of each Gaussian. The tiles of a coarse grid tell it, so it is too large by at most
    one of them.
    """
    if gaussians.wrap:
        return np.full(len(grid), UNKNOWN_REACH, np.uint16)
    reach = np.zeros(len(grid), np.int64)
    rectangles = np.array([grid.rectangle(k) for k in range(len(grid))])
    side = max(1, (1 << grid.side) // TILES_A_BLOCK)
    for level in range(max(1, len(gaussians.layers))):
        picture = gaussians.first_layers(level + 1)
        lists = tile_lists(picture, side, most_ids=MOST_IDS, threads=threads)
        if lists is None:
            return np.full(len(grid), UNKNOWN_REACH, np.uint16)
        tile = np.repeat(np.arange(len(lists.offsets) - 1), np.diff(lists.offsets))
        seen = np.unique(tile * len(grid) + blocks[lists.ids])
        tile, block = np.divmod(seen, len(grid))
        row, column = np.divmod(tile, lists.columns)
        left, top, right, bottom = rectangles[block].T
        across = np.maximum(left - column * side, (column + 1) * side - right)
        down = np.maximum(top - row * side, (row + 1) * side - bottom)
        np.maximum.at(reach, block, np.maximum(across, down))
    return np.minimum(-(-reach // REACH_UNIT), UNKNOWN_REACH - 1).astype(np.uint16)
