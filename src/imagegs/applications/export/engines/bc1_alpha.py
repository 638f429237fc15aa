"""BC1 with one bit of alpha: blocks of three colours, and texels that are not there.

A block whose first colour, as a number, is not above its second has these two and their mean in place of four
colours; its fourth index is a transparent texel. The library writes blocks without such texels alone, so two
colours and the indices are chosen here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_TRANSPARENT = 3
_LEAST_OPAQUE = 128  # of alpha, in levels that average it


def encode_bc1_alpha(texels: NDArray[np.uint8], encode_opaque: Callable[[NDArray[np.uint8]], bytes]) -> bytes:
    """Blocks of (H, W, 4) uint8, H and W multiples of 4; encode_opaque: makes BC1 blocks of such texels."""
    height, width = texels.shape[:2]
    shape = (height // 4, 4, width // 4, 4, 4)
    blocks = texels.reshape(shape).swapaxes(1, 2).reshape(-1, 16, 4)
    opaque = blocks[:, :, 3] >= _LEAST_OPAQUE
    filled = _filled(blocks, opaque).reshape(height // 4, width // 4, 4, 4, 4).swapaxes(1, 2)
    encoded = np.frombuffer(encode_opaque(filled.reshape(height, width, 4)), "<u2").reshape(-1, 4).copy()
    cut = ~opaque.all(axis=1)
    encoded[cut] = _with_holes(encoded[cut, :2], blocks[cut, :, :3], opaque[cut])
    return encoded.tobytes()


def _filled(blocks: NDArray[np.uint8], opaque: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The blocks with the mean of their opaque texels where others were."""
    n = np.maximum(opaque.sum(axis=1), 1)[:, np.newaxis]
    means = (blocks * opaque[:, :, np.newaxis]).sum(axis=1) // n
    return np.where(opaque[:, :, np.newaxis], blocks, means[:, np.newaxis]).astype(np.uint8)


def _with_holes(
    ends: NDArray[np.uint16], colors: NDArray[np.uint8], opaque: NDArray[np.bool_]
) -> NDArray[np.uint16]:
    """(N, 4) uint16: two colours and sixteen indices of each block, by the better of two pairs of colours.

    ends: (N, 2), those of blocks of four colours. The other pair is the darkest and the brightest texel.
    """
    pairs = [np.sort(pair, axis=1) for pair in (ends, _extremes(colors, opaque))]
    (first, error), (second, other) = (_indices(pair, colors, opaque) for pair in pairs)
    better = (other < error)[:, np.newaxis]
    ends, indices = np.where(better, pairs[1], pairs[0]), np.where(better, second, first)
    bits = (indices.astype(np.uint32) << np.arange(0, 32, 2, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return np.concatenate([ends, np.stack([bits & 0xFFFF, bits >> 16], axis=1).astype(np.uint16)], axis=1)


def _indices(
    ends: NDArray[np.uint16], colors: NDArray[np.uint8], opaque: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best index of each texel, (N, 16), and the squared error of each block, (N,)."""
    first, second = _expanded(ends[:, 0]), _expanded(ends[:, 1])
    palette = np.stack([first, second, (first + second) // 2], axis=1)  # (N, 3, 3)
    errors = np.square(colors[:, :, np.newaxis].astype(np.int64) - palette[:, np.newaxis]).sum(axis=3)
    indices = np.where(opaque, errors.argmin(axis=2), _TRANSPARENT)
    return indices, (errors.min(axis=2) * opaque).sum(axis=1)


def _extremes(colors: NDArray[np.uint8], opaque: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """(N, 2): the darkest and the brightest colour of each block, by their sums, with 5, 6 and 5 bits."""
    sums = colors.sum(axis=2, dtype=np.int64)
    places = [np.where(opaque, sums, 1000).argmin(axis=1), np.where(opaque, sums, -1).argmax(axis=1)]
    found = np.stack([colors[np.arange(len(colors)), place] for place in places], axis=1).astype(np.uint32)
    red, green, blue = np.moveaxis((found * (31, 63, 31) + 127) // 255, 2, 0)
    packed: NDArray[np.uint32] = red << 11 | green << 5 | blue
    return packed.astype(np.uint16)


def _expanded(colors: NDArray[np.uint16]) -> NDArray[np.int32]:
    """(N, 3), 0..255, of colours with 5, 6 and 5 bits."""
    c = colors.astype(np.int32)
    red, green, blue = c >> 11, c >> 5 & 63, c & 31
    return np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], axis=1)
