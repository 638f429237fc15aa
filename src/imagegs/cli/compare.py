"""`imagegs compare`: how alike two pictures are."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.compare_stacks import compare_stacks
from imagegs.cli.exit_codes import about
from imagegs.cli.folder_contents import check_exclude
from imagegs.cli.grain import add_grain_option
from imagegs.cli.options import Subparsers, UsageError, add_command, add_input, add_shared
from imagegs.cli.paths import read_input
from imagegs.cli.reports import print_json, print_text, psnr_fields, psnr_text, score_text
from imagegs.cli.run_files import RunFiles
from imagegs.cli.standard_streams import is_folder, open_input

if TYPE_CHECKING:
    from imagegs.pictures.pixels import Picture, Pixels

EXAMPLES = """
examples:
  imagegs compare photo.png photo.gsimg
  imagegs compare photo.png photo.jpg --json
  imagegs compare photo.png photo.gsimg --grain 1
  imagegs compare photo.png photo.gsimg --ssimulacra2
  imagegs compare tiles tiles.gsimg

Pictures of 8 and of 16 bits can be compared. Pictures with alpha are measured as they are
seen over black and over white (docs/method.md): colours where alpha is 0 do not count.
For a folder and a texture stack, or two folders, the command prints the PSNR of each map.
Grain lowers all of these measures, which know nothing of texture: it is left out without --grain.
A or B may be -, which stands for standard input.
With --json, equal pictures have "psnr": null and "lossless": true.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command `compare`."""
    about = "Measure PSNR, SSIM and MS-SSIM of two pictures, or of a picture and a .gsimg file."
    parser = add_command(commands, "compare", run, about, EXAMPLES)
    add_input(parser, "a", "A", "a picture or a .gsimg file")
    add_input(parser, "b", "B", "another one of the same size and channels")
    add_grain_option(parser, 0.0, "for a .gsimg file: a factor on the strength of its grain (default: off)")
    parser.add_argument(
        "--ssimulacra2",
        action="store_true",
        help="measure the score of SSIMULACRA 2, too, of B beside A (pictures of at least 8 x 8 pixels)",
    )
    add_shared(parser, ("exclude", "threads", "size_limit", "json"))


def run(options: Namespace) -> None:
    """`imagegs compare`."""
    from imagegs.metrics import ms_ssim, psnr, ssim
    from imagegs.pictures.transparency import alphas_of

    check_exclude(options.exclude, options.a, options.b)
    run_files = RunFiles.of(options)
    run_files.check()
    run_files.check_printing()
    folders = [is_folder(path) for path in (options.a, options.b)]
    if all(folders) or (any(folders) and ".gsimg" in (options.a.suffix.lower(), options.b.suffix.lower())):
        if options.ssimulacra2:
            raise UsageError("--ssimulacra2 is for a picture that is looked at, not for a folder of maps")
        compare_stacks(options)
        return
    first, second = (_read(path, options) for path in (options.a, options.b))
    check_alike(first, second)
    x, y = first.pixels, second.pixels
    alphas = alphas_of(first.channels)
    decibels, similarity, multi_scale = (measure(x, y, alphas) for measure in (psnr, ssim, ms_ssim))
    score = _score(first, y) if options.ssimulacra2 else None
    if not options.json:
        line = f"{psnr_text(decibels)}, {similarity:.4f} SSIM, {multi_scale:.4f} MS-SSIM"
        print_text(line if score is None else f"{line}, {score_text(score)}")
        return
    height, width, _ = x.shape
    files = {"a": str(options.a), "b": str(options.b), "width": width, "height": height}
    quality = {**psnr_fields(decibels), "ssim": similarity, "ms_ssim": multi_scale}
    seen = {} if score is None else {"ssimulacra2": score}
    print_json({**files, "channels": list(first.channels), **quality, **seen})


def _score(reference: Picture, pixels: Pixels) -> float:
    from imagegs.ssimulacra.looks import SeenReference

    return SeenReference(reference.pixels, reference.channels).score(pixels)


def _read(path: Path, options: Namespace) -> Picture:
    """The picture in a picture file, or the one that a .gsimg file decodes to with the wanted grain."""
    import numpy as np

    from imagegs.codec import decode, read_file
    from imagegs.codec.container import SIGNATURE
    from imagegs.codec.grain import grain_in
    from imagegs.files import read_to_limit
    from imagegs.grain.adding import add_grain
    from imagegs.limits import Limits
    from imagegs.pictures.pixels import Picture
    from imagegs.rendering import render

    size_limit: int | None = options.size_limit
    limits = Limits.of(size_limit)
    with about(path), open_input(path) as opened:
        # The file is opened once, because a pipe gives its bytes once.
        file = opened if opened.seekable() else io.BytesIO(read_to_limit(opened, limits.max_bytes))
        is_gsimg = file.read(len(SIGNATURE)) == SIGNATURE
        file.seek(0)
        if not is_gsimg and path.suffix.lower() != ".gsimg":
            return read_input(path, file, size_limit)
        data = read_file(file, size_limit)
        gaussians, grain = decode(data, size_limit=limits.max_picture_pixels), grain_in(data)
    dtype = np.uint8 if gaussians.bit_depth == 8 else np.uint16
    pixels = render(gaussians, dtype=dtype, threads=options.threads)
    if grain is not None:
        add_grain(pixels, grain, gaussians, strength=options.grain)
    return Picture(pixels, gaussians.channels)


def check_alike(first: Picture, second: Picture) -> None:
    """Raises ValueError for pictures of different sizes or channels."""
    if first.pixels.shape[:2] != second.pixels.shape[:2]:
        sizes = [f"{p.pixels.shape[1]} x {p.pixels.shape[0]}" for p in (first, second)]
        raise ValueError(f"the pictures differ in size: {sizes[0]} and {sizes[1]} pixels")
    if first.channels != second.channels:
        names = [" ".join(p.channels) for p in (first, second)]
        raise ValueError(f"the pictures differ in channels: {names[0]} and {names[1]}")
