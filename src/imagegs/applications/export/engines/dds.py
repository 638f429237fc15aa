"""DDS with the DX10 header, which alone tells BC7 and sRGB: both headers, then the levels, the largest first.

By Microsoft's "Programming Guide for DDS" (DDS_HEADER, DDS_HEADER_DXT10). All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from imagegs.applications.export.engines.formats import Format

_DXGI_FORMATS = {  # DXGI_FORMAT, with linear and with sRGB values
    "bc7": (98, 99),
    "bc5": (83, 83),
    "bc4": (80, 80),
    "bc3": (77, 78),
    "bc1": (71, 72),
    "bc1a": (71, 72),
    "rgba8": (28, 29),
}
_PITCH, _LINEAR_SIZE = 0x8, 0x80000
_FLAGS = 0x1 | 0x2 | 0x4 | 0x1000 | 0x20000  # caps, height, width, pixel format, number of levels
_CAPS = 0x8 | 0x1000 | 0x400000  # complex, texture, mip levels
_FOUR_LETTERS = 0x4  # the pixel format is four letters
_TEXTURE_2D = 3


def dds_file(
    width: int, height: int, texel_format: Format, is_srgb: bool, levels: Sequence[bytes]
) -> Iterator[bytes]:
    """The pieces of a file with one picture; levels: the blocks of each, the largest first."""
    if texel_format.side == 1:
        size_flag, size = _PITCH, width * texel_format.n_bytes  # of a row
    else:
        size_flag, size = _LINEAR_SIZE, len(levels[0])
    yield b"DDS " + struct.pack("<7I 44x", 124, _FLAGS | size_flag, height, width, size, 0, len(levels))
    yield struct.pack("<2I 4s 20x", 32, _FOUR_LETTERS, b"DX10")
    yield struct.pack("<I 16x", _CAPS)
    # Format, dimension, flags, one picture; how alpha is meant is not told, for old readers refuse it.
    yield struct.pack("<5I", _DXGI_FORMATS[texel_format.name][is_srgb], _TEXTURE_2D, 0, 1, 0)
    yield from levels
