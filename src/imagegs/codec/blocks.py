"""Chunk BLKS: the blocks of a large canvas, whose Gaussians are coded each by themselves."""

from __future__ import annotations

import operator
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.container import Payload
from imagegs.codec.lattice import CELL_X, CELL_Y, Table
from imagegs.errors import FormatError
from imagegs.gaussians import MAX_LAYERS

MOST_SIDE = 15
MOST_BLOCKS = 2**14  # 512 pixels on a side, on the largest canvas; each one costs a decoder its own model
WHOLE_CANVAS = 16  # 2^16 pixels are more than a canvas has
REACH_UNIT = 16  # pixels
UNKNOWN_REACH = 2**16 - 1
# A block learns its own probabilities, which costs some hundred bytes: 1% of a block of 10,000 Gaussians.
LEAST_GAUSSIANS, MOST_IN_A_BLOCK = 2**16, 2**15

COUNT_BYTES = 4  # of chunk LAYR, before its streams
_HEAD = struct.Struct("<BB")
_STREAM = np.dtype([("n", "<u4"), ("bytes", "<u4"), ("crc", "<u4"), ("reach", "<u2")])


@dataclass(frozen=True)
class BlockGrid:
    """Square blocks of 2^side canvas pixels on a side, row by row; by default one that is the canvas."""

    width: int  # of the canvas, pixels
    height: int
    side: int = WHOLE_CANVAS

    @property
    def columns(self) -> int:
        return ((self.width - 1) >> self.side) + 1

    @property
    def rows(self) -> int:
        return ((self.height - 1) >> self.side) + 1

    def __len__(self) -> int:
        return self.columns * self.rows

    def rectangle(self, block: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a block, pixels."""
        row, column = divmod(block, self.columns)
        left, top = column << self.side, row << self.side
        right, bottom = left + (1 << self.side), top + (1 << self.side)
        return left, top, min(right, self.width), min(bottom, self.height)

    def rectangles(self) -> NDArray[np.int64]:
        """Left, top, right and bottom of each block, pixels; (K, 4)."""
        row, column = np.divmod(np.arange(len(self)), self.columns)
        corners = np.stack([column, row, column + 1, row + 1], axis=1) << self.side
        found: NDArray[np.int64] = np.minimum(corners, (self.width, self.height) * 2)
        return found

    def blocks_of(self, table: Table, cell: int) -> NDArray[np.int64]:
        """The block of each row; (N,)."""
        column = np.minimum(table[:, CELL_X].astype(np.int64) << cell >> self.side, self.columns - 1)
        row = np.minimum(table[:, CELL_Y].astype(np.int64) << cell >> self.side, self.rows - 1)
        block: NDArray[np.int64] = row * self.columns + column
        return block


def usual_grid(n_gaussians: int, width: int, height: int, cell: int) -> BlockGrid:
    """The blocks of a file of so many Gaussians whose cells have 2^cell pixels on a side: one if it is small.

    docs/format.md, section 10.
    """
    if n_gaussians < LEAST_GAUSSIANS:
        return BlockGrid(width, height)
    side = MOST_SIDE
    while side > cell and (n_gaussians << 2 * side) > MOST_IN_A_BLOCK * width * height:
        side -= 1
    while len(grid := BlockGrid(width, height, side)) > MOST_BLOCKS:
        side += 1
    return grid if len(grid) > 1 else BlockGrid(width, height)


def block_grid(side: int | None, n_gaussians: int, width: int, height: int, cell: int) -> BlockGrid:
    """Blocks of a side in pixels, a power of 2; 0 for none, None for the usual ones.

    Raises ValueError for another side.
    """
    if side is None:
        return usual_grid(n_gaussians, width, height, cell)
    if side == 0:
        return BlockGrid(width, height)
    return grid_of_side(side, width, height, 1 << cell)


def grid_of_side(side: int, width: int, height: int, least: int) -> BlockGrid:
    """Blocks of a side in pixels, a power of 2 of at least `least`, which is one itself.

    Raises ValueError for another side.
    """
    exponent = operator.index(side).bit_length() - 1
    if side != 1 << max(exponent, 0) or not least <= side <= 1 << MOST_SIDE:
        raise ValueError(
            f"blocks of {side} pixels: only powers of 2 from {least} to {1 << MOST_SIDE} are possible"
        )
    grid = BlockGrid(width, height, exponent)
    if len(grid) > MOST_BLOCKS:
        raise ValueError(f"{len(grid)} blocks of {side} pixels: at most {MOST_BLOCKS} blocks are possible")
    return grid


@dataclass(frozen=True)
class BlockIndex:
    """The contents of chunk BLKS: K blocks, L layers."""

    grid: BlockGrid
    reach: NDArray[np.uint16]  # (L, K), in REACH_UNIT
    n: NDArray[np.uint32]  # (L, K) Gaussians
    n_bytes: NDArray[np.uint32]  # (L, K) of the streams
    crc: NDArray[np.uint32]  # (L, K) of the streams

    @classmethod
    def of(
        cls,
        grid: BlockGrid,
        reach: NDArray[np.uint16],
        n: Sequence[Sequence[int]],
        streams: Sequence[Sequence[bytes]],
    ) -> BlockIndex:
        """The index of these streams, of each layer and block."""
        sizes = np.array([[len(stream) for stream in layer] for layer in streams], np.uint32)
        sums = np.array([[zlib.crc32(stream) for stream in layer] for layer in streams], np.uint32)
        return cls(grid, reach, np.array(n, np.uint32), sizes, sums)

    def to_bytes(self) -> bytes:
        """The payload."""
        table = np.empty(self.n.shape, _STREAM)
        table["n"], table["bytes"], table["crc"] = self.n, self.n_bytes, self.crc
        table["reach"] = self.reach
        return _HEAD.pack(self.grid.side, len(self.n)) + table.tobytes()

    def streams(self, layer: int, payload: Payload, blocks: NDArray[np.int64]) -> list[bytes]:
        """The streams of some blocks, ascending, in a layer, counted from 0. Nothing else of it is read.

        payload: of chunk LAYR. Raises FormatError.
        """
        ends = np.cumsum(self.n_bytes[layer], dtype=np.int64)
        if ends[-1] != payload.size - COUNT_BYTES:
            raise FormatError(
                f"layer {layer + 1}: its blocks have {ends[-1]} of {payload.size - COUNT_BYTES} bytes"
            )
        end = ends[blocks]
        found = _read_runs(payload, COUNT_BYTES + end - self.n_bytes[layer, blocks], COUNT_BYTES + end)
        for block, stream, crc in zip(blocks.tolist(), found, self.crc[layer, blocks].tolist(), strict=True):
            if zlib.crc32(stream) != crc:
                raise FormatError(f"layer {layer + 1}, block {block + 1}: checksum mismatch")
        return found

    def layers_near(self, boxes: NDArray[np.floating[Any]], wrap: bool) -> NDArray[np.int64]:
        """The number of layers of each block, from the first one on, that can matter in rectangles; (K,).

        boxes: (B, 4) left, top, right and bottom, canvas pixels. Every layer up to the last one that reaches
        a rectangle counts, because each is decoded after the one before. On a canvas that wraps all do.
        """
        layers = len(self.reach)
        if wrap:
            return np.full(len(self.grid), layers)
        left, top, right, bottom = self.grid.rectangles().T
        distance = np.full(len(self.grid), np.inf)  # of each block from the nearest rectangle
        for x0, y0, x1, y1 in boxes.tolist():
            across = np.maximum(left - x1, x0 - right)
            down = np.maximum(top - y1, y0 - bottom)
            distance = np.minimum(distance, np.maximum(across, down))
        pixels = np.where(self.reach == UNKNOWN_REACH, np.inf, REACH_UNIT * self.reach.astype(np.float64))
        number = np.arange(1, layers + 1)[:, None]
        found: NDArray[np.int64] = np.where(distance <= pixels, number, 0).max(axis=0)
        return found


def _read_runs(payload: Payload, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[bytes]:
    """Pieces of a payload, ascending; those that lie one behind the other are read at once."""
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    found: list[bytes] = []
    for first, last in zip([0, *breaks.tolist()], [*breaks.tolist(), len(starts)], strict=True):
        if first == last:  # no pieces at all
            break
        at = int(starts[first])
        run = payload.read(at, int(ends[last - 1]) - at)
        places = zip((starts[first:last] - at).tolist(), (ends[first:last] - at).tolist(), strict=True)
        found += [bytes(run[start:end]) for start, end in places]
    return found


def index_bytes(n_blocks: int, layers: int) -> int:
    """The bytes of the payload."""
    return _HEAD.size + layers * _STREAM.itemsize * n_blocks


def read_blocks(payload: memoryview, width: int, height: int, cell: int) -> BlockIndex:
    """The payload of chunk BLKS, for a canvas and its cells. Raises FormatError."""
    if len(payload) < _HEAD.size:
        raise FormatError(f"chunk BLKS: {len(payload)} bytes, at least {_HEAD.size} are needed")
    side, layers = _HEAD.unpack(payload[: _HEAD.size])
    if not cell <= side <= MOST_SIDE:
        raise FormatError(
            f"chunk BLKS: blocks of 2^{side} pixels, only 2^{cell} to 2^{MOST_SIDE} are possible"
        )
    if not 1 <= layers <= MAX_LAYERS:
        raise FormatError(f"chunk BLKS: {layers} layers, only 1 to {MAX_LAYERS} are possible")
    grid = BlockGrid(width, height, side)
    if len(grid) > MOST_BLOCKS:
        raise FormatError(f"chunk BLKS: {len(grid)} blocks, at most {MOST_BLOCKS} are possible")
    size = index_bytes(len(grid), layers)
    if len(payload) != size:
        raise FormatError(f"chunk BLKS: {len(payload)} bytes, {size} are needed")
    table = np.frombuffer(payload[_HEAD.size :], _STREAM).reshape(layers, len(grid))
    _check_streams(table)
    return BlockIndex(grid, table["reach"], table["n"], table["bytes"], table["crc"])


def _check_streams(table: NDArray[np.void]) -> None:
    bad = np.argwhere((table["n"] > table["bytes"]) | ((table["n"] == 0) & (table["bytes"] > 0)))
    if not len(bad):
        return
    layer, block = bad[0]
    n, size = table[layer, block]["n"], table[layer, block]["bytes"]
    where = f"chunk BLKS: layer {layer + 1}, block {block + 1}: "
    raise FormatError(where + (f"{n} Gaussians in {size} bytes" if n else f"{size} bytes without Gaussians"))
