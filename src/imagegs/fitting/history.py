"""How a fit went, step by step: recorded as it runs, written and read (docs/plots.md has the format)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from imagegs.errors import FormatError
from imagegs.fitting.progress import Progress

FORMAT, VERSION = "imagegs-history", 1
START = f'{{\n "format": "{FORMAT}"'.encode()  # of a file that `to_json` made
_DECIMALS = 6  # of decibels and seconds
MOST_BYTES = 2**24  # of a history's file: some 100,000 steps
_MOST = 2**53  # of whole numbers: what every reader of JSON holds exactly


class Point(NamedTuple):
    """One step."""

    fit: int  # 1, 2, ...: a wanted PSNR takes several fits, one after the other
    step: int  # of this fit, 1..steps
    steps: int  # of this fit, as far as was known then
    n_gaussians: int
    psnr: float | None  # dB, as `Progress` has it; None: not known, or without end
    seconds: float  # since the recording began
    phase: str  # what made the step: "adam" or "gauss-newton"


@dataclass(frozen=True)
class History:
    """What was fitted, and how that went."""

    input: str  # the name of the picture
    width: int  # of what was fitted, pixels
    height: int
    recipe: str
    effort: int | None  # None: the recipe has none, or steps or seconds were given in its place
    tune: str | None  # None: the recipe has none
    seed: int
    restore: (
        str | None
    )  # what was restored: the PSNR is against what was fitted, damage and all; None: nothing
    weighted: bool  # whether the errors behind `psnr` have weights, of pixels or channels
    points: tuple[Point, ...]  # one at least


class Recorder:
    """Takes every `Progress` of one fit after the other; the time counts from its construction."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._start = clock, clock()
        self.points: list[Point] = []

    def add(self, progress: Progress) -> None:
        """One more step."""
        seconds = round(self._clock() - self._start, _DECIMALS)
        psnr = round(progress.psnr, _DECIMALS) if math.isfinite(progress.psnr) else None
        last = self.points[-1] if self.points else None
        fit = 1 if last is None else last.fit + (progress.step <= last.step)
        counts = progress.step, progress.steps, progress.n_gaussians
        self.points.append(Point(fit, *counts, psnr, seconds, progress.phase))


def to_json(history: History, software: str) -> str:
    """The text of a history's file: a JSON object, with a line for each step."""
    head = {"format": FORMAT, "version": VERSION, "software": software, **asdict(history)}
    del head["points"]
    start = json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
    lines = ",\n".join(f"  {json.dumps(p._asdict(), allow_nan=False)}" for p in history.points)
    return f'{start},\n "points": [\n{lines}\n ]\n}}\n'


def from_json(text: str | bytes) -> History:
    """The history in a file. A PSNR that is null, NaN or infinite is None; unknown fields are passed over.

    Raises FormatError for what is no history of this version, or a damaged one.
    """
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the history is damaged: {_cause(error)}") from None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise FormatError("is not the history of a fit")
    if head.get("version") != VERSION:
        raise FormatError(f"a history of version {head.get('version')!r}; this is for version {VERSION}")
    rows = _field(head, "points", lambda value: isinstance(value, list))
    points = tuple(_point(row, number) for number, row in enumerate(rows, 1))
    if not points:
        raise FormatError("the history has no steps")
    _check_order(points)
    return History(**{name: _field(head, name, holds) for name, holds in _HEAD.items()}, points=points)


def _cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _is_whole(value: object, least: int = 1) -> bool:
    return type(value) is int and least <= value <= _MOST


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= _MOST  # type: ignore[arg-type]  # not NaN


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


_HEAD: dict[str, Callable[[Any], bool]] = {
    "input": _is_text,
    "width": _is_whole,
    "height": _is_whole,
    "recipe": _is_text,
    "effort": lambda value: value is None or _is_whole(value),
    "tune": _is_text_or_none,
    "seed": lambda value: type(value) is int and value >= 0,
    "restore": _is_text_or_none,
    "weighted": lambda value: isinstance(value, bool),
}
_POINT: dict[str, Callable[[Any], bool]] = {
    "fit": _is_whole,
    "step": _is_whole,
    "steps": _is_whole,
    "n_gaussians": _is_whole,
    "psnr": lambda value: value is None or _is_number(value) or type(value) is float,
    "seconds": lambda value: _is_number(value) and value >= 0,
    "phase": _is_text,
}


def _field(row: dict[str, Any], name: str, holds: Callable[[Any], bool], where: str = "") -> Any:
    if name not in row or not holds(row[name]):
        raise FormatError(f"the history is damaged: {where}no valid {name}")
    return row[name]


def _point(row: object, number: int) -> Point:
    if not isinstance(row, dict):
        raise FormatError(f"the history is damaged: point {number} is no object")
    values = {name: _field(row, name, holds, f"point {number} has ") for name, holds in _POINT.items()}
    known = values["psnr"] is not None and math.isfinite(values["psnr"])
    return Point(**{**values, "psnr": float(values["psnr"]) if known else None})


def _check_order(points: tuple[Point, ...]) -> None:
    for number, (before, point) in enumerate(pairwise(points), 2):
        if (point.fit, point.step) <= (before.fit, before.step) or point.seconds < before.seconds:
            raise FormatError(f"the history is damaged: point {number} is not after the one before")
