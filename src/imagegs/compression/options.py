"""What a compression is asked for, apart from the picture: small frozen records with checks.

`imagegs.compress` has the same names as keywords; the command line fills these records from its options.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from numpy.typing import NDArray

from imagegs.codec import Bits, bytes_for_bpp
from imagegs.compression.quality_target import psnr_of_quality
from imagegs.fitting import DEFAULT_EFFORT, RecipeName, Tune
from imagegs.fitting.placement import Placement
from imagegs.grain.estimating import AUTO_STRENGTH
from imagegs.pictures.pixels import Picture
from imagegs.restoration.restoring import Mode

GrainChoice = Literal["auto", "off"] | float


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the file comes to: one of these, or none for one Gaussian in 100 pixels.

    Raises ValueError for more than one and for numbers out of range.
    """

    n_gaussians: int | None = None  # 1 or more
    bpp: float | None = None  # bits a pixel, the whole file counted, never exceeded
    target_size: int | None = None  # bytes of the whole file, never exceeded
    psnr: float | None = None  # dB, of the file decoded again, by as few Gaussians as that takes
    quality: float | None = None  # 0..100: the same on a scale, 20 dB + quality / 4

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
            psnr_of_quality(self.quality)  # its range

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
    tune: Tune | None = None  # None: "balanced", or "psnr" for a picture that is restored
    steps: int | None = None
    time_budget: float | None = None  # seconds of wall-clock time
    init: Placement = "gradient"
    layers: int | None = None  # None: up to 8, or 1 of numbers in fixed point
    wrap: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class CompressionOptions:
    """All that a compression is asked for."""

    target: Target = field(default_factory=Target)
    fit: FitSettings = field(default_factory=FitSettings)
    bits: Bits | None = None  # of numbers in fixed point, uncompressed; None: on a lattice, entropy-coded
    pixel_weights: NDArray[Any] | None = None  # (H, W) >= 0: how much the error of each pixel counts
    channel_weights: tuple[float, ...] | None = None  # (C,) above 0: the same of each channel
    grain: GrainChoice = "off"  # or its strength, 0..1, in proportion to the incoherent part of what is lost
    exact: bool = False  # alpha is a channel like another, and what it hides is kept
    restore: Mode | Literal["auto"] | None = None
    mask: Picture | None = None  # for the restoration "inpaint": white where pixels are unknown
    threads: int | None = None  # None: one a core

    def grain_strength(self, has_maps: bool) -> float:
        """Of the grain that is looked for, 0..1; has_maps: of a texture stack, which has none.

        Raises ValueError for a choice that is none, or does not go with the other options.
        """
        if self.grain == "off":
            return 0.0
        if self.grain == "auto":
            return 0.0 if has_maps or self.restore is not None else AUTO_STRENGTH
        if isinstance(self.grain, (bool, str)) or not 0 <= self.grain <= 1:
            raise ValueError(f"the grain is auto, off, or a strength from 0 to 1, not {self.grain!r}")
        if self.grain and has_maps:
            raise ValueError("a texture stack has no grain")
        if self.grain and self.restore is not None:
            raise ValueError("a restoration takes noise away: no grain with it")
        return float(self.grain)
