"""The part of a file that somebody wants: a part of the canvas, a level of detail, a size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import BlockGrid
from imagegs.codec.header import Header
from imagegs.gaussians import level_of
from imagegs.limits import Limits
from imagegs.rendering import Size, View, area_of, output_size

# Gaussians a painted pixel, of a picture for which all layers are over the limits: with fewer it is refused.
# Each layer that is left out costs decibels (benchmarks/preview_layers.py), so all stay that can.
LEAST_DENSITY = 1 / 8


@dataclass(frozen=True)
class Wanted:
    """By default the whole file is wanted."""

    lod: float = 1.0
    region: tuple[int, int, int, int] | None = None  # x, y, width, height, canvas pixels
    view: View | None = None  # in place of a region
    squares: NDArray[np.float64] | None = None  # (M, 4) left, top, right and bottom, canvas pixels

    @property
    def is_part(self) -> bool:
        """Whether some blocks or layers may be left out."""
        of_canvas = self.region is not None or self.squares is not None
        return of_canvas or self.lod < 1 or (self.view is not None and self.view.region is not None)

    @property
    def has_size(self) -> bool:
        """Whether it is told how large the picture is to be."""
        return self.view is not None and (self.view.height is not None or self.view.scale is not None)

    def check(self, canvas: Header) -> None:
        """Raises ValueError for a region that is empty or not inside, and for another level of detail."""
        level_of(self.lod, 1)
        if self.region is not None:
            area_of(self.region, Size(canvas.width, canvas.height))
        elif self.view is not None and self.view.region is not None:
            self.view.on_canvas(canvas)

    def pixels(self, canvas: Header) -> int:
        """The number of pixels that are painted, as far as it is told: the canvas' where no part is."""
        if self.region is not None:
            return self.region[2] * self.region[3]
        if self.view is None:
            return canvas.width * canvas.height
        size = output_size(canvas, height=self.view.height, scale=self.view.scale)
        area = area_of(self.view.region, size)
        return area.width * area.height

    def boxes(self, grid: BlockGrid, canvas: Header) -> NDArray[np.floating[Any]] | None:
        """(B, 4) rectangles of the canvas that hold all that is wanted; None: all of it."""
        if self.squares is not None:
            corner = canvas.width, canvas.height
            return _hulls(self.squares.clip(0, corner * 2), grid)
        region = self.region
        if region is None and self.view is not None and self.view.region is not None:
            region = self.view.on_canvas(canvas)
        if region is None:
            return None
        x, y, width, height = region
        return np.array([[x, y, x + width, y + height]], np.float64)

    def layers(self, counts: Sequence[int], canvas: Header, limits: Limits) -> tuple[int, float]:
        """The number of layers that are wanted whole, and the share (0..1) of the next one.

        counts: of Gaussians that the layers have where something is wanted. Where they are over the limits,
        a picture that has a size gets the whole layers that the limits hold, if they make LEAST_DENSITY.
        """
        whole, share = level_of(self.lod, len(counts))
        channels = len(canvas.channels)
        if not self.has_size or limits.hold(sum(counts[: whole + (share > 0)]), channels, 0):
            return whole, share
        held = [n for n in accumulate(counts[:whole]) if limits.hold(n, channels, 0)]
        is_enough = bool(held) and held[-1] >= LEAST_DENSITY * self.pixels(canvas)
        return (len(held), 0.0) if is_enough else (whole, share)


WHOLE = Wanted()


def _hulls(squares: NDArray[np.float64], grid: BlockGrid) -> NDArray[np.float64]:
    """The rectangles around the squares whose middles lie in the same block; (at most K, 4)."""
    middle = (squares[:, :2] + squares[:, 2:]) / 2
    column, row = (np.minimum(middle.astype(np.int64) >> grid.side, (grid.columns - 1, grid.rows - 1))).T
    block = row * grid.columns + column
    order = np.argsort(block, kind="stable")
    starts = np.flatnonzero(np.diff(block[order], prepend=-1))
    corners = squares[order]
    lowest = np.minimum.reduceat(corners[:, :2], starts)
    return np.concatenate([lowest, np.maximum.reduceat(corners[:, 2:], starts)], axis=1)
