"""`imagegs decode`: a .gsimg file to a picture, or to a folder of maps."""

from __future__ import annotations

import math
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imagegs.cli.decode_stack import decode_stack
from imagegs.cli.decode_strips import Strips, strips_of
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

A file in blocks that is beyond the usual limits is painted whole where --size-limit
allows its pixels. With .tif (BigTIFF, uncompressed then) and .npy that takes the memory
of a strip of the picture, with other formats that of all of it.

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
    if (strips := strips_of(options, target)) is not None:
        _decode_strips(strips, target, start)
        return
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


def _decode_strips(strips: Strips, target: Path, start: float) -> None:
    from imagegs.pictures.writing import check_picture_format

    options, header = strips.options, strips.header
    suffix = options.format or picture_suffix(target)
    with about(target):
        check_picture_format(suffix, header.channels, strips.depth, (header.width, header.height))
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    n_bytes = files.write(target, strips.pieces(suffix))
    facts = Painted(header.width, header.height, header.channels, strips.depth, header.n_gaussians)
    _report(options, target, n_bytes, facts, 0.0 if strips.grain is None else options.grain, start)


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
    height, width, _ = pixels.shape
    facts = Painted(width, height, gaussians.channels, depth, len(gaussians))
    _report(options, target, n_bytes, facts, 0.0 if grain is None else options.grain, start)


class Painted(NamedTuple):
    """The facts about a picture that was written."""

    width: int
    height: int
    channels: tuple[str, ...]
    bit_depth: int
    n_gaussians: int


def _report(
    options: Namespace, target: Path, n_bytes: int, facts: Painted, grain: float, start: float
) -> None:
    seconds = time.perf_counter() - start
    size = f"{facts.width} x {facts.height} pixels, {facts.bit_depth} bits"
    Verbosity(options.quiet).note(f"{target}: {size}, {seconds:.2f} s")
    if options.json:
        report = {"input": str(options.file), "output": str(target), "bytes": n_bytes}
        told = {**facts._asdict(), "channels": list(facts.channels)}
        print_json({**report, **told, "grain": grain, "seconds": seconds})
