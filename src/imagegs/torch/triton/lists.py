"""The lists of the candidates that each tile can see, level by level.

A level has nodes of a power of 8 tiles on a side; each looks only at the list of the node above it that holds
it, so a tile's list is found in a few steps of ever shorter lists (native/render/tiles.h has a quadtree). For
each level counting.py counts, a prefix sum gives the places, filling.py fills. The host waits for each
level's sum, since it has to reserve memory for so many.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from imagegs.torch.triton.constants import CANDIDATES_AT_ONCE, FAN_OUT, ROOTS, TILE_SIDE
from imagegs.torch.triton.counting import count_kernel
from imagegs.torch.triton.filling import fill_kernel
from imagegs.torch.triton.launching import launch


@dataclass(frozen=True)
class Canvas:
    """A scene, and how it is painted: sides in pixels, the blend, and where points may lie."""

    height: int
    width: int
    paper: bool
    wrap: bool
    inset: float  # 1/2 where only pixel centres are painted, 0 where points may lie anywhere

    def nodes(self, span: int) -> tuple[int, int]:
        """Rows and columns of nodes of span x span tiles."""
        side = span * TILE_SIDE
        return -(-self.height // side), -(-self.width // side)


@dataclass(frozen=True)
class Lists:
    """The candidates of each node, row by row: of node i ids[offsets[i]:offsets[i + 1]], ascending."""

    offsets: Tensor  # (nodes + 1,) int64
    ids: Tensor  # int32
    columns: int  # of nodes


def prefix_sums(counts: Tensor) -> Tensor:
    """(n + 1,) int64: how many come before each of n counts, and the sum of all."""
    sums = torch.zeros(len(counts) + 1, dtype=torch.int64, device=counts.device)
    torch.cumsum(counts, 0, dtype=torch.int64, out=sums[1:])
    return sums


def tile_lists(canvas: Canvas, shapes: Tensor, tiles: Tensor | None) -> Lists:
    """The lists of all tiles of a canvas, or of some (indices, int64); the others' are empty.

    shapes (candidates, 12) are those of shaping.py.
    """
    nothing = torch.empty(0, dtype=torch.int64, device=shapes.device)
    lists = Lists(nothing, nothing.int(), 0)
    for span in spans(canvas):
        lists = _level(canvas, shapes, lists, span, _wanted(canvas, tiles, span, shapes.device))
    return lists


def spans(canvas: Canvas) -> list[int]:
    """The sides of nodes in tiles, level by level; the last ones are tiles."""
    found = [1]
    while (nodes := canvas.nodes(found[0]))[0] * nodes[1] > ROOTS:
        found.insert(0, found[0] * FAN_OUT)
    return found


def _wanted(canvas: Canvas, tiles: Tensor | None, span: int, device: torch.device) -> Tensor:
    """Tells the nodes that hold a wanted tile."""
    rows, columns = canvas.nodes(span)
    if tiles is None:
        return torch.ones(rows * columns, dtype=torch.bool, device=device)
    across = canvas.nodes(1)[1]
    wanted = torch.zeros(rows * columns, dtype=torch.bool, device=device)
    wanted[tiles // across // span * columns + tiles % across // span] = True
    return wanted


def _level(canvas: Canvas, shapes: Tensor, above: Lists, span: int, wanted: Tensor) -> Lists:
    """The lists of one level from those of the level above, which the coarsest one has not."""
    nodes, columns = len(wanted), canvas.nodes(span)[1]
    bounds = torch.zeros(nodes, dtype=torch.float32, device=shapes.device)
    counts = torch.empty(nodes, dtype=torch.int32, device=shapes.device)
    numbers = (len(shapes), canvas.height, canvas.width, canvas.inset, columns, above.columns, FAN_OUT, span)
    compiled = {"PAPER": canvas.paper, "ROOT": above.columns == 0, "BLOCK": CANDIDATES_AT_ONCE}
    given = (shapes, above.offsets, above.ids, wanted, bounds)
    launch(count_kernel, (nodes,), *given, counts, *numbers, **compiled)
    offsets = prefix_sums(counts)
    ids = torch.empty(int(offsets[-1]), dtype=torch.int32, device=shapes.device)
    launch(fill_kernel, (nodes,), *given, offsets, ids, *numbers, **compiled)
    return Lists(offsets, ids, columns)
