"""The published method, to the letter: Image-GS, SIGGRAPH 2025 (arXiv 2407.01866).

Kept as the baseline that everything else is compared with, on the same kernels. Half of the Gaussians are
placed by the gradient, the rest in four growths; plain Adam on position (of the unit square), 1/scale, angle
and colour; L1 + 0.1 (1 - SSIM); a straight-through quantiser; one decay of the rates and an early stop.

Differs from the released code in one thing that its authors would call a bug: pixel centres are at +0.5 in
the renderer too. 1/scale is kept positive and within the range of `Gaussians`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from imagegs.codec.bits import Bits
from imagegs.codec.quantization import round_trip
from imagegs.fitting.adam import Adam
from imagegs.fitting.growth import growth_plan, worst_pixels
from imagegs.fitting.objective import GaussianArrays, LossWeights, Objective
from imagegs.fitting.placement import Pixels, centers, colors_at, place
from imagegs.fitting.progress import FitOptions, Progress
from imagegs.gaussians import MAX_SCALE, MIN_SCALE, FloatArray, Gaussians
from imagegs.metrics import decibels
from imagegs.own_units import parts_of, slopes_of

WEIGHTS = LossWeights(l1=1.0, ssim=0.1)
RATES = {"position": 5e-4, "inverse_scale": 2e-3, "angle": 2e-3, "color": 5e-3}
INITIAL_SCALE = 5.0  # pixels
GROWTH_INTERVAL = 500  # steps
CHECK_INTERVAL = 100  # steps between measurements of quality
PATIENCE = 1000  # steps without progress before the rates fall, and again before the fit ends
ENOUGH_PSNR, ENOUGH_SSIM = 0.1, 1e-3  # what counts as progress: both
DECAY = 10.0

Values = dict[str, FloatArray]


def fit_paper(
    target: FloatArray,
    options: FitOptions,
    threads: int | None,
    finish: Callable[[GaussianArrays], Gaussians],
) -> Iterator[Progress]:
    """Fits Gaussians of the "paper" blend to a target (C, H, W); `finish` makes Gaussians of arrays."""
    _, height, width = target.shape
    rng = np.random.default_rng(options.seed)
    objective = Objective(target, "paper", threads)
    # A fit too short for the published schedule still grows to its full number.
    interval = min(GROWTH_INTERVAL, max(1, options.steps // 10))
    first, growths = growth_plan(options.n_gaussians, interval, options.steps)
    values = _place(rng, target, options, first)
    adam = Adam(objective.engine)
    stop = _EarlyStop()
    arrays = _arrays(values, width, height, options.bits)
    for step in range(1, options.steps + 1):
        result = objective.evaluate(arrays, WEIGHTS)
        adam.step(values, _gradients(arrays, result.gradient, width, height), stop.rates)
        limits = 1 / MAX_SCALE, 1 / MIN_SCALE
        np.clip(values["inverse_scale"], *limits, out=values["inverse_scale"])
        arrays = _arrays(values, width, height, options.bits)
        ended = step == options.steps
        if step % CHECK_INTERVAL == 0 and not growths:
            ended |= stop.should_end(*objective.quality(arrays))
        if step % interval == 0 and growths:
            values = _grow(rng, target, objective.render(arrays), values, growths.pop(0))
            adam.reset()
            arrays = _arrays(values, width, height, options.bits)
        n, psnr = len(arrays), decibels(result.l2)
        yield Progress(step, options.steps, n, result.loss, psnr, partial(finish, arrays), done=ended)
        if ended:
            return


def _place(rng: np.random.Generator, target: FloatArray, options: FitOptions, n: int) -> Values:
    pixels = place(rng, target, options.placement, n)
    return _born(_unit_square(pixels, target), colors_at(target, pixels))


def _unit_square(pixels: Pixels, target: FloatArray) -> FloatArray:
    _, height, width = target.shape
    return centers(pixels, width) / _side(width, height)


def _side(width: int, height: int) -> FloatArray:
    return np.array([width, height], np.float32)


def _born(position: FloatArray, color: FloatArray) -> Values:
    n = len(position)
    return {
        "position": position,
        "inverse_scale": np.full((n, 2), 1 / INITIAL_SCALE, np.float32),
        "angle": np.zeros(n, np.float32),
        "color": color,
    }


def _grow(
    rng: np.random.Generator, target: FloatArray, rendered: FloatArray, values: Values, n: int
) -> Values:
    pixels, residual = worst_pixels(rng, target, rendered, n)
    born = _born(_unit_square(pixels, target), residual)
    return {name: np.concatenate([value, born[name]]) for name, value in values.items()}


def _arrays(values: Values, width: int, height: int, bits: Bits | None) -> GaussianArrays:
    """What is painted, a copy; quantised when the fit trains so (the gradient passes unchanged)."""
    xy = values["position"] * _side(width, height)
    inverse_scale, angle, color = values["inverse_scale"], values["angle"].copy(), values["color"].copy()
    if bits is not None:
        xy, inverse_scale = round_trip(xy, bits.position), round_trip(inverse_scale, bits.scale)
        angle, color = round_trip(angle, bits.angle), round_trip(color, bits.color)
    scale = np.reciprocal(inverse_scale)
    return GaussianArrays(xy, scale, angle, np.zeros(len(angle), np.float32), color)


def _gradients(painted: GaussianArrays, gradient: FloatArray, width: int, height: int) -> Values:
    """Of the loss with respect to `Values`, from that in own units (N, 6 + C) of what was painted."""
    slopes = slopes_of(gradient, painted.scale, painted.angle)
    return {
        "position": slopes.xy * _side(width, height),
        "inverse_scale": -painted.scale * parts_of(gradient)["log_scale"],
        "angle": slopes.angle,
        "color": slopes.color,
    }


class _EarlyStop:
    """Rates / 10 when 1000 steps brought too little, the end when that happens again."""

    def __init__(self) -> None:
        self.rates = dict(RATES)
        self._best = 0.0, 0.0
        self._waited = 0
        self._decayed = False

    def should_end(self, psnr: float, ssim: float) -> bool:
        if psnr > self._best[0] + ENOUGH_PSNR and ssim > self._best[1] + ENOUGH_SSIM:
            self._best = psnr, ssim
            self._waited = 0
            return False
        self._waited += CHECK_INTERVAL
        if self._waited < PATIENCE:
            return False
        ended = self._decayed
        self._waited, self._decayed = 0, True
        self.rates = {name: rate / DECAY for name, rate in RATES.items()}
        return ended
