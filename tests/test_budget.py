"""How many bytes some Gaussians take, and how many Gaussians some bytes hold."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsimg_samples import encode_fixed as encode
from gsimg_samples import on_canvas, sample_gaussians
from imagegs.codec import Bits, bytes_for_bpp, coded_frame_size, file_size, gaussians_for_bytes, read_info
from imagegs.codec.lattice import Lattice


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("metadata", [None, {"seed": 1}])
@pytest.mark.parametrize("bits", ["16", "11,7,5,3,9", "1"])
def test_the_budget_is_used_to_the_last_gaussian(blend: Any, metadata: Any, bits: str) -> None:
    bits_ = Bits.parse(bits)
    for budget in (230, 231, 500, 5003):
        n = gaussians_for_bytes(budget, ("R", "G", "B"), blend, bits_, metadata)
        sizes = [len(encode(sample_gaussians(m, blend), bits_, metadata=metadata)) for m in (n, n + 1)]
        assert sizes[0] <= budget < sizes[1]


@settings(max_examples=500, deadline=None)
@given(st.integers(1, 10**8), st.integers(1, 5000), st.integers(1, 5000))
def test_the_bpp_of_a_file_buys_that_file_and_less_does_not(n_bytes: int, width: int, height: int) -> None:
    bpp = 8 * n_bytes / (width * height)
    assert bytes_for_bpp(bpp, height, width) == n_bytes
    assert bytes_for_bpp(math.nextafter(bpp, 0), height, width) == n_bytes - 1


@pytest.mark.parametrize("metadata", [None, {"seed": 1}])
def test_what_a_coded_file_has_beside_its_stream(metadata: Any) -> None:
    data = encode(on_canvas(sample_gaussians(9)), Lattice.of_fineness(1), metadata=metadata)
    (layer,) = read_info(data).layers
    frame = coded_frame_size(("R", "G", "B"), metadata)
    assert len(data) == frame + layer.n_bytes - 4


def test_budgets_without_room_or_end() -> None:
    least = len(encode(sample_gaussians(1)))
    assert gaussians_for_bytes(least, "RGB", "softmax", Bits()) == 1
    with pytest.raises(
        ValueError, match=f"{least - 1} bytes are too few: a file with one Gaussian has {least}"
    ):
        gaussians_for_bytes(least - 1, "RGB", "softmax", Bits())
    for bpp in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            bytes_for_bpp(bpp, 32, 48)
    most = gaussians_for_bytes(bytes_for_bpp(1e300, 32, 48), "RGB", "softmax", Bits())
    assert file_size(most, "RGB", "softmax", Bits()) < 2**32 + 1000
