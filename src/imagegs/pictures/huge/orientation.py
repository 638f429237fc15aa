"""Where a block of an upright picture lies in a file that holds it turned.

Source: TIFF 6.0 and EXIF 2.3, tag 274.
"""

from __future__ import annotations

from imagegs.pictures.pixels import Region

_TURNED, _MIRRORED_ACROSS, _MIRRORED_DOWN = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height of the upright picture, of those in the file."""
    return (height, width) if orientation in _TURNED else (width, height)


def stored_region(region: Region, width: int, height: int, orientation: int) -> Region:
    """The region of the file with the pixels of a region of the upright picture, which is width x height."""
    x, y, w, h = region
    if orientation in _MIRRORED_ACROSS:
        x = width - x - w
    if orientation in _MIRRORED_DOWN:
        y = height - y - h
    return (y, x, h, w) if orientation in _TURNED else (x, y, w, h)
