"""`imagegs decode` of a texture stack: a file for each map."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.folders import named_map
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_size, depth_in, output_path, picture_suffix
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles, check_folder
from imagegs.cli.standard_streams import STANDARD

if TYPE_CHECKING:
    from imagegs.applications.map_list import TextureMap
    from imagegs.gaussians import Gaussians


def decode_stack(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap], start: float) -> None:
    """Writes the folder that the command line asks for, or a single map; start: of the command, seconds."""
    from imagegs.applications.stacks import paint_map
    from imagegs.image_writers import check_picture_format, encode_picture
    from imagegs.rendering import output_size

    target, files = _targets(options, maps)
    view = {"height": options.height, "scale": options.scale}
    size = output_size(gaussians, **view) if options.region is None else options.region[2:]
    check_size(size, options.size_limit)
    if options.map is None:
        _check_folder(options, target, len(files))
    for file, each in files.items():
        with about(file):
            check_picture_format(_suffix(options, file), each.own_channels, each.bit_depth, size)
    is_named = options.map is not None and options.output is not None
    run_files = RunFiles.of(options, *(Output(file, is_named) for file in files))
    # A folder that is yet to be made holds nothing that could be in the way.
    run_files.check(yet_to_be=target if options.map is None and not target.exists() else None)
    written = []
    for file, each in files.items():
        shown = {"region": options.region, "filtered": options.filtered, **view}
        pixels = paint_map(gaussians, each, options.threads, **shown)
        if options.map is None:  # not before a map is painted: a region may be outside of it
            with about(target):
                target.mkdir(exist_ok=True)
        with about(file):
            data = encode_picture(_suffix(options, file), pixels, each.own_channels)
        n_bytes = run_files.write(file, data)
        written.append(_entry(file, each, n_bytes))
    seconds = time.perf_counter() - start
    width, height = size
    count = f"{len(written)} maps" if options.map is None else f"map {options.map}"
    Verbosity(options.quiet).note(f"{target}: {count}, {width} x {height} pixels, {seconds:.2f} s")
    if options.json:
        report: dict[str, Any] = {"input": str(options.file), "output": str(target), "maps": written}
        report |= {"width": width, "height": height, "n_gaussians": len(gaussians), "seconds": seconds}
        print_json(report)


def _targets(options: Namespace, maps: Sequence[TextureMap]) -> tuple[Path, dict[Path, TextureMap]]:
    """What is written, a folder or a map's file; and the files with their maps."""
    if options.map is None:
        folder = output_path(options.output, options.file, "")
        return folder, {folder / each.output: each for each in maps}
    chosen = named_map(maps, options.map)
    file = output_path(options.output, options.file, "")
    if options.output is None and file != STANDARD:
        own = Path(chosen.output)
        file = file.with_name(own.stem + (options.format or own.suffix))
    # A format of 8 bits gets 8, as it does of a picture; only the map's depth is another one then.
    return file, {file: replace(chosen, bit_depth=depth_in(_suffix(options, file), chosen.bit_depth))}


def _suffix(options: Namespace, file: Path) -> str:
    suffix: str | None = options.format
    return suffix or picture_suffix(file)


def _check_folder(options: Namespace, folder: Path, n_maps: int) -> None:
    """Fail now where making or filling the folder would fail later."""
    from imagegs.image_writers import WRITABLE_SUFFIXES

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
