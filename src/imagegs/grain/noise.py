"""Noise and its strength at canvas pixels, in integers, as docs/format.md has it in section 12."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.grain import Grain

Integers = NDArray[np.int32]

_ACROSS, _DOWN = 0x9E3779B1, 0x85EBCA77  # odd numbers that tell the pixels apart
_MIDDLE = 510  # mean of the sum of four bytes
_CENTER = 4  # of the kernel 1, 4, 1, which blurs by about 0.6 pixels
# 197 / 2^11 makes the deviation of the blurred sums, 18 sqrt(21845), about NOISE_DEVIATION.
_FACTOR, _SHIFT = 197, 11
NOISE_DEVIATION = 256

Area = tuple[int, int, int, int]  # column and row of its first pixel, width, height


def grain_values(grain: Grain, factor: int, size: tuple[int, int], wrap: bool, area: Area) -> Integers:
    """(height, width) grain of the canvas pixels in an area, in 1 / 2^16 of the full range of a sample.

    factor: 256 for the strength that the file tells. size: width and height of the canvas. wrap: the canvas
    is periodic. The area may reach beyond the canvas.
    """
    width, height = size
    x, y = np.arange(area[0], area[0] + area[2]), np.arange(area[1], area[1] + area[3])
    strength = (grain.deviations() * np.int32(factor) + 128) >> 8
    result = _interpolated(
        strength, _cells(x, width, grain.columns, wrap), _cells(y, height, grain.rows, wrap)
    )
    result *= _noise(x, y, size if wrap else None)
    result += NOISE_DEVIATION // 2
    result >>= 8
    return result


def _noise(x: NDArray[np.int64], y: NDArray[np.int64], period: tuple[int, int] | None) -> Integers:
    """(len(y), len(x)) noise at consecutive columns and rows, of the deviation NOISE_DEVIATION."""
    wide, tall = (np.arange(v[0] - 1, v[-1] + 2) for v in (x, y))
    if period is not None:
        wide, tall = wide % period[0], tall % period[1]
    sums = _byte_sums(_hashed(wide, tall))
    across = _CENTER * sums[:, 1:-1]
    across += sums[:, :-2]
    across += sums[:, 2:]
    blurred = _CENTER * across[1:-1]
    blurred += across[:-2]
    blurred += across[2:]
    blurred *= _FACTOR
    blurred += 1 << (_SHIFT - 1)
    blurred >>= _SHIFT
    return blurred


def _hashed(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.uint32]:
    """32 bits of each pixel: those of "lowbias32" (Wellons 2018, "Prospecting for Hash Functions")."""
    columns = (x & 0xFFFFFFFF).astype(np.uint32) * np.uint32(_ACROSS)
    rows = (y & 0xFFFFFFFF).astype(np.uint32) * np.uint32(_DOWN)
    bits: NDArray[np.uint32] = rows[:, None] + columns
    bits ^= bits >> 16
    bits *= np.uint32(0x7FEB352D)
    bits ^= bits >> 15
    bits *= np.uint32(0x846CA68B)
    bits ^= bits >> 16
    return bits


def _byte_sums(bits: NDArray[np.uint32]) -> Integers:
    """The sums of their four bytes, without the mean."""
    pairs = (bits >> 8) & 0xFF00FF
    pairs += bits & 0xFF00FF
    sums = (pairs & 0xFFFF).view(np.int32)
    sums += (pairs >> 16).view(np.int32)
    sums -= _MIDDLE
    return sums


Cells = tuple[NDArray[np.int64], NDArray[np.int64], Integers]


def _cells(pixels: NDArray[np.int64], side: int, n: int, wrap: bool) -> Cells:
    """The cells whose middles a pixel lies between, and how far it is from the first one, 0..255."""
    place = (2 * pixels + 1) * n * 128 // side - 128
    before = place >> 8
    both = (before % n, (before + 1) % n) if wrap else (before.clip(0, n - 1), (before + 1).clip(0, n - 1))
    return (*both, (place & 255).astype(np.int32))


def _interpolated(strength: Integers, across: Cells, down: Cells) -> Integers:
    """(rows, columns) of pixels, from a table of cells."""
    left, right, part = across
    lines = strength[:, left] * (256 - part) + strength[:, right] * part
    above, below, part = down
    pixels = lines[above] * (256 - part)[:, None]
    pixels += lines[below] * part[:, None]
    pixels += 1 << 15
    pixels >>= 16
    return pixels
