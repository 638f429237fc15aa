"""`imagegs decode`: a .gsimg file to a picture."""

from __future__ import annotations

import math
import re
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from imagegs.cli.exit_codes import about
from imagegs.cli.options import Subparsers, add_command, add_input, add_output, add_shared, positive
from imagegs.cli.paths import check_output, load_gaussians, output_path
from imagegs.cli.reports import Verbosity, print_json

EXAMPLES = """
examples:
  imagegs decode photo.gsimg
  imagegs decode photo.gsimg -o large.webp --scale 2
  imagegs decode photo.gsimg -o part.png --height 4000 --region 1000,500,640,480
  imagegs decode photo.gsimg -o coarse.png --lod 0.5

the suffix of OUT names the format. .png, .tif and .npy hold 16 bits where the file
was made from 16 bits; all others get 8. .npy holds the integers, (H, W, C).
"""
# The formats that hold 16 bits a sample; a deep picture is rounded to 8 bits for the others.
DEEP_SUFFIXES = (".png", ".tif", ".tiff", ".npy")


def add_parser(commands: Subparsers) -> None:
    """Adds the command `decode`."""
    parser = add_command(commands, "decode", run, "Paint the picture in a .gsimg file.", EXAMPLES)
    add_input(parser, "file", "FILE.gsimg", "the file to read")
    add_output(parser, "OUT.png", "FILE's name with .png")
    size = parser.add_mutually_exclusive_group()
    add_shared(size, ("height",))
    size.add_argument("--scale", type=positive, metavar="S", help="size in proportion to the original's")
    parser.add_argument(
        "--region", type=region, metavar="X,Y,W,H", help="paint only these pixels of that size"
    )
    parser.add_argument(
        "--lod",
        type=lod,
        default=1.0,
        metavar="0..1",
        help="level of detail: 0 is the first layer alone, 1 all; between two the next one is faded in",
    )
    add_shared(parser, ("allow_partial", "threads", "size_limit", "quiet", "json"))


def region(text: str) -> tuple[int, int, int, int]:
    """A converter of "X,Y,W,H" in pixels."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        raise ArgumentTypeError(f"{text!r} is not X,Y,W,H in whole pixels")
    x, y, width, height = map(int, parts)
    return x, y, width, height


def lod(text: str) -> float:
    """A converter of a level of detail."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a level of detail, 0 to 1")
    return value


def run(options: Namespace) -> None:
    """`imagegs decode`."""
    from imagegs.image_writers import check_picture_path, write_picture
    from imagegs.rendering import output_size, render

    start = time.perf_counter()
    target = output_path(options.output, options.file, ".png")
    gaussians = load_gaussians(
        options.file, size_limit=options.size_limit, allow_partial=options.allow_partial, lod=options.lod
    )
    depth = gaussians.bit_depth if target.suffix.lower() in DEEP_SUFFIXES else 8
    view = {"height": options.height, "scale": options.scale}
    size = output_size(gaussians, **view) if options.region is None else options.region[2:]
    check_size(size, options.size_limit)
    with about(target):
        check_picture_path(target, gaussians.channels, depth, size)
    check_output(target, options.file, no_overwrite=options.no_overwrite, json=options.json)
    pixels = render(gaussians, **view, region=options.region, dtype=f"uint{depth}", threads=options.threads)
    with about(target):
        n_bytes = write_picture(target, pixels, gaussians.channels)
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
        print_json({**report, "seconds": seconds})


def check_size(size: Sequence[int], limit: int) -> None:
    """Raises ValueError for a picture (width, height) above the limit: it is the user who asks for it."""
    width, height = size
    if width * height > limit:
        raise ValueError(f"{width} x {height} pixels are over the limit of {limit} pixels (see --size-limit)")
