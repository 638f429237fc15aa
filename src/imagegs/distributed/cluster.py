"""The Dask cluster that a batch runs on: one that is there, or one of processes on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from imagegs.engine import thread_count
from imagegs.errors import ImageGSError
from imagegs.evaluation.processes import safe_path

if TYPE_CHECKING:
    from distributed import Client

# Settings of a cluster of processes here; a worker that is started again has it, too.
_SETTINGS = {
    "distributed.worker.preload": ["imagegs.distributed.worker_setup"],
    "distributed.scheduler.http.routes": [],
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.admin.low-level-log-length": 10,  # messages and transitions: logs for Dask's own developers
}
FIRST_WORKER_SECONDS = 60.0  # so long a wait for the first worker of a scheduler
_CONNECT_SECONDS = 10.0


def check_dask() -> None:
    """Raises ImageGSError where Dask is not installed."""
    for name in ("dask", "distributed"):
        if find_spec(name) is None:
            raise ImageGSError(f"the package {name} is missing: pip install 'imagegs[batch]'")


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """A client of the scheduler at an address such as "tcp://host:8786".

    Raises ValueError for what is no address, ConnectionError where nobody answers there, and where no
    worker comes within a minute.
    """
    from distributed import Client

    with _quiet_logs():
        try:
            client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
        except ValueError as error:
            raise ValueError(f"{scheduler} is no address of a scheduler: {error}") from None
        except OSError as error:
            raise ConnectionError(f"no scheduler answers at {scheduler}") from error
        with client:
            _wait_for_a_worker(client, scheduler)
            yield client


def forget_names() -> None:
    """Lets Dask forget the names of tasks that are done, in this process, which may have the scheduler.

    It remembers the last 100,000 of them, some 200 bytes each, and no setting changes that.
    """
    from dask.utils import key_split

    forget = getattr(key_split, "cache_clear", None)
    if forget is not None:
        forget()


def worker_count(threads_per_picture: int) -> int:
    """The number of processes that this machine has processors for."""
    return max(1, thread_count(None) // threads_per_picture)


@contextmanager
def started(workers: int) -> Iterator[Client]:
    """A client of a cluster of so many processes on this machine, each of which has one picture at a time.

    The memory of the machine is shared out among them; one that takes more than its share is ended. One that
    ends is started again. There is no dashboard. No worker imports from the current folder.
    """
    import dask
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        stack.enter_context(_quiet_logs())
        stack.enter_context(safe_path())
        stack.enter_context(dask.config.set(_SETTINGS))
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # None would take a fixed port
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,
            )
        )
        yield stack.enter_context(Client(cluster, set_as_default=False))


def _wait_for_a_worker(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
    except TimeoutError:
        raise ConnectionError(f"the scheduler at {scheduler} has no workers") from None


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keeps Dask from logging: rows and errors of a batch tell it all."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    try:
        for logger in before:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
