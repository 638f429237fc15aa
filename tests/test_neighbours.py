"""The nearest points, against SciPy's k-d tree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from imagegs.engine import engine
from imagegs.fitting.neighbours import nearest


def uniform(rng, n):
    return rng.uniform(0, 500, (n, 2))


def clustered(rng, n):
    return np.concatenate([rng.normal(0, 0.01, (n - n // 9, 2)), rng.uniform(-900, 900, (n // 9, 2))])


def in_a_row(rng, n):
    return np.stack([rng.uniform(-5, 5, n), np.full(n, 7)], axis=1)


def steep(rng, n):
    return np.stack([rng.normal(0, 1e-6, n), rng.uniform(0, 1e4, n)], axis=1)


@pytest.mark.parametrize("n", [1, 2, 5, 300, 3000])
@pytest.mark.parametrize("points", [uniform, clustered, in_a_row, steep])
def test_the_nearest_are_those_of_a_tree(points, n):
    rng = np.random.default_rng(n)
    xy = points(rng, n).astype(np.float32)
    queries = np.concatenate([xy[:100], rng.uniform(-2000, 2000, (60, 2))]).astype(np.float32)
    for k in {1, min(2, n), min(9, n)}:
        distances, rows = nearest(engine(3), xy, queries, k)
        expected, _ = cKDTree(xy).query(queries, [*range(1, k + 1)])
        np.testing.assert_allclose(distances, expected, rtol=1e-12)
        apart = queries[:, None].astype(np.float64) - xy[rows]
        np.testing.assert_allclose(np.hypot(apart[..., 0], apart[..., 1]), distances, rtol=1e-12)
        assert all(len(set(row)) == k for row in rows.tolist())
        alone = nearest(engine(1), xy, queries, k)
        assert (alone[0] == distances).all() and (alone[1] == rows).all()


def test_of_equally_near_points_the_lower_row_is_first():
    xy = np.float32([[1, 0], [0, 1], [5, 5], [-1, 0], [0, -1], [1, 0]])
    assert nearest(engine(1), xy, np.zeros((1, 2), np.float32), 4)[1].tolist() == [[0, 1, 3, 4]]
    same = np.ones((50, 2), np.float32)
    assert nearest(engine(1), same, same[:1], 3)[1].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("points", "queries", "k", "message"),
    [
        ([[0, 0]], [[0, 0]], 2, "too few points"),
        ([[0, 0]], [[0, 0]], 0, "too few points"),
        (np.zeros((0, 2)), [[0, 0]], 1, "too few points"),
        ([[0, 0, 0]], [[0, 0]], 1, "pairs"),
        ([[0, np.nan]], [[0, 0]], 1, "finite"),
        ([[0, 0]], [[np.inf, 0]], 1, "finite"),
    ],
)
def test_impossible_points_are_refused(points, queries, k, message):
    with pytest.raises(ValueError, match=message):
        nearest(engine(1), np.asarray(points, np.float32), np.asarray(queries, np.float32), k)
