"""Codecs of textures, whose pixels can be read in any order: ASTC, BC1, BC7, and ETC1S in KTX2.

Sizes are those of whole files: .astc has 16 bytes before its blocks, .dds 128 (148 with BC7), written as
zeros here, for only the blocks are read again.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.evaluation.codec import PILLOW, Codec, Pixels, Shape
from imagegs.evaluation.picture_codecs import decode_with_pillow

ASTC_HEADER, DDS_HEADER, DX10_HEADER = 16, 128, 148
ASTC_SIDES = (4, 5, 6, 8, 10, 12)
_ONE_RATE = (0.0,)


def with_alpha(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) of (H, W, 3): opaque."""
    return np.ascontiguousarray(np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]))


def _astc_context(side: int) -> tuple[Any, Any]:
    import astc_encoder as astc

    quality, flags = astc.ASTCQualityPreset.THOROUGH, astc.ASTCConfigFlags(0)
    return astc, astc.ASTCContext(astc.ASTCConfig(astc.ASTCProfile.LDR, side, side, 1, quality, flags))


def encode_astc(side: int, pixels: Pixels, _: float = 0.0, swizzle: str = "RGBA") -> bytes:
    """Blocks of side x side pixels, "thorough"."""
    astc, context = _astc_context(side)
    height, width, _channels = pixels.shape
    image = astc.ASTCImage(astc.ASTCType.U8, width, height, 1, with_alpha(pixels).tobytes())
    blocks = context.compress(image, astc.ASTCSwizzle.from_str(swizzle))
    return bytes(ASTC_HEADER) + bytes(blocks)


def decode_astc(side: int, data: bytes, shape: Shape) -> Pixels:
    """Decodes a file of ASTC blocks of side x side pixels."""
    astc, context = _astc_context(side)
    decoded = astc.ASTCImage(astc.ASTCType.U8, shape[1], shape[0], 1)
    context.decompress(data[ASTC_HEADER:], decoded, astc.ASTCSwizzle.from_str("RGBA"))
    return np.frombuffer(decoded.data, np.uint8).reshape(*shape[:2], 4)[:, :, :3]


def encode_bc1(pixels: Pixels, _: float = 0.0) -> bytes:
    """4 bits a pixel; rgbcx at its level 18."""
    return _encode_bc(pixels, "DXT1", DDS_HEADER, level=18)


def encode_bc7(pixels: Pixels, _: float = 0.0) -> bytes:
    """8 bits a pixel; bc7enc at its highest level, errors of all channels alike."""
    import bc7enc

    parameters = bc7enc.bc7enc_compress_block_params_init()
    parameters.m_uber_level, parameters.m_perceptual = 4, False
    parameters.m_weights = (1, 1, 1, 1)
    return _encode_bc(pixels, "BC7", DX10_HEADER, params=parameters)


def _encode_bc(pixels: Pixels, kind: str, header: int, **options: Any) -> bytes:
    import bc7enc

    height, width, _ = pixels.shape
    blocks = bc7enc.pack_dds(with_alpha(pixels).tobytes(), width, height, kind, **options)
    return bytes(header) + bytes(blocks)


def decode_bc(name: str, header: int, data: bytes, shape: Shape) -> Pixels:
    """Decodes blocks by texture2ddecoder's decode_`name`, behind a header of so many bytes."""
    import texture2ddecoder

    bgra = getattr(texture2ddecoder, f"decode_{name}")(data[header:], shape[1], shape[0])
    return np.frombuffer(bgra, np.uint8).reshape(*shape[:2], 4)[:, :, 2::-1]


def _encode_etc1s(pixels: Pixels, quality: float) -> bytes:
    import alktx2

    height, width, _ = pixels.shape
    options: dict[str, Any] = {"codec": "etc1s", "quality": int(quality), "srgb": True, "threads": 1}
    return bytes(
        alktx2.encode_raw_rgba_to_ktx2(with_alpha(pixels).tobytes(), width, height, False, **options)
    )


def _decode_etc1s(data: bytes, shape: Shape) -> Pixels:
    import alktx2

    return decode_with_pillow(alktx2.decode_ktx2_to_bytes(data, format="png")[0], shape)


def _astc(side: int) -> Codec:
    title, needs = f"ASTC {side}x{side}", (("astc_encoder", "astc-encoder-py"),)
    encode, decode = partial(encode_astc, side), partial(decode_astc, side)
    return Codec(f"astc-{side}x{side}", title, "thorough", encode, decode, _ONE_RATE, needs)


_BC = (("bc7enc", "bc7enc-py"), ("texture2ddecoder", "texture2ddecoder"))
_KTX2 = (("alktx2", "alktx2"), PILLOW)
BLOCK_CODECS = (
    *(_astc(side) for side in ASTC_SIDES),
    Codec("bc1", "BC1", "level 18", encode_bc1, partial(decode_bc, "bc1", DDS_HEADER), _ONE_RATE, _BC),
    Codec("bc7", "BC7", "uber 4", encode_bc7, partial(decode_bc, "bc7", DX10_HEADER), _ONE_RATE, _BC),
    Codec("etc1s", "KTX2 ETC1S", "effort 3", _encode_etc1s, _decode_etc1s, tuple(range(1, 101)), _KTX2),
)
