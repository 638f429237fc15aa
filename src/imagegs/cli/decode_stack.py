"""`imagegs decode` of a texture stack: a file for each map."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.decode_view import View
from imagegs.cli.exit_codes import about
from imagegs.cli.folders import named_map
from imagegs.cli.options import UsageError
from imagegs.cli.output_folders import check_no_links, made
from imagegs.cli.paths import depth_in, output_path, picture_suffix
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles, check_folder
from imagegs.cli.standard_streams import STANDARD

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.textures.map_list import TextureMap


def decode_stack(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap], start: float) -> None:
    """Writes the folder that the command line asks for, or a single map.

    start: when the command began, in seconds of time.perf_counter().

    All maps are written, or none.
    """
    from imagegs.pictures.writing import check_picture_format
    from imagegs.textures.painting import of_map

    target, files = _targets(options, maps)
    painted = gaussians if options.map is None else of_map(gaussians, *files.values())
    view = View.of(options, painted, pictures=len(files))
    if options.map is None:
        _check_folder(options, target, len(files))
        check_no_links(files)
    for file, each in files.items():
        with about(file):
            check_picture_format(_suffix(options, file), each.own_channels, each.bit_depth, view.size)
    is_named = options.map is not None and options.output is not None
    run_files = RunFiles.of(options, *(Output(file, is_named) for file in files))
    # A folder that does not exist yet holds nothing that could be in the way.
    run_files.check(yet_to_be=target if options.map is None and not target.exists() else None)
    contents = {file: _contents(options, file, each, gaussians, view) for file, each in files.items()}
    with nullcontext() if options.map is not None else made(target):
        sizes = run_files.write_all(contents)
    written = [_entry(file, each, n) for (file, each), n in zip(files.items(), sizes, strict=True)]
    seconds = time.perf_counter() - start
    width, height = view.size
    count = f"{len(written)} maps" if options.map is None else f"map {options.map}"
    Verbosity(options.quiet).note(f"{target}: {count}, {width} x {height} pixels, {seconds:.2f} s")
    if options.json:
        report: dict[str, Any] = {"input": str(options.file), "output": str(target), "maps": written}
        report |= {"width": width, "height": height, "n_gaussians": len(gaussians), "seconds": seconds}
        print_json(report)


def _contents(
    options: Namespace, file: Path, each: TextureMap, gaussians: Gaussians, view: View
) -> Iterator[bytes | memoryview]:
    """The pieces of a map's file; the map is painted when the first piece is asked for."""
    from imagegs.pictures.writing import encode_picture
    from imagegs.textures.painting import paint_map

    painted = paint_map(gaussians, each, options.threads, **view.painting)
    pixels = view.shown(painted, each.alphas, each.unit_length)
    with about(file):
        is_srgb = each.color_space == "srgb"
        data = encode_picture(_suffix(options, file), pixels, each.own_channels, is_srgb=is_srgb)
    yield from [data] if isinstance(data, (bytes, memoryview)) else data


def _targets(options: Namespace, maps: Sequence[TextureMap]) -> tuple[Path, dict[Path, TextureMap]]:
    """The folder or the file of one map that is written, and the map of each file."""
    if options.map is None:
        folder = output_path(options.output, options.file, "")
        return folder, {folder / each.output: each for each in maps}
    chosen = named_map(maps, options.map)
    file = output_path(options.output, options.file, "")
    if options.output is None and file != STANDARD:
        own = Path(chosen.output)
        file = file.with_name(own.stem + (options.format or own.suffix))
    # A format that holds 8 bits a sample gets 8, whatever the depth of the map.
    return file, {file: replace(chosen, bit_depth=depth_in(_suffix(options, file), chosen.bit_depth))}


def _suffix(options: Namespace, file: Path) -> str:
    suffix: str | None = options.format
    return suffix or picture_suffix(file)


def _check_folder(options: Namespace, folder: Path, n_maps: int) -> None:
    """Raises now what making or filling the folder would raise later."""
    from imagegs.pictures.writing import WRITABLE_SUFFIXES

    if options.format is not None:
        raise UsageError("--format is for one picture, not for a folder of maps: say which --map")
    if folder == STANDARD:
        raise UsageError(f"{n_maps} maps need a folder: name it with -o, or write one of them with --map")
    if not folder.is_dir() and folder.suffix.lower() in WRITABLE_SUFFIXES:
        raise UsageError(
            f"{folder} is to be a folder, for {n_maps} maps; --map writes one of them to a picture"
        )
    check_folder(folder, "maps")


def _entry(file: Path, each: TextureMap, n_bytes: int) -> dict[str, Any]:
    facts = {"name": each.name, "kind": each.kind, "output": str(file), "bytes": n_bytes}
    return {**facts, "channels": list(each.own_channels), "bit_depth": each.bit_depth}
