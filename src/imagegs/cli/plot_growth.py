"""`imagegs plot` of histories: the growth of fits as curves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.choices import GROWTH_FORMATS, GrowthFormat
from imagegs.cli.exit_codes import about
from imagegs.cli.paths import output_path, picture_suffix
from imagegs.cli.reports import Verbosity
from imagegs.cli.run_files import Output, RunFiles

if TYPE_CHECKING:
    from imagegs.fitting.history import History

_FORMATS: dict[str, GrowthFormat] = {f".{name}": name for name in GROWTH_FORMATS}


def plot_growth(options: Namespace, histories: Sequence[History]) -> None:
    """Writes the figure that the command line asks for."""
    from imagegs.drawing.growth import check_matplotlib, draw_growth

    target = output_path(options.output, options.files[0], ".growth.png")
    file_format = _format_of(target)
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    check_matplotlib()
    figure = draw_growth(
        histories, file_format, over=options.over or "steps", labels=tuple(options.label or ())
    )
    files.write(target, figure)
    steps = sum(len(history.points) for history in histories)
    fits = f"{len(histories)} fits" if len(histories) > 1 else "1 fit"
    Verbosity(options.quiet).note(f"{target}: {fits}, {steps} steps")


def _format_of(target: Path) -> GrowthFormat:
    suffix = picture_suffix(target)
    if suffix not in _FORMATS:
        with about(target):
            possible = ", ".join(_FORMATS)
            raise ValueError(f"cannot write {suffix or 'a file without a suffix'}: possible are {possible}")
    return _FORMATS[suffix]
