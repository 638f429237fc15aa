"""The options of `imagegs bench`, and what they ask to be measured."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.choices import DEFAULT_EFFORT, LEAST_EFFORT, MOST_EFFORT
from imagegs.cli.options import Parser, add_shared, number, whole
from imagegs.cli.standard_streams import file_path, stored_path

if TYPE_CHECKING:
    from imagegs.evaluation.bench import Setting

EXAMPLES = """
examples:
  imagegs bench photos/*.jpg --side 1024
  imagegs bench pictures --quick -o quick
  imagegs bench a.png b.png --codecs imagegs,imagegs-e9,avif,astc-12x12 --rates 0.1,0.3,1
  imagegs bench a.png --metrics psnr,ssimulacra2,flip
  imagegs bench kodak --published cool-chic.tsv
  imagegs bench a.png --side 384 --codecs imagegs,neural --metrics psnr

codecs: imagegs, paper (the recipe of Image-GS), jpeg, mozjpeg, webp, avif, avif-444, jxl, jp2,
astc-4x4 to astc-12x12, bc1, bc7, etc1s; all of them: all. imagegs-psnr has that tune, imagegs-grain
has grain, imagegs-e7 has effort 7, imagegs-psnr-grain-e7 all three. With -half behind the name, a
codec gets the picture at half its size. Neural networks, minutes a file: siren, ffn, hash-grid, coin;
all four: neural. siren-s500 is trained in 500 steps.
metrics: psnr, ssim, ms-ssim, without grain; ssimulacra2, flip, lpips, st-lpips, with it.

OUT gets report.html, results.csv, results.json and cache. A run that was cut off goes on from the cache.
An earlier report in OUT is replaced; other files of these names are replaced only with --overwrite.
The packages that other codecs and metrics need come with: pip install 'imagegs[bench]';
those of neural networks with 'imagegs[neural]'.
"""
DEFAULT_RATES, DEFAULT_METRICS = "0.05,0.1,0.2,0.3,0.5,1", "psnr,ssim,ms-ssim,ssimulacra2,flip"
QUICK: dict[str, Any] = {"rates": (0.1, 0.3), "metrics": ("psnr", "ms-ssim"), "effort": 1, "crops": 2}


def add_options(parser: Parser) -> None:
    """Adds all options of the command, and the pictures."""
    parser.add_argument(
        "pictures", metavar="PICTURE", nargs="*", type=stored_path, help="picture files, or folders of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=file_path,
        default=Path("bench"),
        help="the folder for the report (default: bench)",
    )
    parser.add_argument(
        "--codecs",
        metavar="LIST",
        type=names,
        help="codecs to compare (default: those that most people would pick)",
    )
    parser.add_argument(
        "--rates",
        metavar="LIST",
        type=rates,
        help=f"sizes of whole files, in bits a pixel (default: {DEFAULT_RATES})",
    )
    parser.add_argument(
        "--metrics", metavar="LIST", type=names, help=f"measures of quality (default: {DEFAULT_METRICS})"
    )
    parser.add_argument(
        "--published",
        metavar="TABLE",
        type=stored_path,
        action="append",
        default=[],
        help="a table of published results, TSV or CSV, to compare with (may be given several times)",
    )
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(LEAST_EFFORT, MOST_EFFORT),
        metavar=f"{LEAST_EFFORT}-{MOST_EFFORT}",
        help=f"effort of imagegs (default: {DEFAULT_EFFORT})",
    )
    parser.add_argument(
        "--side", type=whole(16), metavar="PIXELS", help="reduce pictures with a longer side than this"
    )
    parser.add_argument("--crops", type=whole(0), metavar="N", help="show details of N pictures (default: 4)")
    parser.add_argument(
        "--system",
        action="store_true",
        help="also measure how imagegs scales here: time and memory over pixels, Gaussians, threads",
    )
    parser.add_argument("--quick", action="store_true", help="a first look: effort 1, two rates, two metrics")
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=file_path,
        help="the folder for results that a later run can use (default: cache in OUT)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="also replace files in OUT that are no reports of this command",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=whole(1, 256),
        metavar="N",
        help="number of files at a time (default: one for each core)",
    )
    add_shared(parser, ("exclude", "size_limit", "quiet", "json"))


def names(text: str) -> tuple[str, ...]:
    """Converts "a,b,c" to a tuple of names."""
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not found:
        raise ArgumentTypeError(f"{text!r} names nothing")
    return found


def rates(text: str) -> tuple[float, ...]:
    """Converts bits a pixel with commas between them to a tuple of rising, different numbers."""
    convert = number(0.001, 48)
    return tuple(sorted({convert(part) for part in text.split(",")}))


def setting_of(options: Namespace) -> Setting:
    """What is measured."""
    from imagegs.evaluation.bench import Setting
    from imagegs.evaluation.codecs import DEFAULT_NAMES, GROUPS

    chosen = options.codecs or DEFAULT_NAMES
    setting = Setting(
        codecs=tuple(each for name in chosen for each in GROUPS.get(name, (name,))),
        rates=rates(DEFAULT_RATES),
        metrics=names(DEFAULT_METRICS),
        effort=DEFAULT_EFFORT,
        side=options.side,
        crops=4,
        size_limit=options.size_limit,
    )
    if options.quick:
        setting = replace(setting, **QUICK)
    given = {name: getattr(options, name) for name in ("rates", "metrics", "effort", "crops")}
    return replace(setting, **{name: value for name, value in given.items() if value is not None})
