"""What a fit is given, checked; and what it gives, within the ranges of `Gaussians`."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from imagegs.choices import PLACEMENTS
from imagegs.fitting.objective import GaussianArrays
from imagegs.fitting.placement import Placement
from imagegs.fitting.recipes import default_gaussians
from imagegs.gaussians import (
    MAX_COLOR,
    MAX_POSITION,
    MAX_SCALE,
    MIN_SCALE,
    FloatArray,
    Gaussians,
    layer_ends,
)


def checked_count(n_gaussians: int | None, start: Gaussians | None, height: int, width: int) -> int:
    """How many Gaussians to fit: None for those of `start`, else for `default_gaussians`.

    Raises ValueError unless there are 1..H*W.
    """
    default = default_gaussians(height, width) if start is None else len(start)
    n = default if n_gaussians is None else operator.index(n_gaussians)
    if not 1 <= n <= height * width:
        raise ValueError(
            f"1 to {height * width} Gaussians are possible on {width} x {height} pixels, not {n}"
        )
    return n


def checked_start(start: Gaussians, height: int, width: int, roots: FloatArray) -> Gaussians:
    """The Gaussians that a fit goes on from, colours times the roots (C,) of the channels' weights.

    Raises ValueError for another canvas, another number of channels and another blend.
    """
    if (start.height, start.width, len(start.channels)) != (height, width, len(roots)):
        raise ValueError(
            f"the start is of {start.width} x {start.height} pixels with {len(start.channels)} channels, "
            f"the picture of {width} x {height} with {len(roots)}"
        )
    if start.blend != "softmax":
        raise ValueError(f"the imagegs recipe cannot go on from Gaussians of the {start.blend} blend")
    return start.replace(color=start.color * roots)


def checked_placement(init: Placement, height: int, width: int) -> Placement:
    """The name of a placement, or its map (H, W) as float32.

    Raises ValueError for another name, another shape, and values that are negative or not finite.
    """
    if isinstance(init, str):
        if init not in PLACEMENTS:
            raise ValueError(f"no placement {init!r}; there are {', '.join(PLACEMENTS)}, or a map")
        return init
    weights = np.asarray(init, np.float32)
    if weights.shape != (height, width):
        raise ValueError(f"the placement map has shape {weights.shape}, the picture {(height, width)}")
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError("the placement map has values that are negative or not finite")
    return weights


def finished(arrays: GaussianArrays, layers: int, roots: FloatArray, **canvas: Any) -> Gaussians:
    """Gaussians of fitted arrays, within the ranges that `Gaussians` allows.

    layers: at most. roots (C,): colours are divided by them. canvas: the other fields of `Gaussians`.
    """
    ends = layer_ends(len(arrays), layers)
    return Gaussians(
        xy=np.clip(arrays.xy, -MAX_POSITION, MAX_POSITION),
        scale=np.clip(arrays.scale, MIN_SCALE, MAX_SCALE),
        angle=arrays.angle,
        log_weight=arrays.log_weight,
        color=np.clip(arrays.color / roots, -MAX_COLOR, MAX_COLOR),
        layers=tuple(np.diff([0, *ends]).tolist()),
        **canvas,
    )


def check_canvas(n_channels: int, **canvas: Any) -> None:
    """Raise what `Gaussians` raises for a canvas, before the fit and not after it."""
    one = (np.ones(shape, np.float32) for shape in ((1, 2), (1, 2), 1, 1, (1, n_channels)))
    finished(GaussianArrays(*one), 1, np.ones(n_channels, np.float32), **canvas)
