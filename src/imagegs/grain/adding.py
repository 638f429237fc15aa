"""Grain on a painted picture of any size, or on a part of one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
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

Values = NDArray[Any]  # int32 or int64
Places = NDArray[np.int64]  # (pixels, samples), in 1/256 canvas pixels from the middle of the first one


def grain_factor(strength: float) -> int:
    """A strength, 0..2, in 1/256. Raises ValueError out of range."""
    if not 0 <= strength <= MOST_FACTOR:
        raise ValueError(f"the strength of grain is 0 to {MOST_FACTOR:g}, not {strength:g}")
    return math.floor(256 * strength + 0.5)


def add_grain(
    pixels: IntegerPixels, grain: Grain, gaussians: Gaussians, *, strength: float = 1.0, **view: Any
) -> None:
    """Add grain to a picture (H, W, C), uint8 or uint16, in place: to R, G and B alike, or to Y.

    gaussians: those that it was painted from. strength: 0..2, a factor on what the file tells. view: height,
    scale, region and filtered, as they were given to `render`.

    Grain is fixed to the canvas. A smaller picture gets the mean over each pixel, a larger one grain that is
    interpolated, and a region what is there of the whole. Pixels of more than eight canvas pixels a side get
    none.

    Raises ValueError for another strength.
    """
    factor = grain_factor(strength)
    columns = [k for k, name in enumerate(gaussians.channels) if name in GRAINED]
    if not columns or not factor:
        return
    first = 0
    for values in view_values(grain, gaussians, factor, **view):
        _add(pixels[first : first + len(values)], columns, values)
        first += len(values)


def view_values(
    grain: Grain,
    gaussians: Gaussians,
    factor: int = 256,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    filtered: bool = True,
) -> Iterator[Values]:
    """The grain of a view, (rows, columns) in 1 / 2^16 of the full range, some rows at a time.

    factor: 256 for the strength that the file tells. There are no rows where pixels are too large for grain.
    """
    canvas = gaussians.width, gaussians.height
    whole = output_size(gaussians, height=height, scale=scale)
    steps = [side / n for side, n in zip(canvas, whole, strict=True)]
    if max(steps) > LARGEST_STEP:
        return
    samples = [samples_of(step) if filtered else 1 for step in steps]
    wide, tall = (_Side(*numbers) for numbers in zip(canvas, whole, samples, strict=True))
    x, y, columns, rows = (0, 0, *whole) if region is None else region
    lines = max(1, int(_BLOCK / (columns * steps[0] + 2) / max(steps[1], 1)))
    for first in range(y, y + rows, lines):
        across, down = wide.places(x, columns), tall.places(first, min(lines, y + rows - first))
        yield _means(grain, factor, gaussians, across, down)


@dataclass(frozen=True)
class _Side:
    """A side of the canvas and of the picture, pixels, and the samples that a pixel of the picture has."""

    canvas: int
    picture: int
    samples: int

    def places(self, first: int, count: int) -> Places:
        """Of the samples of `count` pixels."""
        numbers = np.arange(self.samples * first, self.samples * (first + count), dtype=np.int64)
        places: Places = (2 * numbers + 1) * self.canvas * 128 // (self.picture * self.samples) - 128
        return places.reshape(count, self.samples)


def _means(grain: Grain, factor: int, gaussians: Gaussians, across: Places, down: Places) -> Values:
    """(rows, columns) mean grain of pixels."""
    x, y = (int(each[0, 0]) >> 8 for each in (across, down))
    right, bottom = ((int(each[-1, -1]) >> 8) + 2 for each in (across, down))
    size = gaussians.width, gaussians.height
    values = grain_values(grain, factor, size, gaussians.wrap, (x, y, right - x, bottom - y))
    across, down = across - 256 * x, down - 256 * y
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


def _add(pixels: IntegerPixels, columns: list[int], values: Values) -> None:
    """The values become samples, and the sums stay within those that there are."""
    most = int(np.iinfo(pixels.dtype).max)
    wide: Any = values if most == 255 else values.astype(np.int64)
    samples = (wide * most + WHOLE // 2 >> 16).astype(np.int16 if most == 255 else np.int32)[:, :, None]
    if len(columns) == pixels.shape[2]:
        np.clip(pixels + samples, 0, most, out=pixels, casting="unsafe")
        return
    for k in columns:
        np.clip(pixels[:, :, k] + samples[:, :, 0], 0, most, out=pixels[:, :, k], casting="unsafe")
