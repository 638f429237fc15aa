"""The costs of `imagegs batch` beside the encoding, and how it scales over worker processes.

    python benchmarks/batch.py [--tasks 10000] [--pictures 48] [--side 192] [--effort 1] [--workers 1 2]
        [--out batch.json]

- Overhead: so many pictures that are missing, which fail at once, so that what is left is Dask, the manifest
  and the rows. The scheduler is in a process of its own, with two workers. Seconds of processor time are told
  of the scheduler's process and of this one, which others on the machine disturb less than the wall-clock
  time. The memory of both is told after a fifth of the pictures and at the end.
- Throughput: so many pictures that are made up, with each number of workers; the start of the workers is not
  counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagegs.distributed.cluster import connected, started
from imagegs.distributed.encoders import FileEncoder
from imagegs.distributed.jobs import Job
from imagegs.distributed.manifest import Manifest
from imagegs.distributed.running import run_jobs
from imagegs.evaluation.processes import python_command

CLUSTER = """
import sys
from imagegs.distributed.cluster import started
if __name__ == "__main__":
    with started(2) as client:
        print(client.scheduler.address, flush=True)
        sys.stdin.read()  # until the benchmark ends
"""
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def overhead(n_tasks: int, folder: Path) -> dict[str, float]:
    """Costs of a picture beside its encoding."""
    encoder = FileEncoder({"effort": 1})
    jobs = (Job(folder / f"{i}.png", folder / f"{i}.gsimg", encoder, "0" * 64) for i in range(n_tasks))
    with scheduler_process(folder) as (address, pid), connected(address) as client:
        with Manifest(folder / "warm.jsonl") as manifest:
            list(run_jobs(client, [Job(folder / "w.png", folder / "w.gsimg", encoder, "0")] * 50, manifest))
        before, start, first = (cpu_seconds(pid), cpu_seconds("self")), time.perf_counter(), (0.0, 0.0)
        with Manifest(folder / "m.jsonl") as manifest:
            for n, _ in enumerate(run_jobs(client, jobs, manifest), 1):
                if n == n_tasks // 5:
                    first = megabytes(pid), megabytes("self")
        seconds = time.perf_counter() - start
        after = cpu_seconds(pid), cpu_seconds("self")
        last = megabytes(pid), megabytes("self")
    return {
        "tasks": n_tasks,
        "milliseconds": 1e3 * seconds / n_tasks,
        "scheduler_cpu_milliseconds": 1e3 * (after[0] - before[0]) / n_tasks,
        "client_cpu_milliseconds": 1e3 * (after[1] - before[1]) / n_tasks,
        "scheduler_megabytes_at_a_fifth": first[0],
        "scheduler_megabytes": last[0],
        "client_megabytes_at_a_fifth": first[1],
        "client_megabytes": last[1],
        "sync_milliseconds": 1e3 * sync_seconds(folder / "sync"),
    }


def sync_seconds(path: Path, n: int = 50) -> float:
    """The median of what an append of 1,000 bytes takes until it is on the disk."""
    times = []
    with path.open("ab", buffering=0) as file:
        for _ in range(n):
            start = time.perf_counter()
            file.write(b"x" * 1000)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return float(np.median(times))


def throughput(n_workers: int, options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Pictures a second, and the seconds that a worker has one."""
    encoder = FileEncoder({"effort": options.effort, "bpp": 0.5, "threads": 1})
    out = folder / f"out{n_workers}"
    paths = made_up(folder / "pictures", options.pictures + n_workers, options.side)
    jobs = [Job(path, out / f"{path.stem}.gsimg", encoder, "0") for path in paths]
    with started(n_workers) as client, Manifest(folder / f"m{n_workers}.jsonl") as manifest:
        list(run_jobs(client, jobs[:n_workers], manifest))  # the workers load what they need
        start = time.perf_counter()
        rows = [done.row for done in run_jobs(client, jobs[n_workers:], manifest)]
        seconds = time.perf_counter() - start
    assert all(row.error is None for row in rows)
    busy = float(np.mean([row.seconds for row in rows if row.seconds is not None]))
    return {"pictures_per_second": len(rows) / seconds, "seconds_per_picture": busy}


def made_up(folder: Path, n: int, side: int) -> list[Path]:
    """Clouds, each another one."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    y, x = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :]
    fall = 1 / np.hypot(np.hypot(x, y), 1 / side)
    paths = [folder / f"{i}.png" for i in range(n)]
    for path in paths:
        planes = [np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) * fall).real for _ in range(3)]
        pixels = np.stack([p / p.std() for p in planes], axis=2) * 40 + 128
        Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8)).save(path)
    return paths


@contextmanager
def scheduler_process(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a scheduler with two workers, and its process."""
    script = folder / "cluster.py"
    script.write_text(CLUSTER)
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(python_command(script), text=True, **piped) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdout.readline().strip(), process.pid
        process.stdin.close()


def cpu_seconds(process: int | str) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def megabytes(process: int | str) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found["overhead"] = overhead(options.tasks, folder)
        found["throughput"] = {n: throughput(n, options, folder) for n in options.workers}
    text = json.dumps(found, indent=1)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
