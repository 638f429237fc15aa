"""Samples of any number of bits and their range: out of packed bytes, up to the full range, free of alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import IntegerPixels

MOST_BITS = 16
_STRIP_BITS = 1 << 22  # that are unpacked at a time
_STRIP_ROWS = 64


def dtype_for(largest: int) -> type[np.unsignedinteger[Any]]:
    """uint8 for samples of 0..largest <= 255, else uint16."""
    return np.uint8 if largest <= 255 else np.uint16


def unpacked(rows: NDArray[np.uint8], n_samples: int, bits: int) -> IntegerPixels:
    """(H, n_samples) uint8 or uint16 out of rows (H, bytes a row) of samples of 1..16 bits.

    The samples of a row lie one after the other, the highest bit first, without regard to bytes; a row
    starts on a byte. Sixteen bits are big-endian.
    """
    if bits == 8:
        return rows[:, :n_samples]
    if bits == 16:
        return np.ascontiguousarray(rows[:, : 2 * n_samples]).view(">u2").astype(np.uint16)
    values: IntegerPixels = np.zeros((len(rows), n_samples), dtype_for((1 << bits) - 1))
    step = max(1, _STRIP_BITS // max(1, n_samples * bits))
    for top in range(0, len(rows), step):
        plain = np.unpackbits(rows[top : top + step], axis=1, count=n_samples * bits)
        planes = plain.reshape(-1, n_samples, bits).astype(values.dtype)
        for i in range(bits):
            values[top : top + step] |= planes[:, :, i] << values.dtype.type(bits - 1 - i)
    return values


def to_full_range(values: NDArray[Any], largest: int) -> IntegerPixels:
    """Integers 0..largest (more counts as largest) scaled to 0..255 if largest <= 255, else to 0..65535.

    Halves are rounded up.
    """
    kind = dtype_for(largest)
    full = int(np.iinfo(kind).max)
    if largest == full and values.dtype == kind:
        return values
    table = ((2 * full * np.arange(largest + 1, dtype=np.int64) + largest) // (2 * largest)).astype(kind)
    scaled: IntegerPixels = table[np.minimum(values, largest)]
    return scaled


def unpremultiplied(color: IntegerPixels, alpha: IntegerPixels) -> IntegerPixels:
    """(H, W, C) colours that were multiplied with alpha (H, W, 1), divided by it; 0 where alpha is 0."""
    full = np.float32(np.iinfo(color.dtype).max)
    plain = np.empty_like(color)
    for top in range(0, len(color), _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        share = np.where(alpha[rows] == 0, 0, full / np.maximum(alpha[rows], 1)).astype(np.float32)
        plain[rows] = np.minimum(color[rows] * share + np.float32(0.5), full)
    return plain


def with_dtype(values: IntegerPixels, dtype: np.dtype[Any]) -> IntegerPixels:
    """Samples of the full range of uint8 or uint16 in that of the other, halves rounded up."""
    if values.dtype == dtype:
        return values
    if dtype == np.uint16:
        return values.astype(np.uint16) * np.uint16(257)
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
