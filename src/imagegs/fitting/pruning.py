"""Gaussians that are not worth their bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.layering import prefix_of, prefix_weights, rows_of
from imagegs.fitting.objective import Objective, Shapes
from imagegs.fitting.settling import begin
from imagegs.gaussians import Gaussians

# d ln(squared error) / d ln N of fitted pictures: 2.7 dB for twice the Gaussians. So the one that an average
# picture would do without, at the price of finer steps for all others, is worth this x squared error / N.
WORTH = 2.7 / (10 * math.log10(2))
# Share of it below which a Gaussian goes. Its removal mends itself in part, but fits have moved the useless
# ones already.
LEAST_WORTH = 0.4
MOST_DROPPED = 0.1  # of all: where most are useless the fit was too short to tell


ROUNDS, NEIGHBORS = 3, 4  # of two that paint the same only one goes, and what is left is judged anew


def drop_useless(image: NDArray[Any], gaussians: Gaussians, threads: int | None = None) -> Gaussians:
    """Without those whose removal from the picture (H, W, C), and from those of the layers before, costs less
    than their bytes are worth elsewhere. All layers keep one at least.

    Raises ValueError as `settle` does.
    """
    objective, shapes = begin(image, gaussians, threads)
    layer = np.repeat(np.arange(max(1, len(gaussians.layers))), gaussians.layers or len(gaussians))
    l2, _ = prefix_weights(objective, shapes, [])
    least = LEAST_WORTH * WORTH * l2 * objective.target.size / len(shapes)
    room = int(MOST_DROPPED * len(shapes))
    for _ in range(ROUNDS):
        useless = _useless(_cost(objective, shapes, _ends(layer)), shapes, least)[:room]
        keep = np.ones(len(shapes), bool)
        keep[useless] = False
        keep[np.unique(layer, return_index=True)[1]] = True
        shapes, layer = rows_of(shapes, np.flatnonzero(keep)), layer[keep]
        room -= int((~keep).sum())
    return gaussians.replace(**vars(shapes), layers=tuple(np.bincount(layer).tolist()))


def _ends(layer: NDArray[np.intp]) -> list[int]:
    return [int(end) for end in np.cumsum(np.bincount(layer))]


def _cost(objective: Objective, shapes: Shapes, ends: list[int]) -> NDArray[np.float64]:
    """Of each one's removal: sums of squared errors, prefixes weighed as in the fit."""
    _, weights = prefix_weights(objective, shapes, ends)
    cost = np.zeros(len(shapes))
    for end, weight in zip(ends, [*weights, 1.0], strict=True):
        objective.render(prefix_of(shapes, end), keep=True)
        cost[:end] += weight * objective.removal_cost(end)
    return cost


def _useless(cost: NDArray[np.float64], shapes: Shapes, least: float) -> NDArray[np.intp]:
    """Those that cost less, the cheapest first, but none next to a cheaper one."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(cost < least)
    rows = rows[np.argsort(cost[rows], kind="stable")]
    if len(rows) < 2:
        return rows
    _, near = cKDTree(shapes.xy[rows]).query(shapes.xy[rows], min(NEIGHBORS, len(rows)))
    is_cheapest: NDArray[np.bool_] = near.min(axis=1) == np.arange(len(rows))
    return rows[is_cheapest]
