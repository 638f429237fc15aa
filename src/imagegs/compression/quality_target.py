"""A search for the smallest number of Gaussians that reaches a wanted PSNR.

PSNR grows about linearly with log N, so each fit tells how many Gaussians the next one should have. Near the
target a fit goes on from the last one, with a few Gaussians more or fewer, instead of starting anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting import (
    DEFAULT_EFFORT,
    Placement,
    Progress,
    Tune,
    default_gaussians,
    fit,
    steps_of,
)
from imagegs.gaussians import Gaussians
from imagegs.metrics import psnr as measure_psnr
from imagegs.pictures.given import ImageLike, pixels_from
from imagegs.pictures.transparency import Alphas, checked_alphas
from imagegs.rendering import render

LEAST_QUALITY_PSNR, PSNR_A_QUALITY, MOST_QUALITY = 20.0, 0.25, 100  # quality 0 in dB, dB for each point
TOLERANCE = 0.1  # a PSNR up to so many dB above the target ends the search
AIM = 0.04  # each fit aims so many dB above the target
MAX_ROUNDS = 16
# The slope is the gain in dB from twice the Gaussians.
SLOPE = 2.7  # assumed until two fits have measured it
LEAST_SLOPE, MOST_SLOPE = 1.5, 8.0  # measured slopes are clipped to these
SLOPE_DOUBLINGS = 0.3  # two fits measure it if their numbers differ by 2 to this power or more
HOPELESS_SLOPE = 0.3  # a smaller gain from twice the Gaussians or more ends the search
LARGEST_FACTOR = 4.0  # between the numbers of Gaussians of two rounds
# A fit goes on from the last one where the number of Gaussians changes by factors between these.
MOST_GROWN, MOST_PRUNED = 1.3, 0.5
PROBE_SHARE, REFIT_SHARE = 1 / 4, 1 / 2  # the steps of a probe and of a refit, as shares of a full fit
LEAST_PROBE = 40  # a probe has at least so many steps
LEAST_PIXELS_PER_GAUSSIAN = 4  # with fewer pixels for each Gaussian, raw pixels would be smaller


class QualityFit(NamedTuple):
    """The result of a search for a wanted PSNR.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> found = imagegs.fit_to_psnr(image, 25, effort=1)
    >>> found.met == (found.psnr >= 25)
    True
    """

    gaussians: Gaussians
    psnr: float  # dB, as measured
    met: bool  # psnr >= the target
    steps: int  # of all fits together


def psnr_of_quality(quality: float) -> float:
    """The PSNR in dB for a quality of 0..100. Raises ValueError for anything else."""
    if isinstance(quality, bool) or not isinstance(quality, Real):
        raise ValueError(f"the quality is a number, 0 to {MOST_QUALITY}, not {quality!r}")
    if not 0 <= quality <= MOST_QUALITY:
        raise ValueError(f"the quality is 0 to {MOST_QUALITY}, not {quality}")
    return LEAST_QUALITY_PSNR + PSNR_A_QUALITY * quality


def fit_to_psnr(
    image: ImageLike,
    psnr: float,
    *,
    measure: Callable[[Gaussians], float] | None = None,
    effort: int = DEFAULT_EFFORT,
    tune: Tune = "balanced",
    steps: int | None = None,
    init: Placement = "gradient",
    layers: int = 1,
    wrap: bool | None = None,
    seed: int = 0,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    channels: tuple[str, ...] | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> QualityFit:
    """Fit a picture with as few Gaussians as give at least `psnr` dB, and at most 0.1 dB more.

    measure: returns the PSNR in dB that counts for some Gaussians; by default that of their picture in the
        image's dtype (a codec measures what it decodes).
    effort, steps: of the first full fit; the search takes several fits.

    `fit` explains the other arguments; the recipe is "imagegs".

    A target that cannot be met gives the best that was found, with `met` False. Raises ValueError for a
    target that is not a positive number, and what `fit` raises.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> found = imagegs.fit_to_psnr(image, 25, effort=1)
    >>> found.met, len(found.gaussians) < 64 * 96 / 100
    (True, True)
    """
    if not 0 < psnr < math.inf:
        raise ValueError(f"the wanted PSNR must be above 0 dB and finite, not {psnr}")
    options = {
        "tune": tune,
        "init": init,
        "layers": layers,
        "wrap": wrap,
        "seed": seed,
        "pixel_weights": pixel_weights,
        "channel_weights": channel_weights,
        "alphas": alphas,
        "channels": channels,
        "threads": threads,
    }
    pixels = pixels_from(image)
    search = _Search(pixels, psnr, measure, checked_alphas(alphas, channels or int(pixels.shape[2])))
    full = steps_of("imagegs", effort, steps, tune)
    share = PROBE_SHARE
    for _ in range(MAX_ROUNDS):
        part = min(full, max(LEAST_PROBE, round(share * full)))
        search.fit(part, progress, options)
        if search.ended:
            break
        cold = share == PROBE_SHARE or search.is_far
        share = 1.0 if cold else REFIT_SHARE
        search.go_on(cold=cold)
    return search.best()


class _Search:
    """The fits so far, and the number of Gaussians of the next one."""

    def __init__(
        self,
        image: NDArray[Any],
        target: float,
        measure: Callable[[Gaussians], float] | None,
        alphas: Alphas,
    ) -> None:
        height, width, _ = image.shape
        self._image, self._target, self._alphas = image, target, alphas
        self._measure = measure or self._picture_psnr
        self._most: int = max(1, math.ceil(height * width / LEAST_PIXELS_PER_GAUSSIAN))
        self._n = min(default_gaussians(height, width), self._most)
        self._start: Gaussians | None = None
        self._found: list[tuple[int, float, Gaussians]] = []
        self._slope = SLOPE
        self._steps = 0
        self._stuck = False

    def fit(self, steps: int, progress: Callable[[Progress], None] | None, options: dict[str, Any]) -> None:
        """Runs one more fit."""
        gaussians = fit(self._image, self._n, steps=steps, start=self._start, progress=progress, **options)
        self._steps += steps
        self._found.append((self._n, self._measure(gaussians), gaussians))
        if len(self._found) > 1:
            self._learn_slope(*(f[:2] for f in self._found[-2:]))
        self._next = self._proposal()

    def _learn_slope(self, before: tuple[int, float], last: tuple[int, float]) -> None:
        doublings = math.log2(last[0] / before[0])
        # Where the numbers are close, the gain from more steps hides the gain from more Gaussians.
        if abs(doublings) < SLOPE_DOUBLINGS or not math.isfinite(before[1] + last[1]):
            return
        slope = (last[1] - before[1]) / doublings
        self._slope = min(max(slope, LEAST_SLOPE), MOST_SLOPE)
        self._stuck = doublings >= 1 and slope < HOPELESS_SLOPE

    def _proposal(self) -> int:
        n, quality, _ = self._found[-1]
        doublings = (self._target + AIM - quality) / self._slope
        limit = math.log2(LARGEST_FACTOR)
        factor = math.exp2(min(max(doublings, -limit), limit))
        proposal = math.ceil(n * factor) if factor > 1 else math.floor(n * factor)
        return min(max(1, proposal), self._most)

    @property
    def ended(self) -> bool:
        """Whether the last fit is good enough, or another one would gain nothing."""
        _, quality, _ = self._found[-1]
        close = self._target <= quality <= self._target + TOLERANCE
        return close or self._stuck or self._next == self._n

    @property
    def is_far(self) -> bool:
        return not self._n * MOST_PRUNED <= self._next <= self._n * MOST_GROWN

    def go_on(self, *, cold: bool) -> None:
        self._start = None if cold else self._found[-1][2]
        self._n = self._next

    def best(self) -> QualityFit:
        """The fit with the fewest Gaussians that meets the target, else the fit with the largest PSNR."""
        met = [f for f in self._found if f[1] >= self._target]
        _, quality, gaussians = min(met, key=lambda f: f[0]) if met else max(self._found, key=lambda f: f[1])
        return QualityFit(gaussians, quality, bool(met), self._steps)

    def _picture_psnr(self, gaussians: Gaussians) -> float:
        dtype = self._image.dtype if self._image.dtype in (np.uint8, np.uint16) else np.float32
        return measure_psnr(self._image, render(gaussians, dtype=dtype), self._alphas)
