"""A loss with an observer, step after step, where the observer looks now and then only."""

from __future__ import annotations

from typing import Any

import numpy as np

from imagegs.fitting.losses import evaluated
from imagegs.fitting.objective import Evaluation, GaussianArrays, KeptRender, LossWeights, Objective

# A fit of so many steps looks in every second one and loses nothing by it; in shorter ones each look counts.
# A look in every third step loses a point of SSIMULACRA 2.
FEWEST_STEPS = 100


class Looks:
    """Evaluates Gaussians for the steps of a fit.

    Looking takes two thirds of a step. In the step after a look a squared error stands for the loss: that
    against a target with which it has, at the picture last seen, the loss's own slopes. That target lies in
    the objective's scratch, which is the caller's only after a step whose picture was kept.
    """

    def __init__(self, objective: Objective, fit_steps: int) -> None:
        self._objective = objective
        self._looks_always = fit_steps < FEWEST_STEPS or objective.pixel_weights is not None
        self._last = Evaluation(0.0, 0.0, np.empty(0, np.float32))
        self._stand_in: Any = None  # see `KeptRender.stand_in`

    def evaluated(
        self, arrays: GaussianArrays, loss: LossWeights, kept: KeptRender | None, is_last: bool
    ) -> Evaluation:
        """The loss and its gradient; without a look the loss of the last one, and about the gradient.

        kept: the Gaussians' picture, where it is there already; then, in the step after, and where is_last,
        there is a look.
        """
        objective = self._objective
        stand_in, self._stand_in = self._stand_in, None
        if loss.visual == 0:
            return kept.evaluate(loss) if kept else evaluated(objective, arrays, loss)
        if stand_in is not None and kept is None and not is_last:
            return self._last._replace(gradient=objective.squared_error(arrays, stand_in).gradient)
        picture = kept or objective.kept(arrays)
        self._last = picture.evaluate(loss)
        if kept is None and not self._looks_always:
            self._stand_in = picture.stand_in()
        return self._last
