"""Texture stacks, as commands read them: folders with maps, and .gsimg files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from imagegs.cli.exit_codes import about
from imagegs.cli.options import UsageError
from imagegs.errors import FormatError
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.applications.map_list import TextureMap
    from imagegs.applications.stacks import Stack
    from imagegs.gaussians import Gaussians

_MORE_SUFFIXES = (".gif", ".ppm", ".pgm", ".tga", ".dds", ".psd")  # of pictures that are read, not written


def stack_path(output: Path | None, folder: Path) -> Path:
    """What -o names, else the folder's whole name with .gsimg, beside it ("." has a name too)."""
    if output is not None:
        return output
    whole = folder if folder.name not in ("", "..") else folder.resolve()
    return whole.with_name(whole.name + ".gsimg") if whole.name else Path("stack.gsimg")


def read_folder(folder: Path, resize: bool = False, size_limit: int | None = None) -> Stack:
    """All pictures of a folder, by name, as one with their channels; the folders in it are left alone.
    size_limit: pixels (None: the default).

    A FileError where it holds none, or none that make a stack.
    """
    from imagegs.applications.stacks import read_stack

    with about(folder):
        files = pictures_in(folder)
        if not files:
            raise FormatError("no pictures in this directory")
        return read_stack(files, resize, Limits.of(size_limit))


def load_stack(
    path: Path, opened: BinaryIO | None = None, **options: Any
) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The Gaussians in a .gsimg file and its maps, () of a picture; the options: see `codec.decode`.

    opened: the file where it is open already, at its start.
    """
    from imagegs.applications.map_list import from_metadata
    from imagegs.codec import decode
    from imagegs.codec.gsimg import read_file
    from imagegs.codec.metadata import metadata_in

    with about(path), nullcontext(opened) if opened else path.open("rb") as file:
        data = read_file(file, options.get("size_limit"))
        gaussians = decode(data, **options)
        metadata = metadata_in(data, options.get("allow_partial", False))
        return gaussians, from_metadata(metadata, gaussians.channels)


def named_map(maps: Sequence[TextureMap], name: str) -> TextureMap:
    """The map of that name. Raises UsageError where there is none."""
    by_name = {each.name: each for each in maps}
    if name not in by_name:
        raise UsageError(f"no map {name!r} in this stack; there are {', '.join(by_name)}")
    return by_name[name]


def pictures_in(folder: Path) -> list[Path]:
    """The picture files, by name; arrays and hidden files, which some systems leave, are none."""
    from imagegs.image_writers import WRITABLE_SUFFIXES

    suffixes = {*WRITABLE_SUFFIXES, *_MORE_SUFFIXES} - {".npy"}
    entries = sorted(folder.iterdir())
    return [e for e in entries if e.suffix.lower() in suffixes and e.name[0] != "." and e.is_file()]
