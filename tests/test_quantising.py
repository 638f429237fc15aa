"""Gaussians onto a lattice: what rounding costs is mostly made up for."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from gsimg_samples import sample_gaussians
from imagegs.codec.lattice import Lattice, from_table, to_table
from imagegs.fitting.gauss_newton import polish
from imagegs.fitting.objective import Objective
from imagegs.fitting.quantising import ROUNDING_LOSS, choose_lattice, quantise
from imagegs.fitting.small_copies import SmallCopies
from imagegs.metrics import psnr
from test_gradients import arrays_of, random_scene

NAMES = "xy", "scale", "angle", "log_weight", "color"


@pytest.fixture(scope="module")
def fitted():
    """A picture of soft shapes and 60 Gaussians of it."""
    y, x = np.mgrid[0:72, 0:96] / 24
    waves = [0.5 + 0.4 * np.sin(3 * x + k) * np.cos(2 * y - k * x) for k in (0.5, 1.0, 1.6)]
    picture = np.stack(waves, axis=-1).astype(np.float32)
    return picture, imagegs.fit(picture, 60, steps=150, tune="psnr", threads=1)


def rounded(gaussians, lattice):
    return gaussians.replace(**from_table(to_table(gaussians, lattice), lattice, 72, 96))


def quality(picture, gaussians):
    return psnr(picture, imagegs.render(gaussians, threads=1))


@pytest.mark.parametrize("fineness", [0.5, 1.0, 2.0])
def test_quantising_makes_up_for_most_of_the_rounding(fitted, fineness):
    picture, g = fitted
    lattice = Lattice.of_fineness(fineness)
    quantised = quantise(picture, g, lattice, threads=1)
    whole, at_once, found = (quality(picture, v) for v in (g, rounded(g, lattice), quantised))
    assert whole - found < 0.6 * (whole - at_once)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(quantised, name), getattr(rounded(quantised, lattice), name))


def test_a_coded_file_of_quantised_gaussians_loses_nothing(fitted):
    picture, g = fitted
    lattice = choose_lattice(picture, g)
    quantised = quantise(picture, g, lattice)
    back = imagegs.decode(imagegs.encode(quantised, lattice))
    assert quality(picture, back) == pytest.approx(quality(picture, quantised), abs=1e-3)


def test_the_lattice_is_the_coarsest_whose_rounding_costs_no_more_than_the_rule(fitted):
    picture, g = fitted
    lattice = choose_lattice(picture, g, threads=1)
    loss = quality(picture, g) - quality(picture, rounded(g, lattice))
    assert 0.2 * ROUNDING_LOSS < loss < 1.1 * ROUNDING_LOSS


def test_the_lattice_is_finer_the_smaller_the_error_that_rounding_is_held_against(fitted):
    picture, g = fitted
    error = 10 ** (-quality(picture, g) / 10)
    usual, finer, coarser = (choose_lattice(picture, g, error=e).color for e in (None, error / 4, error * 4))
    assert choose_lattice(picture, g, error=error).color == pytest.approx(usual, abs=1)
    assert finer < usual < coarser - 8


def test_without_steps_it_is_rounding(fitted):
    picture, g = fitted
    lattice = Lattice.of_fineness(0.5)
    found = quantise(picture, g, lattice, steps=0, threads=1)
    assert quality(picture, found) == pytest.approx(quality(picture, rounded(g, lattice)), abs=0.3)


def test_threads_do_not_change_a_bit(fitted):
    picture, g = fitted
    one, three = (quantise(picture, g, Lattice.of_fineness(1), threads=n) for n in (1, 3))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_channels(fitted, channels):
    picture = np.concatenate([fitted[0], fitted[0][..., :1]], axis=-1)[..., :channels]
    g = imagegs.fit(picture, 30, steps=40, threads=1)
    lattice = choose_lattice(picture, g)
    assert imagegs.decode(imagegs.encode(quantise(picture, g, lattice), lattice)).channels == g.channels


def test_what_is_not_free_stays():
    g, target = random_scene("softmax", 30, 40, n=20)
    arrays, free = arrays_of(g), np.ones((20, 9))
    free[:, 2:5] = 0
    free[:7] = 0
    (moved, error, _), *_ = polish(SmallCopies(Objective(target, "softmax", 1)), arrays, 1, free)
    before = Objective(target, "softmax", 1).squared_error(arrays).l2
    assert error < before
    for name in ("xy", "log_weight", "color"):
        assert (getattr(moved, name)[:7] == getattr(arrays, name)[:7]).all()
        assert (getattr(moved, name)[7:] != getattr(arrays, name)[7:]).any()
    np.testing.assert_allclose(moved.scale, arrays.scale, rtol=1e-6)
    np.testing.assert_array_equal(moved.angle, arrays.angle)


def test_gaussians_of_another_kind(fitted):
    picture, g = fitted
    with pytest.raises(ValueError, match="paper blend"):
        quantise(picture, sample_gaussians(3, "paper"), Lattice.of_fineness(1))
    with pytest.raises(ValueError, match="canvas and channels"):
        quantise(picture[:-1], g, Lattice.of_fineness(1))
    with pytest.raises(ValueError, match="canvas and channels"):
        choose_lattice(picture[..., 0], g)
