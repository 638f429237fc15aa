"""The last digits of a fit: damped Gauss-Newton steps on the squared error, all parameters at once.

With the residual r and the Jacobian J of the picture, a step solves (J^T J + damping D) d = -J^T r, D the
diagonal of J^T J, by a few conjugate gradients (Levenberg 1944, Marquardt 1963). J is never formed: the
kernels give J^T J times a vector (native/training/kernels/gauss_newton.h). Unknowns are in each Gaussian's
own units (`Vectors`), and no Gaussian moves further in one step than TRUST.

Adam finds the structure, this ends the fit: from where Adam's cosine ended it gains in a few steps what
would take Adam half as many again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.layering import Prefixes
from imagegs.fitting.losses import aimed, measured
from imagegs.fitting.objective import GaussianArrays, KeptRender, Objective
from imagegs.fitting.parameters import SMALLEST_SCALE, elongation
from imagegs.fitting.small_copies import SmallCopies
from imagegs.gaussians import MAX_COLOR, MAX_LOG_WEIGHT, FloatArray
from imagegs.own_units import from_axes

PRODUCTS = 4  # of conjugate gradients in a step, at most
PRECISE_ENOUGH = 1e-4  # fall of the preconditioned residual's square that ends them
DAMPING, LEAST_DAMPING, MOST_DAMPING = 0.1, 1e-5, 1e5
TRUST = np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.3])  # sigmas, log scales, radians if round, nats
COLOR_TRUST = 0.1
FLOOR = 1e-3  # added to the diagonal: Gaussians that no pixel sees stay

# (N, 6 + C), in own units (own_units.OWN)
Vectors = NDArray[np.floating[Any]]


class Polished(NamedTuple):
    """Better Gaussians: their mean squared error, and the damping to go on with."""

    arrays: GaussianArrays
    l2: float
    damping: float


def polish(
    copies: SmallCopies,
    arrays: GaussianArrays,
    iterations: int | None,
    free: Vectors | None = None,
    ends: Sequence[int] = (),
    damping: float = DAMPING,
) -> Iterator[Polished]:
    """At most so many steps (None: without end), each to a lower loss.

    free (N, 6 + C): 1 for the unknowns that may move, 0 for those that stay as they are; None: all may. ends:
    of the layers (layering.py), whose prefixes then have their share in what falls. damping: of the first
    step. What falls is the loss of the aim near each step's picture (losses.py): the squared error, and what
    an observer sees. Ends early when no damping brings a fall.
    """
    if (iterations is not None and iterations < 1) or (free is not None and not free.any()):
        return
    objective, prefixes = copies.objective, Prefixes(copies, ends)
    for _ in count() if iterations is None else range(iterations):
        kept = objective.kept(arrays)
        (loss, metric), result = aimed(kept)
        system = _System(kept, metric, result.gradient, prefixes.gradient(arrays, result.l2), free)
        while True:
            step = _trusted(system.solve(damping), arrays)
            moved = _moved(arrays, step, objective)
            now = measured(objective, moved, loss)
            # The prefixes' part of the fall is foretold.
            fall = result.loss - now.loss - system.prefixes_rise(step)
            if fall > 0:
                break
            damping *= 4
            if damping > MOST_DAMPING:
                return
        expected = -_dot(system.slope, step) / objective.target.size
        ratio = fall / expected if expected > 0 else 0.0
        damping = max(LEAST_DAMPING, damping * (1 / 3 if ratio > 0.7 else 1 if ratio > 0.25 else 2))
        arrays = moved
        del kept, metric, system  # memory for the next ones
        yield Polished(arrays, now.l2, damping)


class _System:
    """J^T J and J^T r at some Gaussians, whose picture is kept; of prefixes J^T r only: that keeps what they
    gained, and what J^T J they would add is small beside the whole picture's.
    """

    def __init__(
        self,
        kept: KeptRender,
        metric: FloatArray | None,
        gradient: Vectors,
        prefix_gradient: Vectors | None,
        free: Vectors | None,
    ) -> None:
        self._kept, self._metric = kept, metric
        self._free = 1.0 if free is None else free
        self._prefix_gradient = prefix_gradient
        # The loss is the mean of r^2: its gradient is 2 J^T r / size.
        slope = gradient.astype(np.float64)
        if prefix_gradient is not None:
            slope += prefix_gradient
        self.slope: Vectors = slope * (kept.objective.target.size / 2)
        self._diagonal = kept.normal_diagonal(metric).astype(np.float64) + FLOOR

    def solve(self, damping: float) -> Vectors:
        """Preconditioned conjugate gradients from 0, among the unknowns that are free."""
        inverse = self._free / (self._diagonal * (1 + damping))
        x, rest = np.zeros_like(self.slope), -self.slope
        z = inverse * rest
        direction, size = z, _dot(rest, z)
        first = size
        for _ in range(PRODUCTS):
            product = self._times(direction) + damping * self._diagonal * direction
            curvature = _dot(direction, product)
            if not curvature > 0 or not size > PRECISE_ENOUGH * first:
                break
            x = x + size / curvature * direction
            rest = rest - size / curvature * product
            z = inverse * rest
            size, last = _dot(rest, z), size
            direction = z + size / last * direction
        return x

    def prefixes_rise(self, step: Vectors) -> float:
        """The rise of the prefixes' loss with a step; negative where it falls.

        At the minimum of a quadratic it is half of what the slope tells.
        """
        return 0.0 if self._prefix_gradient is None else 0.5 * _dot(self._prefix_gradient, step)

    def _times(self, d: Vectors) -> Vectors:
        """J^T J d."""
        return self._kept.normal_product(d.astype(np.float32), self._metric).astype(np.float64)


def _dot(a: Vectors, b: Vectors) -> float:
    """Not by BLAS, whose threads would spin on every other processor until the next call."""
    return float(np.einsum("ij,ij->", a, b))


def _trusted(step: Vectors, arrays: GaussianArrays) -> Vectors:
    """Each Gaussian's step, shortened as a whole to what is trusted."""
    limit = np.concatenate([TRUST, np.full(step.shape[1] - len(TRUST), COLOR_TRUST)])[None].repeat(
        len(step), 0
    )
    limit[:, 4] /= np.maximum(1, np.abs(elongation(arrays.scale)))
    share = (limit / np.maximum(np.abs(step), 1e-12)).min(axis=1)
    trusted: Vectors = step * np.minimum(1, share)[:, None]
    return trusted


def _moved(s: GaussianArrays, d: Vectors, objective: Objective) -> GaussianArrays:
    """The arrays after a step, on the objective's canvas."""
    step = d.astype(np.float32)
    xy = objective.moved(s.xy, from_axes(step[:, 0:2] * s.scale, s.angle))
    scale = np.clip(s.scale * np.exp(step[:, 2:4]), SMALLEST_SCALE, objective.room.largest_scale)
    log_weight = np.clip(s.log_weight + step[:, 5], -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT)
    color = np.clip(s.color + step[:, 6:], -MAX_COLOR, MAX_COLOR)
    return GaussianArrays(xy, scale, s.angle + step[:, 4], log_weight, color)
