"""Gradients of the renderer and the losses: against the float64 twin and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import oracle
from imagegs import _native
from imagegs.fitting.objective import (
    SQUARED_ERROR,
    GaussianArrays,
    LossWeights,
    Objective,
    weights_of_pixels,
)
from imagegs.gaussians import BLENDS
from imagegs.own_units import OWN

WEIGHTED = ("nothing", "pixels", "channels")  # what has weights
NAMES = ("xy", "scale", "angle", "log_weight", "color")


@pytest.fixture(params=_native.isa_names())
def isa(request, monkeypatch):
    monkeypatch.setenv("IMAGEGS_ISA", request.param)
    return request.param


def arrays_of(g):
    return GaussianArrays(*(np.array(getattr(g, name)) for name in NAMES))


def random_scene(blend, height=37, width=53, channels=3, n=70, seed=3):
    rng = np.random.default_rng(seed)
    g = oracle.random_gaussians(rng, n, height, width, channels, blend)
    return g, rng.random((channels, height, width), np.float32)


def random_weights(weighted, channels, height, width):
    """Of pixels (H, W) or of each channel's (C, H, W), whose mean is not 1; a third of them are 0."""
    columns = np.arange(width) % 3 > 0 if width > 1 else 1
    if weighted == "channels":
        return np.random.default_rng(5).random((channels, height, width), np.float32) * np.float32(columns)
    values = np.random.default_rng(5).random((height, width)) * columns
    return weights_of_pixels(values, height, width) if weighted == "pixels" else None


def at_points(pixel_weights):
    """(M, 1) or (M, C)."""
    if pixel_weights is None:
        return np.ones((1, 1))
    return pixel_weights.reshape(-1, pixel_weights.shape[-2] * pixel_weights.shape[-1]).T.astype(np.float64)


def twin(g, target, weights, pixel_weights=None):
    """Loss and gradients of all parameters in float64, in own units."""
    channels, height, width = target.shape
    picture = oracle.render(g, width, height)
    value, slope = oracle.loss(
        picture, np.moveaxis(target, 0, -1).astype(np.float64), *weights[:3], pixel_weights
    )
    points = oracle.pixel_centres(width, height)
    return value, oracle.in_own_units(g, oracle.gradients(g, points, slope.reshape(-1, channels)))


def flat(own):
    """One array (N, 6 + C) of the twin's parts."""
    return np.concatenate([a.reshape(len(a), -1) for a in own.values()], axis=1)


def own_names(blend):
    """The columns that a blend has a gradient for."""
    return [name for name in OWN if name != "log_weight" or blend != "paper"]


@pytest.mark.parametrize("weighted", WEIGHTED)
@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize(
    ("height", "width", "channels"), [(37, 53, 3), (16, 16, 1), (5, 70, 4), (33, 20, 12), (1, 1, 2)]
)
def test_gradients_of_all_parameters_equal_the_twin(blend, height, width, channels, weighted, isa):
    pixel_weights = random_weights(weighted, channels, height, width)
    g, target = random_scene(blend, height, width, channels)
    weights = LossWeights(l2=1.0)  # smooth: a pixel near a change of its set weighs no more than others
    result = Objective(target, blend, 1, pixel_weights).evaluate(arrays_of(g), weights)
    value, expected = twin(g, target, weights, pixel_weights)
    assert result.loss == pytest.approx(value, rel=1e-5)
    for name in own_names(blend):
        reference = expected[name].reshape(len(g), -1)
        difference = np.abs(result.gradient[:, OWN[name]] - reference).max()
        assert difference <= 3e-4 * np.abs(reference).max() + 1e-9, name


@pytest.mark.parametrize("weighted", WEIGHTED)
@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("height", "width", "channels"), [(37, 153, 3), (16, 16, 1), (5, 70, 4), (1, 1, 12)])
def test_the_squared_error_in_one_walk_is_that_in_three(
    blend, threads, height, width, channels, weighted, isa
):
    pixel_weights = random_weights(weighted, channels, height, width)
    g, target = random_scene(blend, height, width, channels)
    expected = Objective(target, blend, 1, pixel_weights).evaluate(arrays_of(g), SQUARED_ERROR)
    found = Objective(target, blend, threads, pixel_weights).squared_error(arrays_of(g))
    assert found.loss == found.l2 == pytest.approx(expected.l2, rel=1e-6)
    np.testing.assert_array_equal(found.gradient, expected.gradient)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_squared_error_of_more_gaussians_than_whose_weights_are_stored(threads):
    g, target = random_scene("softmax", 20, 20, n=5000)
    g = g.replace(scale=g.scale + 30)
    expected = Objective(target, "softmax", 1).evaluate(arrays_of(g), SQUARED_ERROR)
    found = Objective(target, "softmax", threads).squared_error(arrays_of(g))
    np.testing.assert_array_equal(found.gradient, expected.gradient)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("weighted", ["nothing", "channels"])
@pytest.mark.parametrize("weights", [LossWeights(1, 0, 0.1), LossWeights(0, 1, 0), LossWeights(0.5, 2, 0.7)])
def test_the_loss_falls_along_its_gradient_as_fast_as_it_says(blend, weights, weighted):
    """A directional finite difference of the native loss itself, far from ties."""
    g, target = random_scene(blend, 48, 64, n=12)
    g = g.replace(scale=g.scale + 4)
    objective = Objective(target, blend, 1, random_weights(weighted, 3, 48, 64))
    gradient = objective.evaluate(arrays_of(g), weights).gradient
    for name in own_names(blend):
        slope = np.zeros(gradient.shape)
        slope[:, OWN[name]] = gradient[:, OWN[name]]
        size = 2e-3 / np.abs(slope).max()
        losses = []
        for sign in (1, -1):
            other = oracle.moved(g, sign * size * slope)
            arrays = GaussianArrays(*(np.ascontiguousarray(getattr(other, n), np.float32) for n in NAMES))
            losses.append(objective.evaluate(arrays, weights).loss)
        expected = 2 * size * float(np.sum(np.square(slope)))
        assert losses[0] - losses[1] == pytest.approx(expected, rel=0.02), name


@pytest.mark.parametrize("weighted", WEIGHTED)
@pytest.mark.parametrize("size", [(1, 1), (4, 9), (11, 11), (40, 57), (150, 300), (261, 270)])
@pytest.mark.parametrize(
    "weights", [LossWeights(1, 0, 0), LossWeights(0, 1, 0), LossWeights(0, 0, 1), LossWeights(1, 0, 0.1)]
)
def test_losses_equal_the_twin(size, weights, weighted, isa):
    pixel_weights = random_weights(weighted, 2, *size)
    rng = np.random.default_rng(0)
    picture, target = rng.random((2, 2, *size), np.float32)
    target = (0.7 * target + 0.3 * picture).astype(np.float32)
    gradient = np.full_like(picture, np.nan)
    l1, l2, ssim = _native.loss(
        _native.Engine(1, isa), picture, target, pixel_weights, gradient, *weights[:3]
    )
    value, expected = oracle.loss(
        np.moveaxis(picture, 0, -1), np.moveaxis(target, 0, -1), *weights[:3], pixel_weights
    )
    unlike = at_points(pixel_weights).mean() - ssim
    total = weights.l1 * l1 + weights.l2 * l2 + (weights.ssim * unlike if weights.ssim else 0)
    assert total == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(np.moveaxis(gradient, 0, -1), expected, atol=2e-4 * np.abs(expected).max())


def removal_costs(g, target, pixel_weights=None):
    objective = Objective(target, "softmax", 1, pixel_weights)
    return objective.kept(arrays_of(g)).removal_cost(pixel_weights)


@pytest.mark.parametrize("weighted", WEIGHTED)
def test_removal_costs_follow_their_formula(weighted, isa):
    pixel_weights = random_weights(weighted, 3, 37, 53)
    g, target = random_scene("softmax", 37, 53, n=60)
    points, wanted = oracle.pixel_centres(53, 37), np.moveaxis(target, 0, -1).reshape(-1, 3)
    picture, (chosen, share) = oracle.evaluate(g, points), oracle.select(g, points)
    ratio = share / np.maximum(1 - share, 0.05)
    step = ratio[..., None] * (g.color[chosen] - picture[:, None])
    change = 2 * step * (wanted - picture)[:, None] + step**2
    costs = np.zeros(len(g))
    np.add.at(costs, chosen, (at_points(pixel_weights)[:, None] * change).sum(axis=2))
    found = removal_costs(g, target, pixel_weights)
    np.testing.assert_allclose(found, costs, rtol=2e-3, atol=2e-3 * np.abs(costs).max())


def test_removal_costs_are_what_removal_costs():
    """The squared error of the picture painted without each Gaussian, where others see all of its points."""
    g, target = random_scene("softmax", 30, 40, n=9)
    g = g.replace(scale=g.scale + 40, log_weight=g.log_weight * 0.3)
    points, wanted = oracle.pixel_centres(40, 30), np.moveaxis(target, 0, -1).reshape(-1, 3)
    error = np.square(oracle.evaluate(g, points) - wanted).sum()
    costs = []
    for i in range(len(g)):
        others = {name: np.delete(getattr(g, name), i, axis=0) for name in NAMES}
        costs.append(np.square(oracle.evaluate(g.replace(**others), points) - wanted).sum() - error)
    np.testing.assert_allclose(removal_costs(g, target), costs, rtol=1e-3, atol=1e-3 * np.abs(costs).max())


@pytest.mark.parametrize("blend", BLENDS)
def test_threads_do_not_change_a_bit(blend):
    g, target = random_scene(blend, 140, 300, n=900)
    results = [
        Objective(target, blend, threads).evaluate(arrays_of(g), LossWeights(1, 1, 0.3))
        for threads in (1, 2, 5)
    ]
    for other in results[1:]:
        assert other.loss == results[0].loss
        np.testing.assert_array_equal(other.gradient, results[0].gradient)


def test_adam_takes_the_textbook_steps(isa):
    rng = np.random.default_rng(0)
    value, mean, square = rng.random(103, np.float32), np.zeros(103, np.float32), np.zeros(103, np.float32)
    unit = rng.random(103, np.float32)
    x, m, v = value.astype(np.float64), np.zeros(103), np.zeros(103)
    for step in range(1, 6):
        slope = rng.normal(size=103).astype(np.float32)
        _native.adam(_native.Engine(1, isa), value, slope, mean, square, unit, 0.01, 0.8, 0.95, 1e-8, step)
        m, v = 0.8 * m + 0.2 * slope, 0.95 * v + 0.05 * slope.astype(np.float64) ** 2
        x -= 0.01 * unit * (m / (1 - 0.8**step)) / (np.sqrt(v / (1 - 0.95**step)) + 1e-8)
    np.testing.assert_allclose(value, x, rtol=2e-5, atol=1e-6)


def test_the_native_module_checks_its_arguments():
    g, target = random_scene("softmax")
    engine, scene = _native.Engine(1, "auto"), _native.Scene()
    with pytest.raises(ValueError, match="empty"):
        scene.render(engine, np.empty((3, 8, 8), np.float32), 0, 0, 1, 1, True)
    arrays = [np.array(getattr(g, name)) for name in NAMES]
    scene.update(engine, 1, False, g.width, g.height, *arrays)
    with pytest.raises(ValueError, match="channels"):
        scene.render(engine, np.empty((2, 8, 8), np.float32), 0, 0, 1, 1, True)
    with pytest.raises(TypeError):
        scene.render(engine, np.empty((8, 8, 3), np.float64), 0, 0, 1, 1, False)
    spares = _native.Spares()
    kept = _native.KeptRender(engine, scene, spares)
    gradient = np.empty((len(g), 9), np.float32)
    kept.gradient(target, gradient)
    with pytest.raises(ValueError, match="shape"):
        kept.gradient(target[:, :-1].copy(), gradient)
    for wrong in (gradient[1:].copy(), gradient[:, 1:].copy()):
        with pytest.raises(ValueError, match="own units"):
            kept.gradient(target, wrong)
    with pytest.raises(ValueError, match="cost"):
        kept.removal_cost(None, target, np.empty(len(g) + 1, np.float32))
    with pytest.raises(ValueError, match="empty"):
        _native.KeptRender(engine, _native.Scene(), spares)
    _native.squared_error(engine, scene, spares, target, None, gradient)
    with pytest.raises(ValueError, match="canvas"):
        _native.squared_error(engine, scene, spares, target[:, :-1].copy(), None, gradient)
    with pytest.raises(ValueError, match="weights of pixels"):
        _native.squared_error(engine, scene, spares, target, target[0, 1:].copy(), gradient)
    with pytest.raises(ValueError, match="weights of pixels"):
        _native.loss(engine, target, target, target[0, 1:].copy(), target.copy(), 1, 0, 0)
    for wrong in (target[:2].copy(), target[:, :, 1:].copy(), target[0, 0].copy(), target[None].copy()):
        with pytest.raises(ValueError, match="weights of pixels"):
            _native.loss(engine, target, target, wrong, target.copy(), 1, 0, 0)
    with pytest.raises(ValueError, match="shape"):
        scene.update(engine, 1, False, g.width, g.height, arrays[0][:3], *arrays[1:])
