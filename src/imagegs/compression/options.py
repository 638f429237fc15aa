"""The options of a compression as small frozen records with checks.

`imagegs.compress` has the same names as keywords; the command line fills these records from its options.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field, fields
from typing import Any

from numpy.typing import NDArray

from imagegs.choices import DeviceName, GrainChoice, RestorationName
from imagegs.codec import Bits, bytes_for_bpp
from imagegs.compression.quality_measures import check_score, psnr_of_quality
from imagegs.fitting import DEFAULT_EFFORT, Placement, RecipeName, Tune
from imagegs.pictures.pixels import Picture


@dataclass(frozen=True, kw_only=True)
class Target:
    """The wanted size or quality: one of these, or none for one Gaussian in 100 pixels.

    Raises ValueError for more than one and for numbers out of range.
    """

    n_gaussians: int | None = None  # 1 or more
    bpp: float | None = None  # bits a pixel, the whole file counted, never exceeded
    target_size: int | None = None  # bytes of the whole file, never exceeded
    psnr: float | None = None  # dB, of the decoded file; with as few Gaussians as possible
    quality: float | None = None  # 0..100: the same on a scale, 20 dB + quality / 4
    ssimulacra2: float | None = None  # 100 or less, of the decoded file; with as few Gaussians as possible

    def __post_init__(self) -> None:
        given = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}, not {len(given)} of them")
        for name in ("bpp", "psnr"):
            if name in given and not 0 < given[name] < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, not {given[name]}")
        for name in ("n_gaussians", "target_size"):
            if name in given and operator.index(given[name]) < 1:
                raise ValueError(f"{name} must be 1 or more, not {given[name]}")
        if self.quality is not None:
            psnr_of_quality(self.quality)  # checks its range
        if self.ssimulacra2 is not None:
            check_score(self.ssimulacra2)

    @property
    def decibels(self) -> float | None:
        """The wanted PSNR, dB; None where none is wanted."""
        return self.psnr if self.quality is None else psnr_of_quality(self.quality)

    def most_bytes(self, height: int, width: int) -> int | None:
        """The size that the file of a picture may have, bytes; None where none is wanted."""
        return self.target_size if self.bpp is None else bytes_for_bpp(self.bpp, height, width)

    @property
    def chooses_amount(self) -> bool:
        """Whether the number of Gaussians is left to the encoder."""
        return self == Target()


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How the Gaussians are fitted; `imagegs.fit` explains and checks each of these."""

    recipe: RecipeName = "imagegs"
    effort: int = DEFAULT_EFFORT
    tune: Tune | None = None  # None: as the picture and the target ask for it (plan.py)
    steps: int | None = None
    time_budget: float | None = None  # seconds of wall-clock time
    init: Placement = "gradient"
    layers: int | None = None  # None: up to 8, or 1 of numbers in fixed point
    wrap: bool = False
    seed: int = 0
    device: DeviceName = "cpu"  # of the fit and of the settling


@dataclass(frozen=True, kw_only=True, eq=False)
class CompressionOptions:
    """All options of a compression."""

    target: Target = field(default_factory=Target)
    fit: FitSettings = field(default_factory=FitSettings)
    bits: Bits | None = None  # of numbers in fixed point, uncompressed; None: on a lattice, entropy-coded
    pixel_weights: NDArray[Any] | None = None  # (H, W) >= 0: how much the error of each pixel counts
    channel_weights: tuple[float, ...] | None = None  # (C,) above 0: how much that of each channel counts
    grain: GrainChoice = "off"  # or its strength, 0..1 of the incoherent part of what is lost
    exact: bool = False  # alpha is a channel like any other, and the colours that it hides are kept
    restore: RestorationName | None = None
    mask: Picture | None = None  # for restore="inpaint": white where pixels are unknown
    threads: int | None = None  # None: one a core
