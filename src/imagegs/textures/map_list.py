"""The list of maps in the metadata of a .gsimg file, under the key "maps": what gives a folder back.

Whatever wrote the file, the names that come out of it are plain and lead nowhere but into the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from imagegs.errors import FormatError
from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.transparency import Alphas, alphas_of
from imagegs.textures.file_names import flaw_of, twin_key
from imagegs.textures.map_names import color_space_of

KEY = "maps"
_FIELDS = {
    "name": str,
    "file": str,
    "kind": str,
    "bit_depth": int,
    "channels": int,
    "color_space": str,
    "unit_length": bool,
    "cutout": bool,
}
_DEFAULTS = {"cutout": False}  # of fields that are written where they differ
_MOST_SHOWN = 100  # characters of a name that is refused
_KEPT_SUFFIXES = {8: (".png", ".tif", ".tiff", ".webp"), 16: (".png", ".tif", ".tiff")}


@dataclass(frozen=True)
class TextureMap:
    """One map of a texture."""

    name: str  # unique among the maps
    file: str  # the name of its file, with the suffix
    kind: str  # one of textures.KINDS; what a later version may have added counts as other
    bit_depth: int  # of its file, 8 or 16
    channels: int  # 1 to 4
    color_space: str  # "srgb" or "linear": for who paints with it, the samples are kept as they are
    unit_length: bool  # whether its colours stand for vectors 2 v - 1 of length 1, and are decoded to such
    cutout: bool = False  # whether its last channel is a mask of 0 and 1 alone, and is decoded to such

    @property
    def own_channels(self) -> tuple[str, ...]:
        """The channels as the map's picture file has them: Y, Y A, R G B or R G B A."""
        return CHANNEL_NAMES[self.channels]

    @property
    def stack_channels(self) -> tuple[str, ...]:
        """The channels as the stack has them: Color.R, Color.G, ..."""
        return tuple(f"{self.name}.{channel}" for channel in self.own_channels)

    @property
    def alphas(self) -> Alphas:
        """For each of the map's own channels the number of the alpha that covers it, or None.

        Only what is seen as a colour has an alpha. In data, such as a roughness that is packed with others, A
        is a channel like another.
        """
        return alphas_in(self.own_channels, self.color_space)

    @property
    def output(self) -> str:
        """The name of the file to write: PNG in place of formats that lose something or hold too few bits."""
        path = PurePath(self.file)
        kept = path.suffix.lower() in _KEPT_SUFFIXES[self.bit_depth]
        return self.file if kept else path.stem + ".png"


def alphas_in(channels: Sequence[str], color_space: str) -> Alphas:
    """For each channel of a map the alpha that covers it; alpha of data is a channel like another."""
    return alphas_of(channels) if color_space == "srgb" else (None,) * len(channels)


def make_map(
    name: str,
    file: str,
    kind: str,
    bit_depth: int,
    channels: int,
    unit_length: bool = False,
    cutout: bool = False,
) -> TextureMap:
    """A map with the colour space that goes with its kind."""
    return TextureMap(name, file, kind, bit_depth, channels, color_space_of(kind), unit_length, cutout)


def alphas_of_maps(maps: Sequence[TextureMap]) -> Alphas:
    """The alpha of each channel of their stack."""
    found: list[int | None] = []
    for each in maps:
        start = len(found)
        found += [None if alpha is None else start + alpha for alpha in each.alphas]
    return tuple(found)


def to_metadata(maps: Sequence[TextureMap]) -> dict[str, Any]:
    """The part of a file's metadata that lists the maps; nothing for no maps."""
    return {KEY: [_entry(each) for each in maps]} if maps else {}


def _entry(each: TextureMap) -> dict[str, Any]:
    usual = _DEFAULTS.items()
    return {field: value for field, value in asdict(each).items() if (field, value) not in usual}


def from_metadata(metadata: dict[str, Any] | None, channels: Sequence[str]) -> tuple[TextureMap, ...]:
    """The maps in a file with this metadata and these channels; () where it is no stack.

    Raises FormatError for a list that is damaged, dangerous, or does not fit the channels.
    """
    if metadata is None or KEY not in metadata:
        return ()
    entries = metadata[KEY]
    if not isinstance(entries, list) or not entries:
        raise FormatError("the list of maps is damaged: no list, or an empty one")
    maps = tuple(_read_entry(entry, number) for number, entry in enumerate(entries, 1))
    check_files(maps)
    if len({each.name for each in maps}) != len(maps):
        raise FormatError("the list of maps is damaged: two maps have the same name")
    expected = [channel for each in maps for channel in each.stack_channels]
    if expected != list(channels):
        raise FormatError("the list of maps does not fit the channels of the file")
    return maps


def _read_entry(entry: object, number: int) -> TextureMap:
    if not isinstance(entry, dict):
        raise FormatError(f"the list of maps is damaged: map {number} is no object")
    fields: dict[str, Any] = _DEFAULTS | {field: _whole(value) for field, value in entry.items()}
    for field, kind in _FIELDS.items():
        if type(fields.get(field)) is not kind:  # True is an int too
            raise FormatError(f"the list of maps is damaged: map {number} has no valid {field}")
    if fields["bit_depth"] not in (8, 16) or fields["channels"] not in CHANNEL_NAMES:
        raise FormatError(f"the list of maps is damaged: map {number} has no valid bit_depth or channels")
    if fields["unit_length"] and fields["channels"] != 3:
        raise FormatError(f"the list of maps is damaged: map {number} has no vectors of three channels")
    if fields["cutout"] and fields["channels"] == 3:
        raise FormatError(f"the list of maps is damaged: map {number} has no channel for a mask")
    return TextureMap(**{field: fields[field] for field in _FIELDS})


def _whole(value: Any) -> Any:
    """The int that a float equals, if there is one: 8, 8.0 and 8e0 are the same number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_files(maps: Sequence[TextureMap]) -> None:
    """Raise FormatError where a system cannot have a file of that name, or takes two of them for one."""
    written: dict[str, TextureMap] = {}
    for each in maps:
        if flaw := flaw_of(each.file) or flaw_of(each.output):
            shown = each.file if len(each.file) <= _MOST_SHOWN else f"{each.file[:_MOST_SHOWN]}..."
            raise FormatError(f"{shown!r} is no name for the file of a map: {flaw}")
        other = written.setdefault(twin_key(each.output), each)
        if other is not each:
            raise FormatError(f"the maps {other.file} and {each.file} would both be decoded to {each.output}")
