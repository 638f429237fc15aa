"""`imagegs encode --history`: how the fit went, as a file for `imagegs plot` and for other programs."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.exit_codes import about
from imagegs.cli.options import Parser, UsageError
from imagegs.cli.paths import check_output

if TYPE_CHECKING:
    from imagegs.applications.restoration import Restoration
    from imagegs.cli.encode_plan import Plan
    from imagegs.fitting.history import Recorder


def add_history_option(parser: Parser) -> None:
    """--history."""
    parser.add_argument(
        "--history",
        type=Path,
        metavar="FIT.json",
        help="write each step's PSNR and number of Gaussians, for imagegs plot",
    )


def check_history(options: Namespace, source: Path, target: Path) -> None:
    """Fail now where writing the history would fail after the fit, or replace another file of the run."""
    path: Path | None = options.history
    if path is None:
        return
    if os.path.realpath(path) == os.path.realpath(target):
        with about(path):
            raise UsageError("the history is the output")
    check_output(path, source, no_overwrite=options.no_overwrite, json=options.json)


def write_history(path: Path, source: Path, restoration: Restoration, plan: Plan, recorder: Recorder) -> None:
    """Writes what was recorded, atomically. A FileError where that fails."""
    from imagegs import __version__
    from imagegs.files import write_atomically
    from imagegs.fitting.history import History, to_json

    height, width, _ = restoration.target.pixels.shape
    named = source if source.name not in ("", "..") else source.resolve()
    free = plan.recipe == "paper" or plan.steps is not None or plan.seconds is not None
    weights = plan.weights(restoration.pixel_weights)
    history = History(
        input=named.name,
        width=width,
        height=height,
        recipe=plan.recipe,
        effort=None if free else plan.effort,
        tune=None if plan.recipe == "paper" else plan.tune,
        seed=plan.seed,
        restore=restoration.mode,
        weighted=any(each is not None for each in weights.values()),
        points=tuple(recorder.points),
    )
    with about(path):
        write_atomically(path, to_json(history, f"imagegs {__version__}").encode())
