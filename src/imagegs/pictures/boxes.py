"""Boxes, of which JPEG 2000 and AVIF files are made: a length, a type of four letters, a content.

Source: ISO/IEC 14496-12, section 4.2 (ISO base media file format); ISO/IEC 15444-1, annex I.4 (JP2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in some bytes, type and content; it ends where the bytes end or make no box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = len(data) if size == 0 else at + size
        if end < at + head or end > len(data):
            return
        yield kind, data[at + head : end]
        at = end


def content_of(kind: bytes, data: bytes) -> bytes | None:
    """The content of the first box of a type; None where there is none."""
    return next((content for found, content in boxes(data) if found == kind), None)
