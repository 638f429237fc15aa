"""Transforms of colours in files, and weights of channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imagegs
from chunks import join, split
from imagegs import FormatError
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.lattice import Lattice, from_table, to_table
from imagegs.fitting.color_transforms import choose_color_transform, sparsest_rows
from imagegs.metrics import psnr
from test_coded import clustered

USUAL = Lattice.of_fineness(1)


def mixed(n: int, channels: int):
    """Gaussians whose channels are mixtures of fewer sources that jump now and then."""
    rng = np.random.default_rng(0)
    sources = rng.laplace(0, 0.1, (n, channels)) * (rng.uniform(size=(n, channels)) < 0.3)
    sources[:, channels // 2 :] *= 0.01
    rotation = np.linalg.qr(rng.normal(size=(channels, channels)))[0]
    g = clustered(n, channels)
    return g.replace(color=0.5 + sources @ rotation.T)


def test_a_transform_survives_its_bytes():
    transform = ColorTransform((-128, 0, 127), ((127, 0, -128), (5, 6, 7), (-1, 2, 3)))
    assert ColorTransform.from_bytes(transform.to_bytes(), 3) == transform


@pytest.mark.parametrize("channels", [1, 2, 3, 9, 32])
def test_colors_come_back_from_their_stored_form(channels):
    rng = np.random.default_rng(channels)
    rows = np.linalg.qr(rng.normal(size=(channels, channels)))[0]
    transform = ColorTransform.nearest(rows, rng.uniform(0.5, 2, channels))
    color = rng.normal(size=(20, channels))
    np.testing.assert_allclose(transform.colors(transform.stored(color)), color, atol=1e-12)
    np.testing.assert_allclose(transform.stored(transform.colors(color)), color, atol=1e-12)


@pytest.mark.parametrize(
    "fields", [((0,), ()), ((0,), ((1, 2),)), ((0, 0), ((1, 2), (3,))), ((128,), ((1,),))]
)
def test_transforms_of_another_shape_or_range_are_refused(fields):
    with pytest.raises(ValueError, match="colour transform"):
        ColorTransform(*fields)


def test_a_lattice_with_a_transform_of_other_channels_is_refused():
    lattice = replace(USUAL, color_transform=ColorTransform((0,), ((127,),)))
    with pytest.raises(ValueError, match="1 channels, not 3"):
        imagegs.encode(clustered(5, 3), lattice)


def test_a_transform_without_a_way_back_is_refused_by_the_encoder_only():
    g = clustered(5, 2)
    with pytest.raises(ValueError, match="no way back"):
        imagegs.encode(g, replace(USUAL, color_transform=ColorTransform((0, 0), ((0, 0), (0, 0)))))
    head, lattice, layer, tail = split(imagegs.encode(g, USUAL))
    black = imagegs.decode(join([head, lattice, (b"TURN", bytes(6)), layer, tail]))
    assert not black.color.any()


@pytest.mark.parametrize("size", [0, 5, 7])
def test_a_transform_of_another_length_is_invalid(size):
    head, lattice, layer, tail = split(imagegs.encode(clustered(5, 2), USUAL))
    with pytest.raises(FormatError, match=f"chunk TURN: {size} bytes, 6 are needed"):
        imagegs.decode(join([head, lattice, (b"TURN", bytes(size)), layer, tail]))


def test_rows_find_sparse_sources():
    rng = np.random.default_rng(1)
    sources = rng.laplace(0, 20, (3000, 4)) * (rng.uniform(size=(3000, 4)) < 0.2)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    rows = sparsest_rows(sources @ rotation.T)
    np.testing.assert_allclose(rows @ rows.T, np.eye(4), atol=1e-12)
    shares = np.sort(np.abs(rows @ rotation), axis=1)
    assert (shares[:, -1] > 0.98).all()


def test_the_transform_that_is_chosen_makes_the_file_smaller():
    g = mixed(2000, 6)
    lattice = choose_color_transform(g, USUAL)
    assert lattice.color_transform is not None
    plain, transformed = (len(imagegs.encode(g, each)) for each in (USUAL, lattice))
    assert transformed < 0.95 * plain
    back = imagegs.decode(imagegs.encode(g, lattice))
    table = to_table(back, lattice)
    again = from_table(table, lattice, g.height, g.width)
    np.testing.assert_array_equal(again["color"], back.color)


def test_no_transform_where_it_does_not_pay():
    assert choose_color_transform(clustered(3, 32), USUAL).color_transform is None
    assert choose_color_transform(clustered(300, 3), USUAL).color_transform is None


def noise(channels: int):
    rng = np.random.default_rng(5)
    return rng.uniform(0, 1, (12, 16, channels)).repeat(4, axis=0).repeat(4, axis=1).astype(np.float32)


def coded_with(picture, weights):
    g = imagegs.fit(picture, 40, steps=60, tune="psnr", threads=1, channel_weights=weights)
    lattice = imagegs.choose_lattice(picture, g, channel_weights=weights, threads=1)
    quantised = imagegs.quantise(picture, g, lattice, threads=1, channel_weights=weights)
    painted = imagegs.render(imagegs.decode(imagegs.encode(quantised, lattice)), threads=1)
    return [psnr(picture[..., c], painted[..., c]) for c in range(picture.shape[-1])]


@pytest.mark.parametrize("channels", [3, 5])
def test_a_channel_that_weighs_more_is_better_and_others_worse(channels):
    picture = noise(channels)
    even, weighed = (coded_with(picture, w) for w in (None, [8, *[1] * (channels - 1)]))
    assert weighed[0] > even[0] + 0.5
    assert max(np.subtract(weighed[1:], even[1:])) < 0


def test_equal_weights_change_nothing():
    picture = noise(3)
    one, other = (imagegs.fit(picture, 20, steps=20, channel_weights=w) for w in (None, [4, 4, 4]))
    np.testing.assert_array_equal(one.color, other.color)
    assert imagegs.choose_lattice(picture, one) == imagegs.choose_lattice(
        picture, one, channel_weights=[2, 2, 2]
    )


@pytest.mark.parametrize(
    "weights", [[1, 2], [0, 1, 1], [-1, 1, 1], [np.inf, 1, 1], [np.nan, 1, 1], [1e5, 1, 1]]
)
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        imagegs.fit(noise(3), 5, steps=1, channel_weights=weights)
