"""The blur of planes against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from imagegs import _native
from imagegs.engine import engine
from imagegs.fitting.blurring import gaussian_blur

SHAPES = [(1, 1, 1), (2, 1, 37), (2, 37, 1), (1, 2, 3), (3, 33, 17), (2, 20, 131)]


@pytest.mark.parametrize("isa", _native.isa_names())
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize(("sigma", "truncate"), [(1.2, 2.5), (3.0, 3.0), (0.2, 2.0)])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_blur_is_that_of_scipy(shape, sigma, truncate, wrap, isa):
    planes = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    mode = "wrap" if wrap else "constant"
    wanted = gaussian_filter(planes, (0, sigma, sigma), mode=mode, truncate=truncate)
    for threads in (1, 3):
        blurred = gaussian_blur(_native.Engine(threads, isa), planes, sigma, truncate, wrap)
        assert blurred.dtype == np.float32
        np.testing.assert_allclose(blurred, wanted, atol=1e-6)


@pytest.mark.parametrize("isa", _native.isa_names())
def test_threads_do_not_change_a_bit(isa):
    planes = np.random.default_rng(0).normal(size=(3, 90, 70)).astype(np.float32)
    one, three = (gaussian_blur(_native.Engine(n, isa), planes, 3.0, 3.0) for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_any_layout_of_values_will_do():
    pixels = np.random.default_rng(0).normal(size=(30, 40, 3))
    planes = np.moveaxis(pixels, -1, 0)
    wanted = gaussian_filter(planes, (0, 1.2, 1.2), mode="constant", truncate=2.5)
    np.testing.assert_allclose(gaussian_blur(engine(1), planes, 1.2, 2.5), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("planes", "out", "taps", "message"),
    [
        ((2, 4, 5), (2, 5, 4), 2, "disagree in shape"),
        ((0, 4, 5), (0, 4, 5), 2, "no plane"),
        ((2, 4, 5), (2, 4, 5), 0, "a weight in its middle"),
    ],
)
def test_what_does_not_fit_is_refused(planes, out, taps, message):
    arrays = (np.zeros(shape, np.float32) for shape in (planes, out, taps))
    with pytest.raises(ValueError, match=message):
        _native.blur_planes(engine(1), *arrays, False)


@pytest.mark.parametrize("shift", [0, 1])
def test_a_blur_in_place_is_refused(shift):
    planes = np.zeros((3, 4, 5), np.float32)
    with pytest.raises(ValueError, match="in place"):
        _native.blur_planes(engine(1), planes[:2], planes[shift : shift + 2], np.ones(2, np.float32), False)
