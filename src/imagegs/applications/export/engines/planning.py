"""The textures that a stack becomes: the format of each, and the sources of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from imagegs.applications.export.engines.formats import BC1_ALPHA, FORMATS, Format
from imagegs.applications.export.engines.packs import Pack, Part, maps_in, read_pack
from imagegs.applications.export.maps import identifiers
from imagegs.applications.export.targets import TEXTURE_TARGETS
from imagegs.gaussians import Gaussians
from imagegs.pictures.pixels import is_seen
from imagegs.textures.file_names import flaw_of, twin_key
from imagegs.textures.map_list import TextureMap, make_map

ZERO, ONE = -2, -1  # channels of the values 0 and 255
Layout = tuple[int, int, int, int]
"""The sources of red, green, blue and alpha: channels of a texture by number, or ZERO or ONE."""

_GRAY: Layout = (0, 0, 0, ONE)
_LAYOUTS: dict[int, Layout] = {1: _GRAY, 2: (0, 0, 0, 1), 3: (0, 1, 2, ONE), 4: (0, 1, 2, 3)}
_TWO: Layout = (0, 1, ZERO, ONE)


@dataclass(frozen=True)
class Texture:
    """A texture file to be made."""

    name: str  # of the file, without a suffix
    parts: tuple[Part, ...]  # what its channels are, in order: those of a map, or of a pack's
    texel_format: Format
    layout: Layout
    is_srgb: bool

    @property
    def maps(self) -> tuple[TextureMap, ...]:
        """The maps among its parts, each once."""
        return maps_in(self.parts)

    @property
    def title(self) -> str:
        """What it is called in messages."""
        if len(self.parts) == 1:
            return f"map {self.maps[0].name}"
        return f"pack {self.name}"

    @property
    def has_alpha(self) -> bool:
        """Whether its fourth channel is anything but 255."""
        return self.layout[3] != ONE


def as_stack(
    gaussians: Gaussians, maps: Sequence[TextureMap], name: str
) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The Gaussians and their maps; name: that of the map which a picture becomes that is no stack.

    A file without maps whose channels are not those of a picture has a map for each channel.
    """
    if maps:
        return gaussians, tuple(maps)
    depth, channels = gaussians.bit_depth, gaussians.channels
    if is_seen(channels):
        made = [make_map(name, f"{name}.png", "color", depth, len(channels))]
    else:
        codes = identifiers(channels)  # which files can have as names
        names = zip(channels, codes, strict=True)
        made = [make_map(channel, f"{code}.png", "other", depth, 1) for channel, code in names]
    named = tuple(channel for each in made for channel in each.stack_channels)
    return gaussians.replace(channels=named), tuple(made)


def plan_textures(
    maps: Sequence[TextureMap],
    target: str,
    *,
    format: str | None = None,
    only: Sequence[str] | None = None,
    packs: Sequence[str] = (),
) -> tuple[Texture, ...]:
    """The textures of a stack: its maps in their order, then the packs.

    target: "ktx2" or "dds". format: the name of one of FORMATS, for all textures; None: the one that suits
    each. only: the names of the maps that become textures of their own; None: all that are not packed.
    packs: texts as `read_pack` takes them.

    Raises ValueError for another target or format, for a format that the target or a texture cannot have,
    for a map in `only` that is unknown, for what `read_pack` refuses, and for names of files that two
    textures would share or that a file cannot have on some system.
    """
    if target not in TEXTURE_TARGETS:
        raise ValueError(f"no target {target!r}; there are {', '.join(TEXTURE_TARGETS)}")
    if format is not None and format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(FORMATS)}")
    if target == "dds" and format is not None and FORMATS[format].is_basis:
        raise ValueError(f"{format} is a format of KTX2 files: DDS files do not hold it")
    packed = [read_pack(text, maps) for text in packs]
    textures = [_of_map(each, format) for each in _alone(maps, only, packed)]
    textures += [_of_pack(pack, format) for pack in packed]
    _check_names(textures, target)
    return tuple(textures)


def file_name(texture: Texture, target: str) -> str:
    """The name of a texture's file."""
    return f"{texture.name}.{target}"


def _alone(maps: Sequence[TextureMap], only: Sequence[str] | None, packs: Sequence[Pack]) -> list[TextureMap]:
    """The maps that become textures of their own."""
    if only is None:
        packed = {each for pack in packs for each in pack.maps}
        return [each for each in maps if each not in packed]
    names = [each.name for each in maps]
    if unknown := next((name for name in only if name not in names), None):
        raise ValueError(f"no map {unknown!r} in this file; there are {', '.join(names)}")
    return [each for each in maps if each.name in only]


def _of_map(each: TextureMap, format: str | None) -> Texture:
    name = format or _default(each)
    is_srgb = each.color_space == "srgb"
    if flaw := _flaw(name, each.channels, is_normal=each.kind == "normal", is_srgb=is_srgb):
        raise ValueError(f"map {each.name} cannot be {name}: {flaw}")
    layout = _TWO if name == "bc5" else _LAYOUTS[each.channels]
    return Texture(PurePath(each.file).stem, (each,), _texel_format(name, layout), layout, is_srgb)


def _of_pack(pack: Pack, format: str | None) -> Texture:
    name = format or "bc7"
    if flaw := _flaw(name, len(pack.parts), is_normal=False, is_srgb=False):
        raise ValueError(f"pack {pack.name} cannot be {name}: {flaw}")
    is_opaque = pack.parts[3:] == (255,)
    layout = _LAYOUTS[3 if is_opaque else len(pack.parts)]
    return Texture(pack.name, pack.parts, _texel_format(name, layout), layout, False)


def _texel_format(name: str, layout: Layout) -> Format:
    """The format of that name for such channels."""
    return BC1_ALPHA if name == "bc1" and layout[3] != ONE else FORMATS[name]


def _default(each: TextureMap) -> str:
    """The format that suits a map."""
    if each.kind == "normal" and each.channels in (2, 3):
        return "bc5"
    return "bc4" if each.channels == 1 and each.color_space == "linear" else "bc7"


def _flaw(name: str, channels: int, *, is_normal: bool, is_srgb: bool) -> str | None:
    """Why a texture of so many channels cannot have a format; None where it can."""
    if is_srgb and not FORMATS[name].has_srgb:
        return "it holds sRGB colours"
    if name == "bc4" and channels != 1:
        return f"it has {channels} channels, not one"
    if name == "bc5" and channels != 2 and not (is_normal and channels == 3):
        return "it has neither two channels nor the three of normals"
    return None


def _check_names(textures: Sequence[Texture], target: str) -> None:
    taken: dict[str, str] = {}
    for each in textures:
        file = file_name(each, target)
        if flaw := flaw_of(file):
            raise ValueError(f"{file!r} is no name for the file of a texture: {flaw}")
        if other := taken.get(twin_key(file)):
            raise ValueError(f"two textures would have the same file: {other} and {file}")
        taken[twin_key(file)] = file
