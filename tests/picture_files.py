"""Small picture files, written plainly by the specifications: what libraries write otherwise or not."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RNG = np.random.default_rng(7)


def packed_rows(values: NDArray[Any], bits: int, order: str = "<") -> bytes:
    """Samples (H, W, C), `bits` bits each, the highest first; rows start on bytes."""
    rows = values.reshape(len(values), -1)
    if bits == 16:
        return rows.astype(order + "u2").tobytes()
    planes = (rows[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(planes.astype(np.uint8).reshape(len(rows), -1), axis=1).tobytes()


def tiff_file(
    values: NDArray[Any],
    bits: int = 8,
    *,
    photometric: int | None = None,
    planar: bool = False,
    deflated: bool = False,
    order: str = "<",
    big: bool = False,
    tags: dict[int, Sequence[int]] | None = None,
    smaller: NDArray[Any] | None = None,
    sub: bool = False,
) -> bytes:
    """A TIFF of one strip (a plane) of samples (H, W, C), as they are.

    tags: more of them, or others. smaller: (h, w, 3) uint8, the first directory, which says that it is a
    thumbnail; the picture follows it, or lies within it (sub).
    """
    if photometric is None:
        photometric = 2 if values.shape[2] > 2 else 1
    file = bytearray(b"II+\0\x08\0\0\0" + bytes(8) if big else b"II*\0" + bytes(4))
    if order == ">":
        file = bytearray(b"MM\0+\0\x08\0\0" + bytes(8) if big else b"MM\0*" + bytes(4))
    letter = "Q" if big else "I"

    def strips(planes: list[bytes]) -> tuple[list[int], list[int]]:
        offsets = []
        for plane in planes:
            offsets.append(len(file))
            file.extend(plane)
        return offsets, [len(plane) for plane in planes]

    def directory(entries: dict[int, Sequence[int]], pointer: int) -> int:
        """Adds it, and its place at the pointer; returns where the place of the next belongs."""
        body, kind = b"", 16 if big else 4
        for tag, numbers in sorted(entries.items()):
            data = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
            if len(numbers) > 1:
                place = len(file)
                file.extend(data)
                data = struct.pack(order + letter, place)
            body += struct.pack(f"{order}HH{letter}", tag, kind, len(numbers)) + data
        struct.pack_into(order + letter, file, pointer, len(file))
        file.extend(struct.pack(order + ("Q" if big else "H"), len(entries)) + body)
        file.extend(bytes(8 if big else 4))
        return len(file) - (8 if big else 4)

    height, width, channels = values.shape
    planes = [values[:, :, i : i + 1] for i in range(channels)] if planar else [values]
    data = [packed_rows(plane, bits, order) for plane in planes]
    offsets, counts = strips([zlib.compress(d) for d in data] if deflated else data)
    entries: dict[int, Sequence[int]] = {
        256: [width], 257: [height], 258: [bits] * channels, 259: [8 if deflated else 1], 262: [photometric],
        273: offsets, 277: [channels], 278: [height], 279: counts, 284: [2 if planar else 1], **(tags or {}),
    }  # fmt: skip
    pointer = 8 if big else 4
    if smaller is not None:
        places, sizes = strips([smaller.tobytes()])
        h, w, _ = smaller.shape
        thumbnail: dict[int, Sequence[int]] = {
            254: [1], 256: [w], 257: [h], 258: [8] * 3, 259: [1], 262: [2], 273: places, 277: [3], 278: [h],
            279: sizes,
        }  # fmt: skip
        if sub:
            inner = len(file)
            file.extend(bytes(8))
            directory(entries, inner)
            (place,) = struct.unpack_from(order + letter, file, inner)
            directory({**thumbnail, 330: [place]}, pointer)
            return bytes(file)
        pointer = directory(thumbnail, pointer)
    directory(entries, pointer)
    return bytes(file)


PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def _scanlines(pixels: NDArray[Any], bits: int, passes: list[tuple[int, int, int, int]]) -> bytes:
    """The rows of each pass (first row, first column, step down, step right), each without a filter."""
    data = b""
    for y, x, down, right in passes:
        part = pixels[y::down, x::right]
        for row in part if part.size else ():
            data += b"\0" + packed_rows(row[None], bits, ">")
    return data


def png_file(
    pixels: NDArray[Any], chunks: dict[bytes, bytes] | None = None, *, interlaced: bool = False, bits: int = 0
) -> bytes:
    """A PNG of (H, W, 1..4) uint8 or uint16, with more chunks before its pixels.

    interlaced: by Adam7. bits: of each gray sample, where it is less than 8.
    """
    height, width, channels = pixels.shape
    depth = bits or 8 * pixels.dtype.itemsize
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">2I5B", width, height, depth, color_type, 0, 0, interlaced)
    rows = _scanlines(pixels, depth, PASSES if interlaced else [(0, 0, 1, 1)])
    parts = {b"IHDR": header, **(chunks or {}), b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts.items()
    )


def box(kind: bytes, content: bytes) -> bytes:
    """A box of JPEG 2000 or AVIF."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def noise(channels: int, dtype: Any = np.uint16, shape: tuple[int, int] = (13, 21)) -> NDArray[Any]:
    """Random samples (*shape, channels) of the whole range of an integer dtype, new ones each time."""
    return RNG.integers(0, np.iinfo(dtype).max, (*shape, channels), dtype=dtype, endpoint=True)


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    """The path, where Pillow has saved the picture."""
    image.save(path, **options)
    return path
