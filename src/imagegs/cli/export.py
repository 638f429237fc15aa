"""`imagegs export`: a .gsimg file as buffers and functions for shaders, or as textures for engines."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs._native import TILE
from imagegs.applications.export.engines.formats import FORMATS
from imagegs.applications.export.targets import TARGETS, TEXTURE_TARGETS, file_names
from imagegs.cli.decode import lod
from imagegs.cli.exit_codes import about
from imagegs.cli.export_textures import export_textures
from imagegs.cli.folders import load_stack
from imagegs.cli.options import Subparsers, UsageError, add_command, add_input, add_output, add_shared, whole
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles, check_folder
from imagegs.errors import LimitError

if TYPE_CHECKING:
    from imagegs.applications.export.levels import Levels
    from imagegs.applications.export.maps import SampledMap
    from imagegs.gaussians import Gaussians
    from imagegs.limits import Limits
    from imagegs.textures.map_list import TextureMap

EXAMPLES = """
examples:
  imagegs export tiles.gsimg --target glsl -o shader
  imagegs export tiles.gsimg --target wgsl --map Color --map Normal
  imagegs export photo.gsimg --target json --lod 0.5
  imagegs export tiles.gsimg --target ktx2
  imagegs export tiles.gsimg --target dds --format bc7 -o textures
  imagegs export tiles.gsimg --target ktx2 --pack orm=AO,Roughness,Metallic

glsl, wgsl, hlsl: the folder OUT gets the buffers (*.bin), manifest.json, which describes
them, and sample.glsl, .wgsl or .hlsl with two functions for each map: vec3 sample_Color(vec2 uv)
at a point, and vec3 filter_Color(vec2 uv, vec2 dx, vec2 dy), filtered over a pixel.
json: one file, texture.json, with all numbers. docs/shaders.md has the layout.

ktx2, dds: OUT gets a texture file for each map, with all mip levels, for engines to load;
docs/engines.md tells more. All of them are written, or none. They need the packages of
pip install 'imagegs[export]'.

Files of these names that OUT holds already are replaced only with --overwrite.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `export`."""
    what = "Write the maps of a .gsimg file for shaders, which sample them, or as texture files for engines."
    parser = add_command(commands, "export", run, what, EXAMPLES)
    add_input(parser, "file", "FILE.gsimg", "the file to read")
    add_output(parser, "OUT", "a folder, FILE's name with -TARGET")
    parser.add_argument(
        "--target",
        choices=TARGETS,
        required=True,
        help="functions for a shader in GLSL (WebGL2), WGSL (WebGPU) or HLSL; json: their numbers alone; "
        "texture files: KTX2 or DDS",
    )
    parser.add_argument(
        "--map", action="append", metavar="NAME", help="export this map alone (repeatable; default: all)"
    )
    parser.add_argument(
        "--tile",
        type=whole(1, 65535),
        metavar="PIXELS",
        help="for shaders: side of the tiles that have lists of what they see; small ones are faster to "
        f"sample and take more memory (default: {TILE} canvas pixels)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="for texture files: of all of them (default: bc7; bc5 for normals, bc4 for one channel of "
        "data); ktx2 alone holds etc1s and uastc",
    )
    parser.add_argument(
        "--pack",
        action="append",
        default=[],
        metavar="NAME=MAP,MAP,MAP[,MAP]",
        help="for texture files: one texture of maps of one channel, which get no files of their own; "
        "0 and 255 stand for channels of that value (repeatable)",
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
    start = time.perf_counter()
    _check_options(options)
    folder = output_path(options.output, options.file, f"-{options.target}")
    gaussians, maps = load_stack(
        options.file,
        size_limit=options.size_limit,
        allow_partial=options.allow_partial,
        lod=options.lod,
        whole=False,
    )
    for name in ("map", "pack"):
        if getattr(options, name) and not maps:
            raise UsageError(f"--{name} needs a texture stack: this file holds one picture")
    export = export_textures if options.target in TEXTURE_TARGETS else _export_shader
    export(options, folder, gaussians, maps, start)


def _check_options(options: Namespace) -> None:
    """Raises UsageError for options that are for other targets."""
    is_texture = options.target in TEXTURE_TARGETS
    if is_texture and options.tile is not None:
        raise UsageError(f"--tile is for shaders, not for {options.target} files")
    if is_texture and not options.mips:
        raise UsageError(f"--no-mips is for shaders: {options.target} files have all mip levels")
    for name in ("format", "pack"):
        if not is_texture and getattr(options, name):
            raise UsageError(f"--{name} is for the targets {' and '.join(TEXTURE_TARGETS)}")


def _export_shader(
    options: Namespace, folder: Path, gaussians: Gaussians, maps: Sequence[TextureMap], start: float
) -> None:
    """Writes buffers and functions; start: when the command began, in seconds of time.perf_counter()."""
    from imagegs.applications.export.files import export_files
    from imagegs.applications.export.maps import sampled_maps
    from imagegs.engine import at_most
    from imagegs.limits import Limits

    limits = Limits.of(options.size_limit)
    files = _checked(options, folder)
    chosen = sampled_maps(gaussians.channels, maps, options.map)
    levels = _levels(options, gaussians, limits, chosen) if options.mips else None
    with about(options.file), at_most(limits.seconds, "listing what the tiles see"):
        export = export_files(
            gaussians,
            chosen,
            options.target,
            tile=options.tile or TILE,
            title=f"{options.file.name}, written by imagegs export",
            threads=options.threads,
            most_listed=limits.max_exported,
            levels=levels,
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


def _levels(options: Namespace, gaussians: Gaussians, limits: Limits, maps: Sequence[SampledMap]) -> Levels:
    """The mip levels of the maps. Raises LimitError where they are too much to paint, or for a text."""
    from imagegs.applications.export.levels import make_levels, n_texels
    from imagegs.engine import at_most
    from imagegs.rendering import check_painting

    with about(options.file):
        try:
            check_painting(gaussians, limits, pictures=len(maps))
            numbers, most = 4 * n_texels(gaussians, len(maps)), limits.max_exported // 2
            if options.target == "json" and numbers > most:
                raise LimitError(f"texels of {numbers} numbers are over the limit of {most} in a text")
            with at_most(limits.seconds, "painting the maps for their mip levels"):
                return make_levels(gaussians, maps, options.threads)
        except LimitError as error:
            raise LimitError(f"{error}; --no-mips leaves mip levels out") from error


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
