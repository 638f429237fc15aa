"""A search for the smallest number of Gaussians that reaches a wanted quality.

The level of quality (quality_measures.py) grows about linearly with log N, so each fit tells how many
Gaussians the next one should have. Near the target a fit goes on from the last one, with a few Gaussians more
or fewer, instead of starting anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.compression.quality_measures import Measure
from imagegs.fitting import Progress, Tune, default_gaussians, fit, steps_of
from imagegs.gaussians import Gaussians
from imagegs.pictures.given import ImageLike, pixels_from
from imagegs.pictures.pixels import channel_names
from imagegs.pictures.transparency import checked_alphas
from imagegs.rendering import render

MAX_ROUNDS = 16
# After so many rounds of a search that settles, so many tolerances above the target are close enough.
ENOUGH_ROUNDS, ENOUGH_TOLERANCES = 8, 3
# The slope of refits that settle, x that of fits from anew: smaller changes of the number disturb less, and
# scores scatter less about the target. With 1 the files of 4 searches at effort 3 were 6% larger.
SETTLING_SLOPE = 1.5
SLOPE_DOUBLINGS = 0.3  # two fits measure the slope if their numbers differ by 2 to this power or more
LARGEST_FACTOR = 4.0  # between the numbers of Gaussians of two rounds
# A fit goes on from the last one where the number of Gaussians changes by factors between these.
MOST_GROWN, MOST_PRUNED = 1.3, 0.5
PROBE_SHARE, REFIT_SHARE = 1 / 4, 1 / 2  # the steps of a probe and of a refit, as shares of a full fit
LEAST_PROBE = 40  # a probe has at least so many steps
LEAST_PIXELS_PER_GAUSSIAN = 4  # with fewer pixels for each Gaussian, raw pixels would be smaller


class Found(NamedTuple):
    """The result of a search."""

    gaussians: Gaussians
    quality: float  # as measured
    met: bool  # quality >= the target
    steps: int  # of all fits together


def fit_to_quality(
    image: ImageLike,
    target: float,
    kind: Measure,
    *,
    measure: Callable[[Gaussians], float] | None,
    effort: int,
    tune: Tune,
    steps: int | None,
    alphas: Sequence[int | None] | None,
    channels: tuple[str, ...] | None,
    progress: Callable[[Progress], None] | None,
    **others: Any,
) -> Found:
    """Fit a picture with as few Gaussians as reach the target.

    measure: returns the quality that counts; by default that of the Gaussians' picture, by this kind of
        measure.

    `fit` explains the other arguments. Raises what `fit` and the measure raise.
    """
    pixels = pixels_from(image)
    names = channels or channel_names(int(pixels.shape[2]))
    covered = checked_alphas(alphas, names)
    if measure is None:
        measure = _of_painted(kind.beside(pixels, names, covered), pixels)
    options = {"tune": tune, "alphas": alphas, "channels": channels, **others}
    search = _Search(pixels, target, kind, measure)
    full = steps_of("imagegs", effort, steps, tune)
    share = PROBE_SHARE
    for _ in range(MAX_ROUNDS):
        part = min(full, max(LEAST_PROBE, round(share * full)))
        search.fit(part, progress, options)
        if search.ended:
            break
        cold = share == PROBE_SHARE or search.starts_anew
        share = 1.0 if cold else REFIT_SHARE
        search.go_on(cold=cold)
    return search.best()


def _of_painted(
    measure: Callable[[NDArray[Any]], float], pixels: NDArray[Any]
) -> Callable[[Gaussians], float]:
    dtype = pixels.dtype if pixels.dtype in (np.uint8, np.uint16) else np.float32
    return lambda gaussians: measure(render(gaussians, dtype=dtype))


class _Search:
    """The fits so far, and the number of Gaussians of the next one."""

    def __init__(
        self,
        image: NDArray[Any],
        target: float,
        kind: Measure,
        measure: Callable[[Gaussians], float],
    ) -> None:
        height, width, _ = image.shape
        self._image, self._target, self._kind, self._measure = image, target, kind, measure
        self._most: int = max(1, math.ceil(height * width / LEAST_PIXELS_PER_GAUSSIAN))
        self._n = min(default_gaussians(height, width), self._most)
        self._start: Gaussians | None = None
        self._found: list[tuple[int, float, Gaussians]] = []
        self._slope = kind.slope
        self._steps = 0
        self._stuck = False

    def fit(self, steps: int, progress: Callable[[Progress], None] | None, options: dict[str, Any]) -> None:
        """Runs one more fit."""
        gaussians = fit(self._image, self._n, steps=steps, start=self._start, progress=progress, **options)
        self._steps += steps
        self._found.append((self._n, self._measure(gaussians), gaussians))
        if len(self._found) > 1 and not self._is_settling:
            self._learn_slope(*(f[:2] for f in self._found[-2:]))
        self._next = self._proposal()

    def _learn_slope(self, before: tuple[int, float], last: tuple[int, float]) -> None:
        doublings = math.log2(last[0] / before[0])
        low, high = self._kind.level(before[1]), self._kind.level(last[1])
        # The gain from more steps hides that from more Gaussians where their numbers are close.
        if abs(doublings) < SLOPE_DOUBLINGS or not math.isfinite(low + high):
            return
        slope = (high - low) / doublings
        self._slope = min(max(slope, self._kind.least_slope), self._kind.most_slope)
        self._stuck = doublings >= 1 and slope < self._kind.hopeless_slope

    def _proposal(self) -> int:
        n, quality, _ = self._found[-1]
        level = self._kind.level
        slope = self._slope * (SETTLING_SLOPE if self._is_settling else 1)
        doublings = (level(self._target + self._kind.aim) - level(quality)) / slope
        limits = (MOST_PRUNED, MOST_GROWN) if self._is_settling else (1 / LARGEST_FACTOR, LARGEST_FACTOR)
        least, most = (math.log2(limit) for limit in limits)
        factor = math.exp2(min(max(doublings, least), most))
        proposal = math.ceil(n * factor) if factor > 1 else math.floor(n * factor)
        return min(max(1, proposal), self._most)

    @property
    def ended(self) -> bool:
        """Whether the last fit is good enough, or another one would gain nothing."""
        _, quality, _ = self._found[-1]
        close = self._target <= quality <= self._target + self._kind.tolerance
        done = close or self._next == self._n
        if self._kind.settles:
            done = self._is_settling and (done or self._has_enough)
        return done or self._stuck

    @property
    def starts_anew(self) -> bool:
        """Whether the next fit is too far from the last one to go on from it."""
        return not (self._is_settling or self._n * MOST_PRUNED <= self._next <= self._n * MOST_GROWN)

    @property
    def _is_settling(self) -> bool:
        """Whether the last fit was a refit, after which none of such a measure starts anew."""
        return self._kind.settles and self._start is not None

    @property
    def _has_enough(self) -> bool:
        best = self.best().quality
        most = self._target + ENOUGH_TOLERANCES * self._kind.tolerance
        return len(self._found) >= ENOUGH_ROUNDS and self._target <= best <= most

    def go_on(self, *, cold: bool) -> None:
        self._start = None if cold else self._found[-1][2]
        self._n = self._next

    def best(self) -> Found:
        """The fit with the fewest Gaussians that meets the target, else the fit with the best quality."""
        met = [f for f in self._found if f[1] >= self._target]
        _, quality, gaussians = min(met, key=lambda f: f[0]) if met else max(self._found, key=lambda f: f[1])
        return Found(gaussians, quality, bool(met), self._steps)
