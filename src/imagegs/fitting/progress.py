"""What a fit tells while it runs, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imagegs.choices import Tune
from imagegs.codec.bits import Bits
from imagegs.fitting.device.choosing import ChosenDevice
from imagegs.fitting.placement import Placement
from imagegs.fitting.visual import Observer
from imagegs.gaussians import MAX_SCALE, FloatArray, Gaussians, layer_ends
from imagegs.pictures.transparency import Alphas


@dataclass(frozen=True)
class FitOptions:
    """How a fit runs; `n_gaussians` in 1..pixels. All from `tune` on are the imagegs recipe's."""

    n_gaussians: int
    steps: int
    placement: Placement = "gradient"
    bits: Bits | None = None  # paper recipe: trains with the quantiser
    seed: int = 0
    tune: Tune = "balanced"
    time_budget: float | None = None  # seconds of wall-clock time, in place of the steps
    start: Gaussians | None = None  # goes on from these
    layers: int = 1  # of which the first ones alone are a picture too; at most
    pixel_weights: FloatArray | None = None  # as `Objective` takes them
    alphas: Alphas = ()  # of the channels
    wrap: bool = False  # the canvas is periodic
    observer: Observer | None = None  # of the target; where it is tuned for the eye
    largest_scale: float = MAX_SCALE  # pixels
    device: ChosenDevice = "cpu"

    @property
    def ends(self) -> list[int]:
        """The numbers of Gaussians up to the end of each layer."""
        return layer_ends(self.n_gaussians, self.layers)


@dataclass(frozen=True)
class Progress:
    """One step of a fit, which `fit_progressively` yields and a `progress` function is called with.

    `psnr` is in dB, of the step's picture before it is clipped. Where pixels have weights it is that of the
    weighted error; where the picture has alpha, that of what is seen, but for second orders.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> steps = []
    >>> gaussians = imagegs.fit(image, 20, effort=1, progress=steps.append)
    >>> steps[0].step, steps[-1].done
    (1, True)
    """

    step: int  # done, 1..steps
    steps: int  # at most
    n_gaussians: int
    loss: float
    psnr: float
    snapshot: Callable[[], Gaussians]  # the Gaussians as they are now; call it before the fit goes on
    done: bool = False
    phase: Literal["adam", "gauss-newton"] = "adam"  # what made the step
