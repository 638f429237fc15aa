"""How the time of a fit's step grows with the pixels and with the Gaussians, and that of a whole fit.

    python benchmarks/scaling.py [--steps 40] [--threads 2] [--out FILE.json]

The picture is smooth noise of all sizes (nothing to download). A fit of the imagegs recipe runs some steps;
the least wall-clock time of those that have all its Gaussians is taken, of the first half of the fit (squared
error) and of the second (and SSIM): so growth and relocation, on every other step of a fit as short as this,
do not count. The last line is a whole fit at the default effort, in which they do.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import imagegs
from imagegs.evaluation.system import clouds
from records import Record, table

# Side of the picture, number of Gaussians: over the pixels, then over the Gaussians.
LADDERS = (
    *((side, 10_000) for side in (512, 1024, 2048, 4096)),
    *((2048, n) for n in (2_000, 10_000, 50_000, 100_000, 200_000)),
)


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


def summary(rows: dict[str, Any]) -> str:
    """A line for each side and number of Gaussians; the nanoseconds are means of both halves of a fit."""
    lines = []
    for side, n in LADDERS:
        row = rows[f"{side}, {n}"]
        first, second = row["squared_error_ms"], row["ssim_ms"]
        pixel = 0.5e6 * (first + second) / side**2
        lines.append([f"{side} x {side}", f"{n:,}", f"{first:.1f}", f"{second:.1f}", f"{pixel:.0f}"])
    return table(["picture", "N", "ms a step, squared error", "and SSIM", "ns a pixel"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    options = parser.parse_args()
    record = Record(options.out, {"steps": options.steps, "threads": options.threads})
    for side, n in LADDERS:
        if f"{side}, {n}" not in record.rows:
            first, second = step_times(clouds(side, side), n, options.steps, options.threads)
            record.rows[f"{side}, {n}"] = {"squared_error_ms": first, "ssim_ms": second}
            record.keep()
    print(f"{record.result['machine']}, {options.threads} threads", summary(record.rows), sep="\n\n")
    start = time.perf_counter()
    imagegs.fit(clouds(2048, 2048), 10_000, threads=options.threads)
    record.result["whole_fit_seconds"] = time.perf_counter() - start
    print(f"\n2048 x 2048, N = 10,000, a whole fit: {record.result['whole_fit_seconds']:.0f} s")
    record.keep()


if __name__ == "__main__":
    main()
