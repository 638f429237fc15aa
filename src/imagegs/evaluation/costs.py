"""What a call costs: seconds, seconds of all processors, and peak memory, of its child processes too."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.01
MOST_SECONDS, MOST_CALLS = 1.0, 3  # a call is repeated while it takes less in all
_SELF = Path("/proc/self")


@dataclass(frozen=True)
class Cost:
    """Medians of the calls made; peak_bytes is None where the system does not tell."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int | None


def measured(call: Callable[[], T]) -> tuple[T, Cost]:
    """Calls a function and measures it: what it returns, and its cost. A fast call is made three times.

    The peak is what the call adds to this process' memory, or, if that is more, all that its largest child
    has: an imported library counts for a child, not here.
    """
    seconds, cpu_seconds, start = [], [], time.perf_counter()
    with _peak() as peak:
        while True:
            wall, cpu = time.perf_counter(), _cpu_seconds()
            result = call()
            seconds.append(time.perf_counter() - wall)
            cpu_seconds.append(_cpu_seconds() - cpu)
            if len(seconds) == MOST_CALLS or time.perf_counter() - start > MOST_SECONDS:
                break
    return result, Cost(statistics.median(seconds), statistics.median(cpu_seconds), peak.n_bytes)


def _cpu_seconds() -> float:
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


@dataclass
class _Peak:
    n_bytes: int | None = None
    children: int = 0
    others: set[str] = field(default_factory=set)  # children that are none of the call's
    done: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Keep the most that a new child of this thread's process has had; a child keeps its own record.

        A child that has not begun its own program yet has this process' memory, which does not count.
        """
        own = _command_line(_SELF)
        while not self.done.wait(POLL_SECONDS):
            for child in _children() - self.others:
                process = Path("/proc") / child
                if _command_line(process) != own:
                    self.children = max(self.children, _high_water(process) or 0)


@contextmanager
def _peak() -> Iterator[_Peak]:
    peak, before = _Peak(others=_children()), _restarted_high_water()
    if before is None:
        yield peak
        return
    watcher = threading.Thread(target=peak.watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        peak.done.set()
        watcher.join()
        peak.n_bytes = max((_high_water(_SELF) or 0) - before, peak.children, 0)


def _restarted_high_water() -> int | None:
    """The memory of this process in bytes, where its high-water mark starts again now (proc(5),
    clear_refs).
    """
    with suppress(OSError):
        (_SELF / "clear_refs").write_text("5")
        return _high_water(_SELF)
    return None


def _high_water(process: Path) -> int | None:
    with suppress(OSError):
        for line in (process / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def _command_line(process: Path) -> bytes:
    """The program of a process and its arguments; empty for one that has ended."""
    with suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


def _children() -> set[str]:
    with suppress(OSError):
        return {c for task in (_SELF / "task").iterdir() for c in (task / "children").read_text().split()}
    return set()
