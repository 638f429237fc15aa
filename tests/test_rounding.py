"""Colours chosen by squared error and bits."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from imagegs._native import LayerCoder
from imagegs.codec.lattice import CELL_X, FIRST_COLOR, SHORTER, Lattice, from_table, native_lattice, to_table
from imagegs.compression import rate_control
from imagegs.fitting.quantising import Reference, onto_lattice
from imagegs.fitting.rounding import ColorRounding, whole_part
from test_quantising import fitted  # noqa: F401  (a fixture)

LATTICE = Lattice.of_fineness(1)
COLORS = slice(FIRST_COLOR, None)


def random_table(rng, n, channels):
    """Round Gaussians in a row, so that their order is the layer's."""
    table = np.zeros((n, FIRST_COLOR + channels), np.int32)
    table[:, CELL_X] = np.arange(n)
    table[:, SHORTER] = 100 + rng.integers(0, 20, n)
    table[:, COLORS] = rng.integers(-40, 40, (n, channels))
    return table


def coder_of(table):
    return LayerCoder(native_lattice(LATTICE), 4 * len(table), 4, table.shape[1] - FIRST_COLOR, True)


def color_bits(table):
    return sum(coder_of(table).encode(table.copy())[1][FIRST_COLOR:])


def wishes_of_last(table, wanted, worth):
    """Wishes for the last colour alone."""
    wishes = np.zeros((2, len(table), table.shape[1] - FIRST_COLOR))
    wishes[1] = -1
    wishes[:, -1, -1] = wanted, worth
    return wishes


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("worth", [0.02, 0.3, 2.0])
def test_the_choice_is_that_of_all_numbers_tried(channels, worth):
    rng = np.random.default_rng(channels)
    moved = 0
    for n in range(1, 9):
        table, wanted = random_table(rng, n, channels), rng.uniform(-20, 20)
        chosen = table.copy()
        coder_of(table).choose_colors(chosen, *wishes_of_last(table, wanted, worth))
        costs = {}
        for value in range(-50, 51):
            table[-1, -1] = value
            costs[value] = color_bits(table) + worth * (value - wanted) ** 2
        assert costs[chosen[-1, -1]] == pytest.approx(min(costs.values()), abs=1e-4)
        table[-1, -1] = chosen[-1, -1]
        np.testing.assert_array_equal(chosen, table)  # nothing else moves
        moved += chosen[-1, -1] != round(wanted)
    assert moved > 0 or worth > 1


def test_rows_stay_in_their_order_and_each_has_its_own_wishes():
    rng = np.random.default_rng(5)
    table = random_table(rng, 40, 3)
    wanted = rng.uniform(-300, 300, (40, 3))
    shuffled, chosen = rng.permutation(40), table.copy()
    coder_of(table).choose_colors(chosen, wanted, np.full((40, 3), 1e6))
    np.testing.assert_array_equal(chosen[:, COLORS], np.rint(wanted))
    other = table[shuffled]
    coder_of(table).choose_colors(other, wanted[shuffled], np.full((40, 3), 0.3))
    coder_of(table).choose_colors(chosen, wanted, np.full((40, 3), 0.3))
    np.testing.assert_array_equal(other, chosen[shuffled])
    assert (chosen[:, COLORS] != np.rint(wanted)).any()


@pytest.mark.parametrize(
    ("shape", "value"), [((4, 2), 0.0), ((3, 3), 0.0), ((4, 3), np.nan), ((4, 3), 2.0**24)]
)
def test_wishes_that_cannot_be(shape, value):
    table = random_table(np.random.default_rng(0), 4, 3)
    with pytest.raises(ValueError, match=r"wish|shape"):
        coder_of(table).choose_colors(table, np.full(shape, value), np.ones(shape))


@pytest.fixture
def rounding(fitted):  # noqa: F811
    """A reference, arrays that are on the lattice but for their colours, and their rounding."""
    picture, g = fitted
    g = g.replace(layers=(20, 40))
    reference = Reference(picture, g, 1)
    arrays = reference.arrays_of(g.replace(**from_table(to_table(g, LATTICE), LATTICE, g.height, g.width)))
    arrays.color = np.array(g.color)
    part = whole_part(60, [20, 40], g.height, g.width)
    return reference, g, arrays, ColorRounding(reference.objective, LATTICE, reference.roots, part)


def test_dearer_bits_are_fewer_and_cost_error(rounding):
    reference, g, arrays, colors = rounding
    curvature, free = reference.objective.kept(arrays).normal_diagonal(None), np.ones(60, bool)
    found = [colors.chosen(arrays, curvature, free, factor) for factor in (1e-9, 4, 64)]
    sizes = [len(imagegs.encode(g.replace(**vars(each)), LATTICE)) for each in found]
    errors = [reference.objective.squared_error(each).l2 for each in found]
    assert sizes[0] > sizes[1] > sizes[2]
    assert errors[0] < errors[2]
    rounded = from_table(to_table(arrays, LATTICE), LATTICE, g.height, g.width)
    np.testing.assert_array_equal(found[0].color, rounded["color"])


def test_what_is_not_free_stays(rounding):
    reference, _, arrays, colors = rounding
    free = np.arange(60) % 2 == 0
    found = colors.chosen(arrays, reference.objective.kept(arrays).normal_diagonal(None), free)
    np.testing.assert_array_equal(found.color[~free], arrays.color[~free])
    assert (found.color[free] != arrays.color[free]).any()


def test_refining_mends_a_bad_choice(rounding):
    reference, _, arrays, colors = rounding
    arrays.color = arrays.color + np.float32(0.05)
    before = reference.objective.squared_error(arrays).l2
    refined = colors.refined(arrays)
    assert reference.objective.squared_error(refined).l2 < 0.5 * before


def test_colors_fit_a_size(fitted):  # noqa: F811
    picture, g = fitted

    def with_room(n_bytes, threads=1):
        reference = Reference(picture, g, threads)
        return onto_lattice(reference, g, LATTICE, 1, 0, lambda each: size(each) <= n_bytes)

    def size(gaussians):
        return len(imagegs.encode(gaussians, LATTICE))

    usual, least = size(with_room(10**6)), size(with_room(0))
    assert least < usual
    assert usual == pytest.approx(size(imagegs.quantise(picture, g, LATTICE, threads=1)), abs=3)
    for n_bytes in range(least, usual):
        found = with_room(n_bytes)
        assert least <= size(found) <= n_bytes
        np.testing.assert_array_equal(found.color, with_room(n_bytes, threads=3).color)


def test_a_wanted_size_takes_few_quantisations(fitted, monkeypatch):  # noqa: F811
    picture, _ = fitted
    calls = []

    def counted(*args):
        calls.append(args)
        return onto_lattice(*args)

    monkeypatch.setattr(rate_control, "onto_lattice", counted)
    data = imagegs.compress((255 * picture).astype(np.uint8), target_size=900, effort=1, threads=1)
    assert 0.97 * 900 < len(data) <= 900
    assert len(calls) <= 2


def test_the_smallest_file_has_one_gaussian():
    y, x = np.mgrid[:24, :32]
    pixels = np.dstack([x * 8, y * 10, x + y]).astype(np.uint8)
    for n_bytes in range(150, 300, 2):
        try:
            data = imagegs.compress(pixels, target_size=n_bytes, effort=1)
        except ValueError as error:
            assert str(error) == f"{n_bytes} bytes are too few for a Gaussian"
            continue
        assert len(data) <= n_bytes and len(imagegs.decode(data)) == 1
        assert imagegs.compress(pixels, target_size=len(data), effort=1) == data
        break
    else:
        pytest.fail("not even 298 bytes have room for a Gaussian")
