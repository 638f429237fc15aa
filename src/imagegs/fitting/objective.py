"""What a fit minimises: the picture of some Gaussians against the target, and its gradient."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs import _native
from imagegs._native import Scene, Spares
from imagegs.engine import engine
from imagegs.fitting.visual import Observer
from imagegs.gaussians import BLENDS, MAX_SCALE, BlendName, FloatArray, on_canvas
from imagegs.metrics import decibels
from imagegs.own_units import OWN


class LossWeights(NamedTuple):
    """loss = l1 mean|d| + l2 mean d^2 + ssim (1 - SSIM) + visual x distance, d = picture - target; weighted
    means over pixels where these have weights. The distance is what the objective's observer sees.
    """

    l1: float = 0.0
    l2: float = 0.0
    ssim: float = 0.0
    visual: float = 0.0


SQUARED_ERROR = LossWeights(l2=1.0)


class Room(NamedTuple):
    """Where Gaussians may go: a rectangle for their centres, canvas pixels, and a largest scale."""

    left: float
    top: float
    right: float
    bottom: float
    largest_scale: float = MAX_SCALE


class LossMeans(NamedTuple):
    """What a loss is made of, over all values: means of |d|, d^2 and SSIM, and the observer's distance. The
    last two are 0 where their weights are.
    """

    l1: float
    l2: float
    ssim: float
    visual: float


@dataclass
class GaussianArrays:
    """The numbers of N Gaussians as the renderer takes them.

    Like `imagegs.Gaussians`, but mutable, unchecked, and without a canvas; C-contiguous float32.
    """

    xy: FloatArray  # (N, 2) canvas pixels
    scale: FloatArray  # (N, 2) canvas pixels
    angle: FloatArray  # (N,) radians
    log_weight: FloatArray  # (N,)
    color: FloatArray  # (N, C)

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def own_units(self) -> tuple[int, int]:
        """The shape (N, 6 + C) of arrays in each Gaussian's own units: see `OWN`."""
        return len(self.xy), OWN["color"].start + self.color.shape[1]


class Evaluation(NamedTuple):
    """The loss, its parts, and its gradient (N, 6 + C) in own units."""

    loss: float
    l2: float
    gradient: FloatArray


def weights_of_pixels(weights: NDArray[Any] | None, height: int, width: int) -> FloatArray | None:
    """Weights (H, W) >= 0, scaled to mean 1; None stays None: every pixel counts the same.

    Raises ValueError for another shape and for values that are negative, not finite, or all 0.
    """
    if weights is None:
        return None
    values = np.asarray(weights, np.float32)
    if values.shape != (height, width):
        raise ValueError(f"the weights of pixels have shape {values.shape}, the picture {(height, width)}")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("the weights of pixels are negative or not finite somewhere")
    if not values.any():
        raise ValueError("the weights of pixels are all zero")
    values = values / values.max()  # so that no sum overflows
    return np.ascontiguousarray(values / np.float32(np.mean(values, dtype=np.float64)))


class Objective:
    """A target (C, H, W) float32 and a loss, for one blend, on a canvas that wraps or not.
    What a method answers is about the Gaussians that it is given, never about those of an earlier call.

    pixel_weights: (H, W) as `weights_of_pixels` gives them, or (C, H, W), of each channel's pixels, as
    `weighing.seen_weights` does. Pixels of weight 0 have no say in anything below.
    observer: of the target, where the loss is to have a visual part.
    room: where centres and scales may go; by default any scale, and the whole canvas.
    """

    def __init__(
        self,
        target: FloatArray,
        blend: BlendName,
        threads: int | None = None,
        pixel_weights: FloatArray | None = None,
        wrap: bool = False,
        observer: Observer | None = None,
        room: Room | None = None,
    ) -> None:
        self.target = target
        self.room = room or Room(0.0, 0.0, target.shape[2], target.shape[1])
        self._weigh(pixel_weights)
        self.blend = blend
        self.wrap = wrap
        self.observer = observer
        self.engine = engine(threads)
        self._scene = Scene()
        self._spares = Spares()

    @cached_property
    def scratch(self) -> FloatArray:
        """(C, H, W), memory for one call. An evaluation of the loss leaves its slopes there, until the next
        call.
        """
        return np.empty_like(self.target)

    def _weigh(self, pixel_weights: FloatArray | None) -> None:
        self.pixel_weights = pixel_weights
        self._mean_weight = 1.0
        if pixel_weights is not None and pixel_weights.ndim == 3:
            self._mean_weight = float(np.mean(pixel_weights, dtype=np.float64))

    def weighed(self, pixel_weights: FloatArray | None) -> Objective:
        """The same target with other weights of its pixels, and without an observer. Both share the memory
        for their calls: what one leaves in its scratch is there until the next call of either.
        """
        assert self.scratch is not None  # made now, so that both have the same
        other = copy(self)
        other._weigh(pixel_weights)
        other.observer = None
        return other

    def beside(self, target: FloatArray, pixel_weights: FloatArray | None) -> Objective:
        """An objective for another target (C, h, w), which has its own size, without an observer."""
        return Objective(target, self.blend, self.engine.threads, pixel_weights, self.wrap)

    def rest(self) -> None:
        """Gives back memory that the next look needs again."""
        if self.observer is not None:
            self.observer.rest()
            _native.give_back_memory()

    def render(self, arrays: GaussianArrays, out: FloatArray | None = None) -> FloatArray:
        """The picture (C, H, W), not clipped, in `out` where it is given."""
        self._update(arrays)
        picture = np.empty_like(self.target) if out is None else out
        self._scene.render(self.engine, picture, 0, 0, 1.0, 1.0, planar=True)
        return picture

    def kept(self, arrays: GaussianArrays) -> KeptRender:
        """The picture with what it was made of: see `KeptRender`."""
        self._update(arrays)
        return KeptRender(self, arrays.own_units, _native.KeptRender(self.engine, self._scene, self._spares))

    def moved(self, xy: FloatArray, shift: FloatArray) -> FloatArray:
        """Centres (N, 2) after a shift, which ends where it would leave the room; those without one stay.

        Taking each coordinate back by itself would move a Gaussian that is long and nearly parallel to the
        border sideways: all of it at once, which no small step foresees.
        """
        _, height, width = self.target.shape
        if self.wrap:
            return on_canvas(xy + shift, height, width, True)
        low, high = np.array(self.room[:4], np.float32).reshape(2, 2)
        room = np.where(shift > 0, high - xy, xy - low)
        share = (room / np.maximum(np.abs(shift), np.float32(1e-12))).min(axis=1, keepdims=True)
        moved: FloatArray = np.clip(xy + np.clip(share, 0, 1) * shift, low, high)
        return np.where(shift == 0, xy, moved)

    def _update(self, arrays: GaussianArrays) -> None:
        _, height, width = self.target.shape
        blend = BLENDS.index(self.blend)
        self._scene.update(self.engine, blend, self.wrap, width, height, *vars(arrays).values())

    def evaluate(self, arrays: GaussianArrays, weights: LossWeights) -> Evaluation:
        """The loss of some Gaussians and its gradient."""
        return self.kept(arrays).evaluate(weights)

    def squared_error(self, arrays: GaussianArrays, target: Any = None) -> Evaluation:
        """evaluate(arrays, SQUARED_ERROR) in two thirds of its time.

        target: another one in place of the objective's: (C, H, W), or what `KeptRender.stand_in` gave.
        """
        self._update(arrays)
        gradient = np.empty(arrays.own_units, np.float32)
        scene = self.engine, self._scene, self._spares
        target = self.target if target is None else target
        l2 = _native.squared_error(*scene, target, self.pixel_weights, gradient)
        return Evaluation(l2, l2, gradient)

    def measure(self, arrays: GaussianArrays, weights: LossWeights) -> LossMeans:
        """The loss's parts for some Gaussians, without a gradient. The scratch is overwritten."""
        return self.loss(self.render(arrays, self.scratch), weights)

    def quality(self, arrays: GaussianArrays) -> tuple[float, float]:
        """PSNR in dB and SSIM (zero padded, as in the loss) of the clipped picture."""
        picture = self.render(arrays)
        np.clip(picture, 0.0, 1.0, out=picture)
        means = self.loss(picture, LossWeights(ssim=1.0), self.scratch)
        return decibels(means.l2), means.ssim

    def loss(
        self, picture: FloatArray, weights: LossWeights, gradient: FloatArray | None = None
    ) -> LossMeans:
        """The loss's parts for a picture (C, H, W).

        gradient: an array (C, H, W) that takes the loss's gradient with respect to the picture; None: it is
        not wanted, which is half the work where there is an observer.
        """
        *of_values, visual = weights
        into = np.empty_like(picture) if gradient is None and weights.ssim != 0 else gradient
        means = _native.loss(self.engine, picture, self.target, self.pixel_weights, into, *of_values)
        if visual == 0:
            return LossMeans(*means, 0.0)
        if self.observer is None:
            raise ValueError("an objective without an observer has no visual loss")
        if gradient is None:
            return LossMeans(*means, self.observer.distance(picture))
        return LossMeans(*means, self.observer.add_gradient(picture, visual, gradient))

    def total(self, means: LossMeans, weights: LossWeights) -> float:
        """The loss of its parts."""
        unlike = self._mean_weight - means.ssim
        seen = weights.visual * means.visual
        return weights.l1 * means.l1 + weights.l2 * means.l2 + weights.ssim * unlike + seen


class KeptRender:
    """The picture of N Gaussians and what it was made of: a value, which stays what it is whatever its
    objective evaluates next. It holds as much memory as about three pictures; what one that is dropped held
    goes to the next.
    """

    def __init__(self, objective: Objective, own_units: tuple[int, int], native: _native.KeptRender) -> None:
        self.objective = objective
        self._own_units, self._native = own_units, native

    def __len__(self) -> int:
        return self._own_units[0]

    @property
    def picture(self) -> FloatArray:
        """(C, H, W), not clipped; read-only."""
        return self._native.picture

    def residual(self, out: FloatArray | None = None) -> FloatArray:
        """Target - picture, (C, H, W), in `out` where it is given."""
        return np.subtract(self.objective.target, self.picture, out=out)

    def evaluate(self, weights: LossWeights) -> Evaluation:
        """The loss and its gradient."""
        objective = self.objective
        means = objective.loss(self.picture, weights, objective.scratch)
        return Evaluation(objective.total(means, weights), means.l2, self.gradient(objective.scratch))

    def stand_in(self) -> Any:
        """The target whose mean squared error has, at this picture, the slopes of the loss that was evaluated
        last. It lies in the objective's scratch.

        The mean of (picture - target)^2 has the slope 2 (picture - target) / size.
        """
        slope = self.objective.scratch
        slope *= np.float32(-slope.size / 2)
        slope += self.picture
        return slope

    def gradient(self, color_gradient: FloatArray) -> FloatArray:
        """(N, 6 + C), in own units, of a loss whose gradient with respect to the picture is `color_gradient`
        (C, H, W).
        """
        gradient = np.empty(self._own_units, np.float32)
        self._native.gradient(color_gradient, gradient)
        return gradient

    def normal_product(self, tangent: FloatArray, metric: FloatArray | None) -> FloatArray:
        """J^T W J times a tangent (N, 6 + C), both in own units.

        J is the Jacobian of the picture, W are the weights of its pixels: `metric`, in the shapes of
        `Objective.pixel_weights`.
        """
        product = np.empty_like(tangent)
        self._native.normal_product(metric, tangent, product)
        return product

    def normal_diagonal(self, metric: FloatArray | None) -> FloatArray:
        """(N, 6 + C) the diagonal of J^T W J: see `normal_product`."""
        diagonal = np.empty(self._own_units, np.float32)
        self._native.normal_diagonal(metric, diagonal)
        return diagonal

    def removal_cost(self, metric: FloatArray | None) -> FloatArray:
        """(N,) by how much the sum of squared errors would grow without each Gaussian; `metric` has the
        weights of pixels.
        """
        cost = np.empty(len(self), np.float32)
        self._native.removal_cost(metric, self.objective.target, cost)
        return cost
