"""`imagegs export` of texture files for engines: KTX2 and DDS."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.output_folders import check_no_links, made
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles, check_folder
from imagegs.cli.standard_streams import STANDARD

if TYPE_CHECKING:
    from imagegs.applications.export.engines.planning import Texture
    from imagegs.gaussians import Gaussians
    from imagegs.textures.map_list import TextureMap

_UNNAMED = "Picture"  # of a file from standard input, or whose name other systems cannot have


def export_textures(
    options: Namespace, folder: Path, gaussians: Gaussians, maps: Sequence[TextureMap], start: float
) -> None:
    """Writes all textures that the command line asks for to a folder, or none.

    start: when the command began, in seconds of time.perf_counter().
    """
    from imagegs.applications.export.engines.encoding import check_packages
    from imagegs.applications.export.engines.files import texture_file
    from imagegs.applications.export.engines.planning import as_stack, file_name, plan_textures
    from imagegs.textures.file_names import flaw_of

    name = options.file.stem
    if options.file == STANDARD or flaw_of(f"{name}.{options.target}"):
        name = _UNNAMED
    gaussians, maps = as_stack(gaussians, maps, name)
    textures = plan_textures(
        maps, options.target, format=options.format, only=options.map, packs=options.pack
    )
    check_packages(each.texel_format for each in textures)
    _check_work(options, gaussians, textures)
    targets = {folder / file_name(each, options.target): each for each in textures}
    files = _checked(options, folder, list(targets))
    _warn_of_depth(options, textures)
    contents = {
        path: texture_file(gaussians, each, options.target, options.threads) for path, each in targets.items()
    }
    with made(folder):
        sizes = files.write_all(contents)
    written = [_entry(*each, n) for each, n in zip(targets.items(), sizes, strict=True)]
    _report(options, folder, gaussians, written, time.perf_counter() - start)


def _check_work(options: Namespace, gaussians: Gaussians, textures: Sequence[Texture]) -> None:
    """Raises FileError where the file asks for more painting than the limits allow."""
    from imagegs.limits import Limits
    from imagegs.rendering import check_painting

    maps = [each for texture in textures for each in texture.maps]
    channels = tuple(dict.fromkeys(channel for each in maps for channel in each.stack_channels))
    columns = [gaussians.channels.index(channel) for channel in channels]
    painted = gaussians.replace(color=gaussians.color[:, columns], channels=channels)
    with about(options.file):
        check_painting(painted, Limits.of(options.size_limit), pictures=len(maps))


def _checked(options: Namespace, folder: Path, paths: Sequence[Path]) -> RunFiles:
    """The files of the run. In a folder that exists they replace nothing without --overwrite."""
    check_folder(folder, "textures")
    check_no_links(paths)
    files = RunFiles.of(options, *(Output(path, is_named=False) for path in paths))
    files.check(yet_to_be=None if folder.exists() else folder)
    return files


def _warn_of_depth(options: Namespace, textures: Sequence[Texture]) -> None:
    deep = dict.fromkeys(m.name for each in textures for m in each.maps if m.bit_depth == 16)
    if deep:
        Verbosity(options.quiet).warn(f"textures have 8 bits a channel, these maps 16: {', '.join(deep)}")


def _entry(path: Path, texture: Texture, n_bytes: int) -> dict[str, Any]:
    maps = [part if isinstance(part, int) else part.name for part in texture.parts]
    facts = {"output": str(path), "bytes": n_bytes, "format": texture.texel_format.name, "maps": maps}
    return {**facts, "color_space": "srgb" if texture.is_srgb else "linear"}


def _report(
    options: Namespace, folder: Path, gaussians: Gaussians, written: list[dict[str, Any]], seconds: float
) -> None:
    names = ", ".join(f"{Path(each['output']).name} ({each['format']})" for each in written)
    n_bytes, size = sum(each["bytes"] for each in written), f"{gaussians.width} x {gaussians.height} pixels"
    Verbosity(options.quiet).note(f"{folder}: {names}; {size}, {n_bytes:,} bytes, {seconds:.2f} s")
    if options.json:
        report = {"input": str(options.file), "output": str(folder), "target": options.target}
        report |= {"files": written, "width": gaussians.width, "height": gaussians.height}
        print_json({**report, "n_gaussians": len(gaussians), "seconds": seconds})
