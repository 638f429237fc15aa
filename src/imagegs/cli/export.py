"""`imagegs export`: a .gsimg file as buffers and functions for a shader."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs._native import TILE
from imagegs.applications.export.targets import TARGETS, file_names
from imagegs.cli.decode import lod
from imagegs.cli.exit_codes import about
from imagegs.cli.folders import load_stack
from imagegs.cli.options import Subparsers, UsageError, add_command, add_input, add_output, add_shared, whole
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles, check_folder
from imagegs.errors import LimitError

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.limits import Limits

EXAMPLES = """
examples:
  imagegs export tiles.gsimg --target glsl -o shader
  imagegs export tiles.gsimg --target wgsl --map Color --map Normal
  imagegs export photo.gsimg --target json --lod 0.5

The folder OUT gets the buffers (*.bin), manifest.json, which describes them, and
sample.glsl, .wgsl or .hlsl with two functions for each map: vec3 sample_Color(vec2 uv)
at a point, and vec3 filter_Color(vec2 uv, vec2 dx, vec2 dy), filtered over a pixel.
json: one file, texture.json, with all numbers. docs/shaders.md has the layout.
Files of these names that OUT holds already are replaced only with --overwrite.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `export`."""
    what = "Write buffers and functions that sample the maps of a .gsimg file in a shader."
    parser = add_command(commands, "export", run, what, EXAMPLES)
    add_input(parser, "file", "FILE.gsimg", "the file to read")
    add_output(parser, "OUT", "a folder, FILE's name with -TARGET")
    parser.add_argument(
        "--target",
        choices=TARGETS,
        required=True,
        help="language of the functions: GLSL (WebGL2), WGSL (WebGPU), HLSL; json: numbers alone",
    )
    parser.add_argument(
        "--map", action="append", metavar="NAME", help="export this map alone (repeatable; default: all)"
    )
    parser.add_argument(
        "--tile",
        type=whole(1, 65535),
        default=TILE,
        metavar="PIXELS",
        help="side of the tiles that have lists of what they see: small ones are faster to sample and take "
        "more memory (default: %(default)s canvas pixels)",
    )
    parser.add_argument(
        "--lod",
        type=lod,
        default=1.0,
        metavar="0..1",
        help="level of detail: 0 has the first layer alone, 1 all layers (default: 1)",
    )
    parser.add_argument(
        "--no-mips",
        dest="mips",
        action="store_false",
        help="only functions that sample at points: none that filter where the maps are shown smaller than "
        "they are, and not the texels that these read",
    )
    add_shared(parser, ("allow_partial", "threads", "size_limit", "quiet", "json"))


def run(options: Namespace) -> None:
    """`imagegs export`."""
    from imagegs.applications.export.files import export_files
    from imagegs.applications.export.maps import sampled_maps
    from imagegs.engine import at_most
    from imagegs.limits import Limits

    start = time.perf_counter()
    folder = output_path(options.output, options.file, f"-{options.target}")
    limits = Limits.of(options.size_limit)
    gaussians, maps = load_stack(
        options.file,
        size_limit=options.size_limit,
        allow_partial=options.allow_partial,
        lod=options.lod,
        whole=False,
    )
    if options.map and not maps:
        raise UsageError("--map needs a texture stack: this file holds one picture")
    files = _checked(options, folder)
    chosen = sampled_maps(gaussians.channels, maps, options.map)
    if options.mips:
        _check_levels(options, gaussians, limits, len(chosen))
    with about(options.file), at_most(limits.seconds, "listing what the tiles see"):
        export = export_files(
            gaussians,
            chosen,
            options.target,
            tile=options.tile,
            title=f"{options.file.name}, written by imagegs export",
            threads=options.threads,
            most_listed=limits.max_exported,
            mips=options.mips,
        )
    with about(folder):
        folder.mkdir(exist_ok=True)
    written = {}
    for name, contents in export.files.items():
        written[folder / name] = files.write(folder / name, contents)
    _report(options, folder, export.manifest, written, time.perf_counter() - start)


def _checked(options: Namespace, folder: Path) -> RunFiles:
    """The files of the run. In a folder that exists they replace nothing without --overwrite."""
    check_folder(folder, "buffers")
    outputs = (Output(folder / name, is_named=False) for name in file_names(options.target, options.mips))
    files = RunFiles.of(options, *outputs)
    files.check(yet_to_be=None if folder.exists() else folder)
    return files


def _check_levels(options: Namespace, gaussians: Gaussians, limits: Limits, n_maps: int) -> None:
    """Raises LimitError where painting the maps for their mip levels would be too much."""
    from imagegs.rendering import check_painting

    with about(options.file):
        try:
            check_painting(gaussians, limits, pictures=n_maps)
        except LimitError as error:
            raise LimitError(
                f"{error}; mip levels are what needs it all, and --no-mips goes without"
            ) from error


def _report(
    options: Namespace, folder: Path, manifest: dict[str, Any], written: dict[Path, int], seconds: float
) -> None:
    tiles = manifest["tiles"]
    functions = [each.get("filter", each["function"]) for each in manifest["maps"]]
    lists = f"{tiles['mean_candidates']:.0f} Gaussians a tile, at most {tiles['most_candidates']}"
    size = f"{manifest['n_gaussians']:,} Gaussians, {sum(written.values()):,} bytes"
    Verbosity(options.quiet).note(f"{folder}: {', '.join(functions)}; {size}, {lists}, {seconds:.2f} s")
    if options.json:
        files = [{"output": str(path), "bytes": n_bytes} for path, n_bytes in written.items()]
        report = {"input": str(options.file), "output": str(folder), "target": options.target, "files": files}
        report |= {key: manifest[key] for key in ("n_gaussians", "maps", "tiles", "mips") if key in manifest}
        print_json({**report, "seconds": seconds})
