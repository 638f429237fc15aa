from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegs.codec import packing
from imagegs.codec.packing import pack, packed_size, padding_is_zero, unpack_blocks


def unpack(stream: bytes, count: int, bits: int) -> list[int]:
    return [q for _, block in unpack_blocks(memoryview(stream), count, bits) for q in block.tolist()]


@settings(deadline=None)
@given(st.integers(1, 24), st.data())
def test_packed_bits_are_one_long_little_endian_number(bits: int, data: Any) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    stream = pack(np.array(values, np.uint32), bits)
    assert int.from_bytes(stream, "little") == sum(q << i * bits for i, q in enumerate(values))
    assert len(stream) == packed_size(len(values), bits)
    assert padding_is_zero(memoryview(stream), len(values), bits)
    assert unpack(stream, len(values), bits) == values


@pytest.mark.parametrize("bits", [1, 7, 8, 13, 24])
def test_blocks_join_without_a_seam(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_BLOCK", 16)
    values = np.random.default_rng(bits).integers(0, 2**bits, 45).astype(np.uint32)
    stream = pack(values, bits)
    assert int.from_bytes(stream, "little") == sum(int(q) << i * bits for i, q in enumerate(values))
    assert unpack(stream, 45, bits) == values.tolist()


def test_block_borders_are_whole_bytes() -> None:
    assert packing._BLOCK % 8 == 0


@settings(deadline=None)
@given(st.integers(1, 24), st.integers(1, 9))
def test_every_padding_bit_is_seen(bits: int, count: int) -> None:
    stream = pack(np.zeros(count, np.uint32), bits)
    for bit in range(count * bits, 8 * len(stream)):
        damaged = stream[:-1] + bytes([1 << bit % 8])
        assert not padding_is_zero(memoryview(damaged), count, bits)
