"""Texture stacks, as commands read them: folders with maps, and .gsimg files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.errors import FormatError

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


def read_folder(folder: Path, resize: bool = False) -> Stack:
    """All pictures of a folder, by name, as one with their channels; the folders in it are left alone.

    A FileError where it holds none, or none that make a stack.
    """
    from imagegs.applications.stacks import read_stack

    with about(folder):
        files = pictures_in(folder)
        if not files:
            raise FormatError("no pictures in this directory")
        return read_stack(files, resize)


def load_stack(path: Path, **options: Any) -> tuple[Gaussians, tuple[TextureMap, ...]]:
    """The Gaussians in a .gsimg file and its maps, () of a picture; the options: see `codec.decode`."""
    from imagegs.applications.map_list import from_metadata
    from imagegs.codec import decode
    from imagegs.codec.gsimg import read_file
    from imagegs.codec.metadata import metadata_in

    with about(path), path.open("rb") as file:
        data = read_file(file)
        gaussians = decode(data, **options)
        metadata = metadata_in(data, options.get("allow_partial", False))
        return gaussians, from_metadata(metadata, gaussians.channels)


def pictures_in(folder: Path) -> list[Path]:
    """The picture files, by name; arrays and hidden files, which some systems leave, are none."""
    from imagegs.image_writers import WRITABLE_SUFFIXES

    suffixes = {*WRITABLE_SUFFIXES, *_MORE_SUFFIXES} - {".npy"}
    entries = sorted(folder.iterdir())
    return [e for e in entries if e.suffix.lower() in suffixes and e.name[0] != "." and e.is_file()]
