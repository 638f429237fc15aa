"""Which alpha covers a channel, and the colours that are put where nothing is seen."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from imagegs.pictures.pixels import Picture
from imagegs.pictures.transparency import alphas_of, checked_alphas, with_hidden_filled, without_hidden
from imagegs.textures.map_list import alphas_of_maps, make_map
from transparent_pictures import RGBA, YA, disk


@pytest.mark.parametrize(
    ("channels", "alphas"),
    [
        (RGBA, (3, 3, 3, None)),
        (YA, (1, None)),
        (("R", "G", "B"), (None,) * 3),
        (("C0", "C1", "C2", "A"), (None,) * 4),
        (("A",), (None,)),
        (("a.b.Y", "a.b.A", "Color.R", "Color.G", "Color.B", "Color.A"), (1, None, 5, 5, 5, None)),
        (("x.R", "x.G", "x.B", "y.A"), (None,) * 4),
    ],
)
def test_names_tell_which_alpha_covers_a_channel(channels, alphas):
    assert alphas_of(channels) == alphas


def test_impossible_alphas_are_refused():
    assert checked_alphas(None, 4) == (3, 3, 3, None)
    assert checked_alphas([None, None], YA) == (None, None)
    for wrong, why in (
        ([1], "2 channels"),
        ([2, None], "channel 2"),
        ([0, None], "channel 0"),
        ([-1, None], "-1"),
    ):
        with pytest.raises(ValueError, match=why):
            checked_alphas(wrong, YA)
        with pytest.raises(ValueError, match=why):
            imagegs.fit(disk(gray=True), 9, steps=1, alphas=wrong)


def test_the_alpha_of_data_is_a_channel_like_another():
    maps = (make_map("orm", "t_orm.png", "orm", 8, 4), make_map("Color", "t_Color.png", "color", 8, 4))
    assert alphas_of_maps(maps) == (None,) * 4 + (7, 7, 7, None)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (13, 1), (31, 46)])
def test_the_filling_depends_on_what_is_seen_alone(shape):
    rng = np.random.default_rng(0)
    planes = rng.random((4, *shape), np.float32)
    planes[3] *= rng.random(shape) > 0.6
    other = np.where(planes[3] > 0, planes, rng.random(planes.shape, np.float32))
    other[3] = planes[3]
    a, b = (with_hidden_filled(each, (3, 3, 3, None)) for each in (planes, other))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(a[:, planes[3] > 0], planes[:, planes[3] > 0])
    assert a.min() >= 0 and a.max() <= 1


def test_the_filling_goes_on_from_the_visible_colours():
    x = np.arange(64, dtype=np.float32) + np.zeros((48, 1), np.float32)
    planes = np.stack([x / 64, (x > 6) * np.float32(x < 32)])
    filled = with_hidden_filled(planes, (1, None))[0]
    assert np.abs(filled[:, :7] - 7 / 64).max() < 0.1 and np.abs(filled[:, 32:36] - 0.5).max() < 0.1
    assert np.abs(np.diff(filled, axis=1)).max() < 0.08
    clear = with_hidden_filled(np.stack([planes[0], 0 * x]), (1, None))
    assert not clear.any()
    opaque = np.stack([planes[0], 0 * x + 1])
    assert with_hidden_filled(opaque, (1, None)) is opaque


def test_integers_that_are_seen_stay_to_the_bit():
    for bits in (8, 16):
        a, b = (without_hidden(Picture(disk(hidden=seed, bits=bits), RGBA)).pixels for seed in (1, 2))
        np.testing.assert_array_equal(a, b)
        visible = disk(bits=bits)[..., 3] > 0
        np.testing.assert_array_equal(a[visible], disk(bits=bits)[visible])
