"""JPEG 2000, files (JP2, JPX) and bare codestreams: samples of any depth up to 16 bits, and their colours.

Pillow reads 16 bits of gray and 8 bits of colour; of deeper colour it keeps 8 bits, and turns white black
where they are rounded up. Deep colour needs imagecodecs.

Source: ISO/IEC 15444-1, annexes A.5.1 (SIZ) and I (JP2).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.errors import FormatError
from imagegs.pictures.boxes import boxes, content_of
from imagegs.pictures.cicp import Cicp
from imagegs.pictures.pixels import IntegerPixels
from imagegs.pictures.samples import MOST_BITS, to_full_range, unpremultiplied

_CODESTREAM = b"\xff\x4f\xff\x51"  # its start and the SIZ marker
_SRGB, _SYCC, _GRAY, _CMYK = 16, 18, 17, 12
_BILEVEL = (0, 15)
_ENUMERATED = (_SRGB, _SYCC, _GRAY, _CMYK, *_BILEVEL)
_BY_NUMBER, _BY_PROFILE, _BY_ANY_PROFILE, _BY_CICP = 1, 2, 3, 5  # methods of a colour box
_PREMULTIPLIED = 2  # of a channel's types


@dataclass(frozen=True)
class Jpeg2000:
    """What a file says of its samples and colours."""

    size: tuple[int, int]  # width and height of the codestream
    depths: tuple[int, ...]  # bits of each component
    signed: bool
    is_subsampled: bool
    number: int | None  # of an enumerated colour space
    color: bytes | Cicp | None  # an ICC profile, or colours by numbers
    has_palette: bool
    is_premultiplied: bool

    @property
    def bits(self) -> int:
        """The bits of a sample. Raises FormatError for samples that are not supported."""
        if self.signed:
            raise FormatError("signed samples are not supported: save it with 8 or 16 bits, unsigned")
        if len(set(self.depths)) != 1:
            raise FormatError("a JPEG 2000 whose components have different numbers of bits is not supported")
        if self.depths[0] > MOST_BITS:
            raise FormatError(f"{self.depths[0]}-bit samples are not supported: save it with 8 or 16 bits")
        return self.depths[0]


def is_jpeg2000(start: bytes) -> bool:
    """Is this the start of a JP2 or JPX file, or of a codestream?"""
    return start.startswith((_CODESTREAM, b"\0\0\0\x0cjP  \r\n\x87\n"))


def read_header(file: BinaryIO) -> Jpeg2000:
    """What a JPEG 2000 file says of itself; the file is seekable. Raises FormatError for a damaged one."""
    header, stream = _parts(file)
    try:
        right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
        (n,) = struct.unpack_from(">H", stream, 40)
        components = list(struct.iter_unpack(">3B", stream[42 : 42 + 3 * n]))
        number, color = _color(header)
        premultiplied = _PREMULTIPLIED in _channel_types(header)
    except struct.error:
        components = []
    if not components:
        raise FormatError("the picture is damaged: it has no components")
    return Jpeg2000(
        (right - left, bottom - top),
        tuple((depth & 0x7F) + 1 for depth, _, _ in components),
        any(depth & 0x80 for depth, _, _ in components),
        any((x, y) != (1, 1) for _, x, y in components),
        number,
        color,
        content_of(b"pclr", header) is not None,
        premultiplied,
    )


def _parts(file: BinaryIO) -> tuple[bytes, bytes]:
    """The content of the header box, and the codestream; empty where there is none."""
    file.seek(0)
    data = file.read()
    if data.startswith(_CODESTREAM):
        return b"", data
    return content_of(b"jp2h", data) or b"", content_of(b"jp2c", data) or b""


def _color(header: bytes) -> tuple[int | None, bytes | Cicp | None]:
    """The first colour box that is understood: the number of a space, or a profile."""
    for kind, content in boxes(header):
        if kind != b"colr" or not content:
            continue
        method = content[0]
        if method == _BY_NUMBER:
            return struct.unpack_from(">I", content, 3)[0], None
        if method in (_BY_PROFILE, _BY_ANY_PROFILE):
            return None, content[3:]
        if method == _BY_CICP:
            return None, Cicp(*struct.unpack_from(">2H", content, 3))
    return None, None


def _channel_types(header: bytes) -> list[int]:
    content = content_of(b"cdef", header) or b""
    return [kind for _, kind, _ in struct.iter_unpack(">3H", content[2 : 2 + (len(content) - 2) // 6 * 6])]


def check_colors(header: Jpeg2000) -> None:
    """Raise FormatError for colours of a numbered space that is not supported."""
    if header.number is not None and header.number not in _ENUMERATED:
        raise FormatError(f"JPEG 2000 with the colour space number {header.number} is not supported")


def full_range(image: Image.Image, header: Jpeg2000, file: BinaryIO) -> IntegerPixels | None:
    """(H, W, 1..4) where Pillow does not give the samples in their full range; None where it does.

    image: as Pillow opened the file. Gray, gray + alpha, RGB or RGBA.

    Raises FormatError for samples that are not supported, or not without imagecodecs.
    """
    bits = header.bits
    if header.size != image.size:
        raise FormatError("the picture is damaged: its header and its codestream differ in size")
    if header.has_palette or (bits == 8 and not header.is_premultiplied) or image.mode == "CMYK":
        if bits > 8:
            raise FormatError("JPEG 2000 of more than 8 bits with a palette or CMYK is not supported")
        return None
    if bits <= 8 or len(header.depths) == 1:
        values: NDArray[np.unsignedinteger] = np.asarray(image)
        # Pillow puts the bits at the top of 8 or 16.
        values = values >> values.dtype.type((8 if bits <= 8 else 16) - bits)
    else:
        values = _decoded(file, header)
    values = values[:, :, np.newaxis] if values.ndim == 2 else values
    pixels = to_full_range(values, (1 << bits) - 1)
    if header.is_premultiplied and pixels.shape[2] in (2, 4):
        color = unpremultiplied(pixels[:, :, :-1], pixels[:, :, -1:])
        pixels = np.concatenate([color, pixels[:, :, -1:]], axis=2)
    return pixels


def _decoded(file: BinaryIO, header: Jpeg2000) -> NDArray[np.uint16]:
    """(H, W, 2..4) of deep colour, its numbers as stored."""
    try:
        import imagecodecs
    except ImportError:
        raise FormatError(
            f"JPEG 2000 of {header.bits} bits in colour needs imagecodecs: pip install imagegs[jpeg2000]"
        ) from None
    if header.number == _SYCC or header.is_subsampled:
        raise FormatError(f"JPEG 2000 of {header.bits} bits in YCbCr is not supported")
    _, stream = _parts(file)  # without its boxes: by them the decoder would convert colours
    values: NDArray[np.uint16] = imagecodecs.jpeg2k_decode(stream, planar=False)
    return values
