"""The nearest of some points, on the engine's threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagegs import _native
from imagegs._native import Engine
from imagegs.gaussians import FloatArray


def nearest(
    engine: Engine, points: FloatArray, queries: FloatArray, k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The distances (M, k) of queries (M, 2) from the k nearest of points (N, 2), and the rows of these.

    1 <= k <= N. The nearest come first; of equally near ones the lower row. Raises ValueError for points that
    are not finite.
    """
    points, queries = (np.ascontiguousarray(each, np.float32) for each in (points, queries))
    rows, distances = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
    _native.nearest(engine, points, queries, rows, distances)
    return distances, rows
