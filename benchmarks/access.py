"""Times of reading files and of random access: prints a Markdown table.

    python benchmarks/access.py [--runs 15] [--out FILE.json]

Each row is the median of some runs after a warm-up, and the least of them: on a shared machine the least is
nearer to what the code takes. Gaussians are random, with the sizes and overlaps of a fit (kernels.py); for
decoding, in clusters whose sizes and colours are alike, as a coder meets them. Needs nothing but the package.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.evaluation.processes import python_command
from imagegs.gaussians import Gaussians
from imagegs.rendering import make_scene
from kernels import random_scene
from records import Record, table

USUAL = imagegs.Lattice.of_fineness(1)
REGION = (4000, 4000, 512, 512)


def clustered(n: int, height: int, width: int) -> Gaussians:
    """Gaussians in clusters, sizes and colours alike next to each other."""
    rng = np.random.default_rng(0)
    middle = rng.uniform(0, (width, height), (n // 20, 2))
    xy = middle[rng.integers(len(middle), size=n)] + rng.normal(0, 30, (n, 2))
    return Gaussians(
        xy=xy.clip(0, (width, height)),
        scale=np.exp(rng.normal(1 + xy[:, :1] / 500, 0.6, (n, 2))).clip(0.01, 999),
        angle=rng.uniform(-4, 4, n),
        log_weight=rng.normal(1, 2, n),
        color=rng.normal(0.5 + xy[:, :1] / 4000, 0.05, (n, 3)),
        height=height,
        width=width,
    )


def times_ms(run: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median and least milliseconds."""
    run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times), min(times)


def decoding_tasks() -> dict[str, Callable[[], object]]:
    data = imagegs.encode(clustered(100_000, 3000, 4000), USUAL)
    name = f"decode a coded file of 100,000 Gaussians, {len(data) // 1000:,} KB, 1 thread"
    return {name: lambda: imagegs.decode(data)}


def access_tasks() -> dict[str, Callable[[], object]]:
    small = imagegs.Painter(random_scene(10_000, 2048, 2048, "softmax"), threads=1)
    tasks: dict[str, Callable[[], object]] = {}
    for m in (10_000, 1_000_000):
        points = np.random.default_rng(0).uniform(0, 2048, (m, 2)).astype(np.float32)
        tasks[f"sample {m:,} random points, 2048 x 2048, N = 10,000, 1 thread"] = lambda p=points: (
            small.sample(p)
        )
    for n in (10_000, 100_000):
        g = random_scene(n, 8192, 8192, "softmax")
        painter = imagegs.Painter(g, threads=1)
        tasks[f"load, 8192 x 8192, N = {n:,}"] = lambda g=g: make_scene(g, 1)
        tasks[f"render 512 x 512 of 8192 x 8192 to uint8, N = {n:,}, 1 thread"] = lambda p=painter: p.render(
            region=REGION, dtype=np.uint8
        )
    return tasks


def painting_tasks() -> dict[str, Callable[[], object]]:
    g = random_scene(10_000, 2048, 2048, "softmax")
    tasks: dict[str, Callable[[], object]] = {}
    for threads in (1, 2):
        painter = imagegs.Painter(g, threads=threads)
        for dtype in (np.uint8, np.float32):
            name = f"render 2048 x 2048 to {np.dtype(dtype).name}, N = 10,000, {threads} thread(s)"
            tasks[name] = lambda p=painter, t=dtype: p.render(dtype=t)
    tasks["multiply-adds of the same, counted for `info`"] = painter.multiply_adds
    return tasks


def process_tasks(folder: str) -> dict[str, Callable[[], object]]:
    file = f"{folder}/a.gsimg"
    imagegs.save(file, random_scene(10_000, 2048, 2048, "softmax"), USUAL)

    def process(*arguments: str) -> Callable[[], object]:
        return lambda: subprocess.run(python_command(*arguments), check=True, cwd=folder)

    decode = ["-m", "imagegs", "decode", file, "--quiet", "-o"]
    return {
        "process: `python -c 'import numpy'`": process("-c", "import numpy"),
        "process: `imagegs decode`, 2048 x 2048, N = 10,000, to .npy": process(*decode, "a.npy"),
        "process: the same, to .png": process(*decode, "a.png"),
    }


def summary(rows: dict[str, Any]) -> str:
    """A line for each row."""
    lines = [[name, f"{row['median']:.1f}", f"{row['least']:.1f}"] for name, row in rows.items()]
    return table(["", "median, ms", "least, ms"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    options = parser.parse_args()
    record = Record(options.out, {"runs": options.runs})
    with tempfile.TemporaryDirectory() as folder:
        for tasks in (decoding_tasks, access_tasks, painting_tasks, lambda: process_tasks(folder)):
            for name, run in tasks().items():
                if name not in record.rows:
                    median, least = times_ms(run, options.runs)
                    record.rows[name] = {"median": median, "least": least}
                    record.keep()
    print(record.result["machine"], summary(record.rows), sep="\n\n")


if __name__ == "__main__":
    main()
