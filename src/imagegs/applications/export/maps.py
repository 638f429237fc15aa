"""What a shader samples: the maps of a stack, or a picture as a single one, under names that are code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.transparency import Alphas
from imagegs.textures.map_list import TextureMap, alphas_in
from imagegs.textures.map_names import color_space_of

PICTURE = "Picture"  # the name of what is no stack


@dataclass(frozen=True)
class SampledMap:
    """A map with a function of its own."""

    name: str  # as the file has it
    identifier: str  # its name in code: ASCII letters, digits and single underscores, unique in an export
    columns: tuple[int, ...]  # 1 to 4, of the Gaussians' colors
    channels: tuple[str, ...]  # what they are called in the map
    color_space: str  # "srgb" or "linear"; the values are as the file has them
    unit_length: bool  # colors of vectors 2 v - 1 that get length 1
    cutout: bool = False  # the last channel is a mask: at a point, what is 1/2 or more stands for 1

    @property
    def alphas(self) -> Alphas:
        """For each channel the number of the alpha that covers it; alpha of data is one like another."""
        return alphas_in(self.channels, self.color_space)

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel covers the others."""
        return self.alphas[0] is not None


def sampled_maps(
    channels: Sequence[str], maps: Sequence[TextureMap], only: Sequence[str] | None = None
) -> tuple[SampledMap, ...]:
    """The maps of a file with these channels, in their order; `only` chooses some by name.

    A file without a list of maps is one map, "Picture", if its channels are those of a picture; else every
    channel is a map.

    Raises ValueError for a name in `only` that no map has.
    """
    entries = [_from_stack(each, channels) for each in maps] or _of_picture(channels)
    names = [entry.name for entry in entries]
    if unknown := next((name for name in only or () if name not in names), None):
        raise ValueError(f"no map {unknown!r} in this file; there are {', '.join(names)}")
    kept = [entry for entry in entries if only is None or entry.name in only]
    codes = identifiers([entry.name for entry in kept])
    return tuple(replace(entry, identifier=code) for entry, code in zip(kept, codes, strict=True))


def _from_stack(each: TextureMap, channels: Sequence[str]) -> SampledMap:
    columns = tuple(channels.index(channel) for channel in each.stack_channels)
    finish = each.unit_length, each.cutout
    return SampledMap(each.name, "", columns, each.own_channels, each.color_space, *finish)


def _of_picture(channels: Sequence[str]) -> list[SampledMap]:
    if CHANNEL_NAMES.get(len(channels)) == tuple(channels):
        columns = tuple(range(len(channels)))
        return [SampledMap(PICTURE, "", columns, tuple(channels), color_space_of("color"), False)]
    linear = color_space_of("other")
    return [SampledMap(name, "", (i,), (name,), linear, False) for i, name in enumerate(channels)]


def identifiers(names: Sequence[str]) -> list[str]:
    """A different identifier for each of different names, their own where they are one.

    "nor gl" and "nor-gl" give nor_gl and nor_gl_2. Two underscores in a row are reserved in GLSL; a digit may
    come first, for something always stands before it.
    """
    plain = [re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_") or "map" for name in names]
    taken = {code for name, code in zip(names, plain, strict=True) if name == code}
    unique = []
    for name, code in zip(names, plain, strict=True):
        more = (f"{code}_{number}" for number in count(2))
        own = code if name == code else next(c for c in chain([code], more) if c not in taken)
        taken.add(own)
        unique.append(own)
    return unique
