"""How the time of a fit's step grows with the pixels and with the number of Gaussians: prints two tables.

    python benchmarks/scaling.py [--steps 30] [--threads 2]

The picture is smooth noise of all sizes (nothing to download). A fit of the imagegs recipe runs some steps;
the median wall-clock time of those that have all its Gaussians is taken. Growth and relocation fall on few
steps, so the median leaves them out; the mean, beside it, has them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

import imagegs
from kernels import machine


def clouds(height: int, width: int) -> Any:
    """RGB noise of several octaves, 0..1."""
    rng = np.random.default_rng(0)
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 6):
        noise = gaussian_filter(rng.random((height, width, 3), np.float32), (2**octave, 2**octave, 0))
        total += (noise - noise.mean()) / noise.std()
    return np.clip(0.5 + total / 12, 0, 1)


def step_times(pixels: Any, n: int, steps: int, threads: int) -> tuple[float, float]:
    """Median and mean milliseconds of a step, the first ones left out."""
    times, last = [], time.perf_counter()
    for progress in imagegs.fit_progressively(pixels, n, steps=steps, threads=threads):
        now = time.perf_counter()
        if progress.n_gaussians == n:
            times.append(1e3 * (now - last))
        last = now
    return statistics.median(times[2:]), statistics.fmean(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}, {options.threads} threads")
    settings = [(side, 10_000) for side in (512, 1024, 2048, 4096)]
    settings += [(2048, n) for n in (2_000, 10_000, 50_000, 100_000, 200_000)]
    print("| picture | N | ms a step, median | mean | ns a pixel |\n| --- | --- | --- | --- | --- |")
    for side, n in settings:
        median, mean = step_times(clouds(side, side), n, options.steps, options.threads)
        print(
            f"| {side} x {side} | {n:,} | {median:.1f} | {mean:.1f} | {1e6 * median / side**2:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
