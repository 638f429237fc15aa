"""The progress bar of a picture that is encoded block by block."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagegs.large import Step

_WORK = {"survey": 0.02, "fit": 0.52, "settle": 0.43, "write": 0.0, "measure": 0.03}  # shares of an encode


@contextmanager
def block_bar(shown: bool, pixels: int) -> Iterator[Callable[[Step], None]]:
    """A function to call with every `Step`; it draws a bar on standard error if `shown`.

    pixels: of the picture. The bar tells the blocks of a stage, megapixels a second since it came, and the
    time that is left.
    """
    if not shown:
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    start = time.perf_counter()
    tells = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]:.2f} MP/s")
    with Progress(*tells, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, rate=0.0)

        def show(step: Step) -> None:
            stages = list(_WORK)
            before = sum(_WORK[stage] for stage in stages[: stages.index(step.stage)])
            done = before + _WORK[step.stage] * step.done / step.of
            rate = done * pixels / 1e6 / max(1e-9, time.perf_counter() - start)
            told = f"{step.stage} {step.done}/{step.of} blocks"
            bar.update(task, completed=done, description=told, rate=rate)

        yield show
