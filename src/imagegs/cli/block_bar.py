"""The progress bar of a picture that is encoded block by block."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class BlockProgress(Protocol):
    """How far the block encoder is."""

    @property
    def blocks(self) -> int:
        """Blocks that are done."""

    @property
    def n_blocks(self) -> int:
        """All of them."""

    @property
    def pixels(self) -> int:
        """Pixels of the blocks that are done."""


@contextmanager
def block_bar(shown: bool) -> Iterator[Callable[[BlockProgress], None]]:
    """A function to call with every `BlockProgress`; it draws a bar on standard error if `shown`.

    The bar tells blocks, megapixels a second since it came, and the time that is left.
    """
    if not shown:
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    start = time.perf_counter()
    rate = TextColumn("blocks, {task.fields[rate]:.2f} MP/s")
    columns = TextColumn("encoding"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("blocks", total=None, rate=0.0)

        def show(progress: BlockProgress) -> None:
            seconds = max(1e-9, time.perf_counter() - start)
            bar.update(
                task,
                completed=progress.blocks,
                total=progress.n_blocks,
                rate=progress.pixels / 1e6 / seconds,
            )

        yield show
