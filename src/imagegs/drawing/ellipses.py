"""Gaussians as ellipses: which, where, how large, in which colours; raster.py and vector.py draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import LimitError
from imagegs.gaussians import Gaussians, with_copies
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.rendering import COPIES, Size, output_size

RGB = tuple[int, int, int]
Background = Literal["dark", "light"]

BACKGROUNDS: dict[Background, RGB] = {"dark": (18, 18, 22), "light": (250, 249, 246)}
MAX_SIGMAS = 1000.0
COST = 1024  # of an ellipse, in pixels that could be filled in the same time; of one drawn as pixels more
FILL, RIM = 0.86, 0.6  # opacities
RIM_WIDTH = 1.0  # pixels, within the ellipse
_RIM_SHADE = 0.35  # how far the rim's colour is from the fill's, on the way to black (white on dark colours)
_SMALLEST_RADIUS = 0.4  # pixels: nothing vanishes
_MAX_RADIUS = 4.0  # of the longer side: enough to cover everything, and exact in the rasteriser


@dataclass(frozen=True, eq=False)
class Ellipses:
    """M ellipses on a picture, in the order in which they are painted: half-transparent fills with a rim."""

    size: Size
    background: RGB  # 0..255
    center: NDArray[np.float64]  # (M, 2) pixels: x, y
    radius: NDArray[np.float64]  # (M, 2) semi-axes, pixels
    angle: NDArray[np.float64]  # (M,) of the first axis, radians, from +x towards +y
    fill: list[RGB]  # M colours, 0..255
    rim: list[RGB]
    opacity: list[float]  # M, 0..1: times FILL and RIM


def ellipses_of(
    gaussians: Gaussians,
    limits: Limits = DEFAULT_LIMITS,
    *,
    height: int | None = None,
    share: float = 1.0,
    seed: int = 0,
    sigmas: float = 1.5,
    background: Background = "dark",
) -> Ellipses:
    """The ellipses of Gaussians, the largest first; those that lie outside of the canvas are left out.

    height: of the picture, in pixels; None: the canvas'. share: in (0, 1], of the Gaussians, chosen with
    `seed`. sigmas: the semi-axes in standard deviations, at most 1000. The colours are the first three
    channels (the first one as gray, where there are one or two) and a channel named "A" is the opacity. On a
    canvas that wraps, what leaves it at one border comes in at the other.

    Raises ValueError for values out of range; LimitError for more ellipses than limits let there be, of one
    pixel each.
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
    n = max(1, round(share * len(gaussians)))
    check_covered(n * (COPIES if gaussians.wrap else 1) * COST, limits)
    shown = _rows(gaussians, _chosen(gaussians, n, seed))
    if shown.wrap:
        shown = _largest_first(with_copies(shown))
    center, radius = _places(shown, size, sigmas)
    angle = shown.angle.astype(np.float64)
    seen = _touches(center, radius, angle, size)
    fill, opacity = _colors(_rows(shown, seen)) if len(seen) else ([], [])
    rim = [_rim(color) for color in fill]
    return Ellipses(
        size, BACKGROUNDS[background], center[seen], radius[seen], angle[seen], fill, rim, opacity
    )


def _rows(gaussians: Gaussians, rows: NDArray[np.intp]) -> Gaussians:
    """Some of the Gaussians."""
    names = ("xy", "scale", "angle", "log_weight", "color")
    return gaussians.replace(**{name: getattr(gaussians, name)[rows] for name in names}, layers=())


def check_covered(pixels: float, limits: Limits) -> None:
    """Raises LimitError where ellipses cover more pixels, all counted, than the limits allow."""
    if pixels > limits.max_covered:
        raise LimitError(
            f"the ellipses cover some {pixels:.3g} pixels, all counted, over the limit of "
            f"{limits.max_covered:.3g}: draw a share of them, or a smaller picture"
        )


def _chosen(gaussians: Gaussians, n: int, seed: int) -> NDArray[np.intp]:
    """Which n to draw, largest first."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(gaussians))[:n])
    return np.asarray(chosen[_by_area(gaussians.scale[chosen])])


def _largest_first(gaussians: Gaussians) -> Gaussians:
    return _rows(gaussians, _by_area(gaussians.scale))


def _by_area(scale: NDArray[np.float32]) -> NDArray[np.intp]:
    """The order from the largest to the smallest; of equal ones the first comes first."""
    return np.asarray(np.argsort(-scale.prod(axis=1, dtype=np.float64), kind="stable"))


def _places(
    gaussians: Gaussians, size: Size, sigmas: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres and semi-axes, in pixels of a picture of that size."""
    step = np.array([size.width / gaussians.width, size.height / gaussians.height])
    reach = _MAX_RADIUS * max(size)
    center = np.clip(gaussians.xy * step, -2 * reach, 2 * reach)
    radius = np.clip(gaussians.scale.astype(np.float64) * sigmas * step, _SMALLEST_RADIUS, reach)
    return center, radius


def _touches(
    center: NDArray[np.float64], radius: NDArray[np.float64], angle: NDArray[np.float64], size: Size
) -> NDArray[np.intp]:
    """The rows whose upright bounding box meets the picture."""
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = radius.T
    half = np.stack([np.hypot(a * cos, b * sin), np.hypot(a * sin, b * cos)], axis=1)
    inside = (center + half > 0).all(axis=1) & (center - half < np.array(size)).all(axis=1)
    return np.flatnonzero(inside)


def _colors(gaussians: Gaussians) -> tuple[list[RGB], list[float]]:
    """RGB, 0..255, and opacity, 0..1, of each."""
    values = gaussians.color.clip(0.0, 1.0)
    names = gaussians.channels
    plain = [i for i, name in enumerate(names) if name != "A"] or [0]
    shown = plain[:3] if len(plain) >= 3 else [plain[0]] * 3
    rgb = np.rint(values[:, shown] * 255).astype(int)
    opacity = values[:, names.index("A")] if "A" in names and len(names) > 1 else np.ones(len(values))
    return [(int(r), int(g), int(b)) for r, g, b in rgb], opacity.tolist()


def _rim(color: RGB) -> RGB:
    """Darker than the fill; lighter where the fill is dark already."""
    target = 255 if sum(color) < 3 * 60 else 0
    r, g, b = (round(c + (target - c) * _RIM_SHADE) for c in color)
    return r, g, b
