"""`imagegs encode --history`: how the fit went, as a file for `imagegs plot` and for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.options import Parser
from imagegs.cli.run_files import Kind, Output
from imagegs.cli.standard_streams import file_path

if TYPE_CHECKING:
    from imagegs.compression import Compression
    from imagegs.fitting.history import Recorder


def add_history_option(parser: Parser) -> None:
    """Adds --history."""
    parser.add_argument(
        "--history",
        type=file_path,
        metavar="FIT.json",
        help="write each step's PSNR and number of Gaussians, for imagegs plot",
    )


def history_output(path: Path) -> Output:
    """The history as one of the files that the run writes."""
    from imagegs.fitting.history import START

    kind = Kind("history of a fit", START, (".json",))
    return Output(path, is_named=True, kind=kind, is_text=True, what="history")


def history_text(source: Path, compression: Compression, recorder: Recorder) -> bytes:
    """The bytes of the file with the recorded steps."""
    from imagegs.fitting.history import History, to_json
    from imagegs.version import __version__

    fit, restoration = compression.options.fit, compression.restoration
    height, width, _ = restoration.target.pixels.shape
    named = source if source.name not in ("", "..") else source.resolve()
    is_paper = fit.recipe == "paper"
    history = History(
        input=named.name,
        width=width,
        height=height,
        recipe=fit.recipe,
        effort=None if is_paper or fit.steps is not None or fit.time_budget is not None else fit.effort,
        tune=None if is_paper else compression.plan.tune,
        seed=fit.seed,
        restore=restoration.mode,
        weighted=_is_weighted(compression),
        points=tuple(recorder.points),
    )
    return to_json(history, f"imagegs {__version__}").encode()


def _is_weighted(compression: Compression) -> bool:
    """Whether errors counted more in some pixels or channels than in others."""
    from imagegs.pictures.transparency import checked_alphas, is_transparent

    plan, target = compression.plan, compression.restoration.target
    weights = plan.weights(compression.restoration.pixel_weights)
    if any(weights[name] is not None for name in ("pixel_weights", "channel_weights")):
        return True
    alphas = checked_alphas(plan.alphas, target.channels)
    return compression.options.fit.recipe != "paper" and is_transparent(target.pixels, alphas)
