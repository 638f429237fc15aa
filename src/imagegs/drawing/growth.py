"""The growth of fits: PSNR and numbers of Gaussians over steps or seconds, by matplotlib (extra `plot`)."""

from __future__ import annotations

import importlib.util
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from imagegs.choices import GrowthAxis, GrowthFormat
from imagegs.errors import ImageGSError
from imagegs.fitting.history import History, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES, _DOTS_AN_INCH = (6.4, 4.8), 200
# Colours that are told apart with any colour vision (Okabe and Ito 2008), without yellow; then again, dashed.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES = ("-", "--", ":", "-.")
_START_SHARE = 0.02  # of the points of a fit, whose PSNR may lie below the axis: they would flatten the rest
_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e2e2e2",
    "lines.linewidth": 1.3,
    "savefig.dpi": _DOTS_AN_INCH,
    "svg.hashsalt": "imagegs",  # the same picture, the same bytes
}


def check_matplotlib() -> None:
    """Raises ImageGSError where the package is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImageGSError("the growth of fits is drawn by matplotlib: pip install 'imagegs[plot]'")


def draw_growth(
    histories: Sequence[History],
    file_format: GrowthFormat,
    *,
    over: GrowthAxis = "steps",
    labels: Sequence[str] = (),
) -> bytes:
    """The bytes of a figure: above the PSNR of each fit, in dB, below its number of Gaussians.

    over: what they are drawn over. A fit to a wanted PSNR is several fits: their steps are counted on, and
    the curve has a gap between them, as where no PSNR is known. labels: of the curves; (): what differs among
    the fits. A single curve without a label has no legend. The same histories give the same bytes.

    Raises ImageGSError without matplotlib, ValueError for a wrong number of labels.
    """
    check_matplotlib()
    if labels and len(labels) != len(histories):
        raise ValueError(f"{len(labels)} labels for {len(histories)} histories: give one for each")
    if not labels and len(histories) > 1:
        labels = names_of(histories)
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # labels may hold any characters
        figure = Figure(_INCHES, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for i, history in enumerate(histories):
            _draw(upper, lower, history, over, i)
        _finish(upper, lower, histories, over, labels)
        figure.align_ylabels()
        file = io.BytesIO()
        none_of_now = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[file_format]
        figure.savefig(file, format=file_format, metadata=none_of_now)
    return file.getvalue()


def _draw(upper: Axes, lower: Axes, history: History, over: GrowthAxis, i: int) -> None:
    color, dashes = _COLORS[i % len(_COLORS)], _DASHES[i // len(_COLORS) % len(_DASHES)]
    x, psnr = [math.nan], [math.nan]
    for at, points in _places(history.points, over):
        x += [*at, math.nan]
        psnr += [*(math.nan if p.psnr is None else p.psnr for p in points), math.nan]
        lower.step(at, [p.n_gaussians for p in points], where="post", color=color, linestyle=dashes)
    upper.plot(x, psnr, color=color, linestyle=dashes)
    alone = _alone(psnr)
    upper.plot([x[j] for j in alone], [psnr[j] for j in alone], ".", color=color)


def _alone(values: Sequence[float]) -> list[int]:
    """The places of numbers between two NaNs: no line would show them. The first and the last one are NaN."""
    known = [not math.isnan(value) for value in values]
    return [j for j in range(1, len(values) - 1) if known[j - 1 : j + 2] == [False, True, False]]


def _places(points: Sequence[Point], over: GrowthAxis) -> Iterator[tuple[list[float], list[Point]]]:
    """The points of each fit, and where they are drawn."""
    before = 0
    for fit in sorted({p.fit for p in points}):
        own = [p for p in points if p.fit == fit]
        yield [p.seconds if over == "seconds" else float(before + p.step) for p in own], own
        before += own[-1].step


def _finish(
    upper: Axes, lower: Axes, histories: Sequence[History], over: GrowthAxis, labels: Sequence[str]
) -> None:
    from matplotlib.ticker import StrMethodFormatter

    weighted = [history.weighted for history in histories]
    note = " (weighted errors)" if all(weighted) else " (some: weighted errors)" if any(weighted) else ""
    upper.set_ylabel("PSNR of the fit, dB" + note)
    lower.set_ylabel("Gaussians")
    lower.set_xlabel("time, s" if over == "seconds" else "step")
    for axis in (lower.yaxis, *([lower.xaxis] if over == "steps" else [])):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    lower.set_ylim(bottom=0)
    lower.set_xlim(left=0)
    if (floor := _floor(histories)) is not None:
        upper.set_ylim(bottom=floor)
    if labels:
        curves = upper.get_lines()[::2]  # each is followed by its lone points
        legend = upper.legend(curves, [str(i) for i in range(len(labels))], loc="best", frameon=False)
        for text, label in zip(legend.get_texts(), labels, strict=True):
            text.set_parse_math(False)  # a name may hold dollar signs
            text.set_text(label)


def _floor(histories: Sequence[History]) -> float | None:
    """Where the PSNR axis begins: below all but the first points of each fit."""
    later = []
    for history in histories:
        for fit in {p.fit for p in history.points}:
            known = [p.psnr for p in history.points if p.fit == fit and p.psnr is not None]
            later += known[round(_START_SHARE * len(known)) :]
    return math.floor(min(later)) - 0.5 if later else None


def names_of(histories: Sequence[History]) -> list[str]:
    """Names by which fits can be told apart.

    They are made of the facts in which the fits differ: picture, recipe, effort, tune, seed, final number of
    Gaussians. Where these are not enough the names have numbers.
    """
    differing = [facts for facts in zip(*map(_facts, histories), strict=True) if len(set(facts)) > 1]
    names = [histories[0].input] * len(histories)
    for n in range(1, len(differing) + 1):
        names = [", ".join(filter(None, facts)) for facts in zip(*differing[:n], strict=True)]
        if len(set(names)) == len(histories):
            return names
    return [f"{name} ({number})" for number, name in enumerate(names, 1)]


def _facts(history: History) -> list[Any]:
    h = history
    return [
        PurePath(h.input).stem,
        f"{h.recipe} recipe",
        "" if h.effort is None else f"effort {h.effort}",
        "" if h.tune is None else h.tune if h.tune == "balanced" else f"tuned for {h.tune.upper()}",
        f"seed {h.seed}",
        f"{h.points[-1].n_gaussians:,} Gaussians",
    ]
