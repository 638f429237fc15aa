"""Gaussians that are not worth their bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import Tune
from imagegs.fitting.layering import prefix_of, prefix_weights, rows_of
from imagegs.fitting.losses import aim_near, measured
from imagegs.fitting.objective import SQUARED_ERROR, GaussianArrays, Objective
from imagegs.fitting.quantising import Reference
from imagegs.fitting.weighing import with_colors
from imagegs.gaussians import Gaussians
from imagegs.pictures.given import ImageLike

# d ln(squared error) / d ln N of fitted pictures: 2.7 dB for twice the Gaussians. So the one that an average
# picture would do without, at the price of finer steps for all others, is worth this x squared error / N.
WORTH = 2.7 / (10 * math.log10(2))
# Share of it below which a Gaussian goes. Its removal mends itself in part, but fits have moved the useless
# ones already.
LEAST_WORTH = 0.4
MOST_DROPPED = 0.1  # of all: where most are useless the fit was too short to tell


def drop_useless(
    image: ImageLike,
    gaussians: Gaussians,
    *,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    tune: Tune = "balanced",
    threads: int | None = None,
) -> Gaussians:
    """Drops the Gaussians that are not worth their bytes.

    A Gaussian goes when its removal adds less to the squared errors of the picture and of its prefixes than
    its bytes are worth elsewhere. With the tune "visual" they count by what is seen. Each layer keeps at
    least one. pixel_weights, channel_weights, alphas, tune, threads: those of `fit`. Raises ValueError as
    `quantise` does.
    """
    reference = Reference(image, gaussians, threads, pixel_weights, channel_weights, alphas, tune)
    return without_useless(reference, gaussians)


def without_useless(reference: Reference, gaussians: Gaussians) -> Gaussians:
    """`drop_useless` of Gaussians of a reference."""
    arrays = reference.arrays_of(gaussians)
    layer = np.repeat(np.arange(max(1, len(gaussians.layers))), gaussians.layers or len(gaussians))
    objective = reference.objective
    if objective.observer is not None:
        objective = objective.weighed(aim_near(objective.kept(arrays)).metric)
        reference.objective.rest()
    pruning = _Pruning(objective, arrays, layer)
    order = np.argsort(pruning.cost, kind="stable")
    cheap = order[: int(MOST_DROPPED * len(order))]
    pruning.drop(cheap[pruning.cost[cheap] < pruning.least])
    kept = np.flatnonzero(pruning.keep)
    return gaussians.replace(
        **vars(with_colors(rows_of(arrays, kept), 1 / reference.roots)),
        layers=tuple(np.bincount(layer[kept]).tolist()),
    )


class _Pruning:
    """Which Gaussians are left, and what the picture and its prefixes then lose."""

    def __init__(self, objective: Objective, arrays: GaussianArrays, layer: NDArray[np.intp]) -> None:
        self._objective, self._arrays, self._layer = objective, arrays, layer
        self.keep = np.ones(len(arrays), bool)
        l2, weights = prefix_weights(objective, arrays, self._ends())
        self._weights = [*weights, 1.0]
        self._all = l2 * objective.target.size  # the sum of squared errors
        self.least = LEAST_WORTH * WORTH * self._all / len(arrays)
        self.cost = np.zeros(len(arrays))  # of each one's removal
        for end, weight in zip(self._ends(), self._weights, strict=True):
            self.cost[:end] += weight * objective.kept(prefix_of(arrays, end)).removal_cost(
                objective.pixel_weights
            )
        self.cost[np.unique(layer, return_index=True)[1]] = np.inf  # a layer keeps its first one

    def drop(self, rows: NDArray[np.intp]) -> None:
        """Drops these, or those of them that do not matter together: the costs of twins, or of what holds
        points alone, tell too little.
        """
        if not len(rows):
            return
        keep = self.keep.copy()
        keep[rows] = False
        error = self._error(keep)
        if error - self._all <= self.least * len(rows):
            self.keep, self._all = keep, error
        elif len(rows) > 1:
            half = len(rows) // 2
            self.drop(rows[:half])
            self.drop(rows[half:])

    def _ends(self) -> list[int]:
        return [int(end) for end in np.cumsum(np.bincount(self._layer))]

    def _error(self, keep: NDArray[np.bool_]) -> float:
        """The sum of the picture's squared errors; prefixes count in the costs alone."""
        left = rows_of(self._arrays, np.flatnonzero(keep))
        return measured(self._objective, left, SQUARED_ERROR).l2 * self._objective.target.size
