"""The colour scale magma: equal steps of a number look equally large, and print in gray in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# sRGB at equal distances, between which colours are interpolated: at most 3 of 255 off the whole table.
# Source: magma by S. van der Walt and N. Smith, in the public domain (CC0), https://bids.github.io/colormap/
_MAGMA = (
    (0, 0, 4), (10, 8, 34), (29, 17, 71), (54, 16, 107), (81, 18, 124), (106, 28, 129), (131, 38, 129),
    (156, 46, 127), (183, 55, 121), (207, 64, 112), (229, 80, 100), (244, 105, 92), (251, 135, 97),
    (254, 165, 113), (254, 194, 135), (253, 224, 161), (252, 253, 191),
)  # fmt: skip
_LEVELS = 256


def color_table() -> NDArray[np.uint8]:
    """The scale from 0 to 1 in 256 steps: (256, 3) uint8, sRGB."""
    at, places = np.linspace(0, 1, _LEVELS), np.linspace(0, 1, len(_MAGMA))
    channels = [np.interp(at, places, values) for values in zip(*_MAGMA, strict=True)]
    table: NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return table


def colored(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The colours of numbers in 0..1, beyond which those of the ends count: one more axis, of R, G, B."""
    levels = np.rint(values.clip(0.0, 1.0) * (_LEVELS - 1)).astype(np.uint8)
    colors: NDArray[np.uint8] = color_table()[levels]
    return colors
