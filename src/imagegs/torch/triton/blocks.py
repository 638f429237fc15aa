"""Blocks of 256 points, what one program paints: a tile of pixels, or so many points on one tile."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from imagegs.torch.triton.constants import POINTS, TILE_SIDE
from imagegs.torch.triton.lists import Canvas, Lists, prefix_sums, tile_lists

_POINTS = int(POINTS.value)


@dataclass(frozen=True)
class Blocks:
    """The blocks of a picture or of points, and the candidates of each.

    xy (M, 2) are points on the canvas, and order (blocks, 256) int32 has the points of each block or -1; for
    a picture both are empty. tiles (blocks,) int32 has each block's tile, first_part (blocks + 1,) int64 the
    number of (block, candidate) pairs before each block.
    """

    xy: Tensor
    order: Tensor
    tiles: Tensor
    first_part: Tensor
    lists: Lists
    n_points: int
    n_parts: int

    @property
    def sampled(self) -> bool:
        """Whether these are points, not the pixels of a picture."""
        return len(self.order) > 0


def picture_blocks(canvas: Canvas, shapes: Tensor) -> Blocks:
    """A block for each tile of the canvas."""
    lists = tile_lists(canvas, shapes, None)
    none = torch.empty((0, 2), dtype=torch.float32, device=shapes.device)
    order = torch.empty((0, _POINTS), dtype=torch.int32, device=shapes.device)
    tiles = torch.arange(len(lists.offsets) - 1, dtype=torch.int32, device=shapes.device)
    n_points = canvas.height * canvas.width
    return Blocks(none, order, tiles, lists.offsets, lists, n_points, len(lists.ids))


def point_blocks(canvas: Canvas, shapes: Tensor, points: Tensor) -> Blocks:
    """Blocks of points (M, 2), M at least 1. Points beyond the canvas go to its border, or wrap."""
    xy = _on_canvas(canvas, points)
    rows, columns = canvas.nodes(1)
    last = torch.tensor([columns - 1, rows - 1], device=xy.device)
    place = torch.minimum((xy / TILE_SIDE).long(), last)
    by_tile, sorted_points = torch.sort(place[:, 1] * columns + place[:, 0], stable=True)
    tiles, counts = torch.unique_consecutive(by_tile, return_counts=True)
    order, tile_of_block = _fill_blocks(sorted_points, counts)
    lists = tile_lists(canvas, shapes, tiles)
    tile = tiles[tile_of_block]
    first_part = prefix_sums((lists.offsets[1:] - lists.offsets[:-1])[tile])
    return Blocks(xy, order, tile.int(), first_part, lists, len(xy), int(first_part[-1]))


def _on_canvas(canvas: Canvas, points: Tensor) -> Tensor:
    """Points brought to the canvas: modulo its sides where it wraps, else to its nearest border."""
    sides = torch.tensor([canvas.width, canvas.height], dtype=torch.float32, device=points.device)
    inside = points - torch.floor(points / sides) * sides if canvas.wrap else points
    return torch.minimum(inside.clamp(min=0), sides).contiguous()


def _fill_blocks(sorted_points: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """The points of each block (blocks, 256), -1 where there are no more, and which tile it lies on."""
    device = counts.device
    per_tile = (counts + _POINTS - 1) // _POINTS
    tile_of_block = torch.repeat_interleave(torch.arange(len(counts), device=device), per_tile)
    within = torch.arange(len(tile_of_block), device=device) - prefix_sums(per_tile)[tile_of_block]
    lane = within[:, None] * _POINTS + torch.arange(_POINTS, device=device)
    exists = lane < counts[tile_of_block][:, None]
    place = torch.where(exists, lane + prefix_sums(counts)[tile_of_block][:, None], 0)
    return torch.where(exists, sorted_points[place], -1).int(), tile_of_block
