"""Squared errors of few Gaussians on small copies of the target."""

from __future__ import annotations

import numpy as np
import pytest

from imagegs.fitting.objective import Objective
from imagegs.fitting.small_copies import SmallCopies
from test_gradients import arrays_of, random_scene


def smooth_scene(height, width, n, **options):
    """An objective, and n large Gaussians for it, which a picture at a quarter of its size shows well."""
    g, _ = random_scene("softmax", n=n, height=height, width=width)
    g = g.replace(scale=np.full_like(g.scale, 0.5 * np.sqrt(height * width / n)))
    target = np.random.default_rng(1).random((3, height, width)).astype(np.float32)
    return Objective(target, "softmax", 1, **options), arrays_of(g)


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("shape", [(128, 192), (131, 190)])
def test_errors_and_gradients_are_about_those_of_the_target(shape, weighed):
    weights = np.random.default_rng(2).random(shape, np.float32) * 2 if weighed else None
    objective, arrays = smooth_scene(*shape, 12, pixel_weights=weights)
    exact, found = objective.squared_error(arrays), SmallCopies(objective).squared_error(arrays)
    assert found.l2 == pytest.approx(exact.l2, rel=0.02) and found.l2 != exact.l2
    apart = np.linalg.norm(found.gradient - exact.gradient) / np.linalg.norm(exact.gradient)
    assert apart < 0.05


def test_many_gaussians_are_held_against_the_target_itself():
    objective, arrays = smooth_scene(128, 192, 200)
    exact, found = objective.squared_error(arrays), SmallCopies(objective).squared_error(arrays)
    assert found.l2 == exact.l2 and (found.gradient == exact.gradient).all()


@pytest.mark.parametrize(("shape", "wrap"), [((40, 200), False), ((129, 192), True)])
def test_what_has_no_half_is_held_against_itself(shape, wrap):
    objective, arrays = smooth_scene(*shape, 4, wrap=wrap)
    assert SmallCopies(objective).squared_error(arrays).l2 == objective.squared_error(arrays).l2


def test_pixels_without_weight_have_no_say():
    weights = np.ones((128, 192), np.float32)
    weights[:, 97:] = 0
    objective, arrays = smooth_scene(128, 192, 12, pixel_weights=weights)
    other = Objective(objective.target.copy(), "softmax", 1, pixel_weights=weights)
    other.target[:, :, 97:] = 7
    errors = [SmallCopies(each).squared_error(arrays) for each in (objective, other)]
    assert errors[0].l2 == pytest.approx(errors[1].l2, rel=1e-6)
    np.testing.assert_allclose(errors[0].gradient, errors[1].gradient, atol=1e-7)
