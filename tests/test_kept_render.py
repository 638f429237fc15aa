"""A kept render is a value: what it answers does not depend on what its objective did since."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from imagegs.fitting.objective import SQUARED_ERROR, KeptRender, LossWeights, Objective
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
