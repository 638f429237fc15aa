"""Colours named by numbers, of ITU-T H.273 (CICP): PNG's cICP chunk, the nclx box of AVIF.

Source: ITU-T H.273, tables 2 and 3; PNG specification (third edition), 11.3.2.6 and 12.1 (cICP comes before
iCCP, sRGB, gAMA and cHRM); ISO/IEC 14496-12, 12.1.5; ISO/IEC 23008-12 (HEIF), 6.5.5 and 9.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from imagegs.errors import FormatError
from imagegs.pictures.boxes import boxes, content_of

UNSPECIFIED = 2
# Curves for one and the same kind of screen. Pictures that say BT.709, BT.601 or BT.2020 are mostly frames
# of videos; browsers show them by the curve of sRGB, and so does this.
_LIKE_SRGB = {1, 2, 6, 11, 13, 14, 15}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
# x and y of red, green, blue and white.
_PRIMARIES: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),  # BT.709, sRGB
    4: ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), _C),  # BT.470 M
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),  # BT.601 625
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),  # BT.601 525
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),  # SMPTE 240M
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),  # DCI P3
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),  # Display P3
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),  # EBU 3213
}
_MOST_CHUNKS = 10_000  # of a PNG, before its pixels


@dataclass(frozen=True)
class Cicp:
    """Primaries and transfer characteristics, of a picture whose samples are RGB or gray in full range."""

    primaries: int
    transfer: int

    @property
    def is_srgb(self) -> bool:
        """Whether its colours are those of sRGB, or nothing is said of them."""
        return self.primaries in (1, UNSPECIFIED) and self.transfer in _LIKE_SRGB

    @property
    def gamma(self) -> float | None:
        """Light is the sample to this power; None for the curve of sRGB.

        Raises FormatError for HDR and for curves that are not supported.
        """
        if self.transfer in _HDR:
            raise FormatError(
                f"the picture is HDR ({_HDR[self.transfer]}), which is not supported: "
                "bring it to standard range, sRGB or Display P3, first"
            )
        if self.transfer not in _LIKE_SRGB and self.transfer not in _GAMMAS:
            raise FormatError(f"colours with CICP transfer characteristics {self.transfer} are not supported")
        return _GAMMAS.get(self.transfer)

    @property
    def chromaticities(self) -> tuple[tuple[float, float], ...]:
        """x and y of red, green, blue and white. Raises FormatError for primaries that are not supported."""
        primaries = 1 if self.primaries == UNSPECIFIED else self.primaries
        if primaries not in _PRIMARIES:
            raise FormatError(f"colours with CICP primaries {primaries} are not supported")
        return _PRIMARIES[primaries]


def png_cicp(file: BinaryIO) -> Cicp | None:
    """What a PNG file's cICP chunk says; None without one. The file is seekable.

    Raises FormatError for a chunk that PNG does not allow or that says limited range.
    """
    file.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return None
        size, name = struct.unpack(">I4s", head)
        if name in (b"IDAT", b"IEND"):
            return None
        if name != b"cICP":
            file.seek(size + 4, 1)
            continue
        chunk = file.read(4)
        if size != 4 or len(chunk) < 4 or chunk[2] != 0:
            raise FormatError("the picture is damaged: its cICP chunk is not valid")
        if chunk[3] != 1:
            raise FormatError("a PNG whose cICP chunk says limited range is not supported")
        return None if chunk[:2] == bytes([UNSPECIFIED] * 2) else Cicp(chunk[0], chunk[1])
    return None


def avif_cicp(file: BinaryIO) -> Cicp | None:
    """What the nclx box of an AVIF file's main picture says; None without one. The file is seekable."""
    file.seek(0)
    meta = content_of(b"meta", file.read())
    if meta is None:
        return None
    properties = content_of(b"iprp", meta[4:]) or b""
    listed = list(boxes(content_of(b"ipco", properties) or b""))
    numbers = set(_properties_of(_main_item(meta[4:]), content_of(b"ipma", properties) or b""))
    own = [content for i, (kind, content) in enumerate(listed, 1) if kind == b"colr" and i in numbers]
    anyone = [content for kind, content in listed if kind == b"colr"]  # a grid's tiles may have it alone
    for content in own or anyone:
        if content[:4] == b"nclx" and len(content) >= 8:
            return Cicp(*struct.unpack_from(">2H", content, 4))
    return None


def _main_item(meta: bytes) -> int:
    box = content_of(b"pitm", meta) or b""
    form = ">I" if box[:1] != b"\0" else ">H"
    return int(struct.unpack_from(form, box, 4)[0]) if len(box) >= 4 + struct.calcsize(form) else 0


def _properties_of(item: int, box: bytes) -> Iterator[int]:
    """The numbers, from 1, of an item's properties, out of the content of an ipma box."""
    if len(box) < 8:
        return
    version, flags, count = box[0], box[3], int.from_bytes(box[4:8], "big")
    item_bytes, wide = (4 if version else 2), bool(flags & 1)
    at = 8
    for _ in range(count):
        if at + item_bytes >= len(box):
            return
        number = int.from_bytes(box[at : at + item_bytes], "big")
        n_properties = box[at + item_bytes]
        at += item_bytes + 1
        for _ in range(n_properties):
            value = int.from_bytes(box[at : at + 1 + wide], "big")
            at += 1 + wide
            if number == item:
                yield value & (0x7FFF if wide else 0x7F)
