"""Pictures of the Gaussians themselves: each one an ellipse in its colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imagegs.gaussians import Gaussians
from imagegs.rendering import Size, output_size

BACKGROUNDS = {"dark": (18, 18, 22), "light": (250, 249, 246)}
MAX_SIGMAS = 1000.0
_FILL, _RIM = 0.86, 0.6  # opacities
_RIM_SHADE = 0.35  # how far the rim's colour is from the fill's, on the way to black (white on dark colours)
_LARGEST_SUPERSAMPLED = 8192  # pixels a side
_SMALLEST_RADIUS = 0.4  # output pixels: nothing vanishes
_MAX_RADIUS = 4.0  # of the longer side: enough to cover everything, and exact in the rasteriser

RGB = tuple[int, int, int]


def draw_ellipses(
    gaussians: Gaussians,
    *,
    height: int | None = None,
    share: float = 1.0,
    seed: int = 0,
    sigmas: float = 1.5,
    background: Literal["dark", "light"] = "dark",
) -> NDArray[np.uint8]:
    """Draws Gaussians as half-transparent ellipses with a rim, the largest first: (H, W, 3) uint8.

    height: of the picture, in pixels; None: the canvas'. share: in (0, 1], draws that share of the Gaussians,
    chosen with `seed`. sigmas: the semi-axes in standard deviations, at most 1000. The colours are the first
    three channels (the first one as gray, where there are one or two) and a channel named "A" is the opacity.

    Raises ValueError for values out of range.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"the share to draw is above 0 and at most 1, not {share:g}")
    if not 0.0 < sigmas <= MAX_SIGMAS:
        raise ValueError(
            f"an ellipse has above 0 and at most {MAX_SIGMAS:g} standard deviations, not {sigmas:g}"
        )
    if background not in BACKGROUNDS:
        raise ValueError(f"no background {background!r}; there are {', '.join(BACKGROUNDS)}")
    size = output_size(gaussians, height=height)
    finer = max(1, min(3, _LARGEST_SUPERSAMPLED // max(size)))
    large = Size(size.width * finer, size.height * finer)
    picture = Image.new("RGB", large, BACKGROUNDS[background])
    draw = ImageDraw.Draw(picture, "RGBA")  # blends, on an RGB picture
    chosen = _chosen(gaussians, share, seed)
    colors, opacity = _colors(gaussians, chosen)
    outlines = _outlines(gaussians, chosen, large, sigmas, _SMALLEST_RADIUS * finer)
    for outline, color, alpha in zip(outlines, colors, opacity, strict=True):
        fill = (*color, round(255 * _FILL * alpha))
        draw.polygon(outline, fill)
        draw.polygon(outline, None, (*_rim(color), round(255 * _RIM * alpha)), width=finer)
    pixels: NDArray[np.uint8] = np.array(picture.reduce(finer) if finer > 1 else picture)
    return pixels


def _chosen(gaussians: Gaussians, share: float, seed: int) -> NDArray[np.intp]:
    """Which to draw, largest first."""
    n = len(gaussians)
    count = max(1, round(share * n))
    chosen = np.random.default_rng(seed).permutation(n)[:count]
    area = gaussians.scale[chosen].prod(axis=1, dtype=np.float64)
    return np.asarray(chosen[np.lexsort((chosen, -area))])


def _colors(gaussians: Gaussians, chosen: NDArray[np.intp]) -> tuple[list[RGB], list[float]]:
    """RGB, 0..255, and opacity, 0..1, of each."""
    values = gaussians.color[chosen].clip(0.0, 1.0)
    names = gaussians.channels
    plain = [i for i, name in enumerate(names) if name != "A"] or [0]
    shown = plain[:3] if len(plain) >= 3 else [plain[0]] * 3
    rgb = np.rint(values[:, shown] * 255).astype(int)
    opacity = values[:, names.index("A")] if "A" in names and len(names) > 1 else np.ones(len(chosen))
    return [(int(r), int(g), int(b)) for r, g, b in rgb], opacity.tolist()


def _rim(color: RGB) -> RGB:
    """Darker than the fill; lighter where the fill is dark already."""
    target = 255 if sum(color) < 3 * 60 else 0
    r, g, b = (round(c + (target - c) * _RIM_SHADE) for c in color)
    return r, g, b


def _outlines(
    gaussians: Gaussians, chosen: NDArray[np.intp], size: Size, sigmas: float, smallest: float
) -> Iterator[list[float]]:
    """The corners x, y, x, y, ... of each ellipse, in pixels of a picture of that size."""
    step = np.array([size.width / gaussians.width, size.height / gaussians.height])
    reach = _MAX_RADIUS * max(size)
    center = np.clip(gaussians.xy[chosen] * step, -2 * reach, 2 * reach)
    radius = np.clip(gaussians.scale[chosen].astype(np.float64) * sigmas * step, smallest, reach)
    for (x, y), (a, b), angle in zip(center, radius, gaussians.angle[chosen].astype(np.float64), strict=True):
        n = int(np.clip(6 * np.sqrt(max(a, b)), 12, 360))
        turn = np.arange(n) * (2 * np.pi / n)
        u, v = a * np.cos(turn), b * np.sin(turn)
        cos, sin = np.cos(angle), np.sin(angle)
        yield np.stack([x + u * cos - v * sin, y + u * sin + v * cos], axis=1).ravel().tolist()
