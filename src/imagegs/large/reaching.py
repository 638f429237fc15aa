"""The reach of each layer of the blocks of a large file, row of blocks by row of blocks.

For all Gaussians at once `codec/reach.py` tells it. Here the tiles of one row of blocks are listed with the
Gaussians of that row and its neighbours. The lists bound from below the exponent that is best at any point of
the row; Gaussians of other rows whose exponents stay more than the cutoff below that are seen nowhere in it.
Where that is not certain, they are listed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from imagegs._native import SOFTMAX_CUTOFF
from imagegs.codec.blocks import UNKNOWN_REACH, BlockGrid
from imagegs.codec.reach import IDS_AT_ONCE, extend_reach, fades_to_the_least, in_units
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.large.block_gaussians import BlockGaussians, joined
from imagegs.large.store import BlockStore
from imagegs.rendering import TileLists, tile_lists, whitened_shapes

TILE = 32  # pixels on a side
MOST_IDS = 2**31  # of one row of blocks and one layer
_ROUNDING = 0.01  # nats by which exponents may be off


def reach_of_store(store: BlockStore, grid: BlockGrid, threads: int | None) -> NDArray[np.uint16]:
    """The reach of each layer of the file in each block (L, K), as chunk BLKS tells it."""
    shape = len(store.layers), len(grid)
    rows = _Rows(store, grid)
    if rows.fade_to_the_least:
        return np.full(shape, UNKNOWN_REACH, np.uint16)
    reach = np.zeros(shape, np.int64)
    for row in range(grid.rows):
        for level in store.layers:
            _Listing(rows, grid, row, level, threads).extend(reach)
    return in_units(reach)


class _Rows:
    """The Gaussians of whole rows of blocks, in canvas pixels across, and in pixels of the row down."""

    def __init__(self, store: BlockStore, grid: BlockGrid) -> None:
        self._store, self._grid = store, grid
        self.layers = store.layers
        self.row = lru_cache(maxsize=4)(self._row)
        self.fade_to_the_least = False  # log-weights of some layer that fades in
        # The largest scale and log-weight of each row bound what it paints elsewhere.
        self._bounds: list[tuple[float, float]] = []
        for row in range(grid.rows):
            g, _ = self.row(row)
            self.fade_to_the_least |= fades_to_the_least(g.log_weight[g.layer > 0])
            self._bounds.append((float(g.scale.max(initial=0)), float(g.log_weight.max(initial=-np.inf))))

    def _row(self, row: int) -> tuple[BlockGaussians, NDArray[np.int64]]:
        """The Gaussians, and the block of each."""
        columns = self._grid.columns
        numbers = range(row * columns, (row + 1) * columns)
        parts = [self._store.gaussians(block).moved(self._grid.rectangle(block)[0], 0) for block in numbers]
        return joined(parts), np.repeat(numbers, [len(part) for part in parts])

    def best(self, row: int, distance: int) -> float:
        """An upper bound of the exponents of the Gaussians of a row so far from it, pixels."""
        scale, log_weight = self._bounds[row]
        return log_weight - 0.5 * (distance / scale) ** 2 if scale > 0 else -np.inf


class _Listing:
    """The tiles of one row of blocks and the first layers, with all Gaussians that are seen there."""

    def __init__(self, rows: _Rows, grid: BlockGrid, row: int, level: int, threads: int | None) -> None:
        self._rows, self._grid, self._row, self._level, self._threads = rows, grid, row, level, threads
        _, self._top, _, self._bottom = grid.rectangle(row * grid.columns)
        self._listed = {each for each in (row - 1, row, row + 1) if 0 <= each < grid.rows}

    def extend(self, reach: NDArray[np.int64]) -> None:
        """Extends the reach of layers in blocks, in pixels, to the tiles that they are seen in."""
        while True:
            gaussians, owners = self._gaussians()
            lists = tile_lists(gaussians, TILE, most_ids=MOST_IDS, threads=self._threads)
            assert lists is not None  # a row has fewer tiles and Gaussians than that
            missing = set(self._others(_least_best(gaussians, lists) - SOFTMAX_CUTOFF - _ROUNDING))
            if not missing:
                break
            self._listed |= missing
        rectangles = self._grid.rectangles()
        rectangles[:, [1, 3]] -= self._top
        for first in range(0, len(lists.ids), IDS_AT_ONCE):
            extend_reach(reach, rectangles, lists, first, owners)

    def _gaussians(self) -> tuple[Gaussians, NDArray[np.int64]]:
        """Those of the listed rows, on the canvas of this one, and the layer x K + block of each."""
        parts, owners = [], []
        for each in sorted(self._listed):
            part, of = self._rows.row(each)
            wanted = np.flatnonzero(part.layer <= self._level)
            parts.append(part.rows(wanted).moved(0, ((each - self._row) << self._grid.side)))
            layer = np.searchsorted(self._rows.layers, part.layer[wanted])
            owners.append(layer * len(self._grid) + of[wanted])
        gaussians = joined(parts).on_canvas(self._bottom - self._top, self._grid.width)
        return gaussians, np.concatenate(owners)

    def _others(self, least: float) -> Iterator[int]:
        """The rows, not listed yet, of which something may have an exponent of `least` or more here."""
        for each in range(self._grid.rows):
            if each not in self._listed:
                _, top, _, bottom = self._grid.rectangle(each * self._grid.columns)
                distance = max(top - self._bottom, self._top - bottom)
                if self._rows.best(each, distance) >= least:
                    yield each


def _least_best(gaussians: Gaussians, lists: TileLists) -> float:
    """A lower bound of the exponent that is best at a point, over all points of the canvas.

    An exponent is concave, so that its least value on a tile is at a corner.
    """
    shapes = whitened_shapes(gaussians).astype(np.float64)
    best = np.full(len(lists.offsets) - 1, -np.inf)
    for first in range(0, len(lists.ids), IDS_AT_ONCE):
        ids = np.arange(first, min(first + IDS_AT_ONCE, len(lists.ids)))
        tile = np.searchsorted(lists.offsets, ids, side="right") - 1
        np.maximum.at(best, tile, _least_in_tiles(shapes[lists.ids[ids]], tile, lists))
    return float(best.min())


def _least_in_tiles(shapes: NDArray[np.float64], tile: NDArray[np.int64], lists: TileLists) -> FloatArray:
    """(M,) the least exponent of each of some Gaussians in a tile."""
    x, y, ux, uy, vx, vy, w = shapes.T
    row, column = np.divmod(tile, lists.columns)
    least = np.full(len(tile), np.inf)
    for i in (0, 1):
        for j in (0, 1):
            dx, dy = (column + i) * lists.side - x, (row + j) * lists.side - y
            least = np.minimum(least, w - (ux * dx + uy * dy) ** 2 - (vx * dx + vy * dy) ** 2)
    return least
