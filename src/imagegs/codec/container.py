"""The frame of a .gsimg file: signature, version, and chunks with a length and a checksum each.

docs/format.md is the specification. A chunk is a type of four ASCII letters, the length of its payload
(u32), the payload, and the CRC-32 of type and payload (u32), all little endian. A type whose first letter
is lower case may be skipped by a reader that does not know it. This module knows the names and the order
of the chunks, not what is in them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from imagegs.errors import FormatError

# 0x89: not ASCII, and damaged by a transfer that strips the eighth bit; "GSI": for people; CR LF and LF:
# damaged by newline conversion either way; 0x1A: stops an old text viewer.
SIGNATURE = b"\x89GSI\r\n\x1a\n"
VERSION = 1
ORDER = ("HEAD", "mETA", "GAUS", "TAIL")
REQUIRED = ("HEAD", "GAUS", "TAIL")
MAX_PAYLOAD = 2**32 - 1
FRAME_BYTES = len(SIGNATURE) + 2
CHUNK_BYTES = 12  # around each payload

_HEAD = struct.Struct("<4sI")
_CRC = struct.Struct("<I")


def write_chunks(payloads: Mapping[str, bytes]) -> bytes:
    """A file of these payloads by chunk type, in the order given, closed by the end chunk."""
    parts = [SIGNATURE, struct.pack("<H", VERSION)]
    for name, payload in {**payloads, "TAIL": b""}.items():
        kind = name.encode("ascii")
        checksum = zlib.crc32(payload, zlib.crc32(kind))
        parts += [_HEAD.pack(kind, len(payload)), payload, _CRC.pack(checksum)]
    return b"".join(parts)


def read_chunks(data: memoryview) -> dict[str, memoryview]:
    """The payloads by chunk type, in file order, unknown skippable chunks included.

    Raises FormatError unless the whole frame is right: signature, version, every checksum, the required
    chunks once each and in order, and nothing after the end chunk.
    """
    _check_signature(bytes(data[: len(SIGNATURE)]))
    _check_version(data)
    chunks: dict[str, memoryview] = {}
    offset = FRAME_BYTES
    while "TAIL" not in chunks:
        if offset == len(data):
            missing = next(name for name in REQUIRED if name not in chunks)
            raise FormatError(f"the file ends without chunk {missing}")
        name, payload = _read_chunk(data, offset, len(chunks) + 1)
        _check_place(name, chunks)
        chunks[name] = payload
        offset += CHUNK_BYTES + len(payload)
    if len(chunks["TAIL"]):
        raise FormatError(f"chunk TAIL: must be empty, has {len(chunks['TAIL'])} bytes")
    if offset != len(data):
        raise FormatError(f"{len(data) - offset} bytes after the end chunk")
    return chunks


def _check_signature(start: bytes) -> None:
    if start == SIGNATURE:
        return
    if not start:
        raise FormatError("the file is empty")
    if SIGNATURE.startswith(start):
        raise FormatError(f"truncated in the signature: {len(start)} of {len(SIGNATURE)} bytes")
    if start[:4] == bytes(byte & 0x7F for byte in SIGNATURE[:4]):
        raise FormatError("damaged signature: a 7-bit transfer stripped the top bit of every byte")
    if start[:4] == SIGNATURE[:4]:
        raise FormatError("damaged signature: a text-mode transfer converted the newlines")
    raise FormatError("not a gsimg file")


def _check_version(data: memoryview) -> None:
    field = data[len(SIGNATURE) : FRAME_BYTES]
    if len(field) < 2:
        raise FormatError(f"truncated in the version: {len(field)} of 2 bytes")
    (version,) = struct.unpack("<H", field)
    if version != VERSION:
        raise FormatError(f"version {version} is not supported, only version {VERSION}")


def _read_chunk(data: memoryview, offset: int, number: int) -> tuple[str, memoryview]:
    head = data[offset : offset + _HEAD.size]
    if len(head) < _HEAD.size:
        raise FormatError(f"truncated in the head of chunk {number}: {len(head)} of {_HEAD.size} bytes")
    kind, length = _HEAD.unpack(head)
    if not (kind.isascii() and kind.isalpha()):
        raise FormatError(f"chunk {number}: its type {kind.hex(' ')} is not four ASCII letters")
    name = kind.decode("ascii")
    rest = data[offset + _HEAD.size :]
    if len(rest) < length:
        raise FormatError(f"chunk {name}: {length} bytes declared, {len(rest)} left")
    payload, field = rest[:length], rest[length : length + _CRC.size]
    if len(field) < _CRC.size:
        raise FormatError(f"chunk {name}: truncated in the checksum: {len(field)} of {_CRC.size} bytes")
    if _CRC.unpack(field)[0] != zlib.crc32(payload, zlib.crc32(kind)):
        raise FormatError(f"chunk {name}: checksum mismatch")
    return name, payload


def _check_place(name: str, before: Mapping[str, memoryview]) -> None:
    if name in before:
        raise FormatError(f"chunk {name} occurs twice")
    if name not in ORDER:
        if name[0].isupper():
            raise FormatError(f"unknown critical chunk {name}")
        if not before:
            raise FormatError(f"the first chunk must be HEAD, not {name}")
        return
    rank = ORDER.index(name)
    for missing in ORDER[:rank]:
        if missing in REQUIRED and missing not in before:
            raise FormatError(f"chunk {missing} is missing before chunk {name}")
    if any(later in before for later in ORDER[rank:]):
        raise FormatError(f"chunk {name} is out of order")
