"""Draws where two pictures differ, in colours that can be read off, above a strip with scale and PSNR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from imagegs.drawing.color_scale import color_table, colored
from imagegs.drawing.ellipses import BACKGROUNDS, RGB, Background
from imagegs.metrics import pixel_errors, psnr
from imagegs.rendering import Size

DEFAULT_GAIN, LEAST_GAIN, MOST_GAIN = 10.0, 1.0, 65535.0
UNIT = "RMS error, % of the range"
_INK: dict[Background, RGB] = {"dark": (226, 226, 230), "light": (34, 34, 38)}
_FONT_SHARE, _FONT_SIZES = 1 / 48, (11, 120)  # of the longer side; pixels
_TICKS = 4  # steps between the marks of the scale
_LEAST_BAR = 12  # font sizes


def draw_error_map(
    original: ArrayLike,
    painted: ArrayLike,
    *,
    gain: float = DEFAULT_GAIN,
    background: Background = "dark",
    alphas: Sequence[int | None] | None = None,
) -> NDArray[np.uint8]:
    """The errors of a picture's pixels as colours, with a legend below: (H + legend, W or more, 3) uint8.

    original, painted: two pictures, and the alphas of their channels, as `metrics.psnr` takes them. The error
    of a pixel is the root mean square difference of its samples, as they are seen with alpha; times `gain` it
    is the place on the colour scale, so errors of 1 / gain of the range and more have the last colour.

    Raises ValueError for a gain out of range (1 to 65535) and what `psnr` raises.
    """
    if not LEAST_GAIN <= gain <= MOST_GAIN:
        raise ValueError(f"a gain is {LEAST_GAIN:g} to {MOST_GAIN:g}, not {gain:g}")
    errors = pixel_errors(original, painted, alphas)
    errors *= np.float32(gain)
    height, width = errors.shape
    decibels = psnr(original, painted, alphas)
    quality = "lossless" if math.isinf(decibels) else f"PSNR {decibels:.2f} dB"
    legend = _Legend(Size(width, height), gain, quality, background).draw()
    sheet = np.empty((height + len(legend), legend.shape[1], 3), np.uint8)
    sheet[:] = BACKGROUNDS[background]
    left = (legend.shape[1] - width) // 2
    sheet[:height, left : left + width] = colored(errors)
    sheet[height:] = legend
    return sheet


class _Legend:
    """The strip: the scale with its marks, and beside it what it shows. Lengths are in font sizes."""

    def __init__(self, size: Size, gain: float, quality: str, background: Background) -> None:
        self._em = int(np.clip(round(_FONT_SHARE * max(size)), *_FONT_SIZES))
        self._font: Any = ImageFont.load_default(self._em)
        self._texts = quality, UNIT
        self._marks = _marks(gain)
        self._background, self._ink = BACKGROUNDS[background], _INK[background]
        self._text_width = math.ceil(max(self._font.getlength(text) for text in self._texts))
        least = self._text_width + (_LEAST_BAR + 3) * self._em
        self._size = Size(max(size.width, least), round(3.6 * self._em))

    def draw(self) -> NDArray[np.uint8]:
        """(height, width, 3) pixels."""
        em, (width, _) = self._em, self._size
        picture = Image.new("RGB", self._size, self._background)
        draw = ImageDraw.Draw(picture)
        for i, text in enumerate(self._texts):
            place = width - em, round((1.35 + 1.25 * i) * em)
            draw.text(place, text, self._ink, self._font, anchor="rm")
        left, right = em, width - 2 * em - self._text_width
        top, bottom = round(0.8 * em), round(1.8 * em)
        bar = Image.fromarray(color_table()[np.newaxis]).resize((right - left, bottom - top))
        picture.paste(bar, (left, top))
        draw.rectangle((left - 1, top - 1, right, bottom), outline=self._ink)
        for i, text in enumerate(self._marks):
            x = left + (right - 1 - left) * i / _TICKS
            draw.line((x, bottom, x, bottom + round(0.3 * em)), self._ink)
            self._mark(draw, text, i, x, round(2.7 * em))
        return np.asarray(picture)

    def _mark(self, draw: ImageDraw.ImageDraw, text: str, i: int, x: float, y: float) -> None:
        """A number below the scale; the first and the last one within its ends."""
        anchor = "lm" if i == 0 else "rm" if i == _TICKS else "mm"
        draw.text((x, y), text, self._ink, self._font, anchor=anchor)


def _marks(gain: float) -> list[str]:
    """Per cent of the range, from 0 to the end of the scale, where greater errors are, too."""
    numbers = [f"{100 / gain * i / _TICKS:.3g}" for i in range(_TICKS + 1)]
    return [*numbers[:-1], f"{numbers[-1]}+" if gain > LEAST_GAIN else numbers[-1]]
