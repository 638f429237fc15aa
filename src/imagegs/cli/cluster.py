"""Where the work of a command runs: --workers and --scheduler."""

from __future__ import annotations

import argparse
from argparse import Namespace
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from imagegs.cli.options import Parser, UsageError, whole

if TYPE_CHECKING:
    from distributed import Client

MAX_WORKERS = 1024


def add_cluster_options(parser: Parser | argparse._ArgumentGroup, without: str) -> None:
    """Adds --scheduler and --workers.

    without: how many processes there are if neither is given.
    """
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster whose workers see the same files: tcp://host:8786 (default: processes here)",
    )
    parser.add_argument(
        "--workers",
        type=whole(1, MAX_WORKERS),
        metavar="N",
        help=f"number of processes here (default: {without})",
    )


def check_cluster(options: Namespace) -> None:
    """Raises UsageError for both options at once."""
    if options.scheduler is not None and options.workers is not None:
        raise UsageError("--workers is about processes here, not about those of --scheduler")


def cluster(scheduler: str | None, workers: int) -> AbstractContextManager[Client]:
    """A client of the scheduler, or of so many processes here. Raises what `connected` raises."""
    from imagegs.distributed.cluster import connected, started

    return connected(scheduler) if scheduler is not None else started(workers)
