"""Fits of pictures with alpha: what is seen counts; what hides under alpha 0 changes no Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import imagegs
from imagegs.codec import Lattice
from imagegs.engine import engine
from imagegs.fitting import choose_lattice, drop_useless, quantise
from imagegs.fitting.placement import place
from imagegs.fitting.pursuit import residual_blobs
from imagegs.fitting.weighing import seen_weights
from imagegs.metrics import pixel_errors, psnr
from imagegs.pictures.pixels import to_planes
from imagegs.pictures.transparency import seen, with_hidden_filled
from transparent_pictures import disk


def test_the_weights_are_the_second_derivatives_of_what_is_seen():
    """By finite differences of the very measure, channel by channel."""
    rng = np.random.default_rng(2)
    planes = rng.random((5, 3, 4))
    planes[4, 0] = 0
    alphas = (4, 4, None, 4, None)
    weights = seen_weights(planes.astype(np.float32), alphas)
    for i in np.ndindex(planes.shape):
        moved = [planes.copy() for _ in range(2)]
        moved[0][i] += 1e-3
        moved[1][i] -= 1e-3
        parts = [
            np.square(seen(np.moveaxis(m - 0, 0, -1), alphas) - seen(np.moveaxis(planes, 0, -1), alphas))
            for m in moved
        ]
        error = np.mean([p.sum() for p in parts]) / (4 * 12)  # of four channels that are seen
        assert weights[i] * 1e-6 / planes.size == pytest.approx(error, rel=1e-4, abs=1e-15)


def test_pictures_without_transparency_have_plain_weights():
    planes = to_planes(np.dstack([disk()[..., :3], np.full((40, 56), 255, np.uint8)]))
    of_pixels = np.ones((40, 56), np.float32)
    assert seen_weights(planes, (3, 3, 3, None)) is None
    assert seen_weights(planes, (3, 3, 3, None), of_pixels) is of_pixels
    clear = planes.copy()
    clear[3, 0, 0] = 0.5
    np.testing.assert_array_equal(
        seen_weights(clear, (3, 3, 3, None), 2 * of_pixels), 2 * seen_weights(clear, (3, 3, 3, None))
    )


def test_no_gaussian_is_placed_where_nothing_is_seen():
    planes = with_hidden_filled(to_planes(disk(hidden=5)), (3, 3, 3, None))
    weights = seen_weights(planes, (3, 3, 3, None))
    for placement in ("gradient", "random", np.ones((40, 56), np.float32)):
        rng = np.random.default_rng(0)
        pixels = place(rng, planes, placement, 60, weights, alphas=(3, 3, 3, None))
        near = Image.fromarray((planes[3] > 0).astype(np.uint8)).resize((56, 40))
        assert (np.asarray(near).reshape(-1)[pixels]).mean() > 0.9


def test_blobs_follow_the_weights_of_each_channel():
    """Of two residuals at one place, the one that counts is found, before one that is larger elsewhere."""
    y, x = np.mgrid[:64, :64]
    left, right = (np.exp(-((x - cx) ** 2 + (y - 32) ** 2) / 18).astype(np.float32) for cx in (16, 48))
    residual = np.stack([0.3 * left + 2 * right, 0.5 * right])
    weights = np.stack([(x < 32).astype(np.float32), np.ones((64, 64), np.float32)])
    found = residual_blobs(engine(1), residual, 2, 4096, weights)
    np.testing.assert_allclose(found.xy, [(48, 32), (16, 32)], atol=1.5)
    np.testing.assert_allclose(found.amplitude, [(0, 0.5), (0.3, 0)], atol=0.1)


OPTIONS = {"steps": 40, "n_gaussians": 40, "layers": 3}


@pytest.mark.parametrize("recipe", ["imagegs", "paper"])
@pytest.mark.parametrize(("bits", "gray"), [(8, False), (16, False), (8, True)])
def test_the_same_gaussians_whatever_hides(recipe, bits, gray):
    options = OPTIONS if recipe == "imagegs" else {"steps": 20, "n_gaussians": 40, "recipe": "paper"}
    found = []
    for hidden in (1, 2):
        pixels = disk(hidden=hidden, bits=bits, gray=gray)
        fitted = imagegs.fit(pixels, **options)
        if recipe == "imagegs":
            fitted = drop_useless(pixels, fitted)
            lattice = choose_lattice(pixels, fitted)
            fitted = quantise(pixels, fitted, lattice)
        found.append(fitted)
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_alphas_say_that_there_is_none():
    """Colours under alpha 0 then count: the pictures differ, and so do their Gaussians."""
    plain = {"alphas": (None,) * 4, **OPTIONS}
    a, b = (imagegs.fit(disk(hidden=hidden), **plain) for hidden in (1, 2))
    assert (a.color != b.color).any()
    a, b = (
        imagegs.fit(disk(hidden=hidden), channels=("C0", "C1", "C2", "C3"), **OPTIONS) for hidden in (1, 2)
    )
    assert (a.color != b.color).any()


def test_what_is_seen_is_painted_better_than_all_channels_alike():
    """At equal numbers, over noise that nobody sees."""
    pixels = disk(60, 84, hidden=7)
    options = {"n_gaussians": 60, "effort": 1, "tune": "psnr"}
    seen_first = imagegs.fit(pixels, **options)
    alike = imagegs.fit(pixels, alphas=(None,) * 4, **options)
    a, b = (psnr(pixels, imagegs.render(g, dtype=np.uint8)) for g in (seen_first, alike))
    assert a > b + 3


@pytest.mark.parametrize("tune", ["psnr", "balanced"])
def test_a_picture_without_anything_to_see(tune):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    pixels[..., 3] = 0
    fitted = imagegs.fit(pixels, 8, steps=20, tune=tune)
    quantised = quantise(pixels, fitted, choose_lattice(pixels, fitted))
    assert imagegs.render(quantised, dtype=np.uint8)[..., 3].max() <= 1
    assert psnr(pixels, imagegs.render(quantised, dtype=np.uint8)) > 50


def test_progress_tells_about_the_error_that_is_seen():
    pixels = disk(60, 84, hidden=7)
    last = None
    for last in imagegs.fit_progressively(pixels, 60, effort=1, tune="psnr"):
        assert last.loss > 0
    painted = np.clip(imagegs.render(last.snapshot()), 0, 1)
    assert last.psnr == pytest.approx(psnr(pixels, painted), abs=1.5)  # cross terms and clipping aside


def test_a_wanted_psnr_is_of_what_is_seen():
    found = imagegs.fit_to_psnr(disk(hidden=3), 30, effort=1)
    assert found.met
    assert found.psnr == pytest.approx(psnr(disk(hidden=4), imagegs.render(found.gaussians, dtype=np.uint8)))


def test_pixel_and_channel_weights_go_with_alpha():
    pixels = disk(60, 84, hidden=7)
    left = np.repeat(np.arange(84)[None] < 42, 60, axis=0).astype(np.float32)
    options = {"n_gaussians": 50, "effort": 1, "tune": "psnr", "channel_weights": (1, 2, 1, 4)}
    steered = [imagegs.fit(pixels, pixel_weights=w, **options) for w in (1 + 30 * left, 31 - 30 * left)]
    errors = [pixel_errors(pixels, imagegs.render(g, dtype=np.uint8)) for g in steered]
    assert np.square(errors[0][:, :42]).mean() < np.square(errors[1][:, :42]).mean()
    assert np.square(errors[1][:, 42:]).mean() < np.square(errors[0][:, 42:]).mean()
    lattice = Lattice.of_fineness(1)
    shared = {"pixel_weights": 1 + 30 * left, "channel_weights": (1, 2, 1, 4)}
    a, b = (quantise(disk(60, 84, hidden=h), steered[0], lattice, **shared) for h in (1, 2))
    np.testing.assert_array_equal(a.color, b.color)
