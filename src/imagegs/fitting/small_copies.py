"""Small copies of a target, for where Gaussians are few and thus large.

Gaussians that are far apart paint nothing that a copy at half the size has not. Against it their errors and
gradients are a quarter of the work, or less.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from imagegs._native import Engine
from imagegs.fitting.halving import halved
from imagegs.fitting.objective import Evaluation, GaussianArrays, Objective
from imagegs.gaussians import FloatArray

LEAST_DISTANCE = 8.0  # between neighbours, in pixels of the copy, in the mean
LEAST_SIDE = 32  # pixels of a copy
BAND_ROWS = 256  # of a target that are halved together; an even number


class Copy(NamedTuple):
    """An objective whose target is smaller by `factor`: 1, 1/2, 1/4, ..."""

    objective: Objective
    factor: float
    lost: float  # mean square of what the target has beyond the copy


class SmallCopies:
    """The target of an objective at 1, 1/2, 1/4, ... of its size; copies are made when they are asked for."""

    def __init__(self, objective: Objective) -> None:
        self._copies = [Copy(objective, 1.0, 0.0)]

    @property
    def objective(self) -> Objective:
        """The objective of the target itself."""
        return self._copies[0].objective

    def squared_error(self, arrays: GaussianArrays) -> Evaluation:
        """`Objective.squared_error` of Gaussians, about, on the smallest copy for so many of them.

        What the copy has not of the target counts as error that no Gaussian mends.
        """
        objective, factor, lost = self._copy_for(len(arrays))
        if factor == 1:
            return objective.squared_error(arrays)
        xy, scale = (values * np.float32(factor) for values in (arrays.xy, arrays.scale))
        small = GaussianArrays(xy, scale, arrays.angle, arrays.log_weight, arrays.color)
        loss, l2, gradient = objective.squared_error(small)
        return Evaluation(loss + lost, l2 + lost, gradient)  # own units are the same for all sizes

    def _copy_for(self, n: int) -> Copy:
        _, height, width = self.objective.target.shape
        wanted = max(0, math.floor(math.log2(math.sqrt(height * width / n) / LEAST_DISTANCE)))
        while len(self._copies) <= wanted and (smaller := _half(self._copies[-1])) is not None:
            self._copies.append(smaller)
        return self._copies[min(wanted, len(self._copies) - 1)]


def _half(copy: Copy) -> Copy | None:
    """The copy at half its size; None where that is too small, or where a canvas that wraps has no half."""
    objective = copy.objective
    _, height, width = objective.target.shape
    if min(height, width) < 2 * LEAST_SIDE or (objective.wrap and (height % 2 or width % 2)):
        return None
    target = np.empty((len(objective.target), (height + 1) // 2, (width + 1) // 2), np.float32)
    beyond = np.empty_like(target)
    of_channels = None if (weights := objective.pixel_weights) is None else weights.reshape(-1, height, width)
    of_half = None if of_channels is None else np.empty((len(of_channels), *target.shape[1:]), np.float32)
    for top in range(0, height, BAND_ROWS):  # in bands: several whole pictures would be much memory
        rows, half = slice(top, top + BAND_ROWS), slice(top // 2, (top + BAND_ROWS) // 2)
        band = _halved_rows(
            objective.engine,
            objective.target[:, rows],
            None if of_channels is None else of_channels[:, rows],
        )
        target[:, half], beyond[:, half] = band.target, band.beyond
        if of_half is not None:
            of_half[:, half] = band.weights
    if of_half is not None and weights is not None and weights.ndim == 2:
        of_half = of_half[0]
    lost = copy.lost + max(0.0, float(np.mean(beyond, dtype=np.float64)))
    return Copy(objective.beside(target, of_half), copy.factor / 2, lost)


class _HalfRows(NamedTuple):
    """Rows of a copy at half the size, (C, h, w): their target, its weights, and the mean square of what the
    full rows have beyond them.
    """

    target: FloatArray
    weights: FloatArray
    beyond: FloatArray


def _halved_rows(engine: Engine, full: FloatArray, weights: FloatArray | None) -> _HalfRows:
    """Halves rows (C, 2 h, w) and the weights of their pixels, (1 or C, 2 h, w)."""
    of_full = np.ones_like(full[:1]) if weights is None else weights
    of_half = halved(engine, of_full)
    weighed, least = halved(engine, full * of_full), np.float32(1e-6)
    target: FloatArray = np.divide(weighed, np.maximum(of_half, least), dtype=np.float32)
    powers, own = halved(engine, np.square(full) * of_full), np.square(target) * of_half
    beyond: FloatArray = np.subtract(powers, own, dtype=np.float32)
    return _HalfRows(target, of_half, beyond)
