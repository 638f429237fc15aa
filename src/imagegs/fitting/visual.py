"""A loss that sees as SSIMULACRA 2 does, for pictures that people look at.

The metric (Jon Sneyers, Cloudinary 2022; `ssimulacra.score` has it whole) compares structure
and edges in the colour space XYB at six scales, and adds up weighed means and 4-norms of the errors;
native/training/visual_loss.h has value and gradient. The cubic that makes a score of the sum is left out
here, and so are weights below 0.1, since others are above 100. The finest structure weighs more than it does
in the metric: else fine texture is smeared for it, which other measures (ST-LPIPS) and eyes mind.
"""

from __future__ import annotations

from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from imagegs import _native
from imagegs._native import Engine
from imagegs.fitting.blurring import gaussian_blur
from imagegs.fitting.halving import doubled, halved, halved_products
from imagegs.gaussians import FloatArray

SCALES, COMPONENTS = 6, ("X", "Y", "B - Y")
ERRORS = ("structure", "added", "lost")
_MEANS, _NORMS = 0, 1
# The weights of each component's errors at the scales 0, 1, ...: the metric's, but for 200 and factors of 3.
_WEIGHTS = {
    ("X", "structure", _NORMS): (0, 1.1041726426657346, 1.8422455520539298, 1.8787594979546387),
    ("X", "added", _MEANS): (0, 0, 0, 0, 0.9677937080626833),
    ("X", "added", _NORMS): (0, 0, 11.441172603757666, 10.94906990605142, 0.9981766977854967),
    ("Y", "structure", _MEANS): (200, 0, 225.20515300849274, 176.39317598450694),
    ("Y", "structure", _NORMS): (
        *(3 * 7.466890328078848, 3 * 6.683678146179332, 19.213238186143016, 24.43300999870476),
        34.77906344483772,
    ),
    ("Y", "added", _NORMS): (0, 0, 0, 0.28520802612117757, 44.835625328877896),
    ("Y", "lost", _NORMS): (17.445833984131262, 1.027889937768264),
    ("B - Y", "structure", _MEANS): (0, 0, 0, 0, 95.1080498811086),
    ("B - Y", "structure", _NORMS): (0, 0, 0, 8.826982764996862),
    ("B - Y", "added", _MEANS): (0, 0, 0, 0, 0.9863978034400682),
    ("B - Y", "added", _NORMS): (0, 0, 0, 23.19243343998926, 171.2667255897307),
    ("B - Y", "lost", _MEANS): (0, 0, 0, 0, 0.9834382792465353),
    ("B - Y", "lost", _NORMS): (0, 0, 0, 0, 0.9807858872435379),
}
METRIC_SIGMA = 3.0  # pixels of the window in which errors weigh alike
MOST_METRIC = 7.0  # x the weight that the squared error gives a pixel
LEAST_ROOT = 1e-6  # of a channel's weight, below which nothing of it is seen


def loss_weights() -> NDArray[np.float64]:
    """(scale, component, error, 2): the weights of the means, and of the 4-norms."""
    weights = np.zeros((SCALES, len(COMPONENTS), len(ERRORS), 2))
    for (component, error, of), values in _WEIGHTS.items():
        weights[: len(values), COMPONENTS.index(component), ERRORS.index(error), of] = values
    return weights


def weights_for(n_channels: int) -> NDArray[np.float64]:
    """`loss_weights` for pictures of so many channels: gray has no chroma."""
    weights = loss_weights()
    if n_channels < 3:
        weights[:, [0, 2]] = 0
    return weights


class Observer:
    """Compares pictures with a target as an eye does.

    target: (C, H, W) float32 of Y, Y A, R G B or R G B A, sRGB-encoded. factors (C,): bring its samples, and
    those of the pictures, to 0..1; what lies beyond counts as the nearer of the two. Colours under alpha are
    seen over black and over white. pixel_weights: (H, W) of mean 1, or None. One thread at a time may ask.
    """

    def __init__(
        self, engine: Engine, target: FloatArray, factors: FloatArray, pixel_weights: FloatArray | None = None
    ) -> None:
        self._engine = engine
        self._weights = weights_for(len(target))
        factors = np.ascontiguousarray(factors, np.float32)
        self._native = _native.VisualLoss(engine, target, pixel_weights, factors, self._weights)

    def rest(self) -> None:
        """Gives back the memory of pictures, two thirds of all; the next look takes it again."""
        self._native.rest()

    def distance(self, picture: FloatArray) -> float:
        """The sum of weighed errors of a picture (C, H, W): 0 for the target."""
        return float(self._native.evaluate(self._engine, picture, self._weights, None))

    def add_gradient(self, picture: FloatArray, weight: float, gradient: FloatArray) -> float:
        """The distance; adds `weight` times its gradient by the picture to an array (C, H, W)."""
        return float(self._native.evaluate(self._engine, picture, weight * self._weights, gradient)) / weight


def local_metric(
    engine: Engine,
    picture: FloatArray,
    target: FloatArray,
    slope: FloatArray,
    pixel_weights: FloatArray | None,
) -> FloatArray:
    """The weights by which squared errors stand for another loss near a picture.

    slope: the gradient of the loss with respect to the picture. All of them (C, H, W). pixel_weights: (H, W),
    (C, H, W), or None for 1: the result where there is hardly an error. Where they are 0 the result is 0. It
    is (C, H, W) for weights of that shape, or else (H, W).

    The mean of w e^2, e = picture - target, has the slope 2 w e / size. So w = size / 2 sum(slope e) /
    sum(e^2), with sums over a window, what of it is inside the picture: iteratively reweighted least squares
    (Holland and Welsch 1977). It is kept within 0..MOST_METRIC, and is the same for 2 x 2 pixels. Where
    channels have weights of their own, the same holds of w over these, and of errors times their roots.
    """
    if pixel_weights is not None and pixel_weights.ndim == 3:
        return pixel_weights * _metric_of_channels(engine, picture, target, slope, pixel_weights)
    sums = halved_products(engine, picture, target, slope)
    _, height, width = picture.shape
    if pixel_weights is None:
        return doubled(_metric(engine, sums, picture.size), height, width)
    of_half = halved(engine, pixel_weights[None])[0]
    metric = doubled(_metric(engine, sums, picture.size, of_half), height, width)
    seen: FloatArray = metric * (pixel_weights > 0)
    return seen


def _metric_of_channels(
    engine: Engine, picture: FloatArray, target: FloatArray, slope: FloatArray, weights: FloatArray
) -> FloatArray:
    """(H, W): what the weights (C, H, W) of channels are multiplied with."""
    sums: FloatArray = reduce(
        np.add, map(partial(_weighed_products, engine), picture, target, slope, weights)
    )
    return doubled(_metric(engine, sums, picture.size), *picture.shape[1:])


def _weighed_products(
    engine: Engine, picture: FloatArray, target: FloatArray, slope: FloatArray, weights: FloatArray
) -> FloatArray:
    """`halved_products` of one channel, all (H, W): of errors times the roots of the weights."""
    roots = np.sqrt(weights)
    without = np.divide(slope, roots, out=np.zeros_like(slope), where=roots > LEAST_ROOT)
    return halved_products(engine, (picture * roots)[None], (target * roots)[None], without[None])


def _metric(engine: Engine, sums: FloatArray, size: int, of_no_error: FloatArray | float = 1.0) -> FloatArray:
    """(H, W) of sums (2, H, W): of slope times error, and of squared errors."""
    along, power = gaussian_blur(engine, sums, METRIC_SIGMA / 2, 3.0)
    along *= np.float32(size / 2)
    hardly = np.float32(0.02) * power.mean() + np.float32(1e-12)
    metric: FloatArray = np.clip((along + hardly * of_no_error) / (power + hardly), 0, MOST_METRIC)
    return metric
