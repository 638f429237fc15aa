"""The view that is painted: the canvas, and a grid of pixels or points on it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from imagegs.gaussians import BlendName
from imagegs.rendering import MAX_OUTPUT_SIDE, Region, Size, area_of, samples_of

Five: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""xy, scale, angle, log_weight and color, or their gradients, with the same leading dimensions."""


class View(NamedTuple):
    """A grid of pixels of a canvas, or points on it."""

    height: int  # canvas, pixels
    width: int
    blend: BlendName
    wrap: bool
    area: Region  # pixels that are painted
    steps: tuple[float, float]  # canvas pixels from pixel to pixel, across and down
    points: Tensor | None = None  # (M, 2) canvas pixels, in place of the grid

    @property
    def is_canvas(self) -> bool:
        """Whether all pixels of the canvas are painted, each at its centre."""
        whole = tuple(self.area) == (0, 0, self.width, self.height)
        return self.points is None and whole and tuple(self.steps) == (1.0, 1.0)

    def places(self, like: Tensor) -> Tensor:
        """(M, 2) the points, or the centres of the pixels row by row; dtype and device of `like`."""
        if self.points is not None:
            return self.points
        x, y, width, height = self.area
        across = torch.arange(x, x + width, dtype=like.dtype, device=like.device)
        down = torch.arange(y, y + height, dtype=like.dtype, device=like.device)
        rows, columns = torch.meshgrid(
            (down + 0.5) * self.steps[1], (across + 0.5) * self.steps[0], indexing="ij"
        )
        return torch.stack([columns, rows], dim=-1).reshape(-1, 2)


class Samples(NamedTuple):
    """The grid of a picture's samples, and how many of them a pixel is the mean of."""

    area: Region
    steps: tuple[float, float]
    across: int
    down: int


def samples(
    height: int,
    width: int,
    region: tuple[int, int, int, int] | None,
    size: tuple[int, int] | None,
    filtered: bool,
) -> Samples:
    """The grid that `imagegs.render` paints a picture of `size` = (height, width), or a region of it, with.

    Raises ValueError for a size that is out of range and for a region that is empty or not inside.
    """
    whole = Size(width, height) if size is None else Size(size[1], size[0])
    if min(whole) < 1 or max(whole) > MAX_OUTPUT_SIDE:
        raise ValueError(f"a side of a picture is 1 to {MAX_OUTPUT_SIDE} pixels, not {tuple(size or whole)}")
    x, y, across, down = area_of(region, whole)
    steps = width / whole.width, height / whole.height
    n, m = (samples_of(step) if filtered else 1 for step in steps)
    return Samples(Region(x * n, y * m, across * n, down * m), (steps[0] / n, steps[1] / m), n, m)
