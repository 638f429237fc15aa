"""The measures of quality that a search can aim at, and how each grows with the number of Gaussians."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real

from imagegs.choices import MOST_SCORE
from imagegs.metrics import psnr
from imagegs.pictures.pixels import Pixels
from imagegs.pictures.transparency import Alphas
from imagegs.ssimulacra.looks import SeenReference

LEAST_QUALITY_PSNR, PSNR_A_QUALITY, MOST_QUALITY = 20.0, 0.25, 100  # quality 0 in dB, dB for each point


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure of quality, and what a search knows of it."""

    # Takes (H, W, C) pixels, their channels and alphas. Returns what measures a painted picture beside them.
    beside: Callable[[Pixels, Sequence[str], Alphas], Callable[[Pixels], float]]
    level: Callable[[float], float]  # of a quality: grows about linearly with log N
    tolerance: float  # a quality up to so much above the target ends the search
    aim: float  # each fit aims so much above the target
    # The slope is the gain in levels from twice the Gaussians.
    slope: float  # assumed until two fits have measured it
    least_slope: float  # measured slopes are clipped to these
    most_slope: float
    hopeless_slope: float  # a smaller gain from twice the Gaussians or more ends the search
    # Whether refits gain so much, and scatter so much, that none of them tells a slope, none is followed by a
    # fit from anew, and only one of them can end the search.
    settles: bool


def _psnr_beside(pixels: Pixels, _: Sequence[str], alphas: Alphas) -> Callable[[Pixels], float]:
    return lambda painted: psnr(pixels, painted, alphas)


def _score_beside(pixels: Pixels, channels: Sequence[str], alphas: Alphas) -> Callable[[Pixels], float]:
    return SeenReference(pixels, channels, alphas).score


def _halvings_left(score: float) -> float:
    return -math.log2(max(MOST_SCORE - score, LEAST_LACK))


# In dB.
PSNR = Measure(
    beside=_psnr_beside,
    level=lambda decibels: decibels,
    tolerance=0.1,
    aim=0.04,
    slope=2.7,
    least_slope=1.5,
    most_slope=8.0,
    hopeless_slope=0.3,
    settles=False,
)

# A level tells how often what a score lacks of 100 points has been halved. Measured on files of 8 pictures
# of side 384 (Kodak, photographs, paintings, screenshots), tuned for the eye, with 1 Gaussian in 400 to
# 12.5 pixels: the gain from twice the Gaussians is 0.26 to 0.69, 0.44 on average, at effort 1, and 0.28 to
# 0.68, 0.50 on average, at effort 3 (6 pictures), about the same at all scores; in points it is 32 at -30
# and 5 at 85. A refit gains 3 to 10 points over a fit from anew, and scores of neighbouring numbers of
# Gaussians scatter by 1 to 2 points: so the tolerance is 1 point, which is 3 to 10% of the Gaussians.
LEAST_LACK = 0.01  # points that a score lacks of 100: less counts as this
SSIMULACRA_2 = Measure(
    beside=_score_beside,
    level=_halvings_left,
    tolerance=1.0,
    aim=0.4,
    slope=0.45,
    least_slope=0.25,
    most_slope=0.8,
    hopeless_slope=0.05,
    settles=True,
)


def check_psnr(psnr: float) -> None:
    """Raise ValueError for a wanted PSNR that is not a positive number of dB."""
    if not 0 < psnr < math.inf:
        raise ValueError(f"the wanted PSNR must be above 0 dB and finite, not {psnr}")


def check_score(score: float) -> None:
    """Raise ValueError for a wanted score of SSIMULACRA 2 that is not a finite number of 100 or less."""
    is_number = isinstance(score, Real) and not isinstance(score, bool)
    if not (is_number and -math.inf < score <= MOST_SCORE):
        raise ValueError(f"ssimulacra2 must be finite and at most {MOST_SCORE:g}, not {score!r}")


def psnr_of_quality(quality: float) -> float:
    """The PSNR in dB for a quality of 0..100. Raises ValueError for anything else."""
    if isinstance(quality, bool) or not isinstance(quality, Real):
        raise ValueError(f"the quality is a number, 0 to {MOST_QUALITY}, not {quality!r}")
    if not 0 <= quality <= MOST_QUALITY:
        raise ValueError(f"the quality is 0 to {MOST_QUALITY}, not {quality}")
    return LEAST_QUALITY_PSNR + PSNR_A_QUALITY * quality
