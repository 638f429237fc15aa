"""The arrays that a shader reads: which Gaussians a tile sees, their shapes, their colors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs._native import TILE
from imagegs.applications.export.maps import SampledMap
from imagegs.applications.export.targets import BUFFERS
from imagegs.errors import LimitError
from imagegs.gaussians import FloatArray, Gaussians, with_copies
from imagegs.rendering import COPIES, TileLists, tile_lists, whitened_shapes

TEXTURE_ROW = 2048  # entries; a texture of this width exists everywhere
MAX_ENTRIES = TEXTURE_ROW * 16384  # of a buffer: rows beyond are more than many graphics cards have
COMPONENTS = 4  # of a map's color: those that it lacks are 0


@dataclass(frozen=True, eq=False)
class Buffers:
    """All arrays, in the order in which they are bound, little-endian."""

    tiles: TileLists
    wrap: bool  # texture coordinates are taken modulo 1
    arrays: dict[str, NDArray[Any]]  # by the names of targets.BUFFERS


def make_buffers(
    gaussians: Gaussians,
    maps: Sequence[SampledMap],
    tile: int = TILE,
    threads: int | None = None,
    most_listed: int = MAX_ENTRIES,
) -> Buffers:
    """The buffers for these maps; tile: the side of a tile, canvas pixels; most_listed: entries of the tiles'
    lists.

    Raises ValueError for a tile that is not 1..65535, so small that there are too many of them, or not TILE
    in the paper blend; LimitError where a buffer would have more than MAX_ENTRIES entries, or the lists
    more than most_listed.
    """
    wrap, most = gaussians.wrap, min(most_listed, MAX_ENTRIES)
    if wrap:
        if COPIES * len(gaussians) > most:
            raise LimitError(f"{COPIES * len(gaussians)} copies of Gaussians are over the limit of {most}")
        gaussians, tiles = _seen_copies(with_copies(gaussians), tile, threads, most)
    else:
        tiles = _lists(gaussians, tile, threads, most)
    if max(2, len(maps)) * len(gaussians) > MAX_ENTRIES:  # texels of the shapes and of the colors
        raise LimitError(f"{len(gaussians)} Gaussians with {len(maps)} maps are too many to export")
    # No graphics interface binds an empty buffer, and the paper blend may see nothing.
    ids = tiles.ids if len(tiles.ids) else np.zeros(1, np.uint32)
    arrays = (tiles.offsets, ids, _shape_rows(gaussians), _color_rows(gaussians, maps))
    little = [array.astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays]
    return Buffers(tiles, wrap, dict(zip(BUFFERS, little, strict=True)))


def _seen_copies(copies: Gaussians, tile: int, threads: int | None, most: int) -> tuple[Gaussians, TileLists]:
    """The copies that some tile sees, in their order, and the tiles' lists of them."""
    tiles = _lists(copies, tile, threads, most)
    seen, ids = np.unique(tiles.ids, return_inverse=True)
    parts = {name: getattr(copies, name)[seen] for name in ("xy", "scale", "angle", "log_weight", "color")}
    return copies.replace(**parts), tiles._replace(ids=ids.astype(np.uint32))


def _lists(gaussians: Gaussians, tile: int, threads: int | None, most: int) -> TileLists:
    if not 1 <= tile <= 65535:
        raise ValueError(f"a tile has 1 to 65535 canvas pixels a side, not {tile}")
    if gaussians.blend == "paper" and tile != TILE:
        raise ValueError(f"the paper blend sees by tiles of {TILE} pixels: others are not possible")
    n_tiles = -(-gaussians.width // tile) * -(-gaussians.height // tile)
    if n_tiles >= MAX_ENTRIES:
        raise ValueError(f"{n_tiles} tiles of {tile} x {tile} pixels are too many: make them larger")
    lists = tile_lists(gaussians, tile, most_ids=most, threads=threads)
    if lists is None:
        raise LimitError(
            f"the lists of Gaussians of {n_tiles} tiles would have more than {most} entries in all"
        )
    return lists


def _shape_rows(gaussians: Gaussians) -> FloatArray:
    """(N, 8): x, y, w, 0, ux, uy, vx, vy; see `whitened_shapes`."""
    rows = np.zeros((len(gaussians), 8), np.float32)
    rows[:, [0, 1, 4, 5, 6, 7, 2]] = whitened_shapes(gaussians)
    return rows


def _color_rows(gaussians: Gaussians, maps: Sequence[SampledMap]) -> FloatArray:
    """(N, maps, 4)."""
    rows = np.zeros((len(gaussians), len(maps), COMPONENTS), np.float32)
    for m, each in enumerate(maps):
        rows[:, m, : len(each.columns)] = gaussians.color[:, each.columns]
    return rows
