"""The rows of a PNG of any size, some at a time: inflated and rid of their filters.

Filters depend on the row above. Pillow's decoder undoes them, on a small PNG that is made of some rows behind
the last row before them.

Source: PNG specification (third edition), sections 9 and 10.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import FormatError, reading
from imagegs.pictures.deep_samples import is_deep_color, read_deep_color
from imagegs.pictures.formats import open_image
from imagegs.pictures.huge.png_head import SIGNATURE, PngHead, chunks, content
from imagegs.pictures.pillow_settings import pillow_settings

_STRIP_BYTES = 1 << 22  # of rows that are decoded at a time
# By the bytes of a pixel: colour type and bits of a PNG whose filters look as far to the left.
_KINDS = {1: (0, 8), 2: (4, 8), 3: (2, 8), 4: (6, 8), 6: (2, 16), 8: (6, 16)}

Rows = NDArray[np.uint8]  # (n, row_bytes)


def plain_rows(file: BinaryIO, head: PngHead) -> Iterator[Rows]:
    """The rows of the first picture of a PNG file, in strips (n, head.row_bytes), as bytes of samples.

    Raises FormatError, with the number of the row, for damaged or missing rows.
    """
    above: Rows = np.zeros(head.row_bytes, np.uint8)
    top = 0
    for strip in _filtered_rows(file, head):
        with reading(f"the picture is damaged: its rows {top} to {top + len(strip) - 1} cannot be decoded"):
            plain = _unfiltered(strip, above, head.pixel_bytes)
        yield plain
        above, top = plain[-1], top + len(strip)


def _filtered_rows(file: BinaryIO, head: PngHead) -> Iterator[Rows]:
    """Strips (n, 1 + row_bytes) of rows, each behind the number of its filter."""
    size, n_left = 1 + head.row_bytes, head.height
    rows = max(1, _STRIP_BYTES // size)
    held = bytearray()
    for piece in _inflated(file):
        if piece and not n_left:
            return  # more rows than the picture has count for nothing
        held += piece
        while n_left and len(held) >= min(rows, n_left) * size:
            n = min(rows, n_left)
            yield np.frombuffer(bytes(held[: n * size]), np.uint8).reshape(n, size)
            del held[: n * size]
            n_left -= n
    if n_left:
        n_there = head.height - n_left + len(held) // size
        raise FormatError(f"the picture is damaged: {n_there} of {head.height} rows are there")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    for name, size in chunks(file):
        if name != b"IDAT":
            continue
        for piece in content(file, name, size):
            while piece:
                with reading("the picture is damaged"):
                    yield inflate.decompress(piece, _STRIP_BYTES)
                piece = inflate.unconsumed_tail


def _unfiltered(strip: Rows, above: Rows, pixel_bytes: int) -> Rows:
    """(n, row_bytes) of a strip (n, 1 + row_bytes); above: the row before it, 0 before the first one."""
    if (strip[:, 0] == 0).all():
        return strip[:, 1:]
    kind, bits = _KINDS[pixel_bytes]
    first = np.concatenate([np.zeros(1, np.uint8), above])
    data = zlib.compress(np.concatenate([first[None], strip]).tobytes(), 0)
    header = struct.pack(">2I5B", len(above) // pixel_bytes, len(strip) + 1, bits, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    file = io.BytesIO(SIGNATURE + b"".join(_chunk(name, body) for name, body in parts))
    with pillow_settings(2**62):
        image = open_image(file)
        deep = read_deep_color(image, file) if is_deep_color(image) else None
        pixels: Rows = np.asarray(image) if deep is None else deep.astype(">u2").view(np.uint8)
    return pixels.reshape(len(strip) + 1, -1)[1:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
