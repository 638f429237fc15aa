"""`imagegs encode`: reading the picture or the maps, with warnings about what is left out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.folder_contents import check_exclude, look_into
from imagegs.cli.folders import read_maps
from imagegs.cli.options import UsageError
from imagegs.cli.paths import read_input
from imagegs.cli.reports import Verbosity
from imagegs.cli.standard_streams import is_folder

if TYPE_CHECKING:
    from imagegs.pictures.pixels import Picture
    from imagegs.textures.map_list import TextureMap


def read_source(
    options: Namespace, speech: Verbosity
) -> tuple[Picture, tuple[TextureMap, ...], dict[str, Any]]:
    """The picture, its maps (none for a picture file), and the report on files and frames left out.

    Raises UsageError for options of folders where the input is no folder, and FileError.
    """
    source: Path = options.input
    check_exclude(options.exclude, source)
    if is_folder(source):
        return _read_folder(options, speech)
    if options.resize_maps:
        raise UsageError("--resize-maps needs a folder of maps")
    if options.map_weight:
        raise UsageError("--map-weight needs a folder of maps")
    picture = read_input(source, size_limit=options.size_limit)
    tell_left_out(source, picture.n_frames, picture.left_out, speech)
    return picture, (), {"frames_left_out": picture.n_frames - 1}


def _read_folder(
    options: Namespace, speech: Verbosity
) -> tuple[Picture, tuple[TextureMap, ...], dict[str, Any]]:
    contents = look_into(options.input, options.exclude)
    stack = read_maps(contents, options.resize_maps, options.size_limit)
    contents.tell(speech)
    for pattern in contents.idle_patterns:
        speech.warn(f"{contents.folder}: --exclude {pattern} matches no file")
    for each, n_frames, left_out in zip(stack.maps, stack.n_frames, stack.left_out, strict=True):
        tell_left_out(contents.folder / each.file, n_frames, left_out, speech)
    frames = sum(n_frames - 1 for n_frames in stack.n_frames)
    return stack.picture, stack.maps, {"files_left_out": list(contents.left_out), "frames_left_out": frames}


def tell_left_out(file: Path, n_frames: int, left_out: Sequence[str], speech: Verbosity) -> None:
    """Warns of what a picture file holds besides the picture that is read."""
    for what in left_out:
        speech.warn(f"{file}: left out: {what}")
    if n_frames > 1:
        speech.warn(f"{file}: only the first of {n_frames:,} frames or pages is kept")
