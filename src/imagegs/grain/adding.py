"""Grain on a painted picture of any size, or on a part of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.grain import WHOLE, Grain
from imagegs.gaussians import Gaussians
from imagegs.grain.noise import grain_values
from imagegs.pictures.pixels import IntegerPixels
from imagegs.rendering import output_size, samples_of

GRAINED = ("R", "G", "B", "Y")  # channels that grain is added to
LARGEST_STEP = 8  # canvas pixels: of larger pixels the mean of the grain is nothing
MOST_FACTOR = 2.0
_BLOCK = 2**20  # canvas pixels whose grain is made at a time


def add_grain(
    pixels: IntegerPixels,
    grain: Grain,
    gaussians: Gaussians,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    filtered: bool = True,
    strength: float = 1.0,
) -> None:
    """Add grain to a picture (H, W, C), uint8 or uint16, in place: to R, G and B alike, or to Y.

    gaussians: those that it was painted from, with the same height, scale, region and filtered (see
    `render`). strength: 0..2, a factor on what the file tells.

    Grain is fixed to the canvas. A smaller picture gets the mean over each pixel, a larger one grain that is
    interpolated, and a region what is there of the whole. Pixels of more than eight canvas pixels a side get
    none.

    Raises ValueError for another strength.
    """
    columns = [k for k, name in enumerate(gaussians.channels) if name in GRAINED]
    factor = grain_factor(strength)
    canvas = gaussians.width, gaussians.height
    whole = output_size(gaussians, height=height, scale=scale)
    steps = [side / n for side, n in zip(canvas, whole, strict=True)]
    if not columns or not factor or max(steps) > LARGEST_STEP:
        return
    x, y, width, rows = (0, 0, *whole) if region is None else region
    samples = [samples_of(step) if filtered else 1 for step in steps]
    lines = max(1, int(_BLOCK / (width * steps[0] + 2) / max(steps[1], 1)))
    for first in range(0, rows, lines):
        n = min(lines, rows - first)
        places = [
            _places(start, count, *sizes)
            for start, count, *sizes in zip((x, y + first), (width, n), canvas, whole, samples, strict=True)
        ]
        _add(pixels[first : first + n], columns, _means(grain, factor, gaussians, places))


def grain_factor(strength: float) -> int:
    """A strength, 0..2, in 1/256. Raises ValueError out of range."""
    if not 0 <= strength <= MOST_FACTOR:
        raise ValueError(f"the strength of grain is 0 to {MOST_FACTOR:g}, not {strength:g}")
    return math.floor(256 * strength + 0.5)


Places = NDArray[np.int64]  # (pixels, samples), in 1/256 canvas pixels from the middle of the first one


def _places(first: int, count: int, side: int, whole: int, samples: int) -> Places:
    """Of the samples of `count` pixels, of `whole` that the canvas' side has."""
    numbers = np.arange(samples * first, samples * (first + count), dtype=np.int64)
    places: Places = ((2 * numbers + 1) * side * 128 // (whole * samples) - 128).reshape(count, samples)
    return places


def _means(grain: Grain, factor: int, gaussians: Gaussians, places: Sequence[Places]) -> NDArray[Any]:
    """(rows, columns) mean grain of pixels, in 1 / 2^16 of the full range."""
    starts = [int(each[0, 0]) >> 8 for each in places]
    ends = [(int(each[-1, -1]) >> 8) + 2 for each in places]
    area = starts[0], starts[1], ends[0] - starts[0], ends[1] - starts[1]
    size = gaussians.width, gaussians.height
    values = grain_values(grain, factor, size, gaussians.wrap, area)
    across, down = (each - 256 * start for each, start in zip(places, starts, strict=True))
    if _are_pixels(across) and _are_pixels(down):
        return values[: len(down), : len(across)]
    n = across.shape[1] * down.shape[1]
    lines = _interpolated(np.ascontiguousarray(values.T, np.int64), across)
    sums = _interpolated(np.ascontiguousarray(lines.T), down)
    sums += n << 15
    sums //= n << 16
    return sums


def _are_pixels(places: Places) -> bool:
    """Whether they are the middles of canvas pixels, one after the other."""
    return places.shape[1] == 1 and np.array_equal(places[:, 0], 256 * np.arange(len(places)))


def _interpolated(values: NDArray[np.int64], places: Places) -> NDArray[np.int64]:
    """For each row of places the sum of the values there, interpolated between rows, times 256."""
    sums = np.zeros((len(places), values.shape[1]), np.int64)
    for each in places.T:
        before, part = each >> 8, (each & 255)[:, None]
        sums += values[before] * (256 - part)
        sums += values[before + 1] * part
    return sums


def _add(pixels: IntegerPixels, columns: list[int], values: NDArray[Any]) -> None:
    """The values become samples, and the sums stay within those that there are."""
    most = np.iinfo(pixels.dtype).max
    wide, narrow = (np.int32, np.int16) if most == 255 else (np.int64, np.int32)  # that hold all numbers
    samples = ((values.astype(wide, copy=False) * most + WHOLE // 2) >> 16).astype(narrow)[:, :, None]
    if columns == list(range(pixels.shape[2])):
        np.clip(pixels + samples, 0, most, out=pixels, casting="unsafe")
        return
    for k in columns:
        np.clip(pixels[:, :, k] + samples[:, :, 0], 0, most, out=pixels[:, :, k], casting="unsafe")
