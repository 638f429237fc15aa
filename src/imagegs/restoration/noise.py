"""How much noise a picture has, from the picture alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import as_pixels, to_float

# Second differences along both axes (Immerkaer 1996, "Fast noise variance estimation"): 0 on planes, and of
# variance 1 where the pixels are white noise of variance 1.
TAPS = np.array([1.0, -2.0, 1.0]) / np.sqrt(6.0)
MAD_OF_NORMAL = 0.6745  # the median of |x|, x normal of standard deviation 1


def noise_level(image: NDArray[Any], where: NDArray[np.bool_] | None = None) -> float:
    """The standard deviation of the white noise in a picture (H, W, C), of 1 = white; the root mean square
    over channels. 0 for less than 3 pixels a side. where: the pixels (H, W) that tell it; 0 where no 3 x 3
    of them touch.

    The median of the second differences' sizes: edges and texture are few among them. Clean photographs read
    as up to 0.015 of noise.
    """
    values = to_float(as_pixels(image))
    if min(values.shape[:2]) < 3:
        return 0.0
    rows = _differences(values)
    sizes = np.abs(np.swapaxes(_differences(np.swapaxes(rows, 0, 1)), 0, 1))
    if where is not None:
        sizes = sizes[np.lib.stride_tricks.sliding_window_view(where, (3, 3)).all(axis=(2, 3))][:, None]
        if not sizes.size:
            return 0.0
    levels = np.median(sizes, axis=(0, 1)) / MAD_OF_NORMAL
    return float(np.sqrt(np.mean(np.square(levels, dtype=np.float64))))


def _differences(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Down the first axis, which becomes 2 shorter."""
    first, second, third = (np.float32(tap) for tap in TAPS)
    differences: NDArray[np.float32] = first * values[:-2] + second * values[1:-1] + third * values[2:]
    return differences
