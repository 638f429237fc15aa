"""How the time of a fit's step grows with the pixels and with the Gaussians, and that of a whole fit.

    python benchmarks/scaling.py [--steps 40] [--threads 2]

The picture is smooth noise of all sizes (nothing to download). A fit of the imagegs recipe runs some steps;
the least wall-clock time of those that have all its Gaussians is taken, of the first half of the fit (squared
error) and of the second (and SSIM): so growth and relocation, on every other step of a fit as short as this,
do not count. The last line is a whole fit at the default effort, in which they do.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import imagegs
from imagegs.evaluation.bench import machine
from imagegs.evaluation.system import clouds


def step_times(pixels: Any, n: int, steps: int, threads: int) -> tuple[float, float]:
    """Least milliseconds of a step with all Gaussians, in the first half of the fit and in the second."""
    halves: tuple[list[float], list[float]] = ([], [])
    last = time.perf_counter()
    for progress in imagegs.fit_progressively(pixels, n, steps=steps, threads=threads):
        now = time.perf_counter()
        if progress.n_gaussians == n and not progress.done:
            halves[2 * progress.step > progress.steps].append(1e3 * (now - last))
        last = now
    return min(halves[0]), min(halves[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}, {options.threads} threads")
    settings = [(side, 10_000) for side in (512, 1024, 2048, 4096)]
    settings += [(2048, n) for n in (2_000, 10_000, 50_000, 100_000, 200_000)]
    print(
        "| picture | N | ms a step, squared error | and SSIM | ns a pixel |\n| --- | --- | --- | --- | --- |"
    )
    for side, n in settings:
        first, second = step_times(clouds(side, side), n, options.steps, options.threads)
        pixels = 0.5e6 * (first + second) / side**2
        print(f"| {side} x {side} | {n:,} | {first:.1f} | {second:.1f} | {pixels:.0f} |", flush=True)
    start = time.perf_counter()
    imagegs.fit(clouds(2048, 2048), 10_000, threads=options.threads)
    print(f"2048 x 2048, N = 10,000, whole fit: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
