"""Threads and kernels: one native engine for each number of threads, made when first needed."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from imagegs import _native
from imagegs.errors import ImageGSError, LimitError


def thread_count(threads: int | None) -> int:
    """The number of threads to use: `threads`, or one for each processor this process may run on.

    Raises ValueError when `threads` is not positive, TypeError when it is not a whole number.
    """
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if operator.index(threads) < 1:
        raise ValueError(f"at least one thread is needed, not {threads}")
    return threads


@lru_cache(maxsize=8)
def _engine(threads: int, isa: str, process: int) -> _native.Engine:
    try:
        return _native.Engine(threads, isa)
    except RuntimeError as error:
        raise ImageGSError(f"cannot start {threads} threads: {error}") from None


def engine(threads: int | None = None) -> _native.Engine:
    """The engine for so many threads. The variable IMAGEGS_ISA names other kernels than the best ones.

    A forked process has none of its parent's threads, so each process makes its own. Raises ValueError for
    unknown kernels, ImageGSError when the system cannot start the threads.
    """
    return _engine(thread_count(threads), os.environ.get("IMAGEGS_ISA", "auto"), os.getpid())


@contextmanager
def at_most(seconds: float, action: str) -> Iterator[None]:
    """Native work within, of this thread, takes at most so many seconds; that of other threads does not
    count.

    Raises LimitError where it takes longer: "ACTION takes more than SECONDS s". Within another limit the
    lesser counts.
    """
    before = _native.seconds_left()
    given = min(seconds, before)
    _native.set_seconds_left(given)
    try:
        yield
    except TimeoutError as error:
        if error.errno is not None or _native.seconds_left() > 0:  # not ours, but of the system
            raise
        raise LimitError(f"{action} takes more than {seconds:g} s, the limit") from None
    finally:
        _native.set_seconds_left(before - (given - _native.seconds_left()))
