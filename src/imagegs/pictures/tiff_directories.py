"""The directories of a TIFF or BigTIFF file, and which of them is the picture.

Source: TIFF 6.0, sections 2 and 7; TIFF Technical Note 1 (SubIFDs); the BigTIFF design; DNG 1.4, chapter 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from imagegs.errors import FormatError
from imagegs.pictures.tiff_in_memory import VALUE_BYTES

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, LENGTH, BITS_PER_SAMPLE, COMPRESSION = 254, 255, 256, 257, 258, 259
PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES_PER_PIXEL = 262, 266, 273, 274, 277
ROWS_PER_STRIP, STRIP_BYTE_COUNTS, PLANAR_CONFIGURATION, PREDICTOR, COLOR_MAP = 278, 279, 284, 317, 320
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTE_COUNTS, SUB_DIRECTORIES = 322, 323, 324, 325, 330
INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT, ICC_PROFILE = 332, 338, 339, 34675
_WANTED = {
    NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, LENGTH, BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC, FILL_ORDER,
    STRIP_OFFSETS, ORIENTATION, SAMPLES_PER_PIXEL, ROWS_PER_STRIP, STRIP_BYTE_COUNTS, PLANAR_CONFIGURATION,
    PREDICTOR, COLOR_MAP, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTE_COUNTS, SUB_DIRECTORIES, INK_SET,
    EXTRA_SAMPLES, SAMPLE_FORMAT, ICC_PROFILE,
}  # fmt: skip
# Tags that libtiff needs to decode a segment of JPEG, fax or YCbCr, besides the above: T4 and T6 options,
# tables, coefficients, subsampling, positions, reference levels.
OF_SEGMENTS = {292, 293, 347, 529, 530, 531, 532}

_STARTS = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
# Letters of `struct` for the types of values that are whole numbers; 13, 16 and 18 are offsets or of BigTIFF.
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_BYTES = 7  # the type of a profile: undefined bytes
_MOST_DIRECTORIES = 1000  # that are looked at
_MOST_VALUES = 1 << 24  # of one tag
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED = 2  # of SubfileType


@dataclass(frozen=True)
class Directory:
    """One picture of a file: what its tags say."""

    offset: int  # bytes from the start of the file
    values: dict[int, tuple[int, ...]]  # by tag
    profile: bytes | None
    of_segments: dict[int, tuple[int, bytes]]  # by tag: the type and the bytes of its values, as stored
    following: int  # the offset of the next directory, 0 after the last

    def one(self, tag: int, default: int) -> int:
        """The first value of a tag; the default where the tag is missing or empty."""
        values = self.values.get(tag, ())
        return values[0] if values else default

    @property
    def is_minor(self) -> bool:
        """Whether it says that it is a smaller version or a mask of another picture of the file."""
        kind = self.one(NEW_SUBFILE_TYPE, 0)
        return bool(kind & (_REDUCED | _MASK)) or self.one(SUBFILE_TYPE, 0) == _OLD_REDUCED


def is_tiff(start: bytes) -> bool:
    """Is this the start of a TIFF or BigTIFF file?"""
    return start[:4] in _STARTS


class TiffFile:
    """A TIFF file, open and seekable: its byte order and its directories."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises FormatError for a file that is cut within its header."""
        self.file = file
        self.size = file.seek(0, 2)
        self.order, self.is_big = _STARTS[self.read(0, 4)]
        if self.is_big:
            size, zero, self.first = self._unpack(4, "HHQ")
            if (size, zero) != (8, 0):
                raise FormatError("the header of this BigTIFF is damaged")
        else:
            (self.first,) = self._unpack(4, "I")

    def read(self, offset: int, n_bytes: int) -> bytes:
        """Bytes of the file. Raises FormatError where the file has fewer."""
        if offset + n_bytes > self.size:
            raise FormatError("the picture is damaged: it ends early, or its tags point beyond its end")
        self.file.seek(offset)
        return self.file.read(n_bytes)

    def directory(self, offset: int) -> Directory:
        """The directory at an offset. Raises FormatError for a damaged one."""
        (count,) = self._unpack(offset, "Q" if self.is_big else "H")
        entry_bytes, start = (20, offset + 8) if self.is_big else (12, offset + 2)
        if count > 65535:
            raise FormatError("the picture is damaged: a directory of its tags has no sensible length")
        entries = self.read(start, count * entry_bytes)
        values: dict[int, tuple[int, ...]] = {}
        of_segments: dict[int, tuple[int, bytes]] = {}
        profile = None
        for i in range(count):
            tag, kind = struct.unpack_from(self.order + "HH", entries, i * entry_bytes)
            if tag == ICC_PROFILE and kind in (1, _BYTES):
                profile = self._content(entries, i * entry_bytes, 1)
            elif tag in OF_SEGMENTS and kind in VALUE_BYTES:
                of_segments[tag] = kind, self._content(entries, i * entry_bytes, VALUE_BYTES[kind])
            elif tag in _WANTED and kind in _INTEGERS:
                letter = _INTEGERS[kind]
                content = self._content(entries, i * entry_bytes, struct.calcsize("=" + letter))
                size = struct.calcsize("=" + letter)
                values[tag] = struct.unpack(f"{self.order}{len(content) // size}{letter}", content)
        (following,) = self._unpack(start + len(entries), "Q" if self.is_big else "I", missing=0)
        return Directory(offset, values, profile, of_segments, following)

    def main_directory(self) -> Directory:
        """The picture in full resolution: the first directory that is no smaller version and no mask.

        Such a directory may follow the first one or be a part of one (SubIFDs, as in DNG). A file's only
        directory is its picture, whatever it says. Raises FormatError where there are several, all minor.
        """
        first = self.directory(self.first)
        if not first.is_minor:
            return first
        others = list(self._others(first))
        whole = next((each for each in others if not each.is_minor), None)
        if whole is None and others:
            raise FormatError("the first picture of this TIFF is a thumbnail, and the full one is not there")
        return whole or first

    def _others(self, first: Directory) -> Iterator[Directory]:
        """The directories behind the first one, then those within all of these."""
        chain, seen = [first], {first.offset}
        while chain[-1].following and chain[-1].following not in seen and len(chain) < _MOST_DIRECTORIES:
            chain.append(self.directory(chain[-1].following))
            seen.add(chain[-1].offset)
        yield from chain[1:]
        for outer in chain:
            for offset in outer.values.get(SUB_DIRECTORIES, ())[:_MOST_DIRECTORIES]:
                if offset not in seen:
                    seen.add(offset)
                    yield self.directory(offset)

    def _content(self, entries: bytes, at: int, size: int) -> bytes:
        """The bytes of an entry's values, which lie in the entry itself where they fit."""
        letter, room = ("Q", 8) if self.is_big else ("I", 4)
        (count,) = struct.unpack_from(self.order + letter, entries, at + 4)
        if count > _MOST_VALUES:
            raise FormatError("the picture is damaged: a tag has too many values")
        inline = at + 4 + room
        if count * size <= room:
            return entries[inline : inline + count * size]
        (offset,) = struct.unpack_from(self.order + letter, entries, inline)
        return self.read(offset, count * size)

    def _unpack(self, offset: int, letters: str, missing: int | None = None) -> tuple[int, ...]:
        size = struct.calcsize("=" + letters)
        if missing is not None and offset + size > self.size:
            return (missing,)
        return struct.unpack(self.order + letters, self.read(offset, size))
