"""Where one more Gaussian would help most."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from imagegs.engine import engine
from imagegs.fitting.pursuit import _is_best_place, _is_best_size, _Level, residual_blobs


def gaussian(height, width, x, y, sigma):
    i, j = np.mgrid[0:height, 0:width] + 0.5
    return np.exp(-((j - x) ** 2 + (i - y) ** 2) / (2 * sigma**2)).astype(np.float32)


@pytest.mark.parametrize("sigma", [1.2, 2.4, 4.8, 9.6])
def test_a_gaussian_is_found_where_it_is(sigma):
    residual = np.stack([0.5, -0.25, 0.1] * gaussian(90, 121, 50.5, 40.5, sigma)[..., None], axis=0)
    residual = np.ascontiguousarray(np.moveaxis(residual, -1, 0))
    best = residual_blobs(engine(1), residual, 1, 10**4)
    assert np.abs(best.xy[0] - [50.5, 40.5]).max() <= sigma
    assert best.scale[0] == pytest.approx(sigma, rel=1e-3)
    np.testing.assert_allclose(best.amplitude[0], [0.5, -0.25, 0.1], rtol=0.25)


def test_the_best_come_first_and_each_once():
    residual = np.zeros((1, 80, 80), np.float32)
    for amplitude, x, y in ((0.2, 20.5, 20.5), (0.9, 60.5, 20.5), (0.5, 20.5, 60.5)):
        residual[0] += amplitude * gaussian(80, 80, x, y, 2.4)
    blobs = residual_blobs(engine(1), residual, 3, 10**4)
    np.testing.assert_allclose(blobs.xy, [[60.5, 20.5], [20.5, 60.5], [20.5, 20.5]], atol=2)


def test_a_soft_blob_is_worth_more_than_noise_of_its_size():
    rng = np.random.default_rng(0)
    residual = np.zeros((1, 64, 128), np.float32)
    residual[0, :, :64] = rng.normal(0, 0.2, (64, 64))
    residual[0] += 0.2 * gaussian(64, 128, 96, 32, 9.6)
    assert residual_blobs(engine(1), residual, 1, 10**4).xy[0, 0] > 64


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 50), (3, 7, 7), (2, 33, 17)])
def test_any_size_and_number_will_do(shape):
    residual = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    blobs = residual_blobs(engine(1), residual, 10**6, 10**4)
    assert 1 <= len(blobs.xy) <= shape[1] * shape[2]
    assert len(blobs.xy) == len(blobs.scale) == len(blobs.amplitude)
    assert (blobs.xy >= 0).all() and (blobs.xy <= [shape[2], shape[1]]).all()
    assert len(residual_blobs(engine(1), residual, 1, 10**4).xy) == 1


@pytest.mark.parametrize(("n_gaussians", "smallest"), [(6000, 1.2), (17, 1.2), (16, 2.4), (4, 4.8), (1, 9.6)])
def test_small_blobs_are_not_looked_for_where_gaussians_lie_far_apart(n_gaussians, smallest):
    residual = np.random.default_rng(0).normal(size=(1, 80, 80)).astype(np.float32)
    assert residual_blobs(engine(1), residual, 10**6, n_gaussians).scale.min() == pytest.approx(smallest)


def test_a_narrow_picture_has_a_level():
    assert len(residual_blobs(engine(1), np.ones((1, 12, 4000), np.float32), 3, 1).xy) >= 1


def test_nothing_to_mend_gives_no_blobs():
    assert len(residual_blobs(engine(1), np.zeros((3, 40, 40), np.float32), 5, 10).xy) == 0


SIZES = [(1, 1), (1, 9), (9, 1), (2, 2), (33, 17), (40, 64), (600, 3)]


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_best_places_are_those_of_a_maximum_filter(size, wrap):
    gain = np.random.default_rng(0).integers(0, 9, size).astype(np.float32)  # with ties, and with zeros
    most = maximum_filter(gain, 3, mode="wrap" if wrap else "reflect")
    np.testing.assert_array_equal(_is_best_place(gain, wrap), (gain >= most) & (gain > 0))


@pytest.mark.parametrize(("height", "width"), [(40, 64), (41, 64), (40, 65), (41, 65)])
def test_the_best_sizes_gain_more_than_half_and_twice_the_size(height, width):
    """Between two sizes that gain alike, the larger one is the best."""
    rng = np.random.default_rng(0)
    shapes = [(2 * height - 1, 2 * width), (height, width), ((height + 1) // 2, (width + 1) // 2)]
    fine, gain, coarse = (rng.integers(0, 4, shape).astype(np.float32) for shape in shapes)
    places = [np.indices(g.shape).reshape(2, -1) for g in (fine, gain, coarse)]
    every = zip((fine, gain, coarse), places, strict=True)
    levels = [_Level(2**i, g, *place, np.zeros((g.size, 1))) for i, (g, place) in enumerate(every)]
    best = _is_best_size(levels, 1).reshape(height, width)
    for y, x in np.ndindex(height, width):
        larger = coarse[y // 2, x // 2]
        smaller = fine[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max()
        assert best[y, x] == (gain[y, x] > larger and gain[y, x] >= smaller), (y, x)
