"""The part of a picture that a report shows: where there is most to see."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Window = tuple[int, int, int, int]  # x, y, width, height, in pixels
WIDTH, HEIGHT = 256, 192
_BLUR = 2.0  # pixels: edges count, grain less


def busiest_window(pixels: NDArray[np.uint8], width: int = WIDTH, height: int = HEIGHT) -> Window:
    """The window of a picture (H, W, 3) with the largest sum of gradients; a smaller picture is all of it."""
    from scipy.ndimage import gaussian_gradient_magnitude, uniform_filter

    rows, columns = pixels.shape[:2]
    width, height = min(width, columns), min(height, rows)
    gray = pixels.astype(np.float32).mean(axis=2)
    edges = np.sqrt(gaussian_gradient_magnitude(gray, _BLUR))
    sums = uniform_filter(edges, (height, width), mode="constant")
    top, left = height // 2, width // 2
    inside = sums[top : rows - (height - top) + 1, left : columns - (width - left) + 1]
    y, x = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return int(x), int(y), width, height


def cut(pixels: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """(height, width, 3) of the window."""
    x, y, width, height = window
    return pixels[y : y + height, x : x + width]


def as_webp(pixels: NDArray[np.uint8]) -> bytes:
    """A lossless file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "WEBP", lossless=True, quality=50, method=3)
    return file.getvalue()
