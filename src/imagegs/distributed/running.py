"""Jobs on a cluster: a bounded number at a time, each result into the manifest as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from imagegs.distributed.cluster import forget_names
from imagegs.distributed.jobs import Job
from imagegs.distributed.manifest import Manifest
from imagegs.distributed.rows import Row
from imagegs.distributed.work import Done, Task, failed, perform, reason_of

if TYPE_CHECKING:
    from distributed import Client, Future

# So many tasks for each thread of the workers are with the scheduler: enough that no worker waits while
# results are written, and few enough that the scheduler's memory does not grow with the number of pictures.
TASKS_PER_THREAD = 4
LEAST_TASKS = 16
# Between two looks at how many threads there are, since workers come and go; names are forgotten as often.
_COUNTING_SECONDS = 5.0


class SchedulerLostError(ConnectionError):
    """The scheduler has gone."""


def run_jobs(
    client: Client, jobs: Iterable[Job], manifest: Manifest, *, overwrite: bool = False
) -> Iterator[Done]:
    """Runs jobs, and yields what came of each, in the order in which they end.

    Of each output that is not there yet the manifest tells first that it is started. The rows of pictures
    that are done are in the manifest, on the disk, before they are yielded. Dask gives a picture whose
    worker died to another one, up to `distributed.scheduler.allowed-failures` times (3); then it has failed.

    Raises SchedulerLostError where the scheduler goes away, OSError where the manifest cannot be written.
    What is not done is then cancelled, as it is when the iterator is closed.
    """
    run = _Run(client, (Task(job, manifest.past(job.output), overwrite) for job in jobs), manifest)
    try:
        yield from run.results()
    finally:
        run.cancel()


class _Run:
    def __init__(self, client: Client, waiting: Iterator[Task], manifest: Manifest) -> None:
        from distributed import as_completed

        self._client, self._waiting, self._manifest = client, waiting, manifest
        self._running: dict[Future, Task] = {}
        self._completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._room, self._counted = 0, -_COUNTING_SECONDS

    def results(self) -> Iterator[Done]:
        self._go_on([])
        for batch in self._completed.batches():
            done = [self._done(future, result) for future, result in batch]
            del batch  # the scheduler forgets a task when its future has gone
            self._go_on([each.row for each in done if each.is_new])
            yield from done

    def cancel(self) -> None:
        """Cancels what is left; a task that runs already runs on, to the end of its picture."""
        if self._running and self._client.status == "running":
            with suppress(Exception):
                self._client.cancel(list(self._running), force=True)
        self._running.clear()

    def _go_on(self, rows: list[Row]) -> None:
        """Writes rows, and hands in as many tasks as there is room for."""
        tasks = list(islice(self._waiting, max(0, self._most() - len(self._running))))
        starts = [(task.job.input, task.job.output) for task in tasks if not task.job.output.exists()]
        self._manifest.append(rows, starts)
        for task in tasks:
            future = self._client.submit(perform, task, pure=False)
            self._running[future] = task
            self._completed.add(future)

    def _most(self) -> int:
        """The number of tasks that may be with the scheduler."""
        now = time.monotonic()
        if now - self._counted >= _COUNTING_SECONDS:
            forget_names()
            with suppress(OSError):  # the futures tell that the scheduler has gone
                n_threads = sum(self._client.nthreads().values())
                self._room, self._counted = max(LEAST_TASKS, TASKS_PER_THREAD * n_threads), now
        return self._room

    def _done(self, future: Future, result: Any) -> Done:
        task = self._running.pop(future)
        if future.status == "finished":
            assert isinstance(result, Done)
            return result
        if future.status == "error":
            return Done(failed(task, _reason(result)), is_new=True)
        raise SchedulerLostError("the scheduler has gone away: run the command again, and it goes on")


def _reason(result: Any) -> str:
    """Why Dask could not do a task. result: what `as_completed` has in place of a result."""
    from distributed import KilledWorker

    error = result[1] if isinstance(result, tuple) else result
    if isinstance(error, KilledWorker):
        return f"{error.allowed_failures + 1} workers died in succession that had this picture"
    return reason_of(error)
