"""Weights of channels, and of what alpha shows: squared errors that count more in some than in others.

sum_c w_c (a_c - b_c)^2 is the plain squared error of colours multiplied by sqrt(w_c): so targets and colours
are multiplied before a fit, and colours divided after it.

The squared error of a colour C as it is seen (transparency.py) is near the target, cross terms aside,
alpha^2 dC^2 + ((C - 1/2)^2 + 1/4) dalpha^2: so the pixels of each channel have weights of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import Tune
from imagegs.fitting.device.choosing import ChosenDevice, observer_on
from imagegs.fitting.objective import GaussianArrays
from imagegs.fitting.visual import Observer
from imagegs.gaussians import FloatArray
from imagegs.pictures.pixels import Pixels, is_seen, to_planes
from imagegs.pictures.transparency import Alphas, covering, n_seen, with_hidden_filled

MOST_APART = 2.0**12  # the greatest weight over the least: files hold their roots within 2^-8 to 2^8


def weight_roots(channel_weights: Sequence[float] | None, n_channels: int) -> FloatArray:
    """(C,) square roots of the weights, brought to a mean of 1; all 1 for None.

    Raises ValueError unless there are C positive numbers, the greatest at most MOST_APART times the least.
    """
    if channel_weights is None:
        return np.ones(n_channels, np.float32)
    weights = np.asarray(channel_weights, np.float64)
    if weights.shape != (n_channels,):
        raise ValueError(f"{n_channels} channels have as many weights, not {weights.shape}")
    if not (np.isfinite(weights).all() and weights.min() > 0 and weights.max() <= MOST_APART * weights.min()):
        raise ValueError(f"weights of channels are positive and at most {MOST_APART:g} times another")
    shares = weights / weights.max()
    roots: FloatArray = np.sqrt(shares / shares.mean()).astype(np.float32)
    return roots


def seen_weights(
    planes: FloatArray, alphas: Alphas, pixel_weights: FloatArray | None = None
) -> FloatArray | None:
    """Weights (C, H, W) by which the mean squared error of planes near these ones (C, H, W), 0..1, is that of
    what is seen, times those of the pixels (H, W); the latter alone where every alpha is opaque.
    """
    covers = covering(alphas)
    if all(planes[alpha].min() >= 1 for alpha in covers):
        return pixel_weights
    weights = np.ones_like(planes)
    for alpha, channels in covers.items():
        weights[channels] = np.square(planes[alpha])
        weights[alpha] = (np.square(planes[channels] - np.float32(0.5)) + np.float32(0.25)).sum(axis=0)
    weights *= np.float32(len(planes) / n_seen(alphas))
    return weights if pixel_weights is None else weights * pixel_weights


def observer_for(
    target: FloatArray,
    channels: Sequence[str],
    roots: FloatArray,
    pixel_weights: FloatArray | None,
    threads: int | None,
    device: ChosenDevice = "cpu",
) -> Observer:
    """Who looks at pictures beside a target (C, H, W) whose channels were multiplied by the roots (C,).

    pixel_weights: (H, W) of mean 1. Raises ValueError unless the channels are Y, YA, RGB or RGBA.
    """
    if not is_seen(channels):
        raise ValueError(f"what an eye sees is told of Y, YA, RGB or RGBA, not of {', '.join(channels)}")
    return observer_on(device, threads, target, np.float32(1) / roots, pixel_weights)


class Weighed(NamedTuple):
    """A picture as an objective takes it."""

    target: FloatArray  # (C, H, W), its channels multiplied by the roots of their weights
    pixel_weights: FloatArray | None  # (H, W) or (C, H, W): of what is seen
    observer: Observer | None  # of the target, with the tune "visual"


def weighed(
    pixels: Pixels,
    channels: Sequence[str],
    alphas: Alphas,
    roots: FloatArray,
    pixel_weights: FloatArray | None,
    tune: Tune,
    threads: int | None,
    device: ChosenDevice = "cpu",
) -> Weighed:
    """The picture (H, W, C) with the weights of its pixels, (H, W) of mean 1, and of its channels.

    roots (C,): as `weight_roots` gives them. Raises ValueError as `observer_for` does.
    """
    planes = with_hidden_filled(to_planes(pixels), alphas)
    target = planes if (roots == 1).all() else planes * roots[:, None, None]
    observer = None
    if tune == "visual":
        observer = observer_for(target, channels, roots, pixel_weights, threads, device)
    return Weighed(target, seen_weights(planes, alphas, pixel_weights), observer)


def with_colors(arrays: GaussianArrays, factors: NDArray[np.floating[Any]]) -> GaussianArrays:
    """The arrays with the colours of each channel multiplied."""
    return replace(arrays, color=(arrays.color * factors).astype(np.float32))
