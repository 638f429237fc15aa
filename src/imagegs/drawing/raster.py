"""Ellipses as pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imagegs.drawing.ellipses import FILL, RIM, RIM_WIDTH, Ellipses, check_covered, ellipses_of
from imagegs.gaussians import Gaussians
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.rendering import Size

RGBA = tuple[int, int, int, int]

_LARGEST_SUPERSAMPLED = 8192  # pixels a side
_COST = 32768  # of an ellipse, in pixels that could be filled in the same time


def draw_ellipses(gaussians: Gaussians, limits: Limits = DEFAULT_LIMITS, **look: Any) -> NDArray[np.uint8]:
    """Draws Gaussians as half-transparent ellipses with a rim: (H, W, 3) uint8.

    look: the options of `ellipses_of`, which raises ValueError for values out of range.

    Raises LimitError where they cover more pixels, all counted, than limits allow.
    """
    drawn = ellipses_of(gaussians, limits, **look)
    finer = max(1, min(3, _LARGEST_SUPERSAMPLED // max(drawn.size)))
    large = Size(drawn.size.width * finer, drawn.size.height * finer)
    boxes = _boxes(drawn, finer, large)
    sides = boxes[:, 2:] - boxes[:, :2]
    check_covered(float(sides.prod(axis=1, dtype=np.float64).sum()) + _COST * len(boxes), limits)
    picture = Image.new("RGB", large, drawn.background)
    looks = zip(_outlines(drawn, finer), boxes.tolist(), drawn.fill, drawn.rim, drawn.opacity, strict=True)
    for outline, box, fill, rim, opacity in looks:
        colors = (*fill, round(255 * FILL * opacity)), (*rim, round(255 * RIM * opacity))
        part = picture.crop(box)  # Pillow makes a mask of the size of what it draws a rim on
        _draw_ellipse(part, outline - box[:2], *colors, round(RIM_WIDTH * finer))
        picture.paste(part, box[:2])
    pixels: NDArray[np.uint8] = np.array(picture.reduce(finer) if finer > 1 else picture)
    return pixels


def _draw_ellipse(
    picture: Image.Image, outline: NDArray[np.float64], fill: RGBA, rim: RGBA, width: int
) -> None:
    corners = outline.ravel().tolist()
    draw = ImageDraw.Draw(picture, "RGBA")  # blends, on an RGB picture
    draw.polygon(corners, fill)
    draw.polygon(corners, None, rim, width=width)


def _boxes(drawn: Ellipses, finer: int, size: Size) -> NDArray[np.int64]:
    """The box of each ellipse in a picture `finer` times as large: (M, 4) left, top, right, bottom."""
    (a, b), cos, sin = drawn.radius.T * finer, np.cos(drawn.angle), np.sin(drawn.angle)
    half = np.stack([np.hypot(a * cos, b * sin), np.hypot(a * sin, b * cos)], axis=1) + RIM_WIDTH * finer + 1
    center = drawn.center * finer
    corners = np.concatenate([np.floor(center - half), np.ceil(center + half) + 1], axis=1)
    boxes: NDArray[np.int64] = np.clip(corners, 0, (*size, *size)).astype(np.int64)
    return boxes


def _outlines(drawn: Ellipses, finer: int) -> Iterator[NDArray[np.float64]]:
    """The corners (n, 2) of each ellipse, in pixels of a picture so many times as large."""
    for (x, y), (a, b), angle in zip(drawn.center * finer, drawn.radius * finer, drawn.angle, strict=True):
        n = int(np.clip(6 * np.sqrt(max(a, b)), 12, 360))
        turn = np.arange(n) * (2 * np.pi / n)
        u, v = a * np.cos(turn), b * np.sin(turn)
        cos, sin = np.cos(angle), np.sin(angle)
        yield np.stack([x + u * cos - v * sin, y + u * sin + v * cos], axis=1)
