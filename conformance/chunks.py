"""Chunks of .gsimg files as lists of (type, payload), to put files together that no encoder would write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

SIGNATURE = bytes.fromhex("89 47 53 49 0d 0a 1a 0a")
FRAME = SIGNATURE + b"\x03\x00"  # of files without chunk BLKS

Chunk = tuple[bytes, bytes]


def chunk(name: bytes, payload: bytes = b"") -> bytes:
    """A chunk with a right length and checksum, whatever its type and payload."""
    return name + struct.pack("<I", len(payload)) + payload + struct.pack("<I", zlib.crc32(name + payload))


def join(chunks: Iterable[Chunk], version: int | None = None) -> bytes:
    """A file of these chunks; its version is the least that has them by default."""
    chunks = list(chunks)
    if version is None:
        version = 4 if any(name == b"BLKS" for name, _ in chunks) else 3
    return SIGNATURE + struct.pack("<H", version) + b"".join(chunk(name, payload) for name, payload in chunks)


def split(data: bytes) -> list[Chunk]:
    """The chunks of a valid file."""
    offset, result = len(FRAME), []
    while offset < len(data):
        (length,) = struct.unpack_from("<I", data, offset + 4)
        result.append((data[offset : offset + 4], data[offset + 8 : offset + 8 + length]))
        offset += 12 + length
    return result


def replaced(chunks: Iterable[Chunk], name: bytes, payload: bytes) -> list[Chunk]:
    """The chunks with another payload of this type."""
    return [(n, payload if n == name else p) for n, p in chunks]
