"""Pictures with alpha that the tests of transparency share."""

from __future__ import annotations

import numpy as np

RGBA, YA = ("R", "G", "B", "A"), ("Y", "A")


def disk(height=40, width=56, *, hidden=0, bits=8, gray=False):
    """A ramp of colours in a soft disk; outside, where alpha is 0, colours of the seed `hidden`."""
    y, x = np.mgrid[:height, :width]
    alpha = np.clip((height / 2.5 - np.hypot(x - width / 2, y - height / 2)) / 3, 0, 1)
    colors = np.stack([x / width, y / height, 0.5 + 0.4 * np.sin(x / 5)], axis=2)
    colors = colors[..., :1] if gray else colors
    other = np.random.default_rng(hidden).random(colors.shape)
    values = np.dstack([np.where(alpha[..., None] > 0, colors, other), alpha])
    most = 2**bits - 1
    return np.round(values * most).astype(np.uint8 if bits == 8 else np.uint16)


def over(pixels, ground):
    """The colours over a ground, 0..1 in float64."""
    values = pixels / np.iinfo(pixels.dtype).max
    return ground + (values[..., :-1] - ground) * values[..., -1:]


def noisy(pixels, seed=1):
    rng = np.random.default_rng(seed)
    return np.clip(pixels + rng.integers(-20, 21, pixels.shape), 0, 255).astype(np.uint8)
