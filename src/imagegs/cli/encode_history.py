"""`imagegs encode --history`: how the fit went, as a file for `imagegs plot` and for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.options import Parser
from imagegs.cli.run_files import Kind, Output
from imagegs.cli.standard_streams import file_path

if TYPE_CHECKING:
    from imagegs.cli.encode_plan import Plan
    from imagegs.fitting.history import Recorder
    from imagegs.restoration.restoring import Restoration


def add_history_option(parser: Parser) -> None:
    """--history."""
    parser.add_argument(
        "--history",
        type=file_path,
        metavar="FIT.json",
        help="write each step's PSNR and number of Gaussians, for imagegs plot",
    )


def history_output(path: Path) -> Output:
    """The history among the files of the run."""
    from imagegs.fitting.history import START

    kind = Kind("history of a fit", START, (".json",))
    return Output(path, is_named=True, kind=kind, is_text=True, what="history")


def history_text(source: Path, restoration: Restoration, plan: Plan, recorder: Recorder) -> bytes:
    """The file with what was recorded."""
    from imagegs import __version__
    from imagegs.fitting.history import History, to_json
    from imagegs.pictures.transparency import checked_alphas, is_transparent

    height, width, _ = restoration.target.pixels.shape
    named = source if source.name not in ("", "..") else source.resolve()
    free = plan.recipe == "paper" or plan.steps is not None or plan.seconds is not None
    target = restoration.target
    alphas = checked_alphas(plan.alphas, target.channels)
    weights = plan.weights(restoration.pixel_weights)
    given = any(weights[each] is not None for each in ("pixel_weights", "channel_weights"))
    history = History(
        input=named.name,
        width=width,
        height=height,
        recipe=plan.recipe,
        effort=None if free else plan.effort,
        tune=None if plan.recipe == "paper" else plan.tune,
        seed=plan.seed,
        restore=restoration.mode,
        weighted=given or (plan.recipe != "paper" and is_transparent(target.pixels, alphas)),
        points=tuple(recorder.points),
    )
    return to_json(history, f"imagegs {__version__}").encode()
