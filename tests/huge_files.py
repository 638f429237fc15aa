"""Files of huge canvases in blocks, made within seconds: the blocks of a small picture, again and again."""

from __future__ import annotations

import itertools
import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

import chunks
from conftest import texture_pixels
from imagegs import Gaussians, Lattice, encode, fit
from imagegs.codec.blocks import BlockGrid, BlockIndex, read_blocks
from imagegs.codec.byte_source import Memory
from imagegs.codec.container import Payload
from imagegs.codec.header import read_header

SIDE, LAYERS = 512, 8  # pixels of a block
FEW = 4  # blocks on a side of the small picture


def huge_file(columns: int, rows: int, n: int = 4096) -> bytes:
    """A picture of so many blocks of SIDE pixels, each of some n Gaussians in LAYERS layers.

    They are the blocks of a picture of FEW x FEW tiles of the same Gaussians in different colours. Since the
    shapes repeat, no layer of a block reaches farther than it does in the blocks of that picture.
    """
    small = _blocks_of(n)
    choice = [FEW * (row % FEW) + column % FEW for row in range(rows) for column in range(columns)]
    index = small.index
    counts = index.n[:, choice]
    grid = BlockGrid(SIDE * columns, SIDE * rows, SIDE.bit_length() - 1)
    reach = np.repeat(index.reach.max(axis=1, keepdims=True), len(grid), axis=1)
    told = BlockIndex(grid, reach, counts, index.n_bytes[:, choice], index.crc[:, choice])
    header = bytearray(small.head)
    struct.pack_into("<HHI", header, 0, grid.width, grid.height, int(counts.sum()))
    layers = [
        (b"LAYR", struct.pack("<I", of_layer.sum()) + b"".join(streams[block] for block in choice))
        for of_layer, streams in zip(counts, small.streams, strict=True)
    ]
    return chunks.join(
        [(b"HEAD", bytes(header)), *small.between, (b"BLKS", told.to_bytes()), *layers, (b"TAIL", b"")]
    )


class _Blocks:
    """The chunks of a file in blocks, taken apart."""

    def __init__(self, data: bytes) -> None:
        parts = chunks.split(data)
        names = [name for name, _ in parts]
        at = names.index(b"BLKS")
        self.head, self.between = parts[0][1], parts[1:at]
        header = read_header(memoryview(self.head))
        cell = dict(parts)[b"LATT"][5]
        self.index = read_blocks(memoryview(parts[at][1]), header.width, header.height, cell)
        blocks = np.arange(len(self.index.grid))
        self.streams = [
            self.index.streams(number, Payload(Memory(payload), 0, len(payload)), blocks)
            for number, (_, payload) in enumerate(parts[at + 1 : -1])
        ]


@cache
def _blocks_of(n: int) -> _Blocks:
    """The blocks of FEW x FEW tiles, fitted once at a quarter of their size."""
    pixels = np.tile(texture_pixels(), (2, 2, 1))[: SIDE // 4, : SIDE // 4]
    tile = fit(pixels, n, steps=20, threads=1, layers=LAYERS)
    corners = [(SIDE * column, SIDE * row) for row in range(FEW) for column in range(FEW)]
    gains = np.random.default_rng(0).uniform(0.5, 1.2, (len(corners), 1, 3))
    ends = [0, *np.cumsum(tile.layers)]

    def joined(of_tiles: list[NDArray[np.floating]]) -> NDArray[np.floating]:
        """The numbers of all tiles, layer by layer."""
        return np.concatenate([part[a:b] for a, b in itertools.pairwise(ends) for part in of_tiles])

    xy = (4 * tile.xy).clip(0, SIDE - 0.1)
    g = Gaussians(
        xy=joined([xy + corner for corner in corners]),
        scale=joined([4 * tile.scale] * len(corners)),
        angle=joined([tile.angle] * len(corners)),
        log_weight=joined([tile.log_weight] * len(corners)),
        color=joined([tile.color * gain for gain in gains]),
        height=FEW * SIDE,
        width=FEW * SIDE,
        channels=tile.channels,
        layers=tuple(len(corners) * layer for layer in tile.layers),
    )
    return _Blocks(encode(g, Lattice.of_fineness(2), block_side=SIDE))
