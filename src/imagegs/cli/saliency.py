"""`imagegs saliency`: a map of what stands out in a picture."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from imagegs.choices import SALIENCY_METHODS
from imagegs.cli.exit_codes import about
from imagegs.cli.folder_contents import check_exclude
from imagegs.cli.folders import read_folder
from imagegs.cli.guidance import add_map_options, find_map
from imagegs.cli.options import Subparsers, add_command, add_input, add_output, add_shared
from imagegs.cli.paths import output_path, picture_suffix, read_input
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Output, RunFiles
from imagegs.cli.standard_streams import is_folder

EXAMPLES = """
examples:
  imagegs saliency photo.png
  imagegs saliency photo.png -o map.png --method tuned --roi 300,120,200,180
  imagegs encode photo.png --saliency map.png

The map is white where `encode --saliency METHOD` lets errors count most. It can be edited
and given to `encode` in place of a method.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `saliency`."""
    about = "Write a map of what stands out in a picture, gray with 8 bits."
    parser = add_command(commands, "saliency", run, about, EXAMPLES)
    add_input(parser, "input", "INPUT", "a picture, or a folder of maps, whose color map counts")
    add_output(parser, "OUT.png", "INPUT's name with .saliency.png")
    parser.add_argument(
        "--method",
        choices=SALIENCY_METHODS,
        default="model",
        help="objects found by a neural network (model), colours unlike the rest (tuned), or edges "
        "(gradient; default: %(default)s)",
    )
    add_map_options(parser)
    add_shared(parser, ("exclude", "size_limit", "quiet", "json"))


def run(options: Namespace) -> None:
    """`imagegs saliency`."""
    from imagegs.pictures.pixels import to_integers
    from imagegs.pictures.writing import check_picture_format, encode_picture

    source: Path = options.input
    target = output_path(options.output, source, ".saliency.png")
    check_exclude(options.exclude, source)
    if is_folder(source):
        speech = Verbosity(options.quiet)
        stack = read_folder(source, options.exclude, speech, resize=True, size_limit=options.size_limit)
        picture, maps = stack.picture, stack.maps
    else:
        picture, maps = read_input(source, size_limit=options.size_limit), ()
    height, width, _ = picture.pixels.shape
    with about(target):
        check_picture_format(picture_suffix(target), ("Y",), 8, (width, height))
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    found = find_map(options.method, tuple(options.roi or ()), options.saliency_model, picture, maps)
    with about(target):
        data = encode_picture(picture_suffix(target), to_integers(found[:, :, None], 8), ("Y",))
    n_bytes = files.write(target, data)
    share = float(found.mean())
    Verbosity(options.quiet).note(f"{target}: {width} x {height} pixels, {share:.1%} salient")
    if options.json:
        names = {"input": str(source), "output": str(target), "bytes": n_bytes}
        size = {"width": width, "height": height}
        print_json({**names, **size, "method": options.method, "share": share, "max": float(found.max())})
