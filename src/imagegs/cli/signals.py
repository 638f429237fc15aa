"""SIGTERM and SIGHUP become exceptions, so that a command removes what it has half written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_WORDS = {"SIGTERM": "terminated", "SIGHUP": "hung up"}  # Windows has no SIGHUP


class Ended(BaseException):
    """A signal asked the process to end. Like KeyboardInterrupt it is no Exception: no command handles it."""

    def __init__(self, number: int) -> None:
        super().__init__(_WORDS[signal.Signals(number).name])
        self.number = number


@contextmanager
def signals_raised() -> Iterator[None]:
    """Within this context SIGTERM and SIGHUP raise `Ended` on the main thread instead of ending the process.

    A signal that is ignored (by nohup, for example) stays ignored, and a handler that somebody else has set
    stays. On other threads, which get no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _WORDS if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, _raise)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    raise Ended(number)
