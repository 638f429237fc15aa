"""Ellipses as SVG: what raster.py paints, without pixels.

Source: Scalable Vector Graphics (SVG) 1.1, second edition, sections 7.6 and 9.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from imagegs.drawing.ellipses import FILL, RGB, RIM, RIM_WIDTH, Ellipses, ellipses_of
from imagegs.gaussians import Gaussians
from imagegs.limits import DEFAULT_LIMITS, Limits

_DECIMALS = 2  # of pixels and degrees


def svg_ellipses(gaussians: Gaussians, limits: Limits = DEFAULT_LIMITS, **look: Any) -> str:
    """Draws Gaussians as half-transparent ellipses with a rim: an SVG document.

    It has an <ellipse> for each Gaussian that reaches the canvas (on one that wraps, for each of its copies
    that does). look: the options of `ellipses_of`, which raises ValueError for values out of range.

    Raises LimitError where they are too many, of the pixels that limits let ellipses cover.
    """
    drawn = ellipses_of(gaussians, limits, **look)
    width, height = drawn.size
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" fill="{_hexadecimal(drawn.background)}"/>',
        f'<g fill-opacity="{FILL}" stroke-opacity="{RIM}" stroke-width="{_number(RIM_WIDTH)}">',
        *_elements(drawn),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _elements(drawn: Ellipses) -> Iterator[str]:
    places = zip(drawn.center.tolist(), drawn.radius.tolist(), drawn.angle.tolist(), strict=True)
    looks = zip(drawn.fill, drawn.rim, drawn.opacity, strict=True)
    for ((x, y), (a, b), angle), (fill, rim, opacity) in zip(places, looks, strict=True):
        # A stroke lies half inside and half outside of its line; this one ends where the ellipse does.
        stroke = min(RIM_WIDTH, a, b)
        shape = f'rx="{_number(a - stroke / 2)}" ry="{_number(b - stroke / 2)}"'
        turn = f" rotate({_number(math.degrees(angle))})"
        colors = f'fill="{_hexadecimal(fill)}" stroke="{_hexadecimal(rim)}"'
        own = _own_opacity(opacity) + (f' stroke-width="{_number(stroke)}"' if stroke < RIM_WIDTH else "")
        yield f'<ellipse transform="translate({_number(x)} {_number(y)}){turn}" {shape} {colors}{own}/>'


def _own_opacity(opacity: float) -> str:
    """The attributes of an opacity that differs from the group's."""
    if opacity >= 1.0:
        return ""
    return f' fill-opacity="{_number(FILL * opacity, 3)}" stroke-opacity="{_number(RIM * opacity, 3)}"'


def _number(value: float, decimals: int = _DECIMALS) -> str:
    """A number in as few characters as it gets: 3.1 for 3.100, 0 for -0.001."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _hexadecimal(color: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
