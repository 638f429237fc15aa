"""Pictures larger than memory to files: block by block, on any number of workers.

docs/architecture.md has the way of such a picture. Its bytes are the same with any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.block_files import block_file_pieces
from imagegs.codec.header import Header
from imagegs.codec.lattice import Lattice
from imagegs.compression.options import CompressionOptions
from imagegs.files import write_atomically
from imagegs.large.block_fit import fit_block
from imagegs.large.block_gaussians import BlockGaussians, in_window
from imagegs.large.coding import CodedBlock
from imagegs.large.how import How, read_window
from imagegs.large.lattices import lattice_within, lattice_worth_its_bits, sample_blocks
from imagegs.large.measuring import Quality, measure_block
from imagegs.large.planning import how_for
from imagegs.large.reaching import reach_of_store
from imagegs.large.running import Task, Workers
from imagegs.large.settling import settle_block
from imagegs.large.store import BlockStore
from imagegs.large.survey import CELL, share_of, survey
from imagegs.large.windows import PHASES, Window, neighbours, phase_of, window_of
from imagegs.pictures.huge import PictureSource

Stage = Literal["survey", "fit", "settle", "write", "measure"]


@dataclass(frozen=True)
class Step:
    """The state of an encode: blocks of its current stage."""

    stage: Stage
    done: int
    of: int


@dataclass(frozen=True)
class LargeReport:
    """The outcome of a large picture; the quality is that of the file, decoded again."""

    n_bytes: int
    n_gaussians: int
    width: int
    height: int
    layers: int
    quality: Quality
    seconds: float

    @property
    def bpp(self) -> float:
        """Bits a pixel, the whole file counted."""
        return 8 * self.n_bytes / (self.width * self.height)


Listener = Callable[[Step], None]
Writer = Callable[[Path, Iterator[bytes]], int]


def encode_large(
    source: PictureSource,
    out: Path,
    options: CompressionOptions,
    workers: Workers,
    *,
    block_side: int = 1024,
    write: Writer = write_atomically,
    progress: Listener | None = None,
) -> LargeReport:
    """Compresses a picture into a file of blocks.

    source: what `imagegs.pictures.huge.open_source` gives. options: `how_for` tells which of them it knows.
    block_side: pixels, a power of 2 of at least 64. write: puts the pieces of the file into its place, whole
    or not at all.

    Raises ValueError for options, FormatError for a picture that cannot be read, OSError.
    """
    start = perf_counter()
    how = how_for(source, options, block_side)
    with TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as folder:
        store = BlockStore(Path(folder), how.grid, how.layers)
        encoding = _Encoding(source, how, workers, store, progress or _ignore)
        n_bytes = write(out, encoding.pieces())
        quality = encoding.quality(out)
    n_gaussians = int(store.counts.sum(dtype=np.int64))
    size = how.grid.width, how.grid.height
    return LargeReport(n_bytes, n_gaussians, *size, len(store.layers), quality, perf_counter() - start)


class _Encoding:
    def __init__(
        self,
        source: PictureSource,
        how: How,
        workers: Workers,
        store: BlockStore,
        progress: Listener,
    ) -> None:
        self._source, self._how, self._workers = source, how, workers
        self._store, self._progress = store, progress
        self._blocks = range(len(how.grid))

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file, after all of the work."""
        how, grid = self._how, self._how.grid
        self._fit(self._survey())
        lattice = self._lattice()
        self._settle(lattice)
        self._progress(Step("write", 0, 1))
        reach = reach_of_store(self._store, grid, how.threads)
        n = int(self._store.counts.sum(dtype=np.int64))
        header = Header(grid.width, grid.height, n, "softmax", how.bit_depth, how.channels)
        index, streams = self._store.index(reach), self._store.streams
        yield from block_file_pieces(header, lattice, index, streams, how.metadata)

    def quality(self, path: Path) -> Quality:
        """The quality of the written file."""
        tasks = ((b, (self._source, path, window_of(self._how.grid, b), self._how)) for b in self._blocks)
        found = dict(self._told("measure", self._workers.run(measure_block, tasks)))
        together: Quality = reduce(Quality.plus, (found[b] for b in self._blocks))
        return together

    def _survey(self) -> NDArray[np.float32]:
        """The shares of all cells of the picture."""
        grid = self._how.grid
        cells = np.zeros((-(-grid.height // CELL), -(-grid.width // CELL)), np.float32)
        tasks = ((b, (self._source, window_of(grid, b, 0))) for b in self._blocks)
        for block, found in self._told("survey", self._workers.run(_surveyed, tasks)):
            left, top, _, _ = grid.rectangle(block)
            rows, columns = found.shape
            cells[top // CELL : top // CELL + rows, left // CELL : left // CELL + columns] = found
        return cells

    def _fit(self, cells: NDArray[np.float32]) -> None:
        """Fits all blocks, each by itself."""
        n = self._how.n_gaussians
        windows = [window_of(self._how.grid, block) for block in self._blocks]
        tasks = (
            (w.block, (self._source, w, max(1, round(n * share_of(cells, w))), self._how)) for w in windows
        )
        for block, gaussians in self._told("fit", self._workers.run(_fitted, tasks)):
            self._store.keep_fitted(block, gaussians)

    def _lattice(self) -> Lattice:
        """The lattice of the file."""
        how, n = self._how, self._store.n_fitted
        chosen = sample_blocks(n.tolist())
        if how.stream_bytes is not None:
            share = float(n[chosen].sum() / n.sum())
            blocks = [self._store.gaussians(b) for b in chosen]
            return lattice_within(blocks, share * how.stream_bytes, how)
        windows = [window_of(how.grid, b) for b in chosen]
        near = [self._store.near(b, neighbours(how.grid, b)) for b in chosen]
        arrays = [in_window(how.grid, w, blocks)[0] for w, blocks in zip(windows, near, strict=True)]
        return lattice_worth_its_bits([read_window(self._source, w) for w in windows], windows, arrays, how)

    def _settle(self, lattice: Lattice) -> None:
        """Settles and codes all blocks, phase by phase."""
        grid, store = self._how.grid, self._store
        done = 0
        for phase in range(PHASES):
            if blocks := [block for block in self._blocks if phase_of(grid, block) == phase]:
                each = self._bytes_a_gaussian()
                results = self._workers.run(_settled, self._settlings(blocks, lattice, each))
                for block, coded in self._told("settle", results, done):
                    store.keep_coded(block, coded, lattice)
                done += len(blocks)

    def _bytes_a_gaussian(self) -> float | None:
        """The bytes that blocks that are not coded yet may take for each of their Gaussians."""
        store = self._store
        if self._how.stream_bytes is None:
            return None
        left = self._how.stream_bytes - int(store.n_bytes.sum(dtype=np.int64))
        return left / float(store.n_fitted[~store.is_coded].sum())

    def _settlings(
        self, blocks: list[int], lattice: Lattice, bytes_a_gaussian: float | None
    ) -> Iterator[Task[int]]:
        grid, store = self._how.grid, self._store
        for block in blocks:
            n_bytes = None if bytes_a_gaussian is None else bytes_a_gaussian * float(store.n_fitted[block])
            near = store.near(block, neighbours(grid, block))
            yield block, (self._source, window_of(grid, block), near, lattice, n_bytes, self._how)

    def _told(self, stage: Stage, results: Iterable[Any], done: int = 0) -> Iterator[Any]:
        """The same results, with progress told."""
        self._progress(Step(stage, done, len(self._blocks)))
        for i, result in enumerate(results, done + 1):
            yield result
            self._progress(Step(stage, i, len(self._blocks)))


def _surveyed(source: PictureSource, window: Window) -> NDArray[np.float32]:
    return survey(read_window(source, window))


def _fitted(source: PictureSource, window: Window, n_gaussians: int, how: How) -> BlockGaussians:
    return fit_block(read_window(source, window), window, n_gaussians, how)


def _settled(
    source: PictureSource,
    window: Window,
    blocks: dict[int, BlockGaussians],
    lattice: Lattice,
    n_bytes: float | None,
    how: How,
) -> CodedBlock:
    return settle_block(read_window(source, window), window, blocks, lattice, n_bytes, how)


def _ignore(step: Step) -> None:
    pass
