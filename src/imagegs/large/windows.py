"""Windows on a large picture: a block of the file, and what is around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imagegs.codec.blocks import BlockGrid

HALO = 64  # pixels of the picture around a block that its fit sees: a multiple of every cell of a lattice
PHASES = 4  # blocks of one phase are no neighbours


@dataclass(frozen=True)
class Window:
    """A block with its halo, as far as the canvas goes; canvas pixels."""

    block: int
    left: int
    top: int
    width: int
    height: int
    core: tuple[int, int, int, int]  # left, top, right and bottom of the block, in the window's pixels

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top of the block, canvas pixels."""
        return self.left + self.core[0], self.top + self.core[1]

    @property
    def core_size(self) -> tuple[int, int]:
        """Width and height of the block."""
        left, top, right, bottom = self.core
        return right - left, bottom - top


def window_of(grid: BlockGrid, block: int, halo: int = HALO) -> Window:
    """The window of a block."""
    left, top, right, bottom = grid.rectangle(block)
    x, y = max(0, left - halo), max(0, top - halo)
    width, height = min(grid.width, right + halo) - x, min(grid.height, bottom + halo) - y
    return Window(block, x, y, width, height, (left - x, top - y, right - x, bottom - y))


def neighbours(grid: BlockGrid, block: int) -> Iterator[int]:
    """The up to eight blocks around a block, row by row."""
    row, column = divmod(block, grid.columns)
    for r in range(max(0, row - 1), min(grid.rows, row + 2)):
        for c in range(max(0, column - 1), min(grid.columns, column + 2)):
            if (r, c) != (row, column):
                yield r * grid.columns + c


def phase_of(grid: BlockGrid, block: int) -> int:
    """In which of the PHASES a block is settled: another one than each of its neighbours."""
    row, column = divmod(block, grid.columns)
    return 2 * (row % 2) + column % 2
