"""A loss with an observer, step after step, where the observer looks now and then only."""

from __future__ import annotations

import numpy as np

from imagegs.fitting.losses import evaluated
from imagegs.fitting.objective import Evaluation, GaussianArrays, KeptRender, LossWeights, Objective
from imagegs.gaussians import FloatArray

STEPS = 2  # between two looks: loses nothing, three lose a point of SSIMULACRA 2
FEWEST_STEPS = 100  # of a fit with steps between looks: in shorter ones each look counts


class Looks:
    """Evaluates Gaussians for the steps of a fit.

    Looking takes two thirds of a step. Between two looks a squared error stands for the loss: that against a
    target with which it has, at the picture last seen, the loss's own slopes. That target lies in the
    objective's scratch; who else uses this says so by `forget`.
    """

    def __init__(self, objective: Objective, fit_steps: int) -> None:
        self._objective = objective
        self._every = STEPS if fit_steps >= FEWEST_STEPS and objective.pixel_weights is None else 1
        self._since, self._last = 0, Evaluation(0.0, 0.0, np.empty(0, np.float32))
        self._stand_in: FloatArray | None = None

    def evaluated(
        self, arrays: GaussianArrays, loss: LossWeights, kept: KeptRender | None, is_last: bool
    ) -> Evaluation:
        """The loss and its gradient; between two looks the loss of the last one, and about the gradient.

        kept: the Gaussians' picture, where it is there already; then, and where is_last, there is a look.
        """
        objective = self._objective
        if loss.visual == 0:
            self.forget()
            return kept.evaluate(loss) if kept else evaluated(objective, arrays, loss)
        self._since += 1
        if self._stand_in is not None and self._since < self._every and kept is None and not is_last:
            return self._last._replace(gradient=objective.squared_error(arrays, self._stand_in).gradient)
        picture = kept or objective.kept(arrays)
        self._last, self._since = picture.evaluate(loss), 0
        if self._every > 1:
            self._stand_in = objective.scratch
            _to_stand_in(self._stand_in, picture.picture)
        return self._last

    def forget(self) -> None:
        """The next step looks."""
        self._stand_in = None


def _to_stand_in(slope: FloatArray, picture: FloatArray) -> None:
    """Turns slopes of a loss at a picture into the target whose mean squared error has them there: in place.

    The mean of (picture - target)^2 has the slope 2 (picture - target) / size.
    """
    slope *= np.float32(-slope.size / 2)
    slope += picture
