"""Work on many blocks, here or by several workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

from imagegs.distributed.cluster import check_dask, connected
from imagegs.engine import thread_count
from imagegs.errors import ImageGSError
from imagegs.evaluation.processes import safe_path

Key = TypeVar("Key")
Result = TypeVar("Result")
Task = tuple[Key, tuple[Any, ...]]  # a task's name, and the arguments of the function

AHEAD = 2  # tasks for each worker that are handed out: none waits, and few arguments are in memory
MOST_DEATHS = 3  # of processes here, in one stage; their blocks are done again


class Workers:
    """Runs functions of the package on many tasks. Results come as they are ready, in any order.

    start: makes what runs them; None: this process. n: how many run at a time.
    """

    def __init__(self, start: Callable[[], Executor] | None, n: int) -> None:
        self._start, self.n = start, n
        self._executor = None if start is None else start()

    def run(
        self, function: Callable[..., Result], tasks: Iterable[Task[Key]]
    ) -> Iterator[tuple[Key, Result]]:
        """The results by the tasks' names. What a function raises is raised here; what waits is cancelled.

        Raises ImageGSError where too many processes die.
        """
        if self._executor is None:
            yield from ((key, function(*arguments)) for key, arguments in tasks)
            return
        waiting, running, deaths = iter(tasks), dict[Future[Result], Task[Key]](), 0
        try:
            while True:
                for task in islice(waiting, AHEAD * self.n - len(running)):
                    running[self._executor.submit(function, *task[1])] = task
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    try:
                        result = future.result()
                    except BrokenExecutor:
                        deaths += 1
                        running = self._again(function, running, deaths)
                        break
                    yield running.pop(future)[0], result
        finally:
            for future in running:
                future.cancel()

    def close(self, *, wait: bool) -> None:
        """Ends the processes; without `wait` what they have in hand is left."""
        if self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=True)

    def _again(
        self, function: Callable[..., Result], running: dict[Future[Result], Task[Key]], deaths: int
    ) -> dict[Future[Result], Task[Key]]:
        """Hands tasks to new processes after one has died, which ends all."""
        assert self._start is not None
        if deaths > MOST_DEATHS:
            raise ImageGSError("too many processes that had a block have died: out of memory?")
        self.close(wait=False)
        executor = self._executor = self._start()
        return {executor.submit(function, *task[1]): task for task in running.values()}


@contextmanager
def local_workers(n: int | None = None) -> Iterator[Workers]:
    """So many processes of one thread each, by default one for each processor; for one, this process."""
    count = thread_count(n)
    if count == 1:
        yield Workers(None, 1)
        return
    with safe_path():
        workers = Workers(lambda: ProcessPoolExecutor(count, mp_context=get_context("spawn")), count)
        try:
            yield workers
        except BaseException:
            workers.close(wait=False)
            raise
        workers.close(wait=True)


@contextmanager
def cluster_workers(scheduler: str) -> Iterator[Workers]:
    """The workers of the Dask cluster whose scheduler is at an address such as "tcp://host:8786".

    They read the picture and the file by their paths. Raises ImageGSError without Dask, and where workers die
    with a block; ValueError for what is no address, ConnectionError where nobody answers there, or nobody
    does any more.
    """
    check_dask()
    from distributed import KilledWorker

    with connected(scheduler) as client:
        n_threads = sum(client.nthreads().values())
        try:
            yield Workers(lambda: client.get_executor(pure=False), n_threads)
        except KilledWorker:
            raise ImageGSError("workers that had a block have died several times: out of memory?") from None
        except CancelledError:
            raise ConnectionError(f"the scheduler at {scheduler} has gone away") from None
