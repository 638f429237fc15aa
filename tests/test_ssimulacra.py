"""SSIMULACRA 2 of pictures as files have them: gray, with alpha, of 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from imagegs.ssimulacra.looks import SeenReference
from imagegs.ssimulacra.score import Reference, ssimulacra2
from picture_pairs import picture_pair

RGB, RGBA = tuple("RGB"), tuple("RGBA")


def with_alpha(pixels, alpha):
    return np.dstack([pixels, np.broadcast_to(np.uint8(alpha), pixels.shape[:2])])


def ramp(width):
    return np.linspace(0, 255, width).astype(np.uint8)


def over(pixels, ground):
    """What is seen over a ground, 0 or 1: the definition, in float64."""
    samples = pixels / 255
    alpha = samples[:, :, 3:]
    return np.floor(255 * (alpha * samples[:, :, :3] + (1 - alpha) * ground) + 0.5).astype(np.uint8)


def test_a_reference_serves_several_pictures():
    a, b = picture_pair(61, 50, "noise")
    _, c = picture_pair(61, 50, "blocks")
    reference = Reference(a)
    assert [reference.score(each) for each in (b, c, a)] == [ssimulacra2(a, each) for each in (b, c, a)]


def test_rgb_is_measured_as_it_is():
    a, b = picture_pair(61, 50, "noise")
    assert SeenReference(a, RGB).score(b) == ssimulacra2(a, b)
    assert SeenReference(b, RGB).score(a) == ssimulacra2(b, a) != ssimulacra2(a, b)


def test_gray_is_rgb_of_equal_channels():
    a, b = (np.ascontiguousarray(each[:, :, :1]) for each in picture_pair(61, 50, "noise"))
    assert SeenReference(a, ("Y",)).score(b) == ssimulacra2(a.repeat(3, axis=2), b.repeat(3, axis=2))


def test_alpha_is_seen_over_black_and_over_white():
    a, b = (with_alpha(each, ramp(50)) for each in picture_pair(61, 50, "blocks"))
    black, white = (ssimulacra2(over(a, ground), over(b, ground)) for ground in (0, 1))
    assert black != white
    assert SeenReference(a, RGBA).score(b) == pytest.approx((black + white) / 2, abs=0.01)


def test_an_alpha_that_differs_is_seen():
    a, _ = picture_pair(61, 50, "noise")
    reference = SeenReference(with_alpha(a, 255), RGBA)
    assert reference.score(with_alpha(a, 255)) == 100 > reference.score(with_alpha(a, 200))


def test_hidden_colors_do_not_count():
    a, b = (with_alpha(each, 0) for each in picture_pair(20, 30, "noise"))
    assert SeenReference(a, RGBA).score(b) == 100


def test_16_bits_and_floats_count_as_8():
    a, b = picture_pair(61, 50, "noise")
    expected = ssimulacra2(a, b)
    assert SeenReference(a.astype(np.uint16) * 257, RGB).score(b.astype(np.uint16) * 257) == expected
    assert SeenReference(a / 255, RGB).score(b) == expected


@pytest.mark.parametrize(
    ("shape", "channels", "alphas", "message"),
    [
        ((9, 9, 3), ("C0", "C1", "C2"), None, "Y, YA, RGB or RGBA, not of C0, C1, C2"),
        ((9, 9, 5), ("C0", "C1", "C2", "C3", "C4"), None, "not of C0"),
        ((9, 9, 4), RGBA, (None,) * 4, "not as a channel like another"),
        ((9, 9, 2), ("Y", "A"), (None, None), "not as a channel like another"),
        ((7, 9, 3), RGB, None, "at least 8 x 8 pixels"),
        ((9, 7, 1), ("Y",), None, "at least 8 x 8 pixels"),
    ],
)
def test_other_pictures_have_no_score(shape, channels, alphas, message):
    with pytest.raises(ValueError, match=message):
        SeenReference(np.zeros(shape, np.uint8), channels, alphas)


def test_pictures_of_another_shape_are_refused():
    reference = SeenReference(np.zeros((9, 9, 3), np.uint8), RGB)
    for shape in ((9, 10, 3), (9, 9, 1)):
        with pytest.raises(ValueError, match="differ in shape"):
            reference.score(np.zeros(shape, np.uint8))
