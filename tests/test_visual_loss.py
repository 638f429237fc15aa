"""The visual loss: its native value and gradient against the float64 twin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from imagegs import _native
from visual_oracle import visual_loss

SHAPES = [(3, 50, 61), (1, 9, 7), (4, 37, 300), (2, 64, 64), (3, 1, 1), (3, 300, 17), (2, 1, 5)]


def pictures(shape, seed=1, noise=0.05):
    rng = np.random.default_rng(seed)
    smooth = 0.5 + 1.5 * gaussian_filter(rng.normal(size=shape), (0, 2, 2))
    target = np.clip(smooth, 0, 1).astype(np.float32)
    return (target + noise * rng.normal(size=shape)).astype(np.float32), target


def random_terms(seed=2):
    return np.random.default_rng(seed).random((6, 3, 3, 2))


def native(isa, picture, target, weights, pixel_weights=None, threads=2):
    """The loss and its gradient."""
    engine = _native.Engine(threads, isa)
    loss = _native.VisualLoss(engine, target, pixel_weights, np.ones(len(target), np.float32), weights)
    gradient = np.zeros_like(target)
    return loss.evaluate(engine, picture, weights, gradient), gradient


def weights_of(pixels, shape):
    return np.random.default_rng(3).random(shape[1:], np.float32) if pixels else None


@pytest.mark.parametrize("isa", _native.isa_names())
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_equals_the_twin(shape, weighted, isa):
    picture, target = pictures(shape)
    pixel_weights = weights_of(weighted, shape)
    for terms in np.eye(108)[::7].reshape(-1, 6, 3, 3, 2):
        found, _ = native(isa, picture, target, terms, pixel_weights)
        expected = visual_loss(picture, target, terms, pixel_weights)
        assert found == pytest.approx(expected, rel=2e-3, abs=2e-4 if terms[..., 1].any() else 3e-5)


@pytest.mark.parametrize("isa", _native.isa_names())
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_the_twins_slope(shape, weighted, isa):
    picture, target = pictures(shape)
    weights, pixel_weights = random_terms(), weights_of(weighted, shape)
    _, gradient = native(isa, picture, target, weights, pixel_weights)
    rng = np.random.default_rng(4)
    inside = (picture > 1e-3) & (picture < 1 - 1e-3)  # where the sample's limits are far
    n = 40 if picture.size < 1000 else 10
    for _ in range(n):
        along = np.zeros(shape)
        if rng.random() < 0.5:  # one sample
            along.flat[rng.integers(along.size)] = 1
        else:
            along = rng.normal(size=shape)
        along *= inside
        h = 1e-6
        sides = [visual_loss(picture + s * h * along, target, weights, pixel_weights) for s in (1, -1)]
        slope, found = (sides[0] - sides[1]) / (2 * h), float((gradient * along).sum())
        assert found == pytest.approx(
            slope, rel=5e-3, abs=5e-4 * np.abs(gradient).max() * np.abs(along).sum() ** 0.5
        )


def test_planes_that_share_memory_do_not_mix():
    """Maps of a picture so large are made plane after plane, in the same memory."""
    shape = (3, 760, 1400)
    rng = np.random.default_rng(5)
    target = rng.random(shape, np.float32)
    picture = (target + np.float32(0.1) * rng.random(shape, np.float32)) * np.float32(0.9)
    terms = random_terms()
    value, gradient = native("auto", picture, target, terms)
    parts = []
    for plane in [*np.ndindex(1, 3), (slice(1, None),)]:  # those of the finest scale, and all others
        alone = np.zeros_like(terms)
        alone[plane] = terms[plane]
        parts.append(native("auto", picture, target, alone))
    assert value == pytest.approx(sum(part for part, _ in parts), rel=1e-6)
    most = np.abs(gradient).max()
    np.testing.assert_allclose(sum(slope for _, slope in parts), gradient, atol=1e-5 * most, rtol=0)
