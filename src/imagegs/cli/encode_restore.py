"""`imagegs encode --restore`: its options, and its report on what was found and done."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from imagegs.choices import RESTORATIONS
from imagegs.cli.paths import read_input
from imagegs.cli.reports import Verbosity
from imagegs.cli.standard_streams import file_path

if TYPE_CHECKING:
    from imagegs.pictures.pixels import IntegerPixels, Picture
    from imagegs.restoration.restoring import Restoration


def read_mask(options: Namespace) -> Picture | None:
    """The picture that --mask names, if it names one. Raises FileError for a file that is no picture."""
    return None if options.mask is None else read_input(options.mask, size_limit=options.size_limit)


def tell(restoration: Restoration, options: Namespace, speech: Verbosity) -> None:
    """Prints a line about what was found and is done."""
    if options.restore is None:
        return
    found = "; ".join(_words(restoration.findings))
    if restoration.mode is None:
        nothing = "nothing to restore was found, the picture is fitted as it is"
        if options.restore == "auto":
            speech.note(f"{options.input}: {found}: {nothing}")
        else:
            speech.warn(f"{options.input}: {found}: {nothing}")
        return
    speech.note(f"{options.input}: {found}: {restoration.mode}")


def _words(findings: dict[str, Any]) -> list[str]:
    words = []
    if "jpeg_quality" in findings:
        quality = findings["jpeg_quality"]
        by = {"file": " by its tables", "pixels": " by its pixels"}.get(findings.get("jpeg_tables", ""), "")
        words.append("no traces of JPEG" if quality is None else f"JPEG of quality {quality}{by}")
    if "noise" in findings:
        words.append(f"noise of {findings['noise']:.1f} / 255")
    if "expected_psnr" in findings:
        words.append(f"some {findings['expected_psnr']:.1f} dB expected without it")
    if "known" in findings:
        words.append(f"{findings['known']:.1%} of the pixels known")
    elif "holes" in findings:
        words.append("holes" if findings["holes"] else "no holes")
    if "for_scale" in findings:
        words.append(f"fitted for decode --scale {findings['for_scale']}")
    return words


def restore_report(
    restoration: Restoration, options: Namespace, painted: IntegerPixels, speech: Verbosity
) -> dict[str, Any]:
    """The part of the JSON report about a restoration; empty where none was asked for. Warns of a file that
    should be further from the undamaged picture than the input is.

    painted: the picture (H, W, C) of the file.
    """
    if options.restore is None:
        return {}
    is_better = restoration.is_better(painted)
    if is_better is False:
        speech.warn(f"{options.input}: the file is coarser than the damage: more bits, such as --bpp 2, help")
    told = {} if is_better is None else {"better": is_better}
    return {"restore": {"mode": restoration.mode, **restoration.findings, **told}}


def add_restore_options(parser: Any) -> None:
    """Adds --restore and --mask."""
    parser.add_argument(
        "--restore",
        choices=RESTORATIONS,
        help="leave out noise, JPEG's blocks or holes, or fit for enlarging; auto: decide by the picture",
    )
    parser.add_argument(
        "--mask",
        type=file_path,
        metavar="MASK.png",
        help="for inpaint: white where pixels are unknown (default: those of alpha 0)",
    )
