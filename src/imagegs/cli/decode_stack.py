"""`imagegs decode` of a texture stack: a file for each map."""

from __future__ import annotations

import errno
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.folders import named_map
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_folder, check_output, check_size, depth_in, output_path
from imagegs.cli.reports import Verbosity, print_json

if TYPE_CHECKING:
    from imagegs.applications.map_list import TextureMap
    from imagegs.gaussians import Gaussians


def decode_stack(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap], start: float) -> None:
    """Writes the folder that the command line asks for, or a single map; start: of the command, seconds."""
    from imagegs.applications.stacks import of_map, paint_map
    from imagegs.image_writers import check_picture_path, write_picture
    from imagegs.limits import Limits
    from imagegs.rendering import check_painting, output_size

    target, files = _targets(options, maps)
    view = {"height": options.height, "scale": options.scale}
    size = output_size(gaussians, **view) if options.region is None else options.region[2:]
    check_size(size, options.size_limit)
    shown = {"region": options.region, "filtered": options.filtered, **view}
    with about(options.file):
        painted = gaussians if options.map is None else of_map(gaussians, *files.values())
        check_painting(painted, Limits.of(options.size_limit), pictures=len(files), **shown)
    if options.map is None:
        _check_folder(target, len(files))
        if options.output is None:
            _check_untouched(files)
    for file, each in files.items():
        with about(file):
            check_picture_path(file, each.own_channels, each.bit_depth, size)
        # A folder that is yet to be made holds nothing that could be in the way.
        if options.map is not None or target.exists():
            check_output(file, options.file, no_overwrite=options.no_overwrite, json=options.json)
    written = []
    for file, each in files.items():
        pixels = paint_map(gaussians, each, options.threads, **shown)
        if options.map is None:  # not before a map is painted: a region may be outside of it
            with about(target):
                target.mkdir(exist_ok=True)
        with about(file):
            n_bytes = write_picture(file, pixels, each.own_channels)
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
    file = options.output or output_path(None, options.file, "").with_name(chosen.output)
    # A format of 8 bits gets 8, as it does of a picture; only the map's depth is another one then.
    return file, {file: replace(chosen, bit_depth=depth_in(file, chosen.bit_depth))}


def _check_folder(folder: Path, n_maps: int) -> None:
    """Fail now where making or filling the folder would fail later."""
    from imagegs.image_writers import WRITABLE_SUFFIXES

    if not folder.is_dir() and folder.suffix.lower() in WRITABLE_SUFFIXES:
        raise UsageError(
            f"{folder} is to be a folder, for {n_maps} maps; --map writes one of them to a picture"
        )
    check_folder(folder, "maps")


def _check_untouched(files: Iterable[Path]) -> None:
    """Fail where a folder that nobody named holds files of the maps' names: they may be what was encoded."""
    for file in files:
        if file.exists():
            with about(file):
                raise FileExistsError(errno.EEXIST, "the file exists: say with -o where to write", str(file))


def _entry(file: Path, each: TextureMap, n_bytes: int) -> dict[str, Any]:
    facts = {"name": each.name, "kind": each.kind, "output": str(file), "bytes": n_bytes}
    return {**facts, "channels": list(each.own_channels), "bit_depth": each.bit_depth}
