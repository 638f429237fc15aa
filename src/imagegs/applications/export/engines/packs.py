"""Packs: textures whose channels are one-channel maps, as in orm=AO,Roughness,Metallic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imagegs.textures.map_list import TextureMap

CONSTANTS = {"0": 0, "255": 255}  # what may stand in place of a map, unless a map has that name
SIZES = (3, 4)  # channels of a pack
Part = TextureMap | int
"""A source of channels: a map, or a number, 0..255, for a channel of that value."""


@dataclass(frozen=True)
class Pack:
    """A texture to be packed."""

    name: str  # of its file, without a suffix
    parts: tuple[Part, ...]  # what red, green, blue and, if there is a fourth, alpha are

    @property
    def maps(self) -> tuple[TextureMap, ...]:
        """The maps among its parts, each once."""
        return maps_in(self.parts)


def maps_in(parts: Sequence[Part]) -> tuple[TextureMap, ...]:
    """The maps among some parts, each once."""
    return tuple(dict.fromkeys(part for part in parts if isinstance(part, TextureMap)))


def read_pack(text: str, maps: Sequence[TextureMap]) -> Pack:
    """The pack that a text NAME=MAP,MAP,MAP[,MAP] asks for; 0 and 255 stand for channels of that value.

    Raises ValueError for another text, another number of channels, a pack without maps, and for a map that is
    unknown, has several channels, or holds colours.
    """
    name, found, parts = text.partition("=")
    if not found:
        raise ValueError(f"a pack is NAME=MAP,MAP,MAP, not {text!r}")
    if not name:
        raise ValueError(f"a pack has a name, but not {text!r}")
    by_name = {each.name: each for each in maps}
    pack = Pack(name, tuple(_part(part, by_name, name) for part in parts.split(",")))
    if len(pack.parts) not in SIZES:
        raise ValueError(f"pack {name} has {len(pack.parts)} channels, not 3 or 4")
    if not pack.maps:
        raise ValueError(f"pack {name} holds no map")
    return pack


def _part(text: str, by_name: dict[str, TextureMap], pack: str) -> Part:
    if text not in by_name:
        if text in CONSTANTS:
            return CONSTANTS[text]
        names = ", ".join(name for name, each in by_name.items() if each.channels == 1)
        raise ValueError(f"pack {pack}: no map {text!r}; maps of one channel are: {names or 'none'}")
    found = by_name[text]
    if found.channels != 1:
        raise ValueError(
            f"pack {pack}: map {text} has {found.channels} channels, only maps of one can be packed"
        )
    if found.color_space == "srgb":
        raise ValueError(f"pack {pack}: map {text} holds sRGB colours, which cannot be packed with data")
    return found
