"""The representation: anisotropic 2D Gaussians on a canvas, and how they are blended.

Everything else in the package either makes a `Gaussians` (fitting, codec) or paints one (rendering).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

BlendName = Literal["paper", "softmax"]
"""How Gaussians become a colour: that of the published method, or the one of this package."""
BLENDS: tuple[BlendName, ...] = ("paper", "softmax")
MAX_CHANNELS = 32
MAX_SIDE = 65_535
# Value ranges: wide enough for any fit, narrow enough that float32 arithmetic never overflows.
MAX_POSITION = 2.0**20  # |xy|, canvas pixels
MIN_SCALE, MAX_SCALE = 2.0**-10, 2.0**20  # canvas pixels
MAX_LOG_WEIGHT = 2.0**7  # |log_weight|, nats
MAX_COLOR = 2.0**20  # |color|
DEFAULT_LAYERS, MAX_LAYERS = 8, 64
FADE_POWER = 3  # of the weights of a layer between two levels; 1 would show most of it at once
LEAST_LAYER = 64  # Gaussians, of layers that a fit makes

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gaussians:
    """N Gaussians with C colour channels on a canvas of height x width pixels.

    All arrays are float32, C-contiguous, finite, copied and read-only. Coordinates are in canvas pixels: x to
    the right, y down, the top-left pixel's centre at (0.5, 0.5). The exponent of Gaussian i at a point is
    `log_weight_i - 1/2 d^T Sigma_i^-1 d`, with `Sigma_i = R(angle_i) diag(scale_i^2) R(angle_i)^T`.
    The order of the Gaussians matters only where exponents tie exactly: the first one wins.

    With `wrap` the canvas is periodic, for textures that tile: centres are taken modulo its width and height,
    and each Gaussian has eight copies, one width or height away or both.

    Raises ValueError when the shapes disagree, a value is not finite or out of its range, N is 0, C is not
    in 1..32, or the "paper" blend is to wrap; TypeError for a canvas side that is no integer or channels that
    are no tuple of strings.

    >>> gaussians = imagegs.Gaussians(
    ...     xy=np.array([[8, 8], [24, 8]]),
    ...     scale=np.array([[4, 4], [6, 2]]),
    ...     angle=np.array([0, 0.5]),
    ...     log_weight=np.zeros(2),
    ...     color=np.array([[1, 0, 0], [0, 0, 1]]),
    ...     height=16,
    ...     width=32,
    ... )
    >>> len(gaussians), gaussians.channels
    (2, ('R', 'G', 'B'))
    """

    xy: NDArray[np.float32]  # (N, 2) centres, canvas pixels, may lie outside the canvas
    scale: NDArray[np.float32]  # (N, 2) standard deviations along the two axes, canvas pixels
    angle: NDArray[np.float32]  # (N,) of the first axis, radians, counted from +x towards +y
    log_weight: NDArray[np.float32]  # (N,) added to the exponent; zeros in the "paper" blend
    color: NDArray[np.float32]  # (N, C) about 0..1, not clipped
    height: int  # canvas, 1..65535
    width: int
    channels: tuple[str, ...] = ("R", "G", "B")  # C names, unique and not empty
    blend: BlendName = "softmax"
    bit_depth: Literal[8, 16] = 8  # of the picture that was fitted; the depth to decode to
    # Numbers of Gaussians, 1 or more each, N in all: the first layers alone are a picture too. (): no layers.
    layers: tuple[int, ...] = ()
    wrap: bool = False  # the canvas is periodic ("softmax" blend only)

    def __post_init__(self) -> None:
        n, c = len(self.xy), len(self.channels)
        shapes = {"xy": (n, 2), "scale": (n, 2), "angle": (n,), "log_weight": (n,), "color": (n, c)}
        if n == 0:
            raise ValueError("at least one Gaussian is needed")
        if not 1 <= c <= MAX_CHANNELS:
            raise ValueError(f"1 to {MAX_CHANNELS} channels are possible, not {c}")
        if not isinstance(self.channels, tuple) or not all(isinstance(name, str) for name in self.channels):
            raise TypeError(f"channels are a tuple of names, not {self.channels!r}")
        if len(set(self.channels)) != c or not all(self.channels):
            raise ValueError(f"channel names must be unique and not empty: {self.channels}")
        for side in (self.height, self.width):
            if isinstance(side, bool) or not isinstance(side, (int, np.integer)):
                raise TypeError(f"a canvas side is a whole number of pixels, not {side!r}")
            if not 1 <= side <= MAX_SIDE:
                raise ValueError(f"a canvas side is 1 to {MAX_SIDE} pixels, not {side}")
        if self.blend not in BLENDS or self.bit_depth not in (8, 16):
            raise ValueError(f"unknown blend or bit depth: {self.blend!r}, {self.bit_depth}")
        check_wrap(self.wrap, self.blend)
        for name, shape in shapes.items():
            array = np.array(
                getattr(self, name), dtype=np.float32, order="C"
            )  # a copy: nobody else writes to it
            array.flags.writeable = False
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has values that are not finite")
            object.__setattr__(self, name, array)
        limits = {"xy": MAX_POSITION, "scale": MAX_SCALE, "log_weight": MAX_LOG_WEIGHT, "color": MAX_COLOR}
        for name, limit in limits.items():
            if np.abs(getattr(self, name)).max() > limit:
                raise ValueError(f"{name} has values beyond {limit:g}")
        if self.scale.min() < MIN_SCALE:
            raise ValueError(f"scale has values below {MIN_SCALE:g}")
        if self.layers and (min(self.layers) < 1 or sum(self.layers) != n or len(self.layers) > MAX_LAYERS):
            raise ValueError(f"{n} Gaussians are not in layers of {self.layers}, at most {MAX_LAYERS}")
        if len(self.layers) == 1:
            object.__setattr__(self, "layers", ())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Unpickled and copied ones are checked and read-only like any others."""
        self.__init__(**state)  # type: ignore[misc]

    def __len__(self) -> int:
        """The number of Gaussians, N."""
        return len(self.xy)

    def replace(self, **changes: Any) -> Gaussians:
        """A copy with some fields changed (and all checked again)."""
        return replace(self, **changes)

    def at_lod(self, lod: float) -> Gaussians:
        """The level of detail 0..1: at 0 the first layer alone, at 1 all Gaussians.

        The layers are spread evenly over 0..1. Between two levels the next layer's weights rise from nothing,
        with the cube of the way, so that the picture changes without a jump and about evenly.

        Raises ValueError for other levels.
        """
        whole, share = level_of(lod, len(self.layers))
        kept = self.first_layers(whole + (share > 0))
        return faded(kept, share, kept.layers[-1]) if share else kept

    def first_layers(self, n: int) -> Gaussians:
        """The Gaussians of the first n layers, 1 or more; all where there are no layers."""
        if n >= len(self.layers):
            return self
        end = sum(self.layers[:n])
        parts = {name: getattr(self, name)[:end] for name in ("xy", "scale", "angle", "log_weight", "color")}
        return self.replace(**parts, layers=self.layers[:n])


def check_wrap(wrap: bool, blend: BlendName) -> None:
    """Raises ValueError where a blend cannot wrap."""
    if wrap and blend != "softmax":
        raise ValueError(f"only the softmax blend wraps, not the {blend} blend")


def on_canvas(xy: FloatArray, height: int, width: int, wrap: bool) -> FloatArray:
    """Centres (N, 2) brought to a canvas: modulo its sides where it wraps, else to its nearest border."""
    corner = np.array([width, height], np.float32)
    return np.mod(xy, corner) if wrap else np.clip(xy, 0, corner)


def with_copies(gaussians: Gaussians) -> Gaussians:
    """Turns a canvas that wraps into one that does not, by adding each Gaussian's eight copies.

    Inside of the canvas the 9 N Gaussians paint the same. They are in the order of docs/format.md, section 9,
    and have no layers.
    """
    g = gaussians
    home = on_canvas(g.xy, g.height, g.width, wrap=True)
    sides = np.array([g.width, g.height], np.float32)
    shifts = np.array([(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1) if (i, j) != (0, 0)], np.float32)
    copies = (home[:, None] + shifts * sides).reshape(-1, 2)
    rest = {
        name: np.concatenate([values, values.repeat(len(shifts), axis=0)])
        for name in ("scale", "angle", "log_weight", "color")
        for values in [getattr(g, name)]
    }
    return g.replace(xy=np.concatenate([home, copies]), **rest, wrap=False, layers=())


def level_of(lod: float, layers: int) -> tuple[int, float]:
    """How many layers a level of detail shows whole, and which share (0..1) of the next one.

    Raises ValueError for levels that are not 0..1.
    """
    if not 0 <= lod <= 1:
        raise ValueError(f"a level of detail is 0 to 1, not {lod:g}")
    if layers <= 1:
        return layers, 0.0
    place = 1 + lod * (layers - 1)
    return math.floor(place), place - math.floor(place)


def faded(gaussians: Gaussians, share: float, n: int) -> Gaussians:
    """Fades the last n Gaussians in by a share, above 0 and at most 1: their weights are times
    share^FADE_POWER.
    """
    log_weight = gaussians.log_weight.copy()
    last = log_weight[len(log_weight) - n :]
    np.maximum(last + np.float32(FADE_POWER * math.log(share)), -MAX_LOG_WEIGHT, out=last)
    return gaussians.replace(log_weight=log_weight)


def layer_ends(n: int, layers: int) -> list[int]:
    """The number of Gaussians up to the end of each layer, for n Gaussians in at most so many layers.

    Quarters of n, and below the first quarter (the first half of three layers or two) each the half of the
    next; layers of fewer than LEAST_LAYER Gaussians are not worth their bytes and belong to the next one.
    """
    shares = [0.75, 1.0] if layers > 3 else [1.0]
    while len(shares) < layers:
        shares.insert(0, (0.5 if shares[0] == 0.75 else shares[0] / 2))
    ends: list[int] = []
    for share in shares[:-1]:
        end = round(share * n)
        if end - (ends[-1] if ends else 0) >= LEAST_LAYER:
            ends.append(end)
    return [*ends, n]


def widened(gaussians: Gaussians, variance: float) -> Gaussians:
    """Blurs each Gaussian on its own, by a filter of this variance (canvas pixels squared, 0 or more).

    Sigma' = Sigma + variance I, and the log-weight falls by log sqrt(det Sigma' / det Sigma), so that the
    integral of exp(e) stays (Zwicker et al. 2001, "EWA splatting"; Yu et al. 2024, "Mip-Splatting"). A box of
    side a has the variance a^2 / 12. Blends that divide by the sum of weights are only about blurred by it:
    `render` takes means of samples instead.

    Raises ValueError for the paper blend, which has no log-weights, for another variance, and where numbers
    leave the ranges of `Gaussians`.
    """
    if gaussians.blend != "softmax":
        raise ValueError(f"only the softmax blend has log-weights, not the {gaussians.blend} blend")
    if not variance >= 0:
        raise ValueError(f"a variance is 0 or more, not {variance:g}")
    scale = np.sqrt(np.square(gaussians.scale, dtype=np.float64) + variance)
    fall = np.log(scale / gaussians.scale).sum(axis=1)
    return gaussians.replace(scale=scale, log_weight=gaussians.log_weight - fall)


def canonical_axes(scale: FloatArray, angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scales (N, 2) with the longer one first, and the angles (N,) in [0, pi) that then paint the same."""
    swap = scale[:, 0] < scale[:, 1]
    turned = np.mod(angle.astype(np.float64) + np.where(swap, math.pi / 2, 0.0), math.pi).astype(np.float32)
    turned[turned >= math.pi] = 0  # rounding to float32 can land on pi itself
    return np.where(swap[:, None], scale[:, ::-1], scale), turned
