"""A small TIFF in memory, for libtiff to decode strips or tiles of another one."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

LONG, SHORT = 4, 3
VALUE_BYTES = {1: 1, 2: 1, SHORT: 2, LONG: 4, 5: 8, 7: 1}  # of the types of TIFF that are used here
DATA_OFFSET = 8  # where the data begin

Entries = Mapping[int, tuple[int, bytes]]  # by tag: the type, and the values as bytes


def entry(order: str, numbers: Sequence[int], kind: int = LONG) -> tuple[int, bytes]:
    """The entry of some whole numbers, LONG or SHORT."""
    return kind, struct.pack(f"{order}{len(numbers)}{'I' if kind == LONG else 'H'}", *numbers)


def tiff_of(order: str, data: bytes, entries: Entries) -> bytes:
    """A TIFF of some data, at DATA_OFFSET, and one directory. order: "<" or ">"."""
    start = DATA_OFFSET + len(data) + len(data) % 2
    at = start + 2 + 12 * len(entries) + 4
    directory, outside = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, content) in sorted(entries.items()):
        directory += struct.pack(order + "HHI", tag, kind, len(content) // VALUE_BYTES[kind])
        if len(content) <= 4:
            directory += content.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "I", at + len(outside))
            outside += content + b"\0" * (len(content) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return head + data.ljust(start - DATA_OFFSET, b"\0") + directory + bytes(4) + outside
