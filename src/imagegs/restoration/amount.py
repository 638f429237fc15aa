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
PROBE_STEPS = 100  # of a fit that only tells how near so many Gaussians come
FIRST_SHARE = 1 / 16  # of the most Gaussians, in the first probe; each has twice as many as the one before
FEWEST = 8  # Gaussians of a probe
TINY = 1e-12  # an error that no picture of 16 bits shows


class Amount(NamedTuple):
    """Gaussians, and the mean squared error, 1 = white, that they have or would have."""

    n_gaussians: int
    error: float


class Worth(NamedTuple):
    """The size of a file, and the mean squared error, 1 = white, that its picture is expected to have."""

    n_bytes: int
    error: float | None  # None: of a picture too small to tell


def worth_of(
    target: Picture, allowed: float, weights: FloatArray | None, seed: int, threads: int | None
) -> Worth:
    """The size of a file that paints the target with the allowed mean squared error, 1 = white, of at most
    MOST_BITS a pixel. weights: those of `fit`.

    Short fits with more and more Gaussians tell; between them, and beyond, the error follows a power of their
    number.
    """
    height, width, _ = target.pixels.shape
    most = MOST_BITS * height * width / BITS_OF_GAUSSIAN
    probes: list[Amount] = []
    n = max(FEWEST, int(FIRST_SHARE * most))
    while n <= most / 2 and (not probes or probes[-1].error > allowed):
        probes.append(Amount(n, _error(target, n, weights, seed, threads)))
        n *= 2
    n_gaussians, error = _enough(probes[-2:], allowed, most)
    return Worth(max(LEAST_BYTES, int(BITS_OF_GAUSSIAN * n_gaussians / 8)), error)


def _error(
    target: Picture, n_gaussians: int, weights: FloatArray | None, seed: int, threads: int | None
) -> float:
    """That of a short fit."""
    how: dict[str, Any] = {"steps": PROBE_STEPS, "tune": "psnr", "channels": target.channels}
    gaussians = fit(target.pixels, n_gaussians, pixel_weights=weights, seed=seed, threads=threads, **how)
    painted = np.clip(render(gaussians, threads=threads), 0.0, 1.0)
    return mean_squared_error(target.pixels, painted, alphas_of(target.channels))


def _enough(probes: list[Amount], allowed: float, most: float) -> tuple[float, float | None]:
    """So many Gaussians, at most, as have the allowed error, and their error, by the last two probes."""
    if not probes:
        return most, None
    last = probes[-1]
    if len(probes) == 1:
        return (last.n_gaussians if last.error <= allowed else most), last.error
    octaves = math.log2(last.n_gaussians / probes[0].n_gaussians)
    fall = math.log2(max(probes[0].error, TINY) / max(last.error, TINY)) / octaves
    if fall <= 0:
        return (last.n_gaussians if last.error <= allowed else most), last.error
    wanted = math.log2(max(last.error, TINY) / max(allowed, TINY)) / fall
    doublings = min(wanted, math.log2(most / last.n_gaussians))
    return last.n_gaussians * 2**doublings, last.error / 2 ** (doublings * fall)
