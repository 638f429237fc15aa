"""The output of commands: JSON or text on standard output, notes and a progress bar on standard error."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from imagegs.cli.exit_codes import printable

if TYPE_CHECKING:
    from imagegs.fitting import Progress


class ClosedOutputError(Exception):
    """The reader of standard output has gone, so an error message would reach nobody."""


@dataclass(frozen=True)
class Verbosity:
    """How much a command prints: with `quiet` nothing but errors."""

    quiet: bool = False
    verbose: bool = False

    def note(self, text: str) -> None:
        """Prints a line for the person at the terminal."""
        if not self.quiet:
            write_line(sys.stderr, printable(text))

    def warn(self, text: str) -> None:
        """Prints a warning: something is not as it was asked for."""
        self.note(f"imagegs: warning: {text}")

    def detail(self, text: str) -> None:
        """Prints a line that only -v shows."""
        if self.verbose:
            self.note(text)

    @property
    def bar(self) -> bool:
        """Whether to show a progress bar."""
        return not self.quiet and sys.stderr is not None and sys.stderr.isatty()


def write_line(stream: TextIO | None, text: str) -> None:
    """Writes and flushes a line; does nothing for a stream that was closed before the start."""
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        discard(stream)
        raise ClosedOutputError from None
    except OSError as error:
        discard(stream)
        error.filename = getattr(stream, "name", None)
        raise


def discard(stream: TextIO) -> None:
    """Drops what is left in the stream's buffer, so that no error follows when the interpreter ends."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def print_json(report: dict[str, Any]) -> None:
    """Prints a JSON object on one line of standard output. Raises ValueError for NaN and infinity."""
    write_line(sys.stdout, json.dumps(report, allow_nan=False))


def print_text(text: str) -> None:
    """Prints text on standard output."""
    write_line(sys.stdout, text)


def psnr_fields(psnr: float) -> dict[str, Any]:
    """The JSON fields of a PSNR in dB. For equal pictures, where it is infinite, `psnr` is null."""
    lossless = math.isinf(psnr)
    return {"psnr": None if lossless else psnr, "lossless": lossless}


def psnr_text(psnr: float) -> str:
    """A PSNR in dB, for people."""
    return "lossless" if math.isinf(psnr) else f"{psnr:.2f} dB PSNR"


def score_text(score: float) -> str:
    """A score of SSIMULACRA 2, for people."""
    return f"{score:.2f} SSIMULACRA 2"


@contextmanager
def progress_bar(shown: bool) -> Iterator[Any]:
    """A function to call with every `Progress` of a fit; it draws a bar on standard error if `shown`."""
    if not shown:
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    steps = TextColumn("{task.completed:.0f}/{task.total:.0f} steps")
    facts = TextColumn("{task.fields[n]:,} Gaussians, {task.fields[psnr]:.2f} dB")
    columns = TextColumn("fitting"), BarColumn(), steps, facts, TimeRemainingColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fit", total=1, n=0, psnr=0.0)

        def show(progress: Progress) -> None:
            n, psnr = progress.n_gaussians, progress.psnr
            bar.update(task, completed=progress.step, total=progress.steps, n=n, psnr=psnr)

        yield show
