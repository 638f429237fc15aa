"""Where one more Gaussian would help most: matching pursuit over blobs of the residual.

Adding a Gaussian G of amplitude a to a picture with residual r lowers the squared error by at most
(sum G r)^2 / sum G^2, at a = sum G r / sum G^2 (Mallat and Zhang 1993). For round Gaussians of one size that
is a blur of the residual, so a pyramid of blurs tells it for every place and size; the best are its maxima
over place and size. What no Gaussian can mend, such as noise, averages out and draws none.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs._native import Engine
from imagegs.fitting.blurring import gaussian_blur
from imagegs.fitting.halving import halved
from imagegs.gaussians import FloatArray

SIGMA = 1.2  # pixels of a level
LEVELS = 5  # each at half the resolution of the one before, so twice the size
SMALLEST_SIDE = 8  # pixels of the coarsest level
SPACING = 10.0  # pixels of the finest level between Gaussians, at least
BAND_ROWS = 256  # that are looked at together


class Blobs(NamedTuple):
    """Round Gaussians that would mend a residual best, the best first."""

    xy: FloatArray  # (M, 2) canvas pixels
    scale: FloatArray  # (M,) standard deviations, canvas pixels
    amplitude: FloatArray  # (M, C) of the residual that each explains


class _Level(NamedTuple):
    factor: int  # canvas pixels a pixel
    gain: FloatArray  # (H, W) by how much the sum of squared errors would fall
    y: NDArray[np.intp]  # (M,) the best places among their neighbours
    x: NDArray[np.intp]
    amplitude: FloatArray  # (M, C) there


def residual_blobs(
    engine: Engine,
    residual: FloatArray,
    n: int,
    n_gaussians: int,
    pixel_weights: FloatArray | None = None,
    wrap: bool = False,
) -> Blobs:
    """At most n blobs of a residual (C, H, W) = target - picture, those that lower the squared error most.

    The picture has n_gaussians: where they lie far apart, the smallest blobs are not looked for. With weights
    w of the pixels, (H, W) or (C, H, W), it is the weighted error: gain (sum w G r)^2 / sum w G^2, a =
    sum w G r / sum w G^2, of each channel; the residual is overwritten then. wrap: the picture goes on behind
    its borders at the opposite ones.
    """
    levels = _pyramid(engine, residual, _finest_factor(residual, n_gaussians), pixel_weights, wrap)
    for i, level in enumerate(levels):
        kept = _is_best_size(levels, i)
        levels[i] = level._replace(y=level.y[kept], x=level.x[kept], amplitude=level.amplitude[kept])
    gain = np.concatenate([v.gain[v.y, v.x] for v in levels])
    best = np.argsort(-gain, kind="stable")[:n]
    xy = np.concatenate([np.stack([v.x + 0.5, v.y + 0.5], axis=1) * v.factor for v in levels])
    scale = np.concatenate([np.full(len(v.x), SIGMA * v.factor) for v in levels])
    amplitude = np.concatenate([v.amplitude for v in levels])
    xy = np.minimum(xy, residual.shape[:0:-1])  # pixels that stand for an odd last one
    parts = (a[best].astype(np.float32) for a in (xy, scale, amplitude))
    return Blobs(*(np.ascontiguousarray(a) for a in parts))


def _finest_factor(residual: FloatArray, n_gaussians: int) -> int:
    """Canvas pixels to a pixel of the finest level: 1 where Gaussians lie closer than 2 SPACING, 2, 4, ..."""
    spacing = math.sqrt(residual[0].size / n_gaussians)
    return int(2 ** min(LEVELS - 1, max(0, math.floor(math.log2(spacing / SPACING)))))


def _pyramid(
    engine: Engine, residual: FloatArray, factor: int, weights: FloatArray | None, wrap: bool
) -> list[_Level]:
    levels: list[_Level] = []
    if weights is not None:
        residual *= weights
        weights = weights if weights.ndim == 3 else weights[None]
    for i in range(LEVELS):
        if i:
            residual = halved(engine, residual)
            weights = None if weights is None else halved(engine, weights)
        last = min(residual.shape[1:]) < 2 * SMALLEST_SIDE
        if 2**i < factor and not last:
            continue
        blurred, known = _blurred(engine, residual, wrap), np.ones((1, 1, 1), np.float32)
        if weights is not None:  # of them, G^2's blur is much like G's
            known = np.maximum(_blurred(engine, weights, wrap), np.float32(1e-12))
            blurred /= known
        sigma = SIGMA * 2**i
        # With sum G = 2 pi s^2 and sum G^2 = pi s^2: gain = 4 pi s^2 blur^2, amplitude = 2 blur.
        area = np.float32(4 * np.pi * sigma**2)
        if len(known) == 1:
            gain = np.einsum("chw,chw->hw", blurred, blurred)
            gain *= area * known[0]
        else:
            gain = area * np.einsum("chw,chw,chw->hw", known, blurred, blurred)
        y, x = np.nonzero(_is_best_place(gain, wrap))
        levels.append(_Level(2**i, gain, y, x, 2.0 * blurred[:, y, x].T))
        if last:
            break
    return levels


def _blurred(engine: Engine, planes: FloatArray, wrap: bool) -> FloatArray:
    return gaussian_blur(engine, planes, SIGMA, 2.5, wrap)


def _is_best_place(gain: FloatArray, wrap: bool) -> NDArray[np.bool_]:
    """Marks the places (H, W) where none of the eight pixels around gains more, and something is gained."""
    best, height = np.empty(gain.shape, bool), len(gain)
    for top in range(0, height, BAND_ROWS):
        band = gain[top : top + BAND_ROWS]
        rows = np.arange(top - 1, top + len(band) + 1)
        around = gain[rows % height if wrap else rows.clip(0, height - 1)]
        padded = np.pad(around, ((0, 0), (1, 1)), mode="wrap" if wrap else "edge")
        above = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        most = np.maximum(np.maximum(above[:, :-2], above[:, 1:-1]), above[:, 2:])
        best[top : top + BAND_ROWS] = (band >= most) & (band > 0)
    return best


def _is_best_size(levels: list[_Level], i: int) -> NDArray[np.bool_]:
    """Marks the best places (M,) of a level where no blob of half or twice the size gains more."""
    _, gain, y, x, _ = levels[i]
    own = gain[y, x]
    best = np.ones(own.shape, bool)
    if i + 1 < len(levels):
        best &= own > levels[i + 1].gain[y // 2, x // 2]
    if i > 0:
        fine = levels[i - 1].gain
        for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
            rows, columns = (
                np.minimum(2 * y + down, len(fine) - 1),
                np.minimum(2 * x + across, len(fine[0]) - 1),
            )
            best &= own >= fine[rows, columns]
    return best
