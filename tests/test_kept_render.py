"""A kept render is a value: what it answers does not depend on what its objective did since."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import oracle
from imagegs import _native
from imagegs.engine import engine
from imagegs.fitting.objective import SQUARED_ERROR, KeptRender, LossWeights, Objective
from imagegs.rendering import make_scene
from test_gradients import arrays_of, random_scene

WEIGHTS = LossWeights(1, 1, 0.3)


def answers(kept: KeptRender, tangent: Any) -> list[Any]:
    others = (
        kept.normal_product(tangent, None),
        kept.normal_diagonal(None),
        kept.removal_cost(None),
        kept.residual(),
    )
    return [kept.evaluate(WEIGHTS).gradient, *others, kept.picture.copy()]


def test_what_it_answers_outlives_what_the_objective_does() -> None:
    g, target = random_scene("softmax")
    other, _ = random_scene("softmax", n=30, seed=9)
    tangent = np.random.default_rng(0).normal(size=(len(g), 9)).astype(np.float32)
    objective = Objective(target, "softmax", 2)
    kept = objective.kept(arrays_of(g))
    expected = answers(kept, tangent)
    for _ in range(3):
        objective.kept(arrays_of(other)).evaluate(WEIGHTS)
        objective.squared_error(arrays_of(other))
        objective.render(arrays_of(other))
        objective.quality(arrays_of(other))
    for a, b in zip(answers(kept, tangent), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradients_are_nobodys_scratch() -> None:
    g, target = random_scene("softmax")
    other, _ = random_scene("softmax", seed=9)
    objective = Objective(target, "softmax", 1)
    results = [objective.squared_error(arrays_of(g)), objective.evaluate(arrays_of(g), SQUARED_ERROR)]
    before = [result.gradient.copy() for result in results]
    objective.squared_error(arrays_of(other))
    objective.evaluate(arrays_of(other), WEIGHTS)
    for result, expected in zip(results, before, strict=True):
        np.testing.assert_array_equal(result.gradient, expected)


def test_the_picture_is_read_only_and_outlives_its_render() -> None:
    g, target = random_scene("softmax")
    objective = Objective(target, "softmax", 1)
    picture = objective.kept(arrays_of(g)).picture
    with pytest.raises(ValueError, match="read-only"):
        picture[:] = 0
    expected = picture.copy()
    gc.collect()
    for seed in (4, 5):
        objective.kept(arrays_of(random_scene("softmax", seed=seed)[0]))
    np.testing.assert_array_equal(picture, expected)


def test_memory_that_is_dropped_is_used_again() -> None:
    g, target = random_scene("softmax")
    objective = Objective(target, "softmax", 1)
    places = {objective.kept(arrays_of(g)).picture.ctypes.data for _ in range(5)}
    assert len(places) == 1


def test_a_render_of_a_grid_into_given_memory() -> None:
    """It is the part of the whole picture, and its gradient is that of the part."""
    g, target = random_scene("softmax")
    objective = Objective(target, "softmax", 2)
    whole = objective.kept(arrays_of(g))
    scene, spares = make_scene(g, 2), _native.Spares()
    out = np.empty((len(target), 17, 20), np.float32)
    part = _native.KeptRender(engine(2), scene, spares, out, 5, 3)
    np.testing.assert_array_equal(out, whole.picture[:, 3:20, 5:25])
    assert part.picture.ctypes.data == out.ctypes.data
    slope = np.zeros_like(target)
    slope[:, 3:20, 5:25] = np.random.default_rng(0).normal(size=out.shape)
    found = np.empty((len(g), 6 + len(target)), np.float32)
    part.gradient(np.ascontiguousarray(slope[:, 3:20, 5:25]), found)
    expected = whole.gradient(slope)
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.abs(expected).max())


@pytest.mark.parametrize("blend", ["paper", "softmax"])
def test_the_gradient_at_points_is_that_of_a_picture(blend: Any) -> None:
    g, target = random_scene(blend)
    whole = Objective(target, blend, 2).kept(arrays_of(g))
    _, height, width = target.shape
    order = np.random.default_rng(0).permutation(height * width)
    slope = np.random.default_rng(1).normal(size=(height * width, len(target))).astype(np.float32)
    points = oracle.pixel_centres(width, height).astype(np.float32)[order]
    found = np.empty((len(g), 6 + len(target)), np.float32)
    scene = engine(2), make_scene(g, 2), _native.Spares()
    _native.sample_gradient(*scene, points, slope[order], found)
    expected = whole.gradient(np.ascontiguousarray(slope.T).reshape(target.shape))
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * np.abs(expected).max())


def test_grids_and_gradients_of_other_shapes_are_refused() -> None:
    g, _ = random_scene("softmax")
    scene = engine(1), make_scene(g, 1), _native.Spares()
    points, found = np.zeros((4, 2), np.float32), np.empty((len(g), 9), np.float32)
    with pytest.raises(ValueError, match="number of channels"):
        _native.KeptRender(*scene, np.empty((2, 8, 8), np.float32))
    with pytest.raises(ValueError, match="steps must be positive"):
        _native.KeptRender(*scene, np.empty((3, 8, 8), np.float32), 0, 0, 0.0, 1.0)
    with pytest.raises(ValueError, match="gradient of its colour"):
        _native.sample_gradient(*scene, points, np.zeros((3, 3), np.float32), found)
    with pytest.raises(ValueError, match="own units"):
        _native.sample_gradient(*scene, points, np.zeros((4, 3), np.float32), found[:, :8].copy())
