"""`imagegs encode --watch`: the browser shows the fit while it runs."""

from __future__ import annotations

import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imagegs.fitting import Progress
    from imagegs.gaussians import Gaussians

SECONDS_BETWEEN = 0.5  # from one picture to the next
SECONDS_FOR_LAST = 10.0  # that an open page may take to fetch the finished picture


class Watch:
    """What the page shows: the newest Gaussians, which are packed when the page asks for them."""

    def __init__(self, publish: Callable[[dict[str, Any]], None]) -> None:
        self._publish = publish
        self._newest: Gaussians | bytes | None = None
        self._shown_at = 0.0
        self._version = 0
        self._fetched = threading.Event()  # set when the page has fetched the finished picture
        self._is_read = False  # whether a page has ever asked

    def show(self, progress: Progress) -> None:
        """Takes the Gaussians of a step, unless the last ones were taken less than SECONDS_BETWEEN ago."""
        now = time.monotonic()
        if now - self._shown_at < SECONDS_BETWEEN and not progress.done:
            return
        self._shown_at = now
        self._take(progress.snapshot())
        facts = {"step": progress.step, "steps": progress.steps, "n_gaussians": progress.n_gaussians}
        self._publish({**facts, "psnr": progress.psnr, "version": self._version, "done": False})

    def finish(self, data: bytes, steps: int, n_gaussians: int, psnr: float) -> None:
        """Shows the file, and gives an open page SECONDS_FOR_LAST to fetch it."""
        self._take(data)
        facts = {"step": steps, "steps": steps, "n_gaussians": n_gaussians, "psnr": min(psnr, 999.0)}
        self._publish({**facts, "version": self._version, "done": True})
        if self._is_read:
            self._fetched.wait(SECONDS_FOR_LAST)

    def newest(self) -> bytes:
        """The bytes of a file with the newest Gaussians."""
        from imagegs.codec import encode

        self._is_read = True
        newest = self._newest
        if isinstance(newest, bytes):
            self._fetched.set()
            return newest
        return b"" if newest is None else encode(newest)

    def _take(self, newest: Gaussians | bytes) -> None:
        self._newest = newest
        self._version += 1


@contextmanager
def watched(options: Namespace, name: str) -> Iterator[Watch | None]:
    """A page that follows the fit, if --watch asks for one."""
    if not options.watch:
        yield None
        return
    from imagegs.cli.view import announce
    from imagegs.viewer.page import Shown
    from imagegs.viewer.server import Events
    from imagegs.viewer.serving import serve_page

    events = Events()
    watch = Watch(events.publish)
    with serve_page(Shown(name, b""), events=events, newest=watch.newest) as server:
        announce(server.url, "the fit, as it goes on", no_open=options.no_open, quiet=options.quiet)
        yield watch
