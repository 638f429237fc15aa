"""Texels for where a texture is shown much smaller than its canvas: its coarse mip levels.

A shader paints a footprint of up to two canvas pixels from the Gaussians. A larger one would take more and
more points of them; there the levels from FIRST_LEVEL on are read, a twelfth of the texels of the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

import numpy as np
from numpy.typing import NDArray

from imagegs.applications.export.buffers import COMPONENTS
from imagegs.applications.export.maps import SampledMap
from imagegs.gaussians import Gaussians
from imagegs.pictures.pixels import IntegerPixels
from imagegs.rendering import Size
from imagegs.textures.mips import last_level, level_size, mip_levels
from imagegs.textures.painting import paint_own

FIRST_LEVEL = 2  # 1/4 of the canvas


@dataclass(frozen=True, eq=False)
class Levels:
    """The mip levels of all maps, from `first` to that of a single texel."""

    first: int
    sizes: tuple[Size, ...]
    texels: NDArray[np.uint8]  # level after level, map after map, row after row: (texels, 4)

    @property
    def offsets(self) -> list[int]:
        """The first byte of each level."""
        n_maps = len(self.texels) // sum(width * height for width, height in self.sizes)
        n_bytes = [COMPONENTS * n_maps * width * height for width, height in self.sizes]
        return list(accumulate(n_bytes[:-1], initial=0))


def n_texels(gaussians: Gaussians, n_maps: int) -> int:
    """How many texels the levels of so many maps have."""
    return n_maps * sum(width * height for width, height in _sizes(gaussians))


def _sizes(gaussians: Gaussians) -> tuple[Size, ...]:
    """Of each level, the first one first."""
    canvas = gaussians.width, gaussians.height
    last = last_level(*canvas)
    return tuple(level_size(*canvas, level) for level in range(min(FIRST_LEVEL, last), last + 1))


def make_levels(gaussians: Gaussians, maps: Sequence[SampledMap], threads: int | None = None) -> Levels:
    """The levels of these maps, 8 bits a channel: each map is painted whole, one after the other."""
    first, sizes = min(FIRST_LEVEL, last_level(gaussians.width, gaussians.height)), _sizes(gaussians)
    chains = [_chain(gaussians, each, first, threads) for each in maps]
    texels = [_rgba(chain[level]) for level in range(len(sizes)) for chain in chains]
    return Levels(first, sizes, np.concatenate(texels))


def _chain(gaussians: Gaussians, each: SampledMap, first: int, threads: int | None) -> list[IntegerPixels]:
    own = gaussians.replace(color=gaussians.color[:, each.columns], channels=each.channels)
    painted = paint_own(own, 8, each.unit_length, each.cutout, threads)
    return list(islice(mip_levels(painted, each.alphas, each.unit_length), first, None))


def _rgba(pixels: IntegerPixels) -> NDArray[np.uint8]:
    """(H W, 4)."""
    height, width, channels = pixels.shape
    texels = np.zeros((height, width, COMPONENTS), np.uint8)
    texels[:, :, :channels] = pixels
    return texels.reshape(-1, COMPONENTS)
