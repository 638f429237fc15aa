"""What a fit goes by: the loss of each tune, and how squared errors stand for it."""

from __future__ import annotations

import math
from typing import NamedTuple

from imagegs.choices import Tune
from imagegs.fitting.objective import (
    SQUARED_ERROR,
    Evaluation,
    GaussianArrays,
    KeptRender,
    LossWeights,
    Objective,
)
from imagegs.fitting.visual import local_metric
from imagegs.gaussians import FloatArray

_LOSSES: dict[Tune, LossWeights] = {
    "psnr": SQUARED_ERROR,
    "balanced": LossWeights(l2=1.0, ssim=0.01),
    "ssim": LossWeights(l2=1.0, ssim=0.03),
}
# Weight of the visual distance, x the root of the mean squared error: both parts then fall alike with errors.
VISUAL_SHARE = 1.6e-3


def loss_of(tune: Tune, l2: float) -> LossWeights:
    """The loss of a tune near a picture of mean squared error l2."""
    if tune == "visual":
        return LossWeights(l2=1.0, visual=VISUAL_SHARE * math.sqrt(l2))
    return _LOSSES[tune]


def evaluated(objective: Objective, arrays: GaussianArrays, loss: LossWeights) -> Evaluation:
    """The loss, by the shortest way."""
    if loss == SQUARED_ERROR:
        return objective.squared_error(arrays)
    return objective.evaluate(arrays, loss)


class Measured(NamedTuple):
    """A loss without its gradient, and the mean squared error in it."""

    loss: float
    l2: float


def measured(objective: Objective, arrays: GaussianArrays, loss: LossWeights) -> Measured:
    """The loss alone: about half the work of `evaluated`. The objective's scratch is overwritten."""
    means = objective.measure(arrays, loss)
    return Measured(objective.total(means, loss), means.l2)


class Aim(NamedTuple):
    """A loss near some picture, and the weights of pixels by which squared errors stand for it: where it is
    decided what to add and to drop, and in Gauss-Newton steps.

    metric: (H, W), (C, H, W), or None where all weigh alike.
    """

    loss: LossWeights
    metric: FloatArray | None


def plain_aim(objective: Objective) -> Aim:
    """The squared error, with the weights that pixels have."""
    return Aim(SQUARED_ERROR, objective.pixel_weights)


def aim_near(kept: KeptRender) -> Aim:
    """The aim near a picture: the squared error, and, where the objective has an observer, what is seen."""
    objective = kept.objective
    return plain_aim(objective) if objective.observer is None else _seen(kept)[0]


def aimed(kept: KeptRender) -> tuple[Aim, Evaluation]:
    """`aim_near`, and the evaluation of its loss, for which the same slopes serve."""
    objective = kept.objective
    if objective.observer is None:
        return plain_aim(objective), kept.evaluate(SQUARED_ERROR)
    aim, (loss, l2) = _seen(kept)
    return aim, Evaluation(loss, l2, kept.gradient(objective.scratch))


def _seen(kept: KeptRender) -> tuple[Aim, Measured]:
    """The aim near a picture for an observer, and its loss there; the loss's slopes stay in the objective's
    scratch.
    """
    objective = kept.objective
    loss = loss_of("visual", objective.loss(kept.picture, SQUARED_ERROR).l2)
    means = objective.loss(kept.picture, loss, objective.scratch)
    weights = objective.pixel_weights
    metric = local_metric(objective.engine, kept.picture, objective.target, objective.scratch, weights)
    return Aim(loss, metric), Measured(objective.total(means, loss), means.l2)
