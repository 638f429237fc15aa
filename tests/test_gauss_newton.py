"""J^T J of the kernels against the float64 twin, and the steps that are made of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import oracle
from imagegs import _native
from imagegs.fitting.gauss_newton import _moved, _System, polish
from imagegs.fitting.objective import LossWeights, Objective
from imagegs.fitting.small_copies import SmallCopies
from imagegs.gaussians import BLENDS
from test_gradients import (  # noqa: F401 (isa is a fixture)
    NAMES,
    WEIGHTED,
    arrays_of,
    at_points,
    flat,
    isa,
    random_scene,
    random_weights,
)

L2 = LossWeights(l2=1.0)


def change_of_picture(g, points, delta):
    """J delta: the twin's central difference along a direction of each Gaussian's own units (N, 6 + C)."""
    there, here = (oracle.evaluate(oracle.moved(g, step * delta), points) for step in (1e-4, -1e-4))
    return (there - here) / 2e-4


def wide_scene(channels=3):
    """Nine Gaussians that every pixel chooses, so that no set changes."""
    g, target = random_scene("softmax", 30, 41, channels, n=9)
    return g.replace(scale=g.scale + 40, log_weight=g.log_weight * 0.3), target


def system_at(g, target, pixel_weights=None):
    kept = Objective(target, g.blend, 1, pixel_weights).kept(arrays_of(g))
    return _System(kept, pixel_weights, kept.evaluate(L2).gradient, None, None)


@pytest.mark.parametrize("weighted", WEIGHTED)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_product_is_that_of_the_twin(channels, weighted, isa):  # noqa: F811
    pixel_weights = random_weights(weighted, channels, 30, 41)
    w = at_points(pixel_weights)
    g, target = wide_scene(channels)
    points = oracle.pixel_centres(41, 30)
    delta = np.random.default_rng(1).normal(size=(9, 6 + channels))
    twin = SimpleNamespace(**{name: np.float64(getattr(g, name)) for name in NAMES})
    twin.height, twin.width, twin.blend = g.height, g.width, g.blend
    slope = oracle.gradients(twin, points, w * change_of_picture(twin, points, delta))
    expected = flat(oracle.in_own_units(twin, slope))
    found = system_at(g, target, pixel_weights)._times(delta)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("weighted", WEIGHTED)
def test_the_diagonal_is_that_of_the_twin(weighted, isa):  # noqa: F811
    pixel_weights = random_weights(weighted, 3, 30, 41)
    w = at_points(pixel_weights)
    g, target = wide_scene()
    points = oracle.pixel_centres(41, 30)
    twin = SimpleNamespace(**{name: np.float64(getattr(g, name)) for name in NAMES})
    twin.height, twin.width, twin.blend = g.height, g.width, g.blend
    expected = np.empty((9, 9))
    for i, k in np.ndindex(9, 9):
        delta = np.zeros((9, 9))
        delta[i, k] = 1
        expected[i, k] = (w * np.square(change_of_picture(twin, points, delta))).sum()
    np.testing.assert_allclose(system_at(g, target, pixel_weights)._diagonal, expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("blend", BLENDS)
def test_threads_do_not_change_a_bit(blend):
    g, target = random_scene(blend, 140, 300, n=900)
    tangent = np.random.default_rng(0).normal(size=(900, 9)).astype(np.float32)
    results = []
    for threads in (1, 2, 5):
        kept = Objective(target, blend, threads).kept(arrays_of(g))
        results.append((kept.normal_product(tangent, None), kept.normal_diagonal(None)))
    for product, diagonal in results[1:]:
        np.testing.assert_array_equal(product, results[0][0])
        np.testing.assert_array_equal(diagonal, results[0][1])


def test_a_solution_solves_the_system():
    g, target = wide_scene()
    system = system_at(g, target)
    damping = 10.0  # well conditioned: ten products are enough
    step = system.solve(damping)
    rest = system._times(step) + damping * system._diagonal * step + system.slope
    assert np.abs(rest).max() < 0.02 * np.abs(system.slope).max()


def test_polishing_finds_its_way_back():
    """From a scene's own picture and parameters a little off, the error falls by orders of magnitude."""
    g, _ = wide_scene()
    g = g.replace(scale=np.clip(g.scale - 32, 5, 30))
    target = np.ascontiguousarray(np.moveaxis(oracle.render(g, 41, 30), -1, 0), np.float32)
    objective = Objective(target, "softmax", 1)
    off = _moved(arrays_of(g), np.random.default_rng(2).normal(0, 0.05, (9, 9)), objective)
    before = objective.evaluate(off, L2).l2
    errors = [step.l2 for step in polish(SmallCopies(objective), off, 20)]
    assert all(b < a for a, b in zip([before, *errors], errors, strict=False))
    assert errors[-1] < before / 100


def test_centres_stop_at_the_border_where_they_meet_it():
    """Sliding along it would take a needle beside the border sideways, which no small step foresees."""
    objective = Objective(np.zeros((1, 30, 40), np.float32), "softmax", threads=1)
    xy = np.float32([[40, 10], [39, 10], [20, 15], [0, 0], [1, 29]])
    shift = np.float32([[0.01, 5], [2, 4], [3, -3], [-1, 2], [0, 4]])
    moved = objective.moved(xy, shift)
    np.testing.assert_allclose(moved, [[40, 10], [40, 12], [23, 12], [0, 0], [1, 30]], atol=1e-5)
    wrapping = Objective(objective.target, "softmax", threads=1, wrap=True)
    np.testing.assert_allclose(wrapping.moved(xy, shift)[0], [0.01, 15], atol=1e-5)


@pytest.mark.parametrize("tilt", [-0.2, 0.2])
def test_a_small_step_helps_with_a_needle_at_the_border(tilt):
    """Which is as good as free to slide along itself."""
    g, target = wide_scene()
    needle = {"xy": (g.width, 15), "scale": (200, 1.5), "angle": np.pi / 2 + tilt, "log_weight": 6}
    g = g.replace(**{name: np.concatenate([[value], getattr(g, name)[1:]]) for name, value in needle.items()})
    objective, arrays = Objective(target, g.blend, 1), arrays_of(g)
    kept = objective.kept(arrays)
    result = kept.evaluate(L2)
    before, system = result.l2, _System(kept, None, result.gradient, None, None)
    for damping in (1e2, 1e3):
        assert objective.evaluate(_moved(arrays, system.solve(damping), objective), L2).l2 < before


def test_polishing_ends_where_nothing_is_left():
    g, _ = wide_scene()
    objective = Objective(np.zeros((3, 30, 41), np.float32), "softmax", 1)
    arrays = arrays_of(g.replace(color=g.color * 0))
    assert list(polish(SmallCopies(objective), arrays, 5)) == []


def test_the_native_module_checks_its_arguments():
    g, target = random_scene("softmax")
    engine, scene = _native.Engine(1, "auto"), _native.Scene()
    scene.update(engine, 1, False, g.width, g.height, *[np.array(getattr(g, name)) for name in NAMES])
    kept, out = _native.KeptRender(engine, scene, _native.Spares()), target
    tangent = np.zeros((len(g), 9), np.float32)
    kept.normal_product(None, tangent, tangent.copy())
    with pytest.raises(ValueError, match="own units"):
        kept.normal_product(None, tangent[:, :8].copy(), tangent)
    with pytest.raises(ValueError, match="own units"):
        kept.normal_product(None, tangent, tangent[1:].copy())
    with pytest.raises(ValueError, match="shape"):
        kept.normal_product(out[:, :-1].copy(), tangent, tangent)
    with pytest.raises(ValueError, match="own units"):
        kept.normal_diagonal(None, np.zeros((len(g), 7), np.float32))
    kept.normal_diagonal(None, tangent)
    kept.normal_diagonal(out, tangent)
