"""Dask runs this module in every worker process of a cluster that is started from here.

Ctrl-C is the first process' business, which ends the others.
"""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts."""
    signal.signal(signal.SIGINT, lambda *_: None)
