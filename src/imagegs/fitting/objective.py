"""What a fit minimises: the picture of some Gaussians against the target, and its gradient."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs._native import DIAGONAL_SUMS, Scene
from imagegs._native import loss as loss_of
from imagegs.engine import engine
from imagegs.gaussians import BLENDS, BlendName, FloatArray, on_canvas
from imagegs.metrics import decibels


class LossWeights(NamedTuple):
    """loss = l1 mean|d| + l2 mean d^2 + ssim (1 - SSIM), d = picture - target; weighted means over pixels
    where these have weights.
    """

    l1: float = 0.0
    l2: float = 0.0
    ssim: float = 0.0


SQUARED_ERROR = LossWeights(l2=1.0)


@dataclass
class Shapes:
    """The numbers of N Gaussians as the renderer takes them, or the loss's gradient with respect to them.

    Like `imagegs.Gaussians`, but mutable, unchecked, and without a canvas; C-contiguous float32.
    """

    xy: FloatArray  # (N, 2) canvas pixels
    scale: FloatArray  # (N, 2) canvas pixels
    angle: FloatArray  # (N,) radians
    log_weight: FloatArray  # (N,)
    color: FloatArray  # (N, C)

    def __len__(self) -> int:
        return len(self.xy)

    def empty_like(self) -> Shapes:
        return Shapes(*(np.empty_like(getattr(self, f.name)) for f in fields(self)))


class Evaluation(NamedTuple):
    """The loss, its parts, and its gradient. The gradient's arrays are reused by the next call."""

    loss: float
    l2: float
    gradient: Shapes


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
    """A target (C, H, W) float32 and a loss, for one blend, on a canvas that wraps or not. Holds the
    picture-sized buffers of the fit.

    pixel_weights: (H, W) as `weights_of_pixels` gives them, or (C, H, W), of each channel's pixels, as
    `weighing.seen_weights` does. Pixels of weight 0 have no say in anything below.
    """

    def __init__(
        self,
        target: FloatArray,
        blend: BlendName,
        threads: int | None = None,
        pixel_weights: FloatArray | None = None,
        wrap: bool = False,
    ) -> None:
        self.target = target
        self.pixel_weights = pixel_weights
        self._mean_weight, self._diagonal_sums = 1.0, DIAGONAL_SUMS + 1
        if pixel_weights is not None and pixel_weights.ndim == 3:
            self._mean_weight = float(np.mean(pixel_weights, dtype=np.float64))
            self._diagonal_sums = DIAGONAL_SUMS + len(target)
        self.blend = blend
        self.wrap = wrap
        self.engine = engine(threads)
        self.rendered = np.empty_like(target)
        self._picture_gradient = np.empty_like(target)
        self._scene = Scene()
        self._gradient: Shapes | None = None

    def render(self, shapes: Shapes, keep: bool = False) -> FloatArray:
        """Paints into `rendered` (C, H, W), not clipped."""
        self._update(shapes)
        self._scene.render(self.engine, self.rendered, 0, 0, 1.0, 1.0, planar=True, keep=keep)
        return self.rendered

    def moved(self, xy: FloatArray, shift: FloatArray) -> FloatArray:
        """Centres (N, 2) on the canvas after a shift, which ends at the border where it would leave it.

        Taking each coordinate back by itself would move a Gaussian that is long and nearly parallel to the
        border sideways: all of it at once, which no small step foresees.
        """
        _, height, width = self.target.shape
        if self.wrap:
            return on_canvas(xy + shift, height, width, True)
        room = np.where(shift > 0, np.array([width, height], np.float32) - xy, xy)
        share = (room / np.maximum(np.abs(shift), np.float32(1e-12))).min(axis=1, keepdims=True)
        return on_canvas(xy + np.clip(share, 0, 1) * shift, height, width, False)

    def _update(self, shapes: Shapes) -> None:
        _, height, width = self.target.shape
        blend = BLENDS.index(self.blend)
        self._scene.update(self.engine, blend, self.wrap, width, height, *vars(shapes).values())

    def evaluate(self, shapes: Shapes, weights: LossWeights) -> Evaluation:
        """The loss of some Gaussians and its gradient."""
        self.render(shapes, keep=True)
        l1, l2, ssim = self._loss(weights)
        g = self._gradient_of(shapes)
        self._scene.gradient(self.engine, self.rendered, self._picture_gradient, *vars(g).values())
        return Evaluation(
            weights.l1 * l1 + weights.l2 * l2 + weights.ssim * (self._mean_weight - ssim), l2, g
        )

    def squared_error(self, shapes: Shapes) -> Evaluation:
        """evaluate(shapes, SQUARED_ERROR) in two thirds of its time, without leaving a picture or anything
        that the methods below need.
        """
        self._update(shapes)
        g = self._gradient_of(shapes)
        l2 = self._scene.squared_error(self.engine, self.target, self.pixel_weights, *vars(g).values())
        return Evaluation(l2, l2, g)

    def _gradient_of(self, shapes: Shapes) -> Shapes:
        if self._gradient is None or len(self._gradient) != len(shapes):
            self._gradient = shapes.empty_like()
        return self._gradient

    def residual(self) -> FloatArray:
        """Target - last picture, (C, H, W); valid until the next call of anything."""
        return np.subtract(self.target, self.rendered, out=self._picture_gradient)

    def normal_product(self, tangent: FloatArray) -> FloatArray:
        """J^T J times tangents (N, 6 + C) at the shapes just evaluated; see native/training/kernels/gauss_newton.h."""
        product = np.empty_like(tangent)
        self._scene.normal_product(self.engine, self.rendered, self.pixel_weights, tangent, product)
        return product

    def normal_diagonal(self, n: int) -> FloatArray:
        """The sums (N, 6 + 1 or 6 + C) that the diagonal of J^T J is made of, of the n Gaussians just
        evaluated; with weights of each channel's pixels its colours have one for each.
        """
        sums = np.empty((n, self._diagonal_sums), np.float32)
        self._scene.normal_diagonal(self.engine, self.rendered, self.pixel_weights, sums)
        return sums

    def removal_cost(self, n: int) -> FloatArray:
        """By how much the sum of squared errors would grow without each of the n Gaussians just evaluated."""
        cost = np.empty(n, np.float32)
        self._scene.removal_cost(self.engine, self.rendered, self.pixel_weights, self.residual(), cost)
        return cost

    def quality(self, shapes: Shapes) -> tuple[float, float]:
        """PSNR in dB and SSIM (zero padded, as in the loss) of the clipped picture, left in `rendered`."""
        np.clip(self.render(shapes), 0.0, 1.0, out=self.rendered)
        _, l2, ssim = self._loss(LossWeights(ssim=1.0))
        return decibels(l2), ssim

    def _loss(self, weights: LossWeights) -> tuple[float, float, float]:
        """Mean |d|, d^2 and SSIM of the picture, and the loss's gradient with respect to it."""
        picture, gradient = self.rendered, self._picture_gradient
        return loss_of(self.engine, picture, self.target, self.pixel_weights, gradient, *weights)
