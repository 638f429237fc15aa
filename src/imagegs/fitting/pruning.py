"""Gaussians that are not worth their bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.layering import prefix_weights, rows_of
from imagegs.fitting.settling import begin
from imagegs.gaussians import Gaussians

# d ln(squared error) / d ln N of fitted pictures: 2.7 dB for twice the Gaussians. So the one that an average
# picture would do without, at the price of finer steps for all others, is worth this x squared error / N.
WORTH = 2.7 / (10 * math.log10(2))
# Share of it below which a Gaussian goes. Its removal mends itself in part, but fits have moved the useless
# ones already.
LEAST_WORTH = 0.4
MOST_DROPPED = 0.1  # of all: where most are useless the fit was too short to tell


def drop_useless(image: NDArray[Any], gaussians: Gaussians, threads: int | None = None) -> Gaussians:
    """Without those whose removal from the picture (H, W, C), and from those of the layers before, costs less
    than their bytes are worth elsewhere. All layers keep one at least.

    Raises ValueError as `settle` does.
    """
    objective, shapes = begin(image, gaussians, threads)
    sizes = gaussians.layers or (len(gaussians),)
    ends = np.cumsum(sizes).tolist()
    l2, weights = prefix_weights(objective, shapes, ends)
    cost = np.zeros(len(shapes))
    for end, weight in zip(ends, [*weights, 1.0], strict=True):
        objective.render(rows_of(shapes, np.arange(end)), keep=True)
        cost[:end] += weight * objective.removal_cost(end)
    least = LEAST_WORTH * WORTH * l2 * objective.target.size / len(shapes)
    keep = cost >= min(least, float(np.quantile(cost, MOST_DROPPED)))
    keep[[0, *ends[:-1]]] = True
    kept = rows_of(shapes, np.flatnonzero(keep))
    layers = tuple(int(part.sum()) for part in np.split(keep, ends[:-1])) if gaussians.layers else ()
    return gaussians.replace(**vars(kept), layers=layers)
