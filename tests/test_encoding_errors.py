"""Gaussians, names and metadata that no file can hold are refused when they are encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gsimg_samples import encode_fixed as encode
from gsimg_samples import nested, sample_gaussians
from imagegs.codec import Bits
from imagegs.gaussians import Gaussians


def test_angles_out_of_the_limits() -> None:
    with pytest.raises(ValueError, match="angle has values beyond 1024 radians"):
        encode(sample_gaussians(1, "paper", angle=[1025]))
    encode(sample_gaussians(1, angle=[1025]))  # the canonical form brings it back


def test_weights_that_have_no_place() -> None:
    with pytest.raises(ValueError, match="the paper blend has no log-weights"):
        encode(sample_gaussians(2, "paper", log_weight=[0, 1]))
    with pytest.raises(ValueError, match="at least 1 bit"):
        encode(sample_gaussians(2), Bits(weight=0))


@pytest.mark.parametrize(
    ("name", "message"),
    [("a\n", "control"), ("\x9b", "control"), ("é" * 128, "longer than 255 bytes"), ("\ud800", "surrogates")],
)
def test_channel_names_that_a_file_cannot_hold(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(sample_gaussians(1, channels=(name, "G", "B")))


def test_channel_names_must_be_text() -> None:
    with pytest.raises(TypeError, match="names"):
        encode(sample_gaussians(1, channels=(1, "G", "B")))


def test_canvas_sides_must_be_integers() -> None:
    with pytest.raises(TypeError):
        encode(sample_gaussians(1, width=48.0))


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {1: 0, "1": 0},
        {"a": "\ud800"},
        {"a": "x" * 65536},
        nested(17),
    ],
)
def test_metadata_that_a_file_cannot_hold(metadata: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode(sample_gaussians(1), metadata=metadata)


@pytest.mark.parametrize("metadata", [[1], "text", {"a": object()}])
def test_metadata_of_the_wrong_type(metadata: Any) -> None:
    with pytest.raises(TypeError):
        encode(sample_gaussians(1), metadata=metadata)


def test_more_than_a_chunk_can_hold() -> None:
    huge = np.broadcast_to(np.float32(1), (2**27, 32))

    class Many(Gaussians):
        def __post_init__(self) -> None:
            pass

    many = Many(huge, huge, huge, huge, huge, 1, 1, tuple(map(str, range(32))))
    with pytest.raises(ValueError, match="at most 4294967295"):
        encode(many)
