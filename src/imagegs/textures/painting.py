"""The maps of a texture stack, painted from its Gaussians.

Apart from stacks.py, which reads pictures: whoever paints needs no readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from imagegs.codec.byte_source import ByteSource, Memory
from imagegs.codec.decoding import DecodeKeywords, decode_contents
from imagegs.codec.grain import Grain
from imagegs.gaussians import Gaussians
from imagegs.pictures.pixels import IntegerPixels, to_integers, with_depth
from imagegs.rendering import render
from imagegs.textures.map_list import TextureMap, from_metadata
from imagegs.textures.masks import to_mask
from imagegs.textures.normals import with_unit_normals


def decode_with_maps(
    data: bytes | bytearray | memoryview, **keywords: Unpack[DecodeKeywords]
) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The Gaussians in the bytes of a .gsimg file, and its maps, () of a picture.

    The keywords are those of `decode`. Raises what `decode` raises, and FormatError for a damaged list of
    maps.
    """
    return decode_for_painting(Memory(data), **keywords)[:2]


def decode_for_painting(
    source: ByteSource, **keywords: Unpack[DecodeKeywords]
) -> tuple[Gaussians, tuple[TextureMap, ...], Grain | None]:
    """Gaussians and maps as `decode_with_maps` gives them, and the grain of the file."""
    gaussians, metadata, grain = decode_contents(source, **keywords)
    return gaussians, from_metadata(metadata, gaussians.channels), grain


def of_map(gaussians: Gaussians, texture_map: TextureMap) -> Gaussians:
    """The Gaussians with one map's channels alone, named as in its file; ValueError where they lack them."""
    columns = [gaussians.channels.index(channel) for channel in texture_map.stack_channels]
    return gaussians.replace(color=gaussians.color[:, columns], channels=texture_map.own_channels)


def paint_map(
    gaussians: Gaussians, texture_map: TextureMap, threads: int | None = None, **view: Any
) -> IntegerPixels:
    """One map of a stack, (H, W, C) uint8 or uint16 as its file had; view: the arguments of `render`.

    Vectors get length 1 where they had it, and masks of 0 and 1 alone are such again.

    Raises ValueError as `render` does, and where the Gaussians lack the map's channels.
    """
    own = of_map(gaussians, texture_map)
    finish = texture_map.unit_length, texture_map.cutout
    return paint_own(own, texture_map.bit_depth, *finish, threads, **view)


def paint_own(
    own: Gaussians, bit_depth: int, unit_length: bool, cutout: bool, threads: int | None = None, **view: Any
) -> IntegerPixels:
    """`paint_map` of Gaussians that have the channels of one map alone."""
    if unit_length:
        return to_integers(with_unit_normals(render(own, threads=threads, **view)), bit_depth)
    painted: IntegerPixels = render(own, dtype=f"uint{bit_depth}", threads=threads, **view)
    if cutout:
        to_mask(painted[:, :, -1])
    return painted


def paint_stack(
    gaussians: Gaussians, maps: Sequence[TextureMap], threads: int | None = None
) -> IntegerPixels:
    """All maps as their files will hold them, in one picture (H, W, C) as the `Stack` had it."""
    painted = [paint_map(gaussians, each, threads) for each in maps]
    return np.concatenate([with_depth(p, gaussians.bit_depth) for p in painted], axis=2)
