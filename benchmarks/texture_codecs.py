"""Texture codecs to compare with, map by map: blocks of a fixed rate, and pictures of a quality.

A map is (H, W, C) uint8 with 1 or 3 channels. Sizes are those of whole files, headers counted. The packages
are those of `imagegs[bench]`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.evaluation.block_codecs import (
    DDS_HEADER,
    DX10_HEADER,
    decode_astc,
    decode_bc,
    encode_astc,
    encode_bc1,
    encode_bc7,
    with_alpha,
)
from imagegs.pictures.formats import open_image

Map = NDArray[np.uint8]
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {  # 4:2:0 would blur normals
    "JPEG": ("JPEG", {"progressive": True, "optimize": True, "subsampling": "4:4:4"}),
    "WebP": ("WEBP", {"method": 6}),
    "AVIF": ("AVIF", {"speed": 6, "subsampling": "4:4:4"}),
}


def save(pixels: Map, codec: str, quality: int) -> bytes:
    """A picture file of a codec of PICTURES."""
    kind, options = PICTURES[codec]
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, kind, quality=quality, **options)
    return file.getvalue()


def opened(data: bytes, channels: int) -> Map:
    """The map in a picture file."""
    pixels = np.asarray(open_image(io.BytesIO(data)).convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels)


def astc(pixels: Map, side: int) -> tuple[int, Map]:
    """Bytes of ASTC with blocks of so many pixels a side, "thorough", and what it decodes to."""
    data = encode_astc(side, _rgb(pixels), swizzle="RGBA" if pixels.shape[2] == 3 else "RRR1")
    return len(data), decode_astc(side, data, (*pixels.shape[:2], 3))[:, :, : pixels.shape[2]]


def bc1(pixels: Map) -> tuple[int, Map]:
    """BC1 for colours, BC4 for one channel: 4 bits a pixel."""
    height, width, channels = pixels.shape
    if channels == 3:
        data = encode_bc1(pixels)
        return len(data), decode_bc("bc1", DDS_HEADER, data, (height, width, 3))
    import etcpak

    blocks = etcpak.compress_bc4(with_alpha(_rgb(pixels)).tobytes(), width, height)
    decoded = decode_bc("bc4", 0, blocks, (height, width, 3))
    return DDS_HEADER + len(blocks), decoded[:, :, :1]


def bc7(pixels: Map) -> tuple[int, Map]:
    """BC7: 8 bits a pixel."""
    data = encode_bc7(_rgb(pixels))
    return len(data), decode_bc("bc7", DX10_HEADER, data, (*pixels.shape[:2], 3))[:, :, : pixels.shape[2]]


BLOCKS: dict[str, Callable[[Map], tuple[int, Map]]] = {
    "ASTC 12x12": lambda pixels: astc(pixels, 12),
    "ASTC 8x8": lambda pixels: astc(pixels, 8),
    "BC1": bc1,
    "BC7": bc7,
}


def _rgb(pixels: Map) -> Map:
    return pixels if pixels.shape[2] == 3 else pixels.repeat(3, axis=2)
