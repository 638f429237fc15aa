"""How many bits a restored picture is worth: as few as hardly add to the error that is left in it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from imagegs.fitting import fit
from imagegs.gaussians import FloatArray
from imagegs.metrics import mean_squared_error
from imagegs.pictures.pixels import Picture
from imagegs.pictures.transparency import alphas_of
from imagegs.rendering import render

MOST_BITS = 1.2  # a pixel of what is fitted
LEAST_BYTES = 400  # of a file: that of a tiny picture is mostly its frame
BITS_OF_GAUSSIAN = 40  # about
PROBE_STEPS = 60  # of a fit that only tells how near so many Gaussians come
FIRST_SHARE = 1 / 16  # of the most Gaussians, in the first probe; each has twice as many as the one before
FEWEST = 8  # Gaussians of a probe


class Amount(NamedTuple):
    """Gaussians, and the mean squared error, 1 = white, that they have or would have."""

    n_gaussians: int
    error: float


def worth_bytes(
    target: Picture, allowed: float, weights: FloatArray | None, seed: int, threads: int | None
) -> int:
    """The bytes of a file that paints the target with the allowed mean squared error, 1 = white, at most
    MOST_BITS a pixel. weights: those of `fit`.

    Short fits with more and more Gaussians tell; between them, and a little beyond, the error follows a power
    of their number.
    """
    height, width, _ = target.pixels.shape
    most = MOST_BITS * height * width / BITS_OF_GAUSSIAN
    probes: list[Amount] = []
    n = max(FEWEST, int(FIRST_SHARE * most))
    while n <= most / 2 and (not probes or probes[-1].error > allowed):
        probes.append(Amount(n, _error(target, n, weights, seed, threads)))
        n *= 2
    n_bytes = BITS_OF_GAUSSIAN * min(most, _needed(probes[-2:], allowed, most)) / 8
    return max(LEAST_BYTES, int(n_bytes))


def _error(
    target: Picture, n_gaussians: int, weights: FloatArray | None, seed: int, threads: int | None
) -> float:
    """That of a short fit."""
    how: dict[str, Any] = {"steps": PROBE_STEPS, "tune": "psnr", "channels": target.channels}
    gaussians = fit(target.pixels, n_gaussians, pixel_weights=weights, seed=seed, threads=threads, **how)
    painted = np.clip(render(gaussians, threads=threads), 0.0, 1.0)
    return mean_squared_error(target.pixels, painted, alphas_of(target.channels))


def _needed(probes: list[Amount], allowed: float, most: float) -> float:
    """The number of Gaussians that has the allowed error, from the last two probes."""
    if not probes:
        return most
    if len(probes) == 1 or probes[-1].error >= probes[-2].error:
        return probes[-1].n_gaussians if probes[-1].error <= allowed else most
    fewer, more = probes
    if allowed <= 0:
        return most
    if more.error <= 0:
        return more.n_gaussians
    halvings = math.log2(fewer.error / more.error)
    return float(more.n_gaussians * 2 ** (math.log2(more.error / allowed) / halvings))
