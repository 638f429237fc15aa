"""Reads the chunks of a PNG before its pixels.

Source: PNG specification (third edition), sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from imagegs.errors import FormatError
from imagegs.pictures.cicp import Cicp, png_cicp
from imagegs.pictures.finishing import valid_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGB_ALPHA: 4}
_DEPTHS = {
    _GRAY: (1, 2, 4, 8, 16), _RGB: (8, 16), _PALETTE: (1, 2, 4, 8), _GRAY_ALPHA: (8, 16), _RGB_ALPHA: (8, 16),
}  # fmt: skip
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL")
_MOST_BYTES = 1 << 24  # of a chunk that is kept
_PIECE_BYTES = 1 << 20  # read at a time
_ORIENTATION = 0x0112  # the EXIF tag


@dataclass(frozen=True)
class PngHead:
    """The head of a PNG that is not interlaced."""

    width: int
    height: int
    bits: int  # a sample
    n_samples: int  # a pixel, as stored
    palette: bytes | None  # RGB of each entry; None: the samples are colours
    transparency: bytes  # tRNS, empty without one
    color: bytes | Cicp | None  # an ICC profile, or colours by numbers; None for sRGB
    orientation: int
    n_frames: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, without the number of its filter."""
        return -(-self.width * self.n_samples * self.bits // 8)

    @property
    def pixel_bytes(self) -> int:
        """Whole bytes of a pixel, at least 1: the distance at which filters look to the left."""
        return max(1, self.n_samples * self.bits // 8)

    @property
    def key(self) -> int | tuple[int, ...] | None:
        """The transparent colour, as stored; None for a palette and where there is none."""
        if (
            self.palette is not None
            or self.n_samples in (2, 4)
            or len(self.transparency) < 2 * self.n_samples
        ):
            return None
        numbers = struct.unpack_from(f">{self.n_samples}H", self.transparency)
        return numbers[0] if self.n_samples == 1 else numbers


def read_head(file: BinaryIO) -> PngHead:
    """The head of a PNG file that is open and seekable.

    Raises FormatError for a damaged head, for an interlaced picture and for colours that are not supported.
    """
    found: dict[bytes, bytes] = {}
    for name, size in chunks(file):
        if name in _KEPT and name not in found:
            if size > _MOST_BYTES:
                raise FormatError("the picture is damaged: a chunk before its pixels is too long")
            found[name] = b"".join(content(file, name, size))
    if len(found.get(b"IHDR", b"")) < 13:
        raise FormatError("the picture is damaged: it has no chunk IHDR")
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">2I5B", found[b"IHDR"])
    if bits not in _DEPTHS.get(kind, ()):
        raise FormatError(f"the picture is damaged: PNG has no colour type {kind} with {bits} bits")
    if interlaced:
        raise FormatError("a huge PNG that is interlaced is not supported: save it without")
    if kind == _PALETTE and not found.get(b"PLTE"):
        raise FormatError("the picture is damaged: its palette is missing")
    profile = _profile(found.get(b"iCCP", b""))
    return PngHead(
        width,
        height,
        bits,
        _SAMPLES[kind],
        found[b"PLTE"] if kind == _PALETTE else None,
        found.get(b"tRNS", b""),
        png_cicp(file) or profile,
        _orientation(found.get(b"eXIf", b"")),
        max(1, int.from_bytes(found.get(b"acTL", b"")[:4], "big")),
    )


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Type and size of each chunk, in order; the file is at the content, where it need not stay.

    Raises FormatError for a file that is cut short before its end.
    """
    at = len(SIGNATURE)
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            raise FormatError("the picture is damaged: it is cut short")
        size, name = struct.unpack(">I4s", head)
        yield name, size
        if name == b"IEND":
            return
        at += 12 + size


def content(file: BinaryIO, name: bytes, size: int) -> Iterator[bytes]:
    """The content of a chunk, at whose start the file is, in pieces.

    Raises FormatError where it is cut short or does not fit its checksum.
    """
    checksum = zlib.crc32(name)
    while size:
        piece = file.read(min(size, _PIECE_BYTES))
        if not piece:
            raise FormatError("the picture is damaged: it is cut short")
        checksum, size = zlib.crc32(piece, checksum), size - len(piece)
        yield piece
    if file.read(4) != checksum.to_bytes(4, "big"):
        raise FormatError(
            f"the picture is damaged: a chunk {name.decode('latin-1')} does not fit its checksum"
        )


def _profile(chunk: bytes) -> bytes | None:
    """The ICC profile in the content of a chunk iCCP; None for none or a damaged one."""
    data = chunk.partition(b"\0")[2][1:]
    try:
        return zlib.decompressobj().decompress(data, _MOST_BYTES) or None
    except zlib.error:
        return None


def _orientation(data: bytes) -> int:
    exif = Image.Exif()
    exif.load(data)
    return valid_orientation(exif.get(_ORIENTATION))
