"""`imagegs plot`: the Gaussians of a .gsimg file as ellipses."""

from __future__ import annotations

from argparse import Namespace

from imagegs.cli.exit_codes import about
from imagegs.cli.options import Subparsers, add_command, add_input, add_output, add_shared, positive, whole
from imagegs.cli.paths import check_output, check_size, load_gaussians, output_path
from imagegs.cli.reports import Verbosity

EXAMPLES = """
examples:
  imagegs plot photo.gsimg
  imagegs plot photo.gsimg -o a-third.png --share 0.33 --height 1500 --light
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `plot`."""
    parser = add_command(commands, "plot", run, "Draw the Gaussians of a .gsimg file as ellipses.", EXAMPLES)
    add_input(parser, "file", "FILE.gsimg", "the file to read")
    add_output(parser, "OUT.png", "FILE's name with .ellipses.png")
    add_shared(parser, ("height",))
    parser.add_argument(
        "--share", type=positive, default=1.0, metavar="0-1", help="draw this share of them, chosen at random"
    )
    parser.add_argument(
        "--sigmas",
        type=positive,
        default=1.5,
        metavar="S",
        help="semi-axes of an ellipse in standard deviations (default: %(default)s)",
    )
    parser.add_argument("--light", action="store_true", help="a light background in place of a dark one")
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="S", help="of the choice (default: %(default)s)"
    )
    add_shared(parser, ("size_limit", "quiet"))


def run(options: Namespace) -> None:
    """`imagegs plot`."""
    from imagegs.drawing import draw_ellipses
    from imagegs.image_writers import check_picture_path, write_picture
    from imagegs.rendering import output_size

    target = output_path(options.output, options.file, ".ellipses.png")
    gaussians = load_gaussians(options.file, size_limit=options.size_limit)
    size = output_size(gaussians, height=options.height)
    check_size(size, options.size_limit)
    with about(target):
        check_picture_path(target, ("R", "G", "B"), 8, size)
    check_output(target, options.file, no_overwrite=options.no_overwrite)
    pixels = draw_ellipses(
        gaussians,
        height=options.height,
        share=options.share,
        seed=options.seed,
        sigmas=options.sigmas,
        background="light" if options.light else "dark",
    )
    with about(target):
        write_picture(target, pixels, ("R", "G", "B"))
    Verbosity(options.quiet).note(f"{target}: {pixels.shape[1]} x {pixels.shape[0]} pixels")
