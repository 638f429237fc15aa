"""Looks of an observer in every second step of a fit."""

from __future__ import annotations

import numpy as np
import pytest

from imagegs.engine import engine
from imagegs.fitting.looking import FEWEST_STEPS, Looks
from imagegs.fitting.losses import loss_of
from imagegs.fitting.objective import SQUARED_ERROR, Objective
from imagegs.fitting.visual import Observer
from test_gradients import arrays_of, random_scene


@pytest.fixture
def scene():
    g, target = random_scene("softmax", height=48, width=64)
    observer = Observer(engine(1), target, np.ones(3, np.float32))
    return Objective(target, "softmax", 1, observer=observer), arrays_of(g), loss_of("visual", 0.01)


def evaluations(looks, arrays, loss, n):
    return [looks.evaluated(arrays, loss, None, is_last=False) for _ in range(n)]


def test_between_two_looks_the_slopes_of_the_same_picture_are_the_same(scene):
    objective, arrays, loss = scene
    exact = objective.evaluate(arrays, loss)
    for found in evaluations(Looks(objective, FEWEST_STEPS), arrays, loss, 4):
        assert (found.loss, found.l2) == (exact.loss, exact.l2)
        scale = np.abs(exact.gradient).max()
        np.testing.assert_allclose(found.gradient, exact.gradient, atol=1e-5 * scale)


def test_every_second_step_looks(scene, monkeypatch):
    objective, arrays, loss = scene
    seen = []
    look = objective.observer.add_gradient
    monkeypatch.setattr(objective.observer, "add_gradient", lambda *a: seen.append(1) or look(*a))
    evaluations(Looks(objective, FEWEST_STEPS), arrays, loss, 5)
    assert len(seen) == 3


def test_short_fits_last_steps_and_kept_pictures_look(scene):
    objective, arrays, loss = scene
    exact = objective.evaluate(arrays, loss).gradient
    short = evaluations(Looks(objective, FEWEST_STEPS - 1), arrays, loss, 2)[1]
    last, kept = (Looks(objective, FEWEST_STEPS) for _ in range(2))
    for looks in (last, kept):
        looks.evaluated(arrays, loss, None, is_last=False)
    results = [
        last.evaluated(arrays, loss, None, is_last=True),
        kept.evaluated(arrays, loss, objective.kept(arrays), is_last=False),
    ]
    objective.scratch[:] = 0  # the caller's
    results.append(kept.evaluated(arrays, loss, None, is_last=False))
    assert all((found.gradient == exact).all() for found in (short, *results))


def test_a_loss_without_an_observer_is_evaluated_each_time(scene):
    objective, arrays, _ = scene
    looks = Looks(objective, FEWEST_STEPS)
    exact = objective.squared_error(arrays)
    for found in evaluations(looks, arrays, SQUARED_ERROR, 3):
        assert found.l2 == exact.l2 and (found.gradient == exact.gradient).all()
