"""A stack with a map of each sort, and readers of the texture files that are made of it."""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import oracle
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import TextureMap, make_map

MAPS = (
    make_map("Color", "t_Color.jpg", "color", 8, 3),
    make_map("Leaf", "t_Leaf.png", "color", 8, 4),
    make_map("Decal", "t_Decal.png", "color", 8, 2),
    make_map("Glow", "t_Glow.png", "emissive", 8, 1),
    make_map("AO", "t_AO.png", "occlusion", 8, 1),
    make_map("Roughness", "t_Roughness.png", "roughness", 8, 1),
    make_map("Height", "t_Height.png", "displacement", 16, 1),
    make_map("Normal", "t_Normal.png", "normal", 8, 3, True),
    make_map("Flow", "t_Flow.png", "other", 8, 2),
    make_map("Mask", "t_Mask.png", "other", 8, 4),
)
BY_NAME = {each.name: each for each in MAPS}


def stack(width: int = 61, height: int = 45, *, wrap: bool = False) -> Gaussians:
    """Gaussians of a canvas with the channels of MAPS: pale, and smooth, but for edges where two meet."""
    channels = tuple(channel for each in MAPS for channel in each.stack_channels)
    rng = np.random.default_rng(11)
    g = oracle.random_gaussians(rng, 40, height, width, len(channels), scales=(6, 20))
    color = 0.5 + 0.4 * (g.color - 0.5)
    color[:, channels.index("Normal.B")] = 1
    return g.replace(channels=channels, wrap=wrap, color=color)


class Ktx2(NamedTuple):
    """What a KTX2 file says; levels: the largest first."""

    vk_format: int
    type_size: int
    size: tuple[int, int]
    supercompression: int
    places: list[tuple[int, int, int]]  # of the levels: offset, length, uncompressed length
    levels: list[bytes]
    descriptor: bytes
    descriptor_place: tuple[int, int]
    texts: dict[str, str]
    texts_place: tuple[int, int]


def read_ktx2(data: bytes) -> Ktx2:
    """Reads a file by the specification alone, and checks what its header has to be for one picture."""
    assert data[:12] == b"\xabKTX 20\xbb\r\n\x1a\n"
    vk, type_size, width, height, depth, layers, faces, n, scheme = struct.unpack_from("<9I", data, 12)
    assert (depth, layers, faces) == (0, 0, 1)
    dfd, dfd_size, kvd, kvd_size, sgd, sgd_size = struct.unpack_from("<4I2Q", data, 48)
    assert (sgd, sgd_size) == (0, 0) or scheme == 1
    places = [struct.unpack_from("<3Q", data, 80 + 24 * k) for k in range(n)]
    levels = [data[start : start + length] for start, length, _ in places]
    texts, position = {}, kvd
    while position < kvd + kvd_size:
        (length,) = struct.unpack_from("<I", data, position)
        key, _, value = data[position + 4 : position + 4 + length].partition(b"\0")
        texts[key.decode()] = value.removesuffix(b"\0").decode()
        position += 4 + length + -length % 4
    assert position == kvd + kvd_size
    descriptor = data[dfd : dfd + dfd_size]
    return Ktx2(
        vk,
        type_size,
        (width, height),
        scheme,
        places,
        levels,
        descriptor,
        (dfd, dfd_size),
        texts,
        (kvd, kvd_size),
    )


class Dds(NamedTuple):
    """What a DDS file with a DX10 header says; levels: all of them, the largest first."""

    dxgi_format: int
    size: tuple[int, int]
    n_levels: int
    flags: int
    pitch: int
    levels: bytes


def read_dds(data: bytes) -> Dds:
    """Reads a file by Microsoft's guide alone, and checks what its header has to be for one picture."""
    assert data[:4] == b"DDS " and len(data) > 148
    header_size, flags, height, width, pitch, depth, n_levels = struct.unpack_from("<7I", data, 4)
    pixel_format = struct.unpack_from("<2I4s5I", data, 76)
    assert (header_size, depth, pixel_format) == (124, 0, (32, 4, b"DX10", 0, 0, 0, 0, 0))
    assert struct.unpack_from("<5I", data, 108) == (0x401008, 0, 0, 0, 0)  # complex, texture, mip levels
    dxgi_format, *rest = struct.unpack_from("<5I", data, 128)
    assert rest == [3, 0, 1, 0]  # two dimensions, no cube, one picture
    return Dds(dxgi_format, (width, height), n_levels, flags, pitch, data[148:])


def decode_level(format: str, blocks: bytes, width: int, height: int) -> np.ndarray:
    """What a graphics card sees of a level: (H, W, 4) uint8, decoded by texture2ddecoder."""
    if format == "rgba8":
        return np.frombuffer(blocks, np.uint8).reshape(height, width, 4)
    import texture2ddecoder

    bgra = getattr(texture2ddecoder, f"decode_{format}")(blocks, width, height)
    return np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[:, :, [2, 1, 0, 3]]


def decode_basis(data: bytes, level: int, size: tuple[int, int]) -> np.ndarray:
    """A level of a file of Basis Universal, decoded by alktx2, which fills up the last blocks."""
    import alktx2

    png: Any = alktx2.decode_ktx2_to_bytes(data, format="png", level=level)[0]
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    return pixels[: size[1], : size[0]]


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    """(width, height) of each level down to 1 x 1."""
    found = [(width, height)]
    while found[-1] != (1, 1):
        found.append((max(1, found[-1][0] // 2), max(1, found[-1][1] // 2)))
    return found


def named(*names: str) -> tuple[TextureMap, ...]:
    return tuple(BY_NAME[name] for name in names)
