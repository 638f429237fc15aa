"""Planes and errors at half their size."""

from __future__ import annotations

import numpy as np
import pytest

from imagegs import _native
from imagegs.engine import engine
from imagegs.fitting.halving import halved, halved_products

SHAPES = [(1, 1, 1), (3, 1, 6), (2, 7, 1), (3, 33, 50), (1, 64, 31), (4, 40, 40)]


def plain_halved(planes):
    """Means of 2 x 2 pixels in float64; the last row or column of an odd side twice."""
    _, height, width = planes.shape
    even = np.pad(planes.astype(np.float64), ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape(len(planes), (height + 1) // 2, 2, (width + 1) // 2, 2).mean(axis=(2, 4))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_pixel_of_the_half_is_the_mean_of_four(shape, threads):
    planes = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(halved(engine(threads), planes), plain_halved(planes), atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_those_of_errors_and_slopes(shape):
    picture, target, slope = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    found = halved_products(engine(2), picture, target, slope)
    error = picture.astype(np.float64) - target
    expected = [(slope * error).sum(axis=0), np.square(error).sum(axis=0)]
    np.testing.assert_allclose(found, plain_halved(np.stack(expected)), atol=1e-5)


def test_wrong_shapes_are_refused():
    planes = np.zeros((2, 5, 6), np.float32)
    for shape in [(2, 2, 3), (2, 3, 2), (1, 3, 3)]:
        with pytest.raises(ValueError, match="halves have half the size"):
            _native.halve_planes(engine(1), planes, np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="not empty"):
        halved(engine(1), planes[:, :0])
    with pytest.raises(ValueError, match="disagree"):
        halved_products(engine(1), planes, planes, planes[:1])
    with pytest.raises(ValueError, match="half the size"):
        _native.halve_products(engine(1), planes, planes, planes, np.zeros((3, 3, 3), np.float32))
