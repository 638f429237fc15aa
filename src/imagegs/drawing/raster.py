"""Ellipses as pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imagegs.drawing.ellipses import FILL, RIM, RIM_WIDTH, Ellipses, ellipses_of
from imagegs.gaussians import Gaussians
from imagegs.rendering import Size

_LARGEST_SUPERSAMPLED = 8192  # pixels a side


def draw_ellipses(gaussians: Gaussians, **look: Any) -> NDArray[np.uint8]:
    """Draws Gaussians as half-transparent ellipses with a rim: (H, W, 3) uint8.

    look: the options of `ellipses_of`, which raises ValueError for values out of range.
    """
    drawn = ellipses_of(gaussians, **look)
    finer = max(1, min(3, _LARGEST_SUPERSAMPLED // max(drawn.size)))
    large = Size(drawn.size.width * finer, drawn.size.height * finer)
    picture = Image.new("RGB", large, drawn.background)
    draw = ImageDraw.Draw(picture, "RGBA")  # blends, on an RGB picture
    looks = zip(_outlines(drawn, finer), drawn.fill, drawn.rim, drawn.opacity, strict=True)
    for outline, fill, rim, opacity in looks:
        draw.polygon(outline, (*fill, round(255 * FILL * opacity)))
        draw.polygon(outline, None, (*rim, round(255 * RIM * opacity)), width=round(RIM_WIDTH * finer))
    pixels: NDArray[np.uint8] = np.array(picture.reduce(finer) if finer > 1 else picture)
    return pixels


def _outlines(drawn: Ellipses, finer: int) -> Iterator[list[float]]:
    """The corners x, y, x, y, ... of each ellipse, in pixels of a picture so many times as large."""
    for (x, y), (a, b), angle in zip(drawn.center * finer, drawn.radius * finer, drawn.angle, strict=True):
        n = int(np.clip(6 * np.sqrt(max(a, b)), 12, 360))
        turn = np.arange(n) * (2 * np.pi / n)
        u, v = a * np.cos(turn), b * np.sin(turn)
        cos, sin = np.cos(angle), np.sin(angle)
        yield np.stack([x + u * cos - v * sin, y + u * sin + v * cos], axis=1).ravel().tolist()
