"""Painting Gaussians: whole pictures, sub-rectangles at any scale, single points.

Every colour is a function of its place on the canvas alone (docs/format.md defines the two blends), so a
region equals the same part of the whole picture, and `sample` agrees with `render` at pixel centres.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from imagegs._native import TILE, Scene
from imagegs.engine import engine
from imagegs.gaussians import BLENDS, FloatArray, Gaussians

MAX_OUTPUT_SIDE = 2**23 - 1  # float32 holds the pixel centres, at +0.5, exactly up to here


class Region(NamedTuple):
    """A rectangle of output pixels."""

    x: int
    y: int
    width: int
    height: int


class Size(NamedTuple):
    """Of a picture, in pixels."""

    width: int
    height: int


def make_scene(gaussians: Gaussians, threads: int | None = None, scene: Scene | None = None) -> Scene:
    """The native scene of some Gaussians; `scene` is reused when given."""
    scene = scene or Scene()
    g = gaussians
    blend = BLENDS.index(g.blend)
    scene.update(engine(threads), blend, g.width, g.height, g.xy, g.scale, g.angle, g.log_weight, g.color)
    return scene


def output_size(gaussians: Gaussians, *, height: int | None = None, scale: float | None = None) -> Size:
    """The size of the whole picture at a height in pixels or at a scale (1 = the canvas).

    Raises ValueError when both are given, or when a side would not be 1..8,388,607 pixels.
    """
    if height is not None and scale is not None:
        raise ValueError("give a height or a scale, not both")
    if height is None and scale is None:
        return Size(gaussians.width, gaussians.height)
    if height is not None:
        if not 1 <= operator.index(height) <= MAX_OUTPUT_SIDE:
            raise ValueError(f"the height must be 1 to {MAX_OUTPUT_SIDE} pixels")
        scale = height / gaussians.height
    assert scale is not None
    if not 0 < scale <= MAX_OUTPUT_SIDE:
        raise ValueError(f"the scale must be above 0 and at most {MAX_OUTPUT_SIDE}, not {scale:g}")
    size = Size(max(1, round(gaussians.width * scale)), height or max(1, round(gaussians.height * scale)))
    if max(size) > MAX_OUTPUT_SIDE:
        raise ValueError(f"a picture of {size.width} x {size.height} pixels is not possible")
    return size


def render(
    gaussians: Gaussians,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    dtype: DTypeLike = np.float32,
    threads: int | None = None,
) -> NDArray[Any]:
    """Paints a picture: (H, W, C) in `dtype`.

    float32 colours are about 0..1 and not clipped; uint8 and uint16 are clipped and rounded to 0..255 and
    0..65535. The size is the canvas', or follows from `height` (pixels) or `scale`; `region` = (x, y, width,
    height) in pixels of that size paints only that rectangle, at a cost in proportion to it.

    Raises ValueError for sizes and regions that are empty or outside the picture, TypeError for other dtypes.
    """
    size = output_size(gaussians, height=height, scale=scale)
    area = Region(*map(operator.index, region)) if region is not None else Region(0, 0, *size)
    inside = (
        area.x >= 0
        and area.y >= 0
        and area.x + area.width <= size.width
        and area.y + area.height <= size.height
    )
    if not inside or area.width < 1 or area.height < 1:
        raise ValueError(
            f"region {tuple(area)} is not inside the picture of {size.width} x {size.height} pixels"
        )
    if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.uint8), np.dtype(np.uint16)):
        raise TypeError(f"pictures are float32, uint8 or uint16, not {np.dtype(dtype)}")
    out = np.empty((area.height, area.width, len(gaussians.channels)), dtype)
    step_x, step_y = gaussians.width / size.width, gaussians.height / size.height
    scene = make_scene(gaussians, threads)
    scene.render(engine(threads), out, area.x, area.y, step_x, step_y, planar=False, keep=False)
    return out


def most_pairs(gaussians: Gaussians, enough: int) -> int:
    """An upper bound on the pairs of a Gaussian and a tile of the canvas where it may be seen: what painting
    takes time for. It is found in ever smaller parts of the canvas, until it is `enough` or less or until
    that takes too long: so it tells whether there are more, not how many.
    """
    tiles = -(-gaussians.width // TILE) * -(-gaussians.height // TILE)
    if (most := len(gaussians) * tiles) <= enough:
        return most
    return make_scene(gaussians, 1).most_pairs(engine(1), enough)


def sample(gaussians: Gaussians, xy: ArrayLike, *, threads: int | None = None) -> FloatArray:
    """Colours at points: xy (M, 2) in canvas pixels (pixel centres at +0.5) -> (M, C) float32.

    Points outside the canvas give the colour of the nearest point of its border. Raises ValueError for
    another shape or coordinates that are not finite.
    """
    points = np.ascontiguousarray(xy, np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have shape {points.shape}, expected (M, 2)")
    if not np.isfinite(points).all():
        raise ValueError("points have coordinates that are not finite")
    out = np.empty((len(points), len(gaussians.channels)), np.float32)
    if len(points):
        make_scene(gaussians, threads).sample(engine(threads), points, out)
    return out
