"""The coders of a file's layers: one for each block, side by side on several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagegs._native import LayerCoder
from imagegs.codec.blocks import BlockGrid
from imagegs.codec.lattice import CELL_X, CELL_Y, FIRST_COLOR, Lattice, Table, native_lattice
from imagegs.engine import thread_count

T = TypeVar("T")
Numbers = NDArray[np.float64]


class Problem(NamedTuple):
    """A fault of a stream. Problems compare by their order in a file."""

    layer: int  # from 0, like the block
    block: int
    text: str


class LayerCoders:
    """Encodes and decodes the tables of layers (N, FIRST_COLOR + channels), whose cells are of the canvas.

    threads: as in `thread_count`; each works on a block at a time. Results are the same with any number.
    """

    def __init__(
        self, lattice: Lattice, grid: BlockGrid, channels: int, weights: bool, threads: int | None = None
    ) -> None:
        self._lattice, self._grid, self._channels, self._weights = lattice, grid, channels, weights
        self._threads = thread_count(threads)

    def encode(self, layers: Sequence[Table]) -> tuple[list[list[int]], list[list[bytes]]]:
        """The number of Gaussians and the stream of each layer, of each block.

        The rows of the layers get the order of the file. Raises ValueError for numbers out of range.
        """
        rows = self._rows_by_block(layers)

        def encode(block: int) -> list[tuple[Table, bytes]]:
            coder = self._coder(block)
            found = []
            for table, of_blocks in zip(layers, rows, strict=True):
                part = self._part(table, of_blocks[block], block)
                stream = coder.encode(part)[0] if len(part) else b""
                found.append((self._moved(part, block, 1), stream))
            return found

        by_block = self._side_by_side(encode, len(self._grid))
        for number, table in enumerate(layers):
            table[:] = np.concatenate([block[number][0] for block in by_block])
        counts = [[len(of_block) for of_block in of_blocks] for of_blocks in rows]
        return counts, [[block[number][1] for block in by_block] for number in range(len(layers))]

    def choose_colors(
        self, layers: Sequence[Table], wanted: Sequence[Numbers], worth: Sequence[Numbers]
    ) -> None:
        """Chooses the colours in the tables; wanted and worth: (N, channels) of each layer, as in
        native/entropy/layer.h.
        """
        rows = self._rows_by_block(layers)

        def choose(block: int) -> None:
            coder = self._coder(block)
            for number, table in enumerate(layers):
                if len(some := rows[number][block]):
                    part = self._part(table, some, block)
                    coder.choose_colors(part, wanted[number][some], worth[number][some])
                    table[some, FIRST_COLOR:] = part[:, FIRST_COLOR:]

        self._side_by_side(choose, len(self._grid))

    def decode(
        self,
        blocks: Sequence[int],
        counts: Sequence[Sequence[int]],
        streams: Sequence[Sequence[bytes]],
        count_bits: bool = False,
    ) -> tuple[list[Table], list[Numbers], Problem | None]:
        """The table of each layer, the bits of its columns where they are counted, and the first problem.

        blocks: those that are decoded. counts, streams: of each layer, of each of these blocks.
        """
        columns = FIRST_COLOR + self._channels
        tables = [np.empty((sum(of_layer), columns), np.int32) for of_layer in counts]
        starts = [list(accumulate(of_layer, initial=0)) for of_layer in counts]

        def decode(place: int) -> tuple[list[Numbers], Problem | None]:
            block, coder = blocks[place], None
            bits = [np.zeros(columns) for _ in tables] if count_bits else []
            for number, table in enumerate(tables):
                if not counts[number][place]:
                    continue
                coder = coder or self._coder(block)
                part = table[starts[number][place] : starts[number][place + 1]]
                problem, found = coder.decode(streams[number][place], part, count_bits)
                if problem:
                    return bits, Problem(number, block, problem)
                self._moved(part, block, 1)
                if count_bits:
                    bits[number][:] = found
            return bits, None

        by_block = self._side_by_side(decode, len(blocks))
        problem = min((p for _, p in by_block if p is not None), default=None)
        if problem is not None or not count_bits:
            return tables, [], problem
        return tables, [np.sum([bits[n] for bits, _ in by_block], axis=0) for n in range(len(tables))], None

    def _rows_by_block(self, layers: Iterable[Table]) -> list[list[NDArray[np.int64]]]:
        """The rows of each layer that are in each block, in their order."""
        found = []
        for table in layers:
            block = self._grid.blocks_of(table, self._lattice.cell)
            order = np.argsort(block, kind="stable")
            found.append(np.split(order, np.searchsorted(block[order], np.arange(1, len(self._grid)))))
        return found

    def _part(self, table: Table, rows: NDArray[np.int64], block: int) -> Table:
        """A copy of some rows, whose cells are of the block."""
        return self._moved(np.ascontiguousarray(table[rows]), block, -1)

    def _moved(self, part: Table, block: int, sign: int) -> Table:
        left, top, _, _ = self._grid.rectangle(block)
        part[:, CELL_X] += sign * (left >> self._lattice.cell)
        part[:, CELL_Y] += sign * (top >> self._lattice.cell)
        return part

    def _coder(self, block: int) -> LayerCoder:
        left, top, right, bottom = self._grid.rectangle(block)
        native = native_lattice(self._lattice)
        return LayerCoder(native, right - left, bottom - top, self._channels, self._weights)

    def _side_by_side(self, work: Callable[[int], T], n: int) -> list[T]:
        """The results of `work` for 0 to n - 1."""
        threads = min(self._threads, n)
        if threads <= 1:
            return [work(place) for place in range(n)]
        from concurrent.futures import ThreadPoolExecutor  # a small file starts without it

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, range(n)))
