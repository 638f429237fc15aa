"""`imagegs decode`: a .gsimg file to a picture, or to a folder of maps."""

from __future__ import annotations

import math
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.decode_stack import decode_stack
from imagegs.cli.decode_view import View
from imagegs.cli.exit_codes import about
from imagegs.cli.folders import load_with_grain
from imagegs.cli.grain import add_grain_option
from imagegs.cli.options import (
    Subparsers,
    UsageError,
    add_command,
    add_input,
    add_output,
    add_shared,
    positive,
    region,
    whole,
)
from imagegs.cli.paths import depth_in, output_path, picture_suffix
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles

if TYPE_CHECKING:
    from imagegs.codec import Grain
    from imagegs.gaussians import Gaussians

MAX_LEVEL = 15  # a canvas has fewer than 2^16 pixels a side

EXAMPLES = """
examples:
  imagegs decode photo.gsimg
  imagegs decode photo.gsimg -o large.webp --scale 2
  imagegs decode photo.gsimg -o part.png --height 4000 --region 1000,500,640,480
  imagegs decode photo.gsimg -o coarse.png --lod 0.5
  imagegs decode tiles.gsimg -o out
  imagegs decode tiles.gsimg --map Color -o color.png
  imagegs decode tiles.gsimg --mip 2 -o quarter
  imagegs decode - < photo.gsimg > photo.png
  imagegs decode photo.gsimg -o - --format webp | publish

The suffix of OUT names the format, or --format does. png, tif and npy hold 16 bits
where the file was made from 16 bits; all others get 8. npy holds the integers, (H, W, C).

The name - stands for standard input and standard output. A picture of a file from
standard input goes to standard output, unless -o names a file. The format of standard
output is png, or what --format says.

A file that exists is replaced where -o names it, otherwise only with --overwrite.

For a texture stack, OUT is a folder. The maps get the names and the bits a sample that
they had. Files of these names in OUT are replaced only with --overwrite. A map that was
no PNG, TIFF or WebP file (.jpg, ...) becomes a .png of the same stem, without loss. All
maps are written, or none. A link in OUT is not followed. Maps of data (normals,
roughness) are not marked as sRGB.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `decode`."""
    parser = add_command(commands, "decode", run, "Paint the picture in a .gsimg file.", EXAMPLES)
    add_input(parser, "file", "FILE.gsimg", "the file to read; - for standard input")
    add_output(
        parser, "OUT", "FILE's name with .png; for a texture stack a folder, FILE's name without an ending"
    )
    parser.add_argument(
        "--format", type=suffix_of, metavar="NAME", help="png, tif, webp, ... (default: the suffix of OUT)"
    )
    parser.add_argument("--map", metavar="NAME", help="for a texture stack: paint this map alone, to OUT.png")
    size = parser.add_mutually_exclusive_group()
    add_shared(size, ("height",))
    size.add_argument(
        "--scale", type=positive, metavar="S", help="size of the picture in proportion to the original"
    )
    size.add_argument(
        "--mip",
        type=whole(0, MAX_LEVEL),
        metavar="K",
        help="mip level K, 1/2^K of the size, rounded down: means of the whole picture, of colors weighed by "
        "their alpha, of normals as vectors",
    )
    parser.add_argument(
        "--region", type=region, metavar="X,Y,W,H", help="paint only these pixels of a picture of that size"
    )
    parser.add_argument(
        "--no-filter",
        dest="filtered",
        action="store_false",
        help="paint smaller pictures from one sample a pixel: faster, but with aliasing",
    )
    parser.add_argument(
        "--lod",
        type=lod,
        default=1.0,
        metavar="0..1",
        help="level of detail: 0 paints the first layer alone, 1 all layers; in between the next layer is "
        "faded in",
    )
    add_grain_option(parser, 1.0, "a factor on the strength of the file's grain (default: 1)")
    add_shared(parser, ("allow_partial", "threads", "size_limit", "quiet", "json"))


def suffix_of(text: str) -> str:
    """Converts the name of a format, "png" or ".png", to a suffix."""
    return "." + text.lower().removeprefix(".")


def lod(text: str) -> float:
    """Converts a level of detail, 0 to 1, to a number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a level of detail, 0 to 1")
    return value


def run(options: Namespace) -> None:
    """`imagegs decode`."""
    from imagegs import rendering

    start = time.perf_counter()
    target = output_path(options.output, options.file, options.format or ".png")
    gaussians, maps, grain = load_with_grain(
        options.file,
        size_limit=options.size_limit,
        allow_partial=options.allow_partial,
        lod=options.lod,
        whole=False,
        view=rendering.View(options.height, options.scale, options.region) if options.mip is None else None,
        threads=options.threads,
    )
    if maps:
        decode_stack(options, gaussians, maps, start)
        return
    if options.map is not None:
        raise UsageError("--map needs a texture stack: this file holds one picture")
    _decode_picture(options, gaussians, grain, target, start)


def _decode_picture(
    options: Namespace, gaussians: Gaussians, grain: Grain | None, target: Path, start: float
) -> None:
    from imagegs.grain.adding import add_grain
    from imagegs.pictures.transparency import alphas_of
    from imagegs.pictures.writing import check_picture_format, encode_picture
    from imagegs.rendering import render

    suffix = options.format or picture_suffix(target)
    depth = depth_in(suffix, gaussians.bit_depth)
    view = View.of(options, gaussians)
    with about(target):
        check_picture_format(suffix, gaussians.channels, depth, view.size)
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    pixels = render(gaussians, **view.painting, dtype=f"uint{depth}", threads=options.threads)
    if grain is not None:
        add_grain(pixels, grain, gaussians, strength=options.grain, **view.painting)
    pixels = view.shown(pixels, alphas_of(gaussians.channels))
    with about(target):
        data = encode_picture(suffix, pixels, gaussians.channels)
    n_bytes = files.write(target, data)
    seconds = time.perf_counter() - start
    height, width, _ = pixels.shape
    Verbosity(options.quiet).note(f"{target}: {width} x {height} pixels, {depth} bits, {seconds:.2f} s")
    if options.json:
        report = {
            "input": str(options.file),
            "output": str(target),
            "bytes": n_bytes,
            "width": width,
            "height": height,
        }
        report |= {"channels": list(gaussians.channels), "bit_depth": depth, "n_gaussians": len(gaussians)}
        report["grain"] = 0.0 if grain is None else options.grain
        print_json({**report, "seconds": seconds})
