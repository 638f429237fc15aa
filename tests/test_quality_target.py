"""As few Gaussians as a wanted PSNR needs."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from conftest import texture_pixels
from imagegs.compression.quality_measures import PSNR
from imagegs.metrics import psnr


@pytest.fixture(scope="module")
def photo():
    return texture_pixels()


@pytest.mark.parametrize("wanted", [22.0, 25.0])
def test_a_target_is_met_and_hardly_more(photo, wanted):
    found = imagegs.fit_to_psnr(photo, wanted, steps=60)
    assert found.met and wanted <= found.psnr <= wanted + PSNR.tolerance
    assert found.psnr == psnr(photo, imagegs.render(found.gaussians, dtype=np.uint8))


def test_a_higher_target_takes_more_gaussians(photo):
    low, high = (imagegs.fit_to_psnr(photo, wanted, steps=60) for wanted in (20, 24))
    assert len(low.gaussians) < len(high.gaussians)


def test_an_impossible_target_keeps_the_best():
    noise = np.random.default_rng(0).random((24, 24, 3))
    steps = []
    found = imagegs.fit_to_psnr(noise, 60.0, steps=40, progress=lambda p: steps.append(p.step))
    assert not found.met and found.psnr < 60
    assert len(found.gaussians) == 24 * 24 / 4
    assert found.steps == len(steps)


def test_a_plain_picture_takes_one():
    found = imagegs.fit_to_psnr(np.full((20, 30, 3), 99, np.uint8), 40.0, steps=20)
    assert found.met and len(found.gaussians) == 1


def test_what_counts_can_be_given(photo):
    """A measure that reads 3 dB too low asks for a picture 3 dB better."""

    def strict(g):
        return psnr(photo, imagegs.render(g, dtype=np.uint8)) - 3

    found = imagegs.fit_to_psnr(photo, 21.0, steps=60, measure=strict)
    assert found.met and found.psnr == strict(found.gaussians) <= 21 + PSNR.tolerance


@pytest.mark.parametrize("wanted", [0, -3, np.nan, np.inf])
def test_targets_that_are_none_are_refused(photo, wanted):
    with pytest.raises(ValueError, match="PSNR"):
        imagegs.fit_to_psnr(photo, wanted)
