"""The blocks of a large picture on the disk, while it is compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import BlockGrid, BlockIndex
from imagegs.codec.lattice import Lattice
from imagegs.large.block_gaussians import BlockGaussians
from imagegs.large.coding import CodedBlock, decoded_block
from imagegs.large.windows import window_of


class BlockStore:
    """A folder with the Gaussians of each block that is fitted, and the streams of each that is coded.

    layers: of the file, at most.
    """

    def __init__(self, folder: Path, grid: BlockGrid, layers: int) -> None:
        self._folder, self._grid = folder, grid
        self._lattice: Lattice | None = None
        shape = layers, len(grid)
        self.n_fitted = np.zeros(len(grid), np.int64)
        self.is_coded = np.zeros(len(grid), bool)
        self.counts, self.n_bytes, self._crc = (np.zeros(shape, np.uint32) for _ in range(3))

    def keep_fitted(self, block: int, gaussians: BlockGaussians) -> None:
        """Keeps a block as its first fit left it."""
        columns = {f.name: getattr(gaussians, f.name) for f in fields(gaussians)}
        np.savez(self._path(block, "npz"), **columns)
        self.n_fitted[block] = len(gaussians)

    def keep_coded(self, block: int, coded: CodedBlock, lattice: Lattice) -> None:
        """Keeps a block as the file will have it; its fitted Gaussians go."""
        self._lattice = lattice
        np.save(self._path(block, "npy"), coded.table)
        self._path(block, "streams").write_bytes(b"".join(coded.streams))
        self.counts[:, block] = coded.counts
        self.n_bytes[:, block] = [len(stream) for stream in coded.streams]
        self._crc[:, block] = [zlib.crc32(stream) for stream in coded.streams]
        self.is_coded[block] = True
        self._path(block, "npz").unlink()

    def gaussians(self, block: int) -> BlockGaussians:
        """The Gaussians of a block as they are now: fitted, or what a decoder makes of the coded ones."""
        if not self.is_coded[block]:
            with np.load(self._path(block, "npz")) as columns:
                return BlockGaussians(**columns)
        assert self._lattice is not None  # a coded block was kept
        table = np.load(self._path(block, "npy"))
        size = window_of(self._grid, block).core_size
        return decoded_block(table, self.counts[:, block].tolist(), size, self._lattice)

    def near(self, block: int, others: Iterable[int]) -> dict[int, BlockGaussians]:
        """The Gaussians of a block, and those of others."""
        return {each: self.gaussians(each) for each in (block, *others)}

    @property
    def layers(self) -> list[int]:
        """The layers that have Gaussians: those of the file. Where all blocks are small, some have none."""
        return np.flatnonzero(self.counts.any(axis=1)).tolist()

    def index(self, reach: NDArray[np.uint16]) -> BlockIndex:
        """The index of the file."""
        used = self.layers
        return BlockIndex(self._grid, reach, self.counts[used], self.n_bytes[used], self._crc[used])

    def streams(self, number: int) -> Iterator[bytes]:
        """The streams of a layer of the file, block by block."""
        layer = self.layers[number]
        for block in range(len(self._grid)):
            with self._path(block, "streams").open("rb") as file:
                file.seek(int(self.n_bytes[:layer, block].sum(dtype=np.int64)))
                yield file.read(int(self.n_bytes[layer, block]))

    def _path(self, block: int, suffix: str) -> Path:
        return self._folder / f"{block}.{suffix}"
