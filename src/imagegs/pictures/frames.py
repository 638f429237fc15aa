"""How many pictures a file holds, of which one is read: frames of an animation, pages, exposures."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from PIL import ImageFile

from imagegs.pictures.tiff_directories import NEW_SUBFILE_TYPE

_FORMATS = ("GIF", "PNG", "WEBP", "AVIF", "MPO")  # of Pillow, that may hold several
_MP_ENTRIES = 0xB002  # of CIPA DC-007, Multi-Picture Format
_THUMBNAIL = "Large Thumbnail"  # how Pillow calls the type of such an entry
_REDUCED_OR_MASK = 0b101  # of its bits: a smaller version of another page, or the mask of one
_BIG_TIFF = 43
_MOST_PAGES = 65536  # that are counted


def count_frames(image: ImageFile.ImageFile) -> int:
    """The number of frames, exposures or pages, at least 1; a thumbnail does not count.

    image: a picture that Pillow has opened, and whose first frame may be loaded. Where the file is damaged
    behind that frame the answer may be too small. A TIFF is 1 here: see `count_pages`.
    """
    if image.format not in _FORMATS:
        return 1
    try:
        return max(1, _frames(image))
    except Exception:  # Pillow raises whatever its parsing runs into, and the picture that counts is read
        return 1


def count_pages(file: BinaryIO) -> int:
    """The number of pages of a TIFF or BigTIFF, at least 1; a smaller version or a mask does not count.

    file: seekable, at any place. Where it is damaged behind its first page the answer may be too small.
    """
    file.seek(0)
    start = file.read(16)
    try:
        return max(1, _pages(file, start))
    except Exception:  # a place in the file may be any number, and the page that counts is read
        return 1


def _frames(image: Any) -> int:
    if image.format == "MPO":
        types = [entry["Attribute"]["MPType"] for entry in image.mpinfo[_MP_ENTRIES]]
        return sum(not each.startswith(_THUMBNAIL) for each in types)
    return int(getattr(image, "n_frames", 1))


def _pages(file: BinaryIO, start: bytes) -> int:
    """Counts the directories in the main chain of a TIFF or BigTIFF, up to the first that is damaged."""
    order = "<" if start[:2] == b"II" else ">"
    big = struct.unpack(order + "H", start[2:4])[0] == _BIG_TIFF
    offset_type, count_type, value_place, entry_size = ("Q", "Q", 12, 20) if big else ("I", "H", 8, 12)

    def read(kind: str) -> int:
        value: int = struct.unpack(order + kind, file.read(struct.calcsize(order + kind)))[0]
        return value

    file.seek(8 if big else 4)
    pages, seen, offset = 0, set[int](), read(offset_type)
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        try:
            file.seek(offset)
            n_entries = read(count_type)
            entries = file.tell()
            # Entries are in the order of their tags: this one is first, if it is there.
            subfile_type = 0
            if n_entries and read("H") == NEW_SUBFILE_TYPE:
                file.seek(entries + value_place)
                subfile_type = read("I")
            file.seek(entries + n_entries * entry_size)
            offset = read(offset_type)
        except (struct.error, OverflowError):
            break
        pages += subfile_type & _REDUCED_OR_MASK == 0
    return pages
