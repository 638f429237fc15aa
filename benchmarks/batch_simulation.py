"""A million pictures on a thousand workers: what saturates first. A discrete-event simulation of a batch.

    python benchmarks/batch_simulation.py --figures batch.json [--pictures 1000000] [--workers 1000]
        [--seconds 1 3 10 30] [--bytes 2000000] [--storage 1e9] [--out FILE.json]

Servers, each with a queue: the scheduler (one thread; half the cost of a task before it runs, half after it),
the command (one thread; a batch of results costs one wait for the disk, and each result its row and the
next submission), the shared storage, and the workers. Times come from what benchmarks/batch.py measured
(--figures); the seconds of a picture are drawn from a log-normal distribution, with a standard deviation of
half its mean. As in `imagegs.distributed.running`, four tasks for each worker are with the scheduler. A
server that is busy nearly all the time is what holds the run up.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagegs.distributed.running import TASKS_PER_THREAD
from records import table

SPREAD = 0.5  # standard deviation of the seconds of a picture / their mean
SUBMIT, READ, RAN, COLLECTED = range(4)  # what ends at the time of an event


@dataclass(frozen=True)
class Costs:
    """Seconds."""

    scheduler: float  # of a task, in all
    client: float  # of a result
    sync: float  # of a batch of results
    picture: float  # mean time that a worker has one
    storage: float  # of a picture, read and written


@dataclass
class Server:
    """Does one thing after the other."""

    free: float = 0.0
    busy: float = 0.0

    def done(self, now: float, seconds: float) -> float:
        """When something that comes now and takes so long is done."""
        self.free = max(self.free, now) + seconds
        self.busy += seconds
        return self.free


def simulate(costs: Costs, n_pictures: int, n_workers: int, seed: int = 0) -> dict[str, float]:
    """The seconds of the run, and the share of them in which each server is busy."""
    rng = random.Random(seed)
    sigma = math.sqrt(math.log(1 + SPREAD**2))
    mean = math.log(costs.picture) - sigma**2 / 2
    scheduler, client, storage = Server(), Server(), Server()
    idle, waiting = n_workers, 0  # workers, and tasks that wait for one
    finished: deque[float] = deque()  # results that wait for the command
    submitted = collected = 0
    worked, now, collecting = 0.0, 0.0, False
    events: list[tuple[float, int, int]] = []
    order = 0

    def add(when: float, kind: int) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (when, order, kind))

    def submit(n: int) -> None:
        nonlocal submitted
        for _ in range(min(n, n_pictures - submitted)):
            submitted += 1
            add(scheduler.done(now, costs.scheduler / 2), SUBMIT)

    submit(TASKS_PER_THREAD * n_workers)
    batch = 0
    while events:
        now, _, kind = heapq.heappop(events)
        if kind == SUBMIT:
            waiting += 1
        elif kind == READ:
            seconds = rng.lognormvariate(mean, sigma)
            worked += seconds
            add(now + seconds, RAN)
        elif kind == RAN:
            idle += 1
            finished.append(scheduler.done(now, costs.scheduler / 2))
        else:
            collected += batch
            collecting = False
            submit(batch)
        while idle and waiting:
            idle, waiting = idle - 1, waiting - 1
            add(storage.done(now, costs.storage), READ)
        if finished and not collecting:
            at = max(now, finished[0])
            batch = 0
            while finished and finished[0] <= at:
                finished.popleft()
                batch += 1
            collecting = True
            add(client.done(at, costs.sync + batch * costs.client), COLLECTED)
    assert collected == n_pictures
    return {
        "seconds": now,
        "scheduler": scheduler.busy / now,
        "command": client.busy / now,
        "storage": storage.busy / now,
        "workers": worked / (n_workers * now),
    }


def simulated(figures: dict[str, float], seconds: float, options: argparse.Namespace) -> dict[str, float]:
    """A row: the run with pictures that take so many seconds."""
    costs = Costs(
        figures["scheduler_cpu_milliseconds"] / 1e3,
        figures["client_cpu_milliseconds"] / 1e3,
        figures["sync_milliseconds"] / 1e3,
        seconds,
        options.bytes / options.storage,
    )
    return {"seconds_a_picture": seconds, **simulate(costs, options.pictures, options.workers)}


def summary(result: dict[str, Any]) -> str:
    """A line for each row."""
    heads = [name for name in result["rows"][0] if name not in ("seconds_a_picture", "seconds")]
    lines = []
    for row in result["rows"]:
        rate = result["pictures"] / row["seconds"]
        cells = [f"{row['seconds_a_picture']:g}", f"{row['seconds'] / 3600:.2f}", f"{rate:.0f}"]
        lines.append([*cells, *(f"{row[name]:.0%}" for name in heads)])
    return table(["seconds a picture", "hours", "pictures a second", *heads], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--figures", type=Path, required=True, help="what benchmarks/batch.py --out wrote")
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 3, 10, 30], help="of a picture")
    parser.add_argument("--bytes", type=float, default=2e6, help="read and written for a picture")
    parser.add_argument("--storage", type=float, default=1e9, help="bytes a second, for all workers together")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text())["overhead"]
    result = {name: getattr(options, name) for name in ("pictures", "workers", "bytes", "storage")}
    result["rows"] = [simulated(figures, seconds, options) for seconds in options.seconds]
    print(summary(result))
    if options.out:
        options.out.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
