"""The texture files of a stack, made one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imagegs.applications.export.engines.dds import dds_file
from imagegs.applications.export.engines.encoding import (
    Texels,
    check_packages,
    encode_basis,
    encode_levels,
)
from imagegs.applications.export.engines.formats import BC1_ALPHA
from imagegs.applications.export.engines.ktx2 import ktx2_file
from imagegs.applications.export.engines.planning import Texture, file_name, plan_textures
from imagegs.gaussians import Gaussians
from imagegs.textures.map_list import TextureMap
from imagegs.textures.mips import mip_chain

_CONTAINERS = {"ktx2": ktx2_file, "dds": dds_file}


def texture_files(
    gaussians: Gaussians,
    maps: Sequence[TextureMap],
    target: str,
    *,
    format: str | None = None,
    only: Sequence[str] | None = None,
    packs: Sequence[str] = (),
    threads: int | None = None,
) -> dict[str, Iterator[bytes]]:
    """The pieces of each texture's file, by the file's name; a texture is made when its first piece is asked
    for.

    gaussians, maps: of a stack, as `textures.painting.decode_with_maps` gives them, or `planning.as_stack`
        for a picture. The other arguments are those of `planning.plan_textures`.
    threads: how many paint and encode; None: one for each processor.

    Raises what `plan_textures` raises; ImageGSError where the package is missing that encodes a format. The
    pieces raise what `texture_file` raises.
    """
    textures = plan_textures(maps, target, format=format, only=only, packs=packs)
    check_packages([each.texel_format for each in textures])
    return {file_name(each, target): texture_file(gaussians, each, target, threads) for each in textures}


def texture_file(
    gaussians: Gaussians, texture: Texture, target: str, threads: int | None = None
) -> Iterator[bytes]:
    """The pieces of one texture's file, "ktx2" or "dds".

    Raises what painting and encoding raise; ValueError for BC1 with an alpha other than 0 and 255.
    """
    levels = texels_of(gaussians, texture, threads)
    _check_alpha(texture, levels[0])
    texel_format, is_srgb = texture.texel_format, texture.is_srgb
    if texel_format.is_basis:
        yield encode_basis(
            levels, texel_format.name, is_srgb=is_srgb, has_alpha=texture.has_alpha, threads=threads
        )
        return
    blocks = encode_levels(levels, texel_format, threads)
    height, width = levels[0].shape[:2]
    yield from _CONTAINERS[target](width, height, texel_format, is_srgb, blocks)


def _check_alpha(texture: Texture, texels: Texels) -> None:
    if texture.texel_format is BC1_ALPHA and not np.isin(texels[:, :, 3], (0, 255)).all():
        raise ValueError(f"{texture.title} cannot be bc1: its alpha is not 0 or 255 everywhere")


def texels_of(gaussians: Gaussians, texture: Texture, threads: int | None = None) -> list[Texels]:
    """The texels of each level, from the largest to 1 x 1: (H, W, 4) uint8, red, green, blue, alpha."""
    chains = {each: mip_chain(gaussians, replace(each, bit_depth=8), threads) for each in texture.maps}
    n_levels = len(next(iter(chains.values())))
    return [_laid_out({each: chain[k] for each, chain in chains.items()}, texture) for k in range(n_levels)]


def _laid_out(level: dict[TextureMap, NDArray[np.uint8]], texture: Texture) -> Texels:
    height, width = next(iter(level.values())).shape[:2]
    parts = [
        np.full((height, width, 1), part, np.uint8) if isinstance(part, int) else level[part]
        for part in (*texture.parts, 0, 255)  # the last two are planning.ZERO and planning.ONE
    ]
    return np.concatenate(parts, axis=2)[:, :, list(texture.layout)]
