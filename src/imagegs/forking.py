"""Locks in a process that was forked: the threads that held them are no more."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_forked_children(recover: Callable[[], None]) -> None:
    """Has `recover()` called in every child that Python forks, before anything else runs there.

    Nothing is done where processes cannot fork (Windows).
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recover)
