"""Weights of pixels, in all that a fit and what follows it do."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from conftest import texture_pixels
from imagegs.codec import Lattice
from imagegs.engine import engine
from imagegs.fitting import choose_lattice, drop_useless, quantise
from imagegs.fitting.pursuit import residual_blobs
from test_pursuit import gaussian


@pytest.fixture(scope="module")
def picture():
    return np.ascontiguousarray(texture_pixels()[:48, :64])


@pytest.fixture(scope="module")
def left():
    """1 in the left half, 0 in the right one."""
    return np.repeat(np.arange(64)[None] < 32, 48, axis=0).astype(np.float32)


def squared_error(picture, gaussians, side):
    difference = np.square(imagegs.render(gaussians) - picture / 255)
    return difference[:, side].mean()


def test_what_weighs_more_is_painted_better(picture, left):
    options = {"n_gaussians": 60, "effort": 1, "tune": "psnr", "seed": 1}
    plain = imagegs.fit(picture, **options)
    steered = imagegs.fit(picture, pixel_weights=1 + 9 * left, **options)
    for side, sign in ((slice(0, 32), 1), (slice(32, 64), -1)):
        gain = squared_error(picture, plain, side) / squared_error(picture, steered, side)
        assert gain**sign > 1.2


def test_equal_weights_change_next_to_nothing(picture):
    options = {"n_gaussians": 60, "effort": 1, "tune": "psnr", "seed": 1}
    everywhere = slice(None)
    plain = squared_error(picture, imagegs.fit(picture, **options), everywhere)
    equal = squared_error(
        picture, imagegs.fit(picture, pixel_weights=np.full((48, 64), 7), **options), everywhere
    )
    assert 0.8 < equal / plain < 1.25


@pytest.mark.parametrize("layers", [1, 4])
def test_pixels_of_weight_0_have_no_say(picture, left, layers):
    """Whatever they hold, the same Gaussians come out, on a lattice too."""
    other = picture.copy()
    other[:, 32:] = np.random.default_rng(0).integers(0, 256, other[:, 32:].shape)
    options = {"n_gaussians": 300, "steps": 40, "tune": "psnr", "init": "random", "layers": layers}
    found = []
    for pixels in (picture, other):
        fitted = imagegs.fit(pixels, pixel_weights=left, **options)
        kept = drop_useless(pixels, fitted, pixel_weights=left)
        lattice = choose_lattice(pixels, kept, pixel_weights=left)
        found.append((quantise(pixels, kept, lattice, pixel_weights=left), lattice))
    assert found[0][1] == found[1][1]
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        np.testing.assert_array_equal(getattr(found[0][0], name), getattr(found[1][0], name))
    assert found[0][0].layers == found[1][0].layers
    assert squared_error(picture, found[0][0], slice(0, 32)) < 0.01


def test_quantising_serves_what_weighs_more(picture, left):
    fitted = imagegs.fit(picture, 60, effort=1, tune="psnr")
    lattice = Lattice.of_fineness(0.5)
    plain, steered = (quantise(picture, fitted, lattice, pixel_weights=w) for w in (None, 1 + 30 * left))
    side = slice(0, 32)
    assert squared_error(picture, steered, side) < squared_error(picture, plain, side)


def test_threads_do_not_change_a_bit(picture, left):
    a, b = (
        imagegs.fit(picture, 60, effort=1, pixel_weights=left + 0.1, threads=threads) for threads in (1, 3)
    )
    np.testing.assert_array_equal(a.color, b.color)


@pytest.mark.parametrize("known", [1.0, 0.5])
def test_a_blob_is_found_by_the_pixels_that_count(known):
    """Its place, size and amplitude too where half of the pixels are unknown."""
    residual = gaussian(64, 64, 30.0, 26.0, 2.4)[None].astype(np.float32)
    weights = (np.random.default_rng(3).random((64, 64)) < known).astype(np.float32)
    garbage = residual + 5 * (1 - weights)
    blobs = residual_blobs(engine(1), garbage, 1, 4096, weights)
    np.testing.assert_allclose(blobs.xy[0], (30, 26), atol=1.5)
    assert blobs.scale[0] == pytest.approx(2.4, rel=0.01)
    assert blobs.amplitude[0, 0] == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((48, 63)), "shape"),
        (np.full((48, 64), -1.0), "negative"),
        (np.full((48, 64), np.nan), "not finite"),
        (np.zeros((48, 64)), "all zero"),
    ],
)
def test_impossible_weights_are_refused(picture, weights, message):
    with pytest.raises(ValueError, match=message):
        imagegs.fit(picture, 10, pixel_weights=weights)
    with pytest.raises(ValueError, match=message):
        quantise(picture, imagegs.fit(picture, 10, steps=1), Lattice.of_fineness(1), pixel_weights=weights)


def test_the_published_method_has_none(picture):
    with pytest.raises(ValueError, match="paper recipe"):
        imagegs.fit(picture, 10, recipe="paper", pixel_weights=np.ones((48, 64)))
