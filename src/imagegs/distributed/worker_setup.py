"""Dask runs this module in every worker process of a cluster that is started from here.

Ctrl-C is the first process' business, which ends the others. The machine's memory is shared out among the
workers: a picture that needs more than a worker's share fails, before Dask would end the worker for it.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from imagegs.memory import set_share

if TYPE_CHECKING:
    from distributed import Worker


def dask_setup(worker: Worker) -> None:
    """Called by Dask when a worker starts."""
    import dask

    signal.signal(signal.SIGINT, lambda *_: None)
    limit = worker.memory_manager.memory_limit  # bytes, or None
    ended_at = dask.config.get("distributed.worker.memory.terminate")  # a share of it, or False
    set_share(int(limit * ended_at) if limit and ended_at else None)
