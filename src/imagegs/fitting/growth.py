"""Error-guided growth: new Gaussians where the picture is worst (Image-GS, section 3.4)."""

from __future__ import annotations

import math

import numpy as np

from imagegs.fitting.placement import Pixels, colors_at, draw_pixels
from imagegs.gaussians import FloatArray

GROWTHS = 4


def growth_blur(height: int, width: int) -> tuple[int, float] | None:
    """Taps and sigma of the blur of the target before its error is measured; None for small pictures.

    About sqrt(HW) / 400 taps, odd, at least 3; sigma as torchvision derives it from the number of taps.
    """
    taps = int(math.sqrt(height * width) // 400)
    if taps < 1:
        return None
    taps = max(3, taps + 1 - taps % 2)
    return taps, 0.3 * ((taps - 1) * 0.5 - 1) + 0.8


def _blurred(channel: FloatArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    blur = growth_blur(*channel.shape)
    if blur is None:
        return channel
    taps, sigma = blur
    filtered: FloatArray = gaussian_filter(channel, sigma, mode="mirror", radius=taps // 2)
    return filtered


def worst_pixels(
    rng: np.random.Generator,
    target: FloatArray,
    rendered: FloatArray,
    n: int,
    pixel_weights: FloatArray | None = None,
    memory: FloatArray | None = None,
) -> tuple[Pixels, FloatArray]:
    """n pixels drawn by (mean |error|)^2, times the weights of pixels if there are any,
    (H, W) or (C, H, W), and the error (N, C) = blurred target - clipped picture there.

    `rendered` and `target` are (C, H, W), and so is `memory`, which is overwritten where it is given.
    """
    total: FloatArray = np.zeros(target.shape[1:], np.float32)
    error = np.empty_like(target) if memory is None else memory
    by_channel = pixel_weights if pixel_weights is not None and pixel_weights.ndim == 3 else None
    for i, (channel, picture) in enumerate(zip(target, rendered, strict=True)):
        np.subtract(_blurred(channel), np.clip(picture, 0.0, 1.0), out=error[i])
        size = np.abs(error[i])
        total += size if by_channel is None else size * np.sqrt(by_channel[i])
    np.square(total, out=total)
    if pixel_weights is not None and by_channel is None:
        total *= pixel_weights
    pixels = draw_pixels(rng, total, (target.shape[1], target.shape[2]), n)
    return pixels, colors_at(error, pixels)


def growth_plan(n: int, interval: int, steps: int) -> tuple[int, list[int]]:
    """How many Gaussians to start with, and how many each of the four growths adds: half, then eighths.

    All at once when the fit's steps leave no room for four growths, `interval` steps apart.
    """
    if GROWTHS * interval >= steps:
        return n, []
    first = math.ceil(n / 2)
    return first, growth_shares(n - first)


def growth_shares(n: int) -> list[int]:
    """n Gaussians in at most four growths, as equal as can be."""
    share = math.ceil(n / GROWTHS)
    shares = [min(share, max(0, n - i * share)) for i in range(GROWTHS)]
    return [m for m in shares if m]
