"""`imagegs encode`: its options."""

from __future__ import annotations

from imagegs.cli.encode_history import add_history_option
from imagegs.cli.encode_restore import add_restore_options
from imagegs.cli.grain import grain_choice
from imagegs.cli.guidance import add_guidance
from imagegs.cli.options import Parser, add_input, add_output, add_shared, positive, whole

ABOUT = "Fit Gaussians to a picture, or to the maps of a texture, and pack them into a .gsimg file."
EXAMPLES = """
examples:
  imagegs encode photo.png
  imagegs encode photo.png -o small.gsimg --bpp 0.1
  imagegs encode photo.png --target-size 20000
  imagegs encode photo.png -n 20000 -e 9 -j 8
  imagegs encode photo.png --psnr 32
  imagegs encode photo.png -n 10000 --tune psnr --time-budget 10
  imagegs encode photo.png --init map.png --bits 12,8,8,8,8
  imagegs encode photo.png --bpp 0.15 --saliency model --roi 300,120,200,180
  imagegs encode photo.png --recipe paper --json > photo.json
  imagegs encode meadow.jpg --bpp 0.15 --grain auto
  imagegs encode grainy.png --restore denoise
  imagegs encode tiles -n 20000 --wrap --exclude '*preview*'
  imagegs encode - < photo.png > photo.gsimg

a .gsimg file that exists is replaced where -o names it, else only with --overwrite.
- is standard input and output: what comes in goes out there too, unless -o says otherwise.

of a folder, all pictures are the maps of one texture: its color, normals, roughness, ...
a warning names the files that are no pictures; a picture that cannot be read (.exr) is an
error, unless --exclude names it. Of an animation the first frame is kept.
"""
MAX_SEED = 2**64 - 1


def add_options(parser: Parser) -> None:
    """Adds all options of the command; encode_plan.py says what they come to."""
    add_input(
        parser,
        "input",
        "INPUT",
        "a picture: PNG, JPEG, WebP, TIFF, .npy, ...; - for standard input; or a folder of maps",
    )
    add_output(parser, "OUT.gsimg", "INPUT's name with .gsimg")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "-n", "--gaussians", type=whole(1), metavar="N", help="how many (default: one for 100 pixels)"
    )
    amount.add_argument(
        "--bpp", type=positive, metavar="B", help="as many as B bits a pixel allow, the whole file counted"
    )
    amount.add_argument(
        "--target-size", type=whole(1), metavar="BYTES", help="the same, told by the size of the file"
    )
    amount.add_argument(
        "--psnr", type=positive, metavar="DB", help="as few as give so many dB, of the file decoded again"
    )
    amount.add_argument(
        "-q",
        "--quality",
        type=whole(0, 100),
        metavar="0-100",
        help="the same on a scale: 0 is 20 dB, each point a quarter of a dB more",
    )
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(1, 9),
        default=5,
        metavar="1-9",
        help="of the imagegs recipe, fast to thorough (default: %(default)s)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=whole(1), metavar="N", help="steps of the fit, in place of --effort")
    length.add_argument(
        "--time-budget", type=positive, metavar="SECONDS", help="the best fit that this time allows"
    )
    parser.add_argument(
        "--tune",
        choices=("balanced", "psnr", "ssim"),
        help="what the imagegs recipe makes good: PSNR, SSIM, or both (default: balanced; restored: psnr)",
    )
    parser.add_argument(
        "--recipe",
        choices=("imagegs", "paper"),
        default="imagegs",
        help="paper: the published method, for comparison (default: %(default)s)",
    )
    parser.add_argument(
        "--init",
        metavar="gradient|random|MAP.png",
        help="where Gaussians start: more of them where the map is bright (default: gradient)",
    )
    parser.add_argument(
        "--bits",
        metavar="B",
        help="of each number: B or POSITION,SCALE,ANGLE,WEIGHT,COLOR, in fixed point, uncompressed",
    )
    parser.add_argument(
        "--layers",
        type=whole(1),
        metavar="L",
        help="up to so many, the first ones a picture too (default: 8; 1 with --bits or the paper recipe)",
    )
    parser.add_argument(
        "--wrap",
        action="store_true",
        help="of a texture that tiles: without a seam between its opposite borders",
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
        help="alpha is a channel like another: colours count where it is 0, too (masks, packed data)",
    )
    parser.add_argument(
        "--grain",
        type=grain_choice,
        default="off",
        metavar="auto|off|0..1",
        help="noise in place of incoherent texture that is lost, which decoders add: as strong as is usual, "
        "or in proportion to what is lost (default: off)",
    )
    add_restore_options(parser)
    parser.add_argument(
        "--resize-maps",
        action="store_true",
        help="of a folder: bring all maps to the size of the largest, where they differ",
    )
    add_shared(parser, ("exclude",))
    parser.add_argument(
        "--map-weight",
        action="append",
        default=[],
        metavar="MAP=W",
        help="of a folder: errors of a map, or of all maps of a kind, count W times (repeatable)",
    )
    add_guidance(parser)
    add_history_option(parser)
    parser.add_argument("--watch", action="store_true", help="show the fit in the browser as it goes on")
    parser.add_argument("--no-open", action="store_true", help="of --watch: print the address, open nothing")
    add_shared(parser, ("threads", "size_limit", "quiet"))
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    add_shared(parser, ("json",))
