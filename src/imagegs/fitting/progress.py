"""What a fit tells while it runs, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imagegs.fitting.placement import Placement
from imagegs.gaussians import Gaussians

RecipeName = Literal["imagegs", "paper"]
RECIPES: tuple[RecipeName, ...] = ("imagegs", "paper")


@dataclass(frozen=True)
class AttributeBits:
    """Bits of a number in the straight-through quantiser, by attribute."""

    position: int
    scale: int
    angle: int
    color: int


@dataclass(frozen=True)
class FitOptions:
    """How a fit runs; `n_gaussians` in 1..pixels."""

    n_gaussians: int
    steps: int
    placement: Placement = "gradient"
    bits: AttributeBits | None = None  # paper recipe: trains with the quantiser
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """One step of a fit. `psnr` is that of the step's picture before clipping, in dB."""

    step: int  # done, 1..steps
    steps: int  # at most
    n_gaussians: int
    loss: float
    psnr: float
    snapshot: Callable[[], Gaussians]  # the Gaussians as they are now; call it before the fit goes on
    done: bool = False
