"""Processes of Python that are started from here never import from the current folder.

It may be a folder of somebody else's pictures, with a numpy.py among them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "PYTHONSAFEPATH"


def python_command(*arguments: object) -> list[str]:
    """The command line of this Python with arguments such as "-m", "imagegs"."""
    return [sys.executable, "-P", *map(str, arguments)]


@contextmanager
def safe_path() -> Iterator[None]:
    """Lets multiprocessing spawn processes in the same way; only the environment can tell them."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
