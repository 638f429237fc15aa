"""Blocks of texels by libraries, on several threads: they release the interpreter's lock while they work.

Measured on textures of 1024 x 1024: etcpak's BC7 has the PSNR of bc7enc's in about a quarter of the time;
bc7enc's BC1 and BC3 are 2 to 6 dB better than etcpak's, its BC4 and BC5 2 to 4 dB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.applications.export.engines.bc1_alpha import encode_bc1_alpha
from imagegs.applications.export.engines.formats import Format
from imagegs.engine import thread_count
from imagegs.errors import ImageGSError

Texels = NDArray[np.uint8]  # (H, W, 4)

BASIS_MOST_SIDE = 16384  # texels
KTX2_DESCRIPTOR = 48  # bytes into a KTX2 file: where its data format descriptor begins
PRIMARIES = 13  # bytes into the descriptor: the color primaries
_STRIP_ROWS = 64  # texels, a multiple of 4: what is encoded at a time
_UBER_LEVEL = 1  # of BC7, 0..4: higher ones gain 0.1 dB for half as much time again and more
_RGBCX_LEVEL = 10  # of BC1 and BC3, 0..18: 18 gains 0.1 to 0.5 dB for six times the time
_BASIS_QUALITY = 100  # 1..100: the best of ETC1S, and UASTC without a search for smaller files
_BASIS_EFFORT = 2  # 0..10


def check_packages(formats: Iterable[Format]) -> None:
    """Raises ImageGSError where the package that encodes one of them is missing."""
    for each in formats:
        if each.module is not None and find_spec(each.module) is None:
            raise ImageGSError(
                f"{each.name} is encoded by {each.distribution}: pip install 'imagegs[export]'"
            )


def encode_levels(texels: Sequence[Texels], texel_format: Format, threads: int | None = None) -> list[bytes]:
    """The blocks of each level, row by row; levels that are no whole number of blocks repeat their border.

    texels: of each level, (H, W, 4) uint8. BC4 takes the first channel, BC5 the first two, BC1 the first
    three; with alpha, it makes texels transparent whose alpha is below 128.
    texel_format: none of Basis Universal.

    Raises ImageGSError where its package is missing.
    """
    check_packages([texel_format])
    encode = _ENCODERS[texel_format.name]
    strips = [_strips(_padded(level, texel_format.side)) for level in texels]
    pool = ThreadPoolExecutor(thread_count(threads))
    try:
        waiting = [[pool.submit(encode, strip) for strip in level] for level in strips]
        return [b"".join(each.result() for each in level) for level in waiting]
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C none of them is begun


def encode_basis(
    texels: Sequence[Texels], codec: str, *, is_srgb: bool, has_alpha: bool, threads: int | None = None
) -> bytes:
    """A whole KTX2 file of Basis Universal.

    texels: of each level, (H, W, 4) uint8. codec: "etc1s" or "uastc". Without `has_alpha` the fourth channel
    is left out.

    Raises ValueError for a side above BASIS_MOST_SIDE, ImageGSError for what else the library refuses.
    """
    import alktx2

    if (side := max(texels[0].shape[:2])) > BASIS_MOST_SIDE:
        raise ValueError(f"{codec} has sides of up to {BASIS_MOST_SIDE} texels, not {side}")

    levels = [(level.tobytes(), level.shape[1], level.shape[0]) for level in texels]
    options: dict[str, Any] = {"codec": codec, "quality": _BASIS_QUALITY, "effort": _BASIS_EFFORT}
    options |= {"srgb": is_srgb, "linear": not is_srgb, "threads": thread_count(threads)}
    options |= {"check_for_alpha": False, "force_alpha": has_alpha}
    try:
        data = bytearray(alktx2.encode_raw_mips_to_ktx2(levels, has_alpha, **options))
    except RuntimeError as error:
        raise ImageGSError(f"{codec}: {error}") from error
    if not is_srgb:  # data have no color primaries: KHR_texture_basisu wants them unspecified
        (descriptor,) = struct.unpack_from("<I", data, KTX2_DESCRIPTOR)
        data[descriptor + PRIMARIES] = 0
    return bytes(data)


def _padded(texels: Texels, side: int) -> Texels:
    """Whole blocks of side x side texels: the last row and column are repeated."""
    height, width = texels.shape[:2]
    return np.pad(texels, ((0, -height % side), (0, -width % side), (0, 0)), "edge")


def _strips(texels: Texels) -> list[Texels]:
    return [texels[top : top + _STRIP_ROWS] for top in range(0, len(texels), _STRIP_ROWS)]


def _bc7(texels: Texels) -> bytes:
    import etcpak

    parameters = etcpak.BC7CompressBlockParams()
    parameters.init_linear_weights()
    parameters.m_uber_level = _UBER_LEVEL
    height, width = texels.shape[:2]
    return bytes(etcpak.compress_bc7(texels.tobytes(), width, height, parameters))


def _bc5(texels: Texels, second: int = 1) -> bytes:
    return _by_bc7enc(texels, "BC5", chan0=0, chan1=second)


def _bc4(texels: Texels) -> bytes:
    """The halves for red of BC5 blocks: each is a block of BC4."""
    return np.frombuffer(_bc5(texels, second=0), np.uint64)[::2].tobytes()


def _bc3(texels: Texels) -> bytes:
    return _by_bc7enc(texels, "DXT5", level=_RGBCX_LEVEL)


def _bc1(texels: Texels) -> bytes:
    return _by_bc7enc(texels, "DXT1", level=_RGBCX_LEVEL)


def _bc1a(texels: Texels) -> bytes:
    return encode_bc1_alpha(texels, _bc1)


def _by_bc7enc(texels: Texels, name: str, **options: int) -> bytes:
    import bc7enc

    height, width = texels.shape[:2]
    return bytes(bc7enc.pack_dds(texels.tobytes(), width, height, name, **options))


def _rgba8(texels: Texels) -> bytes:
    return texels.tobytes()


_ENCODERS: dict[str, Callable[[Texels], bytes]] = {
    "bc7": _bc7,
    "bc5": _bc5,
    "bc4": _bc4,
    "bc3": _bc3,
    "bc1": _bc1,
    "bc1a": _bc1a,
    "rgba8": _rgba8,
}
