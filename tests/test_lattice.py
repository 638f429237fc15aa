"""The lattice of coded files: numbers to steps and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsimg_samples import on_canvas, sample_gaussians
from imagegs.codec.lattice import (
    ANGLE,
    FIRST_COLOR,
    RATIO,
    SHORTER,
    WEIGHT,
    Lattice,
    correlated,
    decorrelated,
    from_table,
    lattice_steps,
    power,
    to_table,
)
from imagegs.gaussians import canonical_axes

FINENESSES = [0.25, 1.0, 4.0]


def lattices() -> st.SearchStrategy[Lattice]:
    step = st.integers(-128, 127)
    return st.builds(Lattice, st.integers(1, 64), step, step, step, st.integers(-90, 20), st.integers(0, 15))


@given(lattices(), st.integers(1, 12), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_points_of_the_lattice_stay(lattice: Lattice, n: int, seed: int) -> None:
    g = on_canvas(sample_gaussians(n, seed=seed))
    table = to_table(g, lattice)
    point = g.replace(**from_table(table, lattice, g.height, g.width))
    np.testing.assert_array_equal(to_table(point, lattice), table)


@pytest.mark.parametrize("fineness", FINENESSES)
def test_numbers_are_rounded_to_the_nearest_step(fineness: float) -> None:
    g, lattice = on_canvas(sample_gaussians(400)), Lattice.of_fineness(fineness)
    table = to_table(g, lattice)
    found, steps = from_table(table, lattice, g.height, g.width), lattice_steps(table, lattice)
    scale, angle = canonical_axes(g.scale, g.angle)
    half_scale = 2 ** (0.5001 / lattice.scales_an_octave)
    assert (found["scale"] / scale < half_scale).all() and (scale / found["scale"] < half_scale).all()
    assert (np.abs(found["log_weight"] - g.log_weight) <= 0.5001 * power(steps[:, 0])).all()
    turn = np.abs(found["angle"] - angle)
    assert (np.minimum(turn, np.pi - turn) <= 0.5001 * np.pi / steps[:, 2]).all()
    side = 2.0 ** (lattice.cell - steps[:, 4:6])
    assert (np.abs(found["xy"] - g.xy) <= 0.5001 * side + 1e-5).all()
    error = decorrelated(found["color"].astype(float)) - decorrelated(g.color.astype(float))
    assert (np.abs(error) <= 0.5001 * power(steps[:, 3])[:, None] + 1e-6).all()


def test_a_finer_lattice_has_finer_steps() -> None:
    g = on_canvas(sample_gaussians(50))
    errors = []
    for fineness in FINENESSES:
        lattice = Lattice.of_fineness(fineness)
        found = from_table(to_table(g, lattice), lattice, g.height, g.width)
        errors.append([np.abs(found[k] - getattr(g, k)).mean() for k in ("xy", "log_weight", "color")])
    assert (np.array(errors[:-1]) > 2 * np.array(errors[1:])).all()


def test_what_carries_much_of_the_picture_has_finer_colours() -> None:
    lattice = Lattice.of_fineness(1)
    table = np.zeros((4, FIRST_COLOR + 3), np.int32)
    table[:, SHORTER] = 10 * lattice.scales_an_octave
    table[1, SHORTER] += 2 * lattice.scales_an_octave
    table[2, RATIO] = 2 * lattice.scales_an_octave
    table[3, WEIGHT] = 8
    steps = lattice_steps(table, lattice)
    assert (steps[1:, 3] < steps[0, 3]).all() and steps[1, 3] < steps[2, 3]
    assert steps[0, 2] == 1 < steps[2, 2]  # a round one has no angle


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_colours_come_back_from_their_decorrelated_form(channels: int) -> None:
    color = np.random.default_rng(0).random((9, channels))
    stored = decorrelated(color)
    np.testing.assert_allclose(correlated(stored), color, atol=1e-15)
    assert np.allclose(np.square(stored).sum(1), np.square(color).sum(1))
    assert (channels in (3, 4)) == (not np.array_equal(stored, color))


@pytest.mark.parametrize(
    "fields",
    [
        (0, 0, 0, 0, 0, 0),
        (65, 0, 0, 0, 0, 0),
        (1, 128, 0, 0, 0, 0),
        (1, 0, -129, 0, 0, 0),
        (1, 0, 0, 0, 0, 16),
    ],
)
def test_lattices_that_no_file_can_hold(fields: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no such lattice"):
        Lattice(*fields)


def test_colours_beyond_the_lattice() -> None:
    with pytest.raises(ValueError, match="too large"):
        to_table(on_canvas(sample_gaussians(1, color=[[1e6, 0, 0]])), Lattice.of_fineness(1))


def test_an_angle_wraps() -> None:
    g = on_canvas(sample_gaussians(1, scale=[[9, 1]], angle=[np.nextafter(np.float32(np.pi), np.float32(4))]))
    assert to_table(g, Lattice.of_fineness(1))[0, ANGLE] == 0
