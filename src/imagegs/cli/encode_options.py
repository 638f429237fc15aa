"""The options of `imagegs encode`."""

from __future__ import annotations

from imagegs.choices import (
    DEFAULT_EFFORT,
    DEVICES,
    LEAST_EFFORT,
    MOST_EFFORT,
    MOST_SCORE,
    PLACEMENTS,
    RECIPES,
    TUNES,
)
from imagegs.cli.cluster import add_cluster_options
from imagegs.cli.encode_history import add_history_option
from imagegs.cli.encode_restore import add_restore_options
from imagegs.cli.grain import grain_choice
from imagegs.cli.guidance import add_guidance
from imagegs.cli.options import Parser, add_input, add_output, add_shared, at_most, positive, whole
from imagegs.limits import BLOCK_PIXELS

ABOUT = "Fit Gaussians to a picture, or to the maps of a texture, and pack them into a .gsimg file."
EXAMPLES = f"""
examples:
  imagegs encode photo.png
  imagegs encode photo.png -o small.gsimg --bpp 0.1
  imagegs encode photo.png --target-size 20000
  imagegs encode photo.png -n 20000 -e 9 -j 8
  imagegs encode photo.png --psnr 32
  imagegs encode photo.png --ssimulacra2 60
  imagegs encode photo.png -n 10000 --tune psnr --time-budget 10
  imagegs encode photo.png --init map.png --bits 12,8,8,8,8
  imagegs encode photo.png --bpp 0.15 --saliency model --roi 300,120,200,180
  imagegs encode photo.png --recipe paper --json > photo.json
  imagegs encode meadow.jpg --bpp 0.15 --grain auto
  imagegs encode grainy.png --restore denoise
  imagegs encode tiles -n 20000 --wrap --exclude '*preview*'
  imagegs encode - < photo.png > photo.gsimg
  imagegs encode scan.tif --bpp 0.1 --workers 8

A .gsimg file that exists is replaced where -o names it, otherwise only with --overwrite.
The name - stands for standard input and standard output. A picture from standard input goes
to standard output, unless -o names a file.

All pictures in a folder are the maps of one texture: its color, normals, roughness, ...
A warning names the files that are no pictures. A picture that cannot be read (.exr) is an
error, unless --exclude names it. Only the first frame of an animation is kept.

A picture of more than {BLOCK_PIXELS:,} pixels, or a Zarr folder, is read and encoded in blocks: up to
65535 x 65535 pixels, with the options of size, effort, tune and seed.
"""
MAX_SEED = 2**64 - 1


def add_options(parser: Parser) -> None:
    """Adds all options of the command, which encode_plan.py interprets."""
    add_input(
        parser,
        "input",
        "INPUT",
        "a picture: PNG, JPEG, WebP, TIFF, .npy, ...; - for standard input; or a folder of maps",
    )
    add_output(parser, "OUT.gsimg", "INPUT's name with .gsimg")
    add_picture_options(parser)
    parser.add_argument(
        "--resize-maps",
        action="store_true",
        help="for a folder: bring all maps to the size of the largest one",
    )
    add_shared(parser, ("exclude",))
    parser.add_argument(
        "--map-weight",
        action="append",
        default=[],
        metavar="MAP=W",
        help="for a folder: count errors of a map, or of all maps of a kind, W times (repeatable)",
    )
    add_guidance(parser)
    in_blocks = parser.add_argument_group("huge pictures, in blocks")
    in_blocks.add_argument(
        "--blocks",
        action="store_true",
        help="encode in blocks, in little memory, by several processes; Zarr folders, and pictures of more "
        f"than {BLOCK_PIXELS:,} pixels, always are",
    )
    add_cluster_options(in_blocks, "one for each processor")
    add_history_option(parser)
    parser.add_argument("--watch", action="store_true", help="show the fit in the browser while it runs")
    parser.add_argument(
        "--no-open", action="store_true", help="with --watch: print the address, open no browser"
    )
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="cpu",
        help="fit on the processor, on a graphics card (needs imagegs[gpu]), or on a card if there is one "
        "that can be used (auto) (default: %(default)s)",
    )
    add_shared(parser, ("threads", "size_limit", "quiet"))
    parser.add_argument("-v", "--verbose", action="store_true", help="print more")
    add_shared(parser, ("json",))


def add_picture_options(parser: Parser) -> None:
    """Adds the options of how a picture is compressed, without those of what matters most in it."""
    _add_amount(parser)
    _add_length(parser)
    parser.add_argument(
        "--tune",
        choices=TUNES,
        help="what the imagegs recipe optimises: PSNR, SSIM, both (balanced), or what an eye sees, as "
        "SSIMULACRA 2 measures it (visual) (default: visual; balanced with --psnr and --quality, with an "
        "alpha that --exact keeps and for maps; psnr with --restore)",
    )
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        default="imagegs",
        help="how the fit runs; paper is the published method, for comparison (default: %(default)s)",
    )
    parser.add_argument(
        "--init",
        metavar="|".join([*PLACEMENTS, "MAP.png"]),
        help="where the first Gaussians go; a map has more of them where it is bright (default: gradient)",
    )
    parser.add_argument(
        "--bits",
        metavar="B",
        help="store numbers uncompressed, in fixed point: B bits each, or one number of bits for each of "
        "POSITION,SCALE,ANGLE,WEIGHT,COLOR",
    )
    parser.add_argument(
        "--layers",
        type=whole(1),
        metavar="L",
        help="at most L layers; the first ones alone are a coarser picture (default: 8; 1 with --bits or the "
        "paper recipe)",
    )
    parser.add_argument(
        "--wrap",
        action="store_true",
        help="for a texture that tiles: no seam between opposite borders",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, MAX_SEED),
        default=0,
        metavar="S",
        help="the same seed gives the same bytes (default: 0)",
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="treat alpha like any other channel: colours count where it is 0, too (masks, packed data)",
    )
    parser.add_argument(
        "--grain",
        type=grain_choice,
        default="off",
        metavar="auto|off|0..1",
        help="let decoders add noise in place of the incoherent texture that is lost; a number is the "
        "strength in proportion to what is lost, auto is 0.9 for pictures that lose enough (default: off)",
    )
    add_restore_options(parser)


def _add_amount(parser: Parser) -> None:
    """Adds the options of size and quality, of which one at most is given."""
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "-n",
        "--gaussians",
        type=whole(1),
        metavar="N",
        help="number of Gaussians (default: one for every 100 pixels)",
    )
    amount.add_argument(
        "--bpp", type=positive, metavar="B", help="at most B bits a pixel, the whole file counted"
    )
    amount.add_argument(
        "--target-size", type=whole(1), metavar="BYTES", help="at most so many bytes for the whole file"
    )
    amount.add_argument(
        "--psnr",
        type=positive,
        metavar="DB",
        help="as few Gaussians as give a PSNR of DB, measured on the decoded file",
    )
    amount.add_argument(
        "-q",
        "--quality",
        type=whole(0, 100),
        metavar="0-100",
        help="the same PSNR on a scale: 0 is 20 dB, each point adds 0.25 dB",
    )
    amount.add_argument(
        "--ssimulacra2",
        type=at_most(MOST_SCORE),
        metavar="S",
        help="as few Gaussians as give a score S of SSIMULACRA 2, measured on the decoded file: 90 is "
        "visually lossless, 70 high quality, 50 medium, 30 low",
    )


def _add_length(parser: Parser) -> None:
    """Adds the options of how long a fit runs."""
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(LEAST_EFFORT, MOST_EFFORT),
        default=DEFAULT_EFFORT,
        metavar=f"{LEAST_EFFORT}-{MOST_EFFORT}",
        help="how long the imagegs recipe runs, from fast to thorough (default: %(default)s)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--steps", type=whole(1), metavar="N", help="number of steps of the fit, in place of --effort"
    )
    length.add_argument(
        "--time-budget",
        type=positive,
        metavar="SECONDS",
        help="the best fit that this time allows, in place of --effort",
    )
