"""Numbers in fixed point: how near they come back, for each blend and number of bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from gsimg_samples import any_gaussians, bits_of_any_size, same, sample_gaussians
from gsimg_samples import encode_fixed as encode
from imagegs.codec import Bits, decode, read_info
from imagegs.codec.attributes import canonical
from imagegs.codec.quantization import exp2, round_trip
from imagegs.gaussians import MAX_COLOR, MAX_LOG_WEIGHT, MAX_POSITION, MAX_SCALE, MIN_SCALE, Gaussians


def covariance(g: Gaussians) -> Any:
    c, s = np.cos(g.angle.astype(float)), np.sin(g.angle.astype(float))
    rotation = np.array([[c, -s], [s, c]]).transpose(2, 0, 1)
    return rotation @ (np.eye(2) * g.scale.astype(float)[:, None] ** 2) @ rotation.transpose(0, 2, 1)


@settings(max_examples=200, deadline=None)
@given(any_gaussians(), bits_of_any_size)
def test_paper_values_that_were_quantised_come_back(gaussians: Gaussians, bits: Bits) -> None:
    gaussians = gaussians.replace(blend="paper", log_weight=np.zeros(len(gaussians)))
    inverse = round_trip(1 / gaussians.scale.astype(float), bits.scale)
    trained = gaussians.replace(
        xy=round_trip(gaussians.xy, bits.position),
        scale=(1 / inverse.astype(float)).astype(np.float32),
        angle=round_trip(gaussians.angle, bits.angle),
        color=round_trip(gaussians.color, bits.color),
    )
    decoded = decode(encode(trained, bits), size_limit=2**32)
    for name in ("xy", "angle", "color"):
        assert np.array_equal(getattr(decoded, name), getattr(trained, name))
    np.testing.assert_array_max_ulp(decoded.scale, trained.scale, maxulp=4)


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("bits", [8, 12, 16, 24])
def test_values_come_back_within_half_a_step(blend: str, bits: int) -> None:
    gaussians = sample_gaussians(200, blend)
    expected = gaussians if blend == "paper" else canonical(gaussians)
    decoded = decode(encode(gaussians, Bits.parse(str(bits))))
    stored = np.reciprocal if blend == "paper" else np.log2
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        a, b = (getattr(g, name).astype(float) for g in (expected, decoded))
        if name == "scale":
            a, b = stored(a), stored(b)
        half_step = (a.max() - a.min()) / (2**bits - 1) / 2
        assert np.abs(a - b).max() <= half_step + 1e-6 * np.abs(a).max()


def test_softmax_ranges_are_per_column_and_paper_ranges_per_attribute() -> None:
    for blend, exact in (("softmax", True), ("paper", False)):
        wide = sample_gaussians(50, blend)
        xy = wide.xy * np.float32([1, 0.01])
        decoded = decode(encode(wide.replace(xy=xy), Bits(position=4)))
        assert (np.abs(decoded.xy[:, 1] - xy[:, 1]).max() < 0.05) == exact


def test_softmax_files_hold_the_canonical_form_in_the_same_order() -> None:
    gaussians = sample_gaussians(100)
    decoded = decode(encode(gaussians, Bits.parse("24")))
    assert (decoded.scale[:, 0] >= decoded.scale[:, 1]).all()
    assert (decoded.angle >= 0).all() and (decoded.angle < np.pi).all()
    np.testing.assert_allclose(covariance(decoded), covariance(gaussians), rtol=1e-4, atol=1e-4)


def test_canonical_angles_stay_below_pi() -> None:
    angle = np.float32(
        [-1e-9, 0, np.pi, 2 * np.pi, -np.pi / 2, np.nextafter(np.float32(np.pi), np.float32(0))]
    )
    gaussians = sample_gaussians(6, scale=np.full((6, 2), 2.0), angle=angle)
    result = canonical(gaussians).angle
    assert (result >= 0).all() and (result < np.pi).all()
    assert result[4] == pytest.approx(np.pi / 2)


def test_paper_files_hold_axes_and_angles_as_they_are() -> None:
    gaussians = sample_gaussians(100, "paper")
    decoded = decode(encode(gaussians, Bits.parse("24")))
    np.testing.assert_allclose(decoded.scale, gaussians.scale, rtol=1e-4)
    np.testing.assert_allclose(decoded.angle, gaussians.angle, atol=1e-5)


def test_decoded_scales_are_two_to_the_stored_value() -> None:
    stored = np.linspace(-10, 20, 10_001)
    np.testing.assert_allclose(exp2(stored), np.exp2(stored), rtol=4e-16)
    assert exp2(np.array([-10.0, 0.0, 20.0])).tolist() == [2.0**-10, 1.0, 2.0**20]


def test_one_gaussian_with_equal_columns_comes_back_exactly() -> None:
    one = sample_gaussians(1, "paper", scale=[[2.0, 2.0]], xy=[[0.3, 0.3]], color=[[0.7, 0.7, 0.7]])
    assert same(decode(encode(one, Bits.parse("1"))), one)


def test_zero_weight_bits_leave_the_weights_out() -> None:
    gaussians = sample_gaussians(9, log_weight=np.zeros(9))
    data = encode(gaussians, Bits(weight=0))
    assert "weight" not in read_info(data).bits_by_attribute
    assert not decode(data).log_weight.any()
    assert len(encode(gaussians)) - len(data) == 8 + 2 * 9


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("bits", [1, 2, 7, 24])
def test_the_extremes_of_gaussians_come_back_exactly(blend: str, bits: int) -> None:
    extreme = sample_gaussians(
        2,
        blend,
        xy=[[MAX_POSITION, -MAX_POSITION], [-MAX_POSITION, MAX_POSITION]],
        scale=[[MAX_SCALE, MAX_SCALE], [MIN_SCALE, MIN_SCALE]],
        angle=[0, 1],
        log_weight=[0, 0] if blend == "paper" else [-MAX_LOG_WEIGHT, MAX_LOG_WEIGHT],
        color=[[MAX_COLOR] * 3, [-MAX_COLOR] * 3],
    )
    assert same(decode(encode(extreme, Bits.parse(str(bits)))), extreme)
