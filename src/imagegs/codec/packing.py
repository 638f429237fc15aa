"""Integers of b bits each, one after the other without gaps, least significant bit first.

Bit j of integer i is bit i * b + j of the stream; bit t of the stream is bit t % 8 (1, 2, 4, ...) of byte
t // 8. The unused high bits of the last byte are zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_BLOCK = 2**16  # integers expanded to single bits at a time; a multiple of 8, so blocks end on whole bytes


def packed_size(count: int, bits: int) -> int:
    """Bytes that count integers of that many bits take."""
    return (count * bits + 7) // 8


def pack(integers: NDArray[np.uint32], bits: int) -> bytes:
    """The stream of (N,) integers, each below 2^bits, bits in 1..24."""
    blocks = []
    for start in range(0, len(integers), _BLOCK):
        block = np.ascontiguousarray(integers[start : start + _BLOCK], dtype="<u4")
        single = np.unpackbits(block.view(np.uint8).reshape(-1, 4), axis=1, bitorder="little", count=bits)
        blocks.append(np.packbits(single, bitorder="little").tobytes())
    return b"".join(blocks)


def unpack_blocks(stream: memoryview, count: int, bits: int) -> Iterator[tuple[slice, NDArray[np.uint32]]]:
    """The count integers of a stream of packed_size(count, bits) bytes, a block of them at a time."""
    raw = np.frombuffer(stream, dtype=np.uint8)
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        part = raw[packed_size(start, bits) : packed_size(start + size, bits)]
        single = np.unpackbits(part, bitorder="little", count=size * bits).reshape(size, bits)
        low_bytes = np.packbits(single, axis=1, bitorder="little")
        words = np.zeros((size, 4), dtype=np.uint8)
        words[:, : low_bytes.shape[1]] = low_bytes
        yield slice(start, start + size), words.view("<u4")[:, 0]


def padding_is_zero(stream: memoryview, count: int, bits: int) -> bool:
    """Whether the unused high bits of the stream's last byte are zero."""
    used = count * bits % 8
    return used == 0 or stream[-1] >> used == 0
