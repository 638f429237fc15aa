"""`imagegs plot`: ellipses and error maps of .gsimg files, and the growth of fits."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.choices import GROWTH_AXES
from imagegs.cli.exit_codes import about
from imagegs.cli.folders import load_stack
from imagegs.cli.options import (
    Parser,
    Subparsers,
    UsageError,
    add_command,
    add_output,
    add_shared,
    positive,
    whole,
)
from imagegs.cli.paths import output_path
from imagegs.cli.plot_ellipses import plot_ellipses
from imagegs.cli.plot_error import plot_error
from imagegs.cli.plot_growth import plot_growth
from imagegs.cli.standard_streams import file_path, open_input
from imagegs.errors import FormatError

if TYPE_CHECKING:
    from imagegs.fitting.history import History
    from imagegs.gaussians import Gaussians
    from imagegs.textures.map_list import TextureMap

    Stack = tuple[Gaussians, tuple[TextureMap, ...]]

EXAMPLES = """
examples:
  imagegs plot photo.gsimg
  imagegs plot photo.gsimg -o a-third.svg --share 0.33 --light
  imagegs plot tiles.gsimg --map Normal -o normals.png --height 1500
  imagegs plot photo.gsimg --error photo.png -o error.png
  imagegs encode photo.png --history fit.json
  imagegs plot fit.json -o growth.pdf
  imagegs plot fast.json slow.json -o growth.svg --over seconds

For a .gsimg file, the command draws its Gaussians as ellipses, or with --error the errors of
its pixels. For histories of fits, which encode --history writes, it draws PSNR and number of
Gaussians as curves. OUT is a picture; ellipses can also be .svg, curves .svg or .pdf.
"""
# The options of each kind of plot; options that are not here are for all kinds.
_OPTIONS = {
    "ellipses": ("height", "share", "sigmas", "seed", "light", "map"),
    "error maps": ("error", "exclude", "gain", "light", "map"),
    "the growth of fits": ("over", "label"),
}


def add_parser(commands: Subparsers) -> None:
    """Adds the command `plot`."""
    what = (
        "Draw the Gaussians of a .gsimg file as ellipses, its errors as colours, or how fits went as curves."
    )
    parser = add_command(commands, "plot", run, what, EXAMPLES)
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=file_path, help="a .gsimg file, or histories of fits"
    )
    add_output(parser, "OUT", "FILE's name with .ellipses.png, .error.png or .growth.png")
    _add_ellipse_options(parser)
    error = parser.add_argument_group("errors")
    error.add_argument(
        "--error",
        type=file_path,
        metavar="ORIGINAL",
        help="the picture, or the folder of maps, to compare with",
    )
    error.add_argument(
        "--gain",
        type=positive,
        metavar="G",
        help="an error of 1 / G of the range gets the last colour (default: 10)",
    )
    add_shared(error, ("exclude",))
    growth = parser.add_argument_group("growth of fits")
    growth.add_argument("--over", choices=GROWTH_AXES, help="the horizontal axis (default: steps)")
    growth.add_argument(
        "--label",
        action="append",
        metavar="TEXT",
        help="name of a curve; one for each history, in their order",
    )
    add_shared(parser, ("size_limit", "quiet"))


def _add_ellipse_options(parser: Parser) -> None:
    ellipses = parser.add_argument_group("ellipses")
    add_shared(ellipses, ("height",))
    ellipses.add_argument(
        "--share",
        type=positive,
        metavar="0-1",
        help="draw this share of the Gaussians, chosen at random (default: 1)",
    )
    ellipses.add_argument("--seed", type=whole(0), metavar="S", help="seed of the random choice (default: 0)")
    ellipses.add_argument(
        "--sigmas",
        type=positive,
        metavar="S",
        help="semi-axes of an ellipse in standard deviations (default: 1.5)",
    )
    parser.add_argument(
        "--light",
        action="store_true",
        help="a light background in place of a dark one, for ellipses and errors",
    )
    parser.add_argument(
        "--map", metavar="NAME", help="for a texture stack: draw this map (default: the first color map)"
    )


def run(options: Namespace) -> None:
    """`imagegs plot`."""
    output_path(
        options.output, options.files[0], ""
    )  # so that a pipe without -o is an error before it is read
    read = [_read(path, options.size_limit) for path in options.files]
    stacks = [each for each in read if isinstance(each, tuple)]
    histories = [each for each in read if not isinstance(each, tuple)]
    if stacks and len(read) > 1:
        raise UsageError("one .gsimg file at a time; several files are histories of fits")
    kind = "the growth of fits" if histories else "ellipses" if options.error is None else "error maps"
    _check_options(options, kind)
    if histories:
        plot_growth(options, histories)
    elif options.error is None:
        plot_ellipses(options, *stacks[0])
    else:
        plot_error(options, *stacks[0])


def _check_options(options: Namespace, kind: str) -> None:
    """Raises UsageError for options that would have no effect."""
    for name in {name for names in _OPTIONS.values() for name in names} - set(_OPTIONS[kind]):
        if getattr(options, name) not in (None, []) and getattr(options, name) is not False:
            raise UsageError(f"--{name} is not for {kind}")


def _read(path: Path, size_limit: int | None) -> Stack | History:
    """The Gaussians and maps, or the history of a fit, in a file; its first bytes tell which."""
    from imagegs.codec.container import SIGNATURE
    from imagegs.files import read_to_limit
    from imagegs.fitting.history import MOST_BYTES, from_json

    with about(path), open_input(path) as file:
        start = file.peek(len(SIGNATURE))[: len(SIGNATURE)]  # peek, because a pipe gives its bytes once
        if start.lstrip().startswith(b"{"):
            return from_json(read_to_limit(file, MOST_BYTES))
        # This holds for files cut short or copied as 7-bit text, too: the codec reports the damage.
        if start and (SIGNATURE.startswith(start) or start[1:4] == SIGNATURE[1:4]):
            return load_stack(path, file, size_limit=size_limit, whole=False)
        raise FormatError("neither a .gsimg file nor the history of a fit")
