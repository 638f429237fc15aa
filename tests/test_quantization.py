from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imagegs.codec.quantization import MAX_BITS, UniformQuantizer, round_trip

finite = st.floats(-(2.0**100), 2.0**100, width=32)
tables = arrays(np.float32, st.integers(1, 20), elements=finite)
bit_counts = st.integers(1, MAX_BITS)


@settings(deadline=None)
@given(tables, bit_counts)
def test_values_come_back_within_half_a_step(values: Any, bits: int) -> None:
    quantizer = UniformQuantizer.over(values, bits)
    back = quantizer.dequantize(quantizer.quantize(values)).astype(np.float64)
    half_step = (quantizer.high - quantizer.low) / (2**bits - 1) / 2
    rounding = np.spacing(np.abs(values)).astype(np.float64)
    assert (np.abs(back - values) <= half_step * (1 + 1e-9) + rounding).all()


@settings(deadline=None)
@given(tables, bit_counts)
def test_ends_come_back_exactly_and_nothing_leaves_the_range(values: Any, bits: int) -> None:
    quantizer = UniformQuantizer.over(values, bits)
    low, high = quantizer.dequantize(np.array([0, 2**bits - 1], np.uint32))
    assert (low, high) == (values.min(), values.max())
    back = quantizer.dequantize(quantizer.quantize(values))
    assert values.min() <= back.min() and back.max() <= values.max()


@settings(deadline=None)
@given(tables, bit_counts)
def test_a_second_round_trip_changes_nothing(values: Any, bits: int) -> None:
    once = round_trip(values, bits)
    assert np.array_equal(round_trip(once, bits), once)


@settings(deadline=None)
@given(finite, finite, bit_counts, st.data())
def test_both_products_are_exact_so_that_decoders_agree(a: float, b: float, bits: int, data: Any) -> None:
    quantizer = UniformQuantizer(bits, min(a, b), max(a, b))
    q, levels = data.draw(st.integers(0, 2**bits - 1)), 2**bits - 1
    for end, factor in ((quantizer.low, levels - q), (quantizer.high, q)):
        assert Fraction(end) * factor == Fraction(end * factor)
    expected = np.float32((quantizer.low * (levels - q) + quantizer.high * q) / levels)
    assert quantizer.dequantize(np.array([q], np.uint32))[0] == expected


def test_levels_are_evenly_spaced_and_the_nearest_is_taken() -> None:
    quantizer = UniformQuantizer(2, 0.0, 3.0)
    assert quantizer.quantize([0.0, 0.4, 0.6, 1.4, 2.6, 3.0]).tolist() == [0, 0, 1, 1, 3, 3]
    assert quantizer.dequantize(np.arange(4, dtype=np.uint32)).tolist() == [0, 1, 2, 3]


def test_values_outside_the_range_are_clipped() -> None:
    assert UniformQuantizer(8, 0.0, 1.0).quantize([-1.0, 2.0]).tolist() == [0, 255]


def test_round_trip_keeps_shape_and_makes_float32() -> None:
    back = round_trip(np.arange(12.0).reshape(3, 4), 3)
    assert back.shape == (3, 4) and back.dtype == np.float32
    assert len(np.unique(back)) == 8


def test_equal_values_come_back_exactly() -> None:
    assert round_trip([0.1, 0.1], 1).tolist() == [np.float32(0.1)] * 2


@pytest.mark.parametrize("bits", [0, 25, -1])
def test_bits_out_of_range(bits: int) -> None:
    with pytest.raises(ValueError, match="1 to 24 bits"):
        UniformQuantizer(bits, 0.0, 1.0)


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.0), (float("nan"), 0.0), (0.0, float("inf"))])
def test_bad_ranges(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="not a range"):
        UniformQuantizer(8, low, high)


def test_a_range_that_float32_cannot_hold() -> None:
    with pytest.raises(ValueError, match="float32"):
        UniformQuantizer(8, 0.0, 0.1)


@pytest.mark.parametrize("values", [[], [float("nan")], [float("inf"), 0.0]])
def test_values_that_cannot_be_quantised(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        round_trip(values, 8)
