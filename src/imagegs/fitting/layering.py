"""Layers: an order of the Gaussians in which the first ones alone are a good picture too.

A fit begins without layers. Once it has grown, the last layer is set apart first: the Gaussians whose removal
costs least; then, as the others have settled a little, the one before it, and so on. From then on every other
step also has the gradient of a random prefix, weighed so that a dB of it is worth PREFIX_SHARE of one of the
whole picture (all prefixes together).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.losses import measured
from imagegs.fitting.objective import SQUARED_ERROR, Evaluation, GaussianArrays, Objective
from imagegs.fitting.small_copies import SmallCopies

Vectors = NDArray[np.float64]  # (N, 6 + C), in own units (own_units.OWN)

PREFIX_SHARE = 0.5
PREFIX_STEPS = 2  # between two gradients of prefixes
FIRST_SPLIT, SPLIT_SHARE = 0.35, 0.03  # of the fit, before the last layer, and between two layers


class Layering:
    """The layers of a fit of n Gaussians in the making, whose rows end at `ends`; the last one is n."""

    def __init__(self, ends: Sequence[int], seed: int) -> None:
        self._ends = list(ends)
        self._apart = len(ends)  # layers from this one on are set apart
        self._rng = np.random.default_rng([seed, 1])

    @property
    def first_movable(self) -> int:
        """Gaussians from this row on may be moved elsewhere without harm to a prefix."""
        return self._ends[self._apart - 1] if self._apart < len(self._ends) else 0

    def split(self, done: float, objective: Objective, arrays: GaussianArrays) -> NDArray[np.intp] | None:
        """A new order of the rows, where the share of the fit that is done has a layer set apart."""
        due = 1 + int((done - FIRST_SPLIT) / SPLIT_SHARE + 1e-9) if done >= FIRST_SPLIT else 0
        least = max(1, len(self._ends) - due)
        if len(arrays) < self._ends[-1] or self._apart <= least:
            return None
        order = np.arange(len(arrays))
        while self._apart > least:
            size, kept = self._ends[self._apart - 1], self._ends[self._apart - 2]
            cost = objective.kept(rows_of(arrays, order[:size])).removal_cost(objective.pixel_weights)
            order[:size] = order[np.argpartition(-cost, kept)]
            self._apart -= 1
        return order

    def add_gradient(
        self, step: int, copies: SmallCopies, arrays: GaussianArrays, result: Evaluation
    ) -> None:
        """Adds that of a random prefix to the gradient of a result, in place, at the steps that have one."""
        if step % PREFIX_STEPS or self._apart == len(self._ends):
            return
        end = self._ends[self._rng.integers(self._apart - 1, len(self._ends) - 1)]
        prefix = copies.squared_error(prefix_of(arrays, end))
        weight = PREFIX_STEPS * PREFIX_SHARE * result.l2 / max(prefix.l2, 1e-12)
        result.gradient[:end] += np.float32(weight) * prefix.gradient


class Prefixes:
    """The squared errors of all prefixes of some Gaussians as a part of the loss, weighed by their errors at
    the Gaussians that a descent begins with.
    """

    def __init__(self, copies: SmallCopies, ends: Sequence[int]) -> None:
        self._copies = copies
        self._ends = list(ends[:-1])
        self._weights: NDArray[np.float64] | None = None

    def gradient(self, arrays: GaussianArrays, l2: float) -> Vectors | None:
        """(N, 6 + C), in own units; None without prefixes.

        l2: the squared error of the whole picture. The first call is for the Gaussians of the beginning.
        """
        if not self._ends:
            return None
        parts = [self._copies.squared_error(prefix_of(arrays, end)) for end in self._ends]
        if self._weights is None:
            self._weights = _weights(np.array([part.l2 for part in parts]), l2)
        total = np.zeros(arrays.own_units)
        for end, weight, part in zip(self._ends, self._weights, parts, strict=True):
            total[:end] += weight * part.gradient.astype(np.float64)
        return total


def prefix_weights(
    objective: Objective, arrays: GaussianArrays, ends: Sequence[int]
) -> tuple[float, NDArray[np.float64]]:
    """The squared error of the whole picture, and the weight of each prefix's beside it. The last end is that
    of all Gaussians.
    """
    *errors, l2 = (measured(objective, prefix_of(arrays, end), SQUARED_ERROR).l2 for end in ends)
    return l2, _weights(np.array(errors), l2)


def _weights(errors: NDArray[np.float64], l2: float) -> NDArray[np.float64]:
    """How much the squared error of each prefix counts beside that of the whole picture."""
    return PREFIX_SHARE / max(1, len(errors)) * l2 / np.maximum(errors, 1e-12)


def prefix_of(arrays: GaussianArrays, end: int) -> GaussianArrays:
    """The first ones."""
    return GaussianArrays(*(a[:end] for a in vars(arrays).values()))


def rows_of(arrays: GaussianArrays, rows: NDArray[np.intp]) -> GaussianArrays:
    """Some of them, in this order."""
    return GaussianArrays(*(np.ascontiguousarray(a[rows]) for a in vars(arrays).values()))
