"""The options of `imagegs batch`."""

from __future__ import annotations

from argparse import Namespace

from imagegs.cli.cluster import add_cluster_options
from imagegs.cli.encode_options import add_picture_options
from imagegs.cli.guidance import add_guidance
from imagegs.cli.options import MAX_THREADS, Parser, add_shared, whole
from imagegs.cli.standard_streams import stored_path

ABOUT = "Compress many pictures, each as `imagegs encode` does, on all processors or on a Dask cluster."
EXAMPLES = """
examples:
  imagegs batch photos
  imagegs batch photos -o small --bpp 0.2
  imagegs batch 'photos/**/*.png' -o small --psnr 34 --exclude '*preview*'
  find photos -newer last.txt | imagegs batch - -o small
  imagegs batch --table jobs.csv -o small --report small.html
  imagegs batch /shared/photos -o /shared/small --scheduler tcp://head:8786

Each picture becomes a .gsimg file beside it, or in OUT, where the folders are kept. Folders are
searched with all folders in them. A table (.csv, .parquet, or .jsonl with a JSON object on each
line) has a column `input`, and may have `output` and columns named after options: bpp, effort,
tune, ...

The manifest has a line for each picture: its hash, size, PSNR, SSIM, seconds, or why it failed. A
second run does what is missing, what failed and what has changed: pictures, options or outputs. A
file that exists is replaced only if a run with this manifest wrote it, or with --overwrite; never
an input. The exit code is 1 if a picture failed.

A picture that stops several workers in succession fails. It needs: pip install 'imagegs[batch]'
"""


def add_options(parser: Parser) -> None:
    """Adds all options of the command."""
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="pictures, folders, patterns; - for a list on standard input, a path a line",
    )
    parser.add_argument(
        "--table",
        type=stored_path,
        metavar="JOBS.csv",
        help="pictures with options of their own: .csv, .jsonl, .parquet",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=stored_path,
        help="the folder for the outputs (default: beside the pictures)",
    )
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        type=stored_path,
        help="where the results are kept (default: manifest.jsonl in OUT, or in the current folder)",
    )
    parser.add_argument(
        "--report", metavar="REPORT.html", type=stored_path, help="write a page of the results"
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace files that the manifest does not have; never an input",
    )
    _add_cluster(parser)
    add_row_options(parser)
    add_shared(parser, ("exclude", "size_limit", "quiet", "json"))


def add_row_options(parser: Parser) -> None:
    """Adds the options of `encode` that a picture of a batch can have."""
    add_picture_options(parser)
    add_guidance(parser)


def encode_options(options: Namespace) -> Namespace:
    """Those of the options that are about a picture, as `OptionsEncoder` takes them."""
    names = [action.dest for action in row_parser()._actions]
    chosen = {name: getattr(options, name) for name in names}
    return Namespace(**chosen, threads=options.threads_per_picture, size_limit=options.size_limit)


def row_parser() -> Parser:
    """A parser of the options that a picture of a batch can have, alone."""
    parser = Parser(prog="imagegs batch", add_help=False)
    add_row_options(parser)
    return parser


def _add_cluster(parser: Parser) -> None:
    group = parser.add_argument_group("where it runs")
    add_cluster_options(group, "one for each core")
    group.add_argument(
        "--threads-per-picture",
        type=whole(1, MAX_THREADS),
        default=1,
        metavar="N",
        help="number of threads for each picture (default: %(default)s)",
    )
