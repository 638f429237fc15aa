"""Work on many blocks, here or by several workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
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


class Workers:
    """Runs functions of the package on many tasks. Results come as they are ready, in any order."""

    def __init__(self, executor: Executor | None, n: int) -> None:
        self._executor, self.n = executor, n

    def run(
        self, function: Callable[..., Result], tasks: Iterable[Task[Key]]
    ) -> Iterator[tuple[Key, Result]]:
        """The results by the tasks' names. What a function raises is raised here; what waits is cancelled."""
        if self._executor is None:
            yield from ((key, function(*arguments)) for key, arguments in tasks)
            return
        waiting, running = iter(tasks), dict[Future[Result], Key]()
        try:
            while True:
                for key, arguments in islice(waiting, AHEAD * self.n - len(running)):
                    running[self._executor.submit(function, *arguments)] = key
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            for future in running:
                future.cancel()


@contextmanager
def local_workers(n: int | None = None) -> Iterator[Workers]:
    """So many processes of one thread each, by default one for each processor; for one, this process."""
    count = thread_count(n)
    if count == 1:
        yield Workers(None, 1)
        return
    with safe_path(), ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
        try:
            yield Workers(executor, count)
        except BrokenProcessPool:
            raise ImageGSError("a process that had a block has died: out of memory?") from None
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def cluster_workers(scheduler: str) -> Iterator[Workers]:
    """The workers of the Dask cluster whose scheduler is at an address such as "tcp://host:8786".

    They read the picture and the file by their paths. Raises ImageGSError without Dask, ValueError for what
    is no address, ConnectionError where nobody answers there.
    """
    check_dask()
    with connected(scheduler) as client:
        n_threads = sum(client.nthreads().values())
        yield Workers(client.get_executor(pure=False), n_threads)
