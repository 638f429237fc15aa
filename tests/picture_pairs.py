"""Pairs of small pictures, a reference and a changed copy, made of integers so that they are the same on any
machine: measures of them stand in the tests as other programs computed them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def picture_pair(height: int, width: int, change: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(H, W, 3) twice; `change` is noise, blocks (of 8 x 8 pixels), tint or, of a smooth gradient, dither."""
    y, x, channel = np.mgrid[:height, :width, :3]
    rng = np.random.default_rng(height * 1000 + width)
    waves = 60 + abs((3 * x + 40 * channel) % 128 - 64) + abs((2 * y + x) % 96 - 48)
    if change == "noise":
        return _bytes(waves), _bytes(waves + rng.integers(-25, 26, waves.shape))
    if change == "blocks":
        return _bytes(waves), _bytes(waves[y // 8 * 8, x // 8 * 8, channel])
    if change == "tint":
        return _bytes(waves), _bytes(waves * np.array([100, 96, 106]) // 100)
    gradient = 40 + (150 - 20 * channel) * x // width + 30 * y // height
    return _bytes(gradient), _bytes(gradient + rng.integers(0, 2, gradient.shape))


def _bytes(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    return values.clip(0, 255).astype(np.uint8)
