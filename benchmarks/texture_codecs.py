"""Texture codecs to compare with, map by map: blocks of a fixed rate, and pictures of a quality.

A map is (H, W, C) uint8 with 1 or 3 channels. Sizes are those of whole files: a 16-byte .astc header and a
128-byte .dds header (148 bytes for BC7) are counted. astc-encoder-py, texture2ddecoder and etcpak: see
`imagegs[bench]`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Map = NDArray[np.uint8]
ASTC_HEADER, DDS_HEADER, DX10_HEADER = 16, 128, 148
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
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels)


def astc(pixels: Map, block: int) -> tuple[int, Map]:
    """Bytes of ASTC with blocks of so many pixels a side, "thorough", and what it decodes to."""
    import astc_encoder as encoder

    height, width, channels = pixels.shape
    quality = encoder.ASTCQualityPreset.THOROUGH
    context = encoder.ASTCContext(
        encoder.ASTCConfig(encoder.ASTCProfile.LDR, block, block, 1, quality, encoder.ASTCConfigFlags(0))
    )
    swizzle = encoder.ASTCSwizzle.from_str("RGBA" if channels == 3 else "RRR1")
    image = encoder.ASTCImage(encoder.ASTCType.U8, width, height, 1, _rgba(pixels).tobytes())
    data = context.compress(image, swizzle)
    decoded = encoder.ASTCImage(encoder.ASTCType.U8, width, height, 1)
    context.decompress(data, decoded, encoder.ASTCSwizzle.from_str("RGBA"))
    return ASTC_HEADER + len(data), _channels(decoded.data, pixels.shape)


def bc1(pixels: Map) -> tuple[int, Map]:
    """BC1 for colours, BC4 for one channel: 4 bits a pixel."""
    import etcpak
    import texture2ddecoder

    height, width, channels = pixels.shape
    if channels == 1:
        data = etcpak.compress_bc4(_rgba(pixels).tobytes(), width, height)
        decoded = texture2ddecoder.decode_bc4(data, width, height)
    else:
        data = etcpak.compress_bc1(_rgba(pixels).tobytes(), width, height)
        decoded = texture2ddecoder.decode_bc1(data, width, height)
    return DDS_HEADER + len(data), _channels(decoded, pixels.shape, bgra=True)


def bc7(pixels: Map) -> tuple[int, Map]:
    """BC7: 8 bits a pixel."""
    import etcpak
    import texture2ddecoder

    height, width, _ = pixels.shape
    parameters = etcpak.BC7CompressBlockParams()
    data = etcpak.compress_bc7(_rgba(pixels).tobytes(), width, height, parameters)
    decoded = texture2ddecoder.decode_bc7(data, width, height)
    return DX10_HEADER + len(data), _channels(decoded, pixels.shape, bgra=True)


BLOCKS: dict[str, Callable[[Map], tuple[int, Map]]] = {
    "ASTC 12x12": lambda pixels: astc(pixels, 12),
    "ASTC 8x8": lambda pixels: astc(pixels, 8),
    "BC1": bc1,
    "BC7": bc7,
}


def _rgba(pixels: Map) -> Map:
    colors = pixels if pixels.shape[2] == 3 else pixels.repeat(3, axis=2)
    return np.ascontiguousarray(np.dstack([colors, np.full(colors.shape[:2], 255, np.uint8)]))


def _channels(data: bytes, shape: tuple[int, ...], bgra: bool = False) -> Map:
    rgba = np.frombuffer(data, np.uint8).reshape(*shape[:2], 4)
    return rgba[:, :, 2::-1][:, :, : shape[2]] if bgra else rgba[:, :, : shape[2]]
