"""The options of `imagegs gltf`."""

from __future__ import annotations

from argparse import Namespace

from imagegs.choices import DEFAULT_EFFORT, LEAST_EFFORT, MOST_EFFORT, TUNES
from imagegs.cli.options import Parser, UsageError, add_input, add_output, add_shared, positive, whole

ABOUT = "Move the textures of a glTF model into .gsimg files within it, and back."
EXAMPLES = """
examples:
  imagegs gltf model.glb -o small.glb
  imagegs gltf model.gltf -o small.glb --bppc 0.5 -e 7
  imagegs gltf small.glb --back -o model.glb

For each material all its pictures of one size become the maps of one .gsimg file in the
model (extension EXT_texture_gsimg). --back has each map as a PNG picture again. A name that
ends in .gltf gets JSON and a file of the same name with .bin beside it, which are replaced
only with --overwrite; any other name gets a .glb file. docs/gltf.md tells more.
"""
# Those that make no sense with --back.
_COMPRESSION = ("gaussians", "bpp", "bppc", "psnr", "effort", "steps", "tune", "wrap", "keep_pictures")


def add_options(parser: Parser) -> None:
    """Adds all options of the command."""
    add_input(parser, "input", "MODEL", "a model: .glb, or .gltf with the files that it names")
    add_output(parser, "OUT", "MODEL's name with -gsimg.glb; with --back -png.glb")
    parser.add_argument("--back", action="store_true", help="write a model with PNG pictures again")
    _add_compression(parser)
    add_shared(parser, ("threads", "size_limit", "quiet", "json"))


def check_options(options: Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    if options.back and any(getattr(options, name) for name in _COMPRESSION):
        raise UsageError("the options of a compression do not go with --back")


def _add_compression(parser: Parser) -> None:
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "-n",
        "--gaussians",
        type=whole(1),
        metavar="N",
        help="number of Gaussians of each file (default: one for every 100 pixels)",
    )
    amount.add_argument(
        "--bpp", type=positive, metavar="B", help="at most B bits a pixel, for all maps together"
    )
    amount.add_argument("--bppc", type=positive, metavar="B", help="at most B bits a pixel and channel")
    amount.add_argument(
        "--psnr", type=positive, metavar="DB", help="as few Gaussians as give a PSNR of DB over all maps"
    )
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(LEAST_EFFORT, MOST_EFFORT),
        metavar=f"{LEAST_EFFORT}-{MOST_EFFORT}",
        help=f"how long each fit runs, from fast to thorough (default: {DEFAULT_EFFORT})",
    )
    parser.add_argument(
        "--steps", type=whole(1), metavar="N", help="number of steps of each fit, in place of --effort"
    )
    parser.add_argument(
        "--tune",
        choices=[each for each in TUNES if each != "visual"],
        help="as of encode (default: balanced)",
    )
    parser.add_argument(
        "--wrap",
        action="store_true",
        help="for pictures that tile: no seam between opposite borders where all samplers repeat",
    )
    parser.add_argument(
        "--keep-pictures",
        action="store_true",
        help="keep the old pictures beside, for programs that do not know the extension",
    )
