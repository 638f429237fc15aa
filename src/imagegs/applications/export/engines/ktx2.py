"""KTX2: a header, an index of the levels, a descriptor of the texels, two texts, and the levels.

By the Khronos Group's "KTX File Format Specification" 2.0 and "Khronos Data Format Specification" 1.3 (basic
descriptor block). All numbers are little-endian.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

from imagegs.applications.export.engines.formats import Format
from imagegs.version import __version__

IDENTIFIER = b"\xabKTX 20\xbb\r\n\x1a\n"

_INDEX_START = 80  # of the levels' index: behind the identifier, nine numbers and the index of the rest
_LEVEL_ENTRY = 24
_VK_FORMATS = {  # VkFormat, with linear and with sRGB values
    "bc7": (145, 146),
    "bc5": (141, 141),
    "bc4": (139, 139),
    "bc3": (137, 138),
    "bc1": (131, 132),
    "bc1a": (133, 134),
    "rgba8": (37, 43),
}
_MODELS = {
    "bc7": 134,
    "bc5": 132,
    "bc4": 131,
    "bc3": 130,
    "bc1": 128,
    "bc1a": 128,
    "rgba8": 1,
}  # KHR_DF_MODEL_*
_ALPHA = 15  # KHR_DF_CHANNEL_*_ALPHA
_BC1_ALPHA = 1  # KHR_DF_CHANNEL_BC1A_ALPHAPRESENT
_SAMPLES = {  # channel, first bit, number of bits
    "bc7": ((0, 0, 128),),
    "bc5": ((0, 0, 64), (1, 64, 64)),
    "bc4": ((0, 0, 64),),
    "bc3": ((_ALPHA, 0, 64), (0, 64, 64)),
    "bc1": ((0, 0, 64),),
    "bc1a": ((_BC1_ALPHA, 0, 64),),
    "rgba8": ((0, 0, 8), (1, 8, 8), (2, 16, 8), (_ALPHA, 24, 8)),
}
_DESCRIPTOR_VERSION = 2
_COLORS = (1, 2)  # primaries of BT.709, the transfer function of sRGB
_DATA = (0, 1)  # no primaries, linear: what is not sRGB is no colour
_LINEAR_SAMPLE = 0x10  # of a channel that an sRGB transfer function leaves alone


def ktx2_file(
    width: int, height: int, texel_format: Format, is_srgb: bool, levels: Sequence[bytes]
) -> Iterator[bytes]:
    """The pieces of a file with one picture; levels: the blocks of each, the largest first."""
    descriptor, texts = _descriptor(texel_format, is_srgb), _texts()
    descriptor_start = _INDEX_START + _LEVEL_ENTRY * len(levels)
    texts_start = descriptor_start + len(descriptor)
    places = _places(texts_start + len(texts), [len(level) for level in levels], texel_format.n_bytes)
    vk_format = _VK_FORMATS[texel_format.name][is_srgb]
    # typeSize, the size, depth, layers, faces, levels, supercompression
    header = struct.pack("<9I", vk_format, 1, width, height, 0, 0, 1, len(levels), 0)
    index = struct.pack("<4I2Q", descriptor_start, len(descriptor), texts_start, len(texts), 0, 0)
    entries = (
        struct.pack("<3Q", place, len(level), len(level)) for place, level in zip(places, levels, strict=True)
    )
    yield b"".join([IDENTIFIER, header, index, *entries, descriptor, texts])
    end = texts_start + len(texts)
    for place, level in zip(reversed(places), reversed(levels), strict=True):
        yield bytes(place - end)
        yield level
        end = place + len(level)


def _places(start: int, sizes: Sequence[int], block: int) -> list[int]:
    """The first byte of each level: the smallest comes first, at a multiple of its blocks and of 4 bytes."""
    places, unit = [], math.lcm(block, 4)
    for size in reversed(sizes):
        start += -start % unit
        places.append(start)
        start += size
    return places[::-1]


def _descriptor(texel_format: Format, is_srgb: bool) -> bytes:
    samples = b"".join(_sample(*each, texel_format, is_srgb) for each in _SAMPLES[texel_format.name])
    block_size = 24 + len(samples)
    last = texel_format.side - 1
    block = struct.pack("<2I", 0, _DESCRIPTOR_VERSION | block_size << 16)  # Khronos' own basic descriptor
    meaning = _COLORS if is_srgb else _DATA
    block += struct.pack("4B", _MODELS[texel_format.name], *meaning, 0)  # alpha is straight
    block += struct.pack("4B 8B", last, last, 0, 0, texel_format.n_bytes, *[0] * 7)
    return struct.pack("<I", 4 + block_size) + block + samples


def _sample(channel: int, first: int, n_bits: int, texel_format: Format, is_srgb: bool) -> bytes:
    if is_srgb and channel == _ALPHA:
        channel |= _LINEAR_SAMPLE
    most = (1 << min(n_bits, 32)) - 1 if texel_format.side == 1 else 0xFFFFFFFF
    return struct.pack("<H2B4x2I", first, n_bits - 1, channel, 0, most)


def _texts() -> bytes:
    """The orientation, rows to the right and down, and what wrote the file."""
    texts = {"KTXorientation": "rd", "KTXwriter": f"imagegs {__version__}"}
    return b"".join(_text(f"{key}\0{value}\0".encode()) for key, value in texts.items())


def _text(entry: bytes) -> bytes:
    return struct.pack("<I", len(entry)) + entry + bytes(-len(entry) % 4)
