"""Picture files that are written strip by strip, so that no whole picture is in memory: TIFF and .npy."""

from __future__ import annotations

import io
import struct

import numpy as np

SUFFIXES = (".tif", ".tiff", ".npy")
STRIP_BYTES = 2**20  # of a strip within a TIFF file, about

_SHORT, _LONG, _LONG8 = 3, 4, 16  # types of TIFF's fields
_GRAY, _RGB, _UNASSOCIATED_ALPHA = 1, 2, 2


def head_of(suffix: str, height: int, width: int, channels: tuple[str, ...], bit_depth: int) -> bytes:
    """The head before the samples, which follow row by row, little endian.

    suffix: one of SUFFIXES; TIFF files are of the BigTIFF kind, uncompressed. channels: of TIFF Y, Y A,
    R G B or R G B A. bit_depth: 8 or 16.
    """
    if suffix == ".npy":
        head, dtype = io.BytesIO(), np.dtype(f"<u{bit_depth // 8}")
        facts = {"descr": dtype.str, "fortran_order": False, "shape": (height, width, len(channels))}
        np.lib.format.write_array_header_1_0(head, facts)
        return head.getvalue()
    return _tiff_head(height, width, channels, bit_depth)


def _tiff_head(height: int, width: int, channels: tuple[str, ...], bit_depth: int) -> bytes:
    """Header, directory and lists of strips of a BigTIFF file."""
    row = width * len(channels) * bit_depth // 8
    rows = max(1, STRIP_BYTES // row)
    sizes = np.full(-(-height // rows), rows * row, "<u8")
    sizes[-1] = height * row - int(sizes[:-1].sum())
    fields: list[tuple[int, int, tuple[int, ...]]] = [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, (bit_depth,) * len(channels)),
        (259, _SHORT, (1,)),  # no compression
        (262, _SHORT, (_RGB if len(channels) > 2 else _GRAY,)),
        (277, _SHORT, (len(channels),)),
        (278, _LONG, (rows,)),
        (284, _SHORT, (1,)),  # samples of a pixel side by side
    ]
    if "A" in channels:
        fields.append((338, _SHORT, (_UNASSOCIATED_ALPHA,)))
    lists = 16 + 8 + 20 * (len(fields) + 2) + 8  # where the lists begin
    first = lists + 2 * sizes.nbytes  # and the samples
    offsets = first + np.concatenate([[0], np.cumsum(sizes[:-1])]).astype("<u8")
    entries = {tag: _entry(tag, kind, len(values), _packed(kind, values)) for tag, kind, values in fields}
    for tag, numbers, at in ((273, offsets, lists), (279, sizes, lists + sizes.nbytes)):
        alone = numbers.tobytes() if len(numbers) == 1 else struct.pack("<Q", at)
        entries[tag] = _entry(tag, _LONG8, len(numbers), alone)
    directory = b"".join(entries[tag] for tag in sorted(entries))
    head = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(entries))
    return head + directory + struct.pack("<Q", 0) + offsets.tobytes() + sizes.tobytes()


def _packed(kind: int, values: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)


def _entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    """A field of a directory, whose value is at most 8 bytes."""
    return struct.pack("<HHQ8s", tag, kind, count, value)
