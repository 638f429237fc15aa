"""PSNR, SSIM and MS-SSIM of pictures with alpha are those of what is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imagegs.metrics import mean_squared_error, ms_ssim, pixel_errors, psnr, ssim, weighted_psnr
from imagegs.pictures.pixels import Picture
from imagegs.restoration.noise import noise_level
from imagegs.restoration.restoring import Source, restore
from transparent_pictures import RGBA, disk, noisy, over


@pytest.mark.parametrize("gray", [False, True])
def test_measures_are_those_over_black_and_over_white(gray):
    a = disk(170, 200, gray=gray)
    b = noisy(a)
    grounds = [(over(a, g), over(b, g)) for g in (0.0, 1.0)]
    error = np.mean([np.square(x - y).mean() for x, y in grounds])
    assert mean_squared_error(a, b) == pytest.approx(error, rel=1e-12)
    assert psnr(a, b) == pytest.approx(-10 * math.log10(error), abs=1e-9)
    for measure in (ssim, ms_ssim):
        expected = np.mean([measure(x, y) for x, y in grounds])
        assert measure(a, b) == pytest.approx(expected, abs=1e-6)
    of_pixels = np.mean([np.square(x - y).mean(axis=2) for x, y in grounds], axis=0)
    np.testing.assert_allclose(pixel_errors(a, b), np.sqrt(of_pixels), rtol=1e-6)
    weights = np.random.default_rng(4).random(a.shape[:2]).astype(np.float32)
    assert weighted_psnr(a, b, weights) == pytest.approx(
        -10 * math.log10(np.average(of_pixels, weights=weights)), abs=1e-6
    )


@pytest.mark.parametrize("bits", [8, 16])
def test_hidden_colours_count_in_no_measure(bits):
    a, b = disk(hidden=1, bits=bits), disk(hidden=2, bits=bits)
    assert (a != b).any()
    assert psnr(a, b) == math.inf and ssim(a, b) == ms_ssim(a, b) == 1.0
    assert not pixel_errors(a, b).any()


def test_an_opaque_picture_is_measured_by_its_colours():
    a = np.dstack([disk()[..., :3], np.full((40, 56), 255, np.uint8)])
    b = noisy(a)
    b[..., 3] = 255
    for measure in (psnr, ssim, ms_ssim):
        assert measure(a, b) == pytest.approx(measure(a[..., :3], b[..., :3]), abs=1e-6)


def test_a_stack_is_measured_map_by_map():
    """Each channel that is seen counts once; without alphas all channels count alike."""
    color, rough = disk(), disk(gray=True, hidden=3)[..., :1]
    a = np.dstack([color, rough])
    b = noisy(a)
    alphas = (3, 3, 3, None, None)
    parts = [mean_squared_error(a[..., :4], b[..., :4])] * 3 + [mean_squared_error(a[..., 4:], b[..., 4:])]
    assert mean_squared_error(a, b, alphas) == pytest.approx(np.mean(parts), rel=1e-12)
    plain = np.square((a - b.astype(float)) / 255).mean()
    assert mean_squared_error(a[..., :4], b[..., :4], (None,) * 4) == pytest.approx(
        np.square((a - b.astype(float))[..., :4] / 255).mean(), rel=1e-12
    )
    assert mean_squared_error(a, b) == pytest.approx(plain, rel=1e-12)


def test_noise_is_that_of_visible_pixels():
    rng = np.random.default_rng(1)
    pixels = np.full((60, 80, 4), 0.5) + rng.normal(0, 0.04, (60, 80, 1))
    pixels[..., 3] = np.arange(80) < 40
    pixels[:, 40:, :3] = rng.random((60, 40, 3))
    visible = pixels[..., 3] > 0
    assert noise_level(pixels[..., :3].astype(np.float32), visible) == pytest.approx(0.04, rel=0.1)
    assert noise_level(pixels[..., :3].astype(np.float32), np.zeros((60, 80), bool)) == 0
    integers = np.round(255 * pixels.clip(0, 1)).astype(np.uint8)
    found = restore(Picture(integers, RGBA), "denoise", Source(chooses_amount=False))
    assert found.findings["noise"] == pytest.approx(255 * 0.04, rel=0.1)
