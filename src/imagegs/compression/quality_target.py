"""`imagegs.fit_to_psnr` and `imagegs.fit_to_ssimulacra2`: as few Gaussians as reach a wanted quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from imagegs.choices import DeviceName
from imagegs.compression.quality_measures import PSNR, SSIMULACRA_2, check_psnr, check_score
from imagegs.compression.quality_search import fit_to_quality
from imagegs.fitting import DEFAULT_EFFORT, Placement, Progress, Tune
from imagegs.gaussians import Gaussians
from imagegs.pictures.given import ImageLike


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


class ScoreFit(NamedTuple):
    """The result of a search for a wanted score of SSIMULACRA 2.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> found = imagegs.fit_to_ssimulacra2(image, 60, effort=1)
    >>> found.met == (found.ssimulacra2 >= 60)
    True
    """

    gaussians: Gaussians
    ssimulacra2: float  # points, at most 100, as measured
    met: bool  # ssimulacra2 >= the target
    steps: int  # of all fits together


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
    device: DeviceName = "cpu",
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
    check_psnr(psnr)
    options = {**locals()}  # all that was given, by name
    del options["image"], options["psnr"]
    return QualityFit(*fit_to_quality(image, psnr, PSNR, **options))


def fit_to_ssimulacra2(
    image: ImageLike,
    ssimulacra2: float,
    *,
    measure: Callable[[Gaussians], float] | None = None,
    effort: int = DEFAULT_EFFORT,
    tune: Tune = "visual",
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
    device: DeviceName = "cpu",
    progress: Callable[[Progress], None] | None = None,
) -> ScoreFit:
    """Fit a picture with as few Gaussians as give at least this score of SSIMULACRA 2, and at most 1 more
    (3 more where that would take many fits).

    image: gray or RGB, with or without alpha, at least 8 pixels a side. Its score is that of 8 bits; with
        alpha it is the mean of the scores over black and over white.
    ssimulacra2: 100 or less: 90 is visually lossless, 70 high quality, 50 medium, 30 low; it may be negative.
    measure: returns the score that counts for some Gaussians; by default that of their picture (a codec
        measures what it decodes).
    effort, steps: of the first full fit; the search takes several fits.

    `fit` explains the other arguments; the recipe is "imagegs".

    A target that cannot be met gives the best that was found, with `met` False. Raises ValueError for a
    target that is not a finite number of 100 or less, for other pictures, and what `fit` raises.

    Source of the score: Jon Sneyers (Cloudinary) 2022, version 2.1; see docs/bench.md.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> found = imagegs.fit_to_ssimulacra2(image, 60, effort=1)
    >>> found.met, len(found.gaussians) < 64 * 96 / 100
    (True, True)
    """
    check_score(ssimulacra2)
    options = {**locals()}  # all that was given, by name
    del options["image"], options["ssimulacra2"]
    return ScoreFit(*fit_to_quality(image, ssimulacra2, SSIMULACRA_2, **options))
