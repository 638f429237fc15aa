"""The system figures of the paper of Image-GS, measured here: time to equal PSNR, painting, memory, work.

    python benchmarks/paper_system.py --pictures DIR --names deepin_macaron_dark,kde_altai
        [-n 10000] [--threads 2] [--out results.json]

Each picture is reduced and cut to 2048 x 2048 pixels, as those of the paper. The published recipe is fitted
for 1,000 steps, which the paper times, by the kernels of this package; then ours with the same number of
Gaussians (effort 1, tuned for PSNR), whose time until it has reached the recipe's PSNR is told, and that of
the whole fit. Memory is what the fit adds to the process. Painting is the median of five; the work is
multiply-adds a pixel.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.evaluation.costs import measured
from imagegs.metrics import psnr
from imagegs.pictures.reading import read_picture
from imagegs.rendering import Painter
from records import Record, picture_parser

SIDE, STEPS, PAINTINGS = 2048, 1000, 5
FITS: dict[str, dict[str, Any]] = {
    "published recipe": {"recipe": "paper", "steps": STEPS},
    "imagegs": {"effort": 1, "tune": "psnr"},
}


def square(path: Path) -> Any:
    """(SIDE, SIDE, 3) uint8: the middle of a picture whose shorter side is reduced to SIDE."""
    image = Image.fromarray(read_picture(path).pixels[:, :, :3])
    factor = SIDE / min(image.size)
    width, height = (round(factor * length) for length in image.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    reduced = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(reduced.crop((left, top, left + SIDE, top + SIDE)))


def fitted(pixels: Any, n: int, threads: int, wanted: float, **options: Any) -> tuple[Any, dict[str, float]]:
    """The Gaussians; seconds of the fit, and those until a PSNR of `wanted` dB was reached, if it was."""
    start, reached = time.perf_counter(), {}
    for progress in imagegs.fit_progressively(pixels, n, threads=threads, **options):
        if progress.psnr >= wanted and not reached:
            reached = {"seconds_to_equal_psnr": time.perf_counter() - start}
    return progress.snapshot(), {"seconds": time.perf_counter() - start, **reached}


def painting(gaussians: Any, threads: int) -> dict[str, float]:
    """Milliseconds of a painting as bytes, and multiply-adds of a pixel."""
    times = []
    for _ in range(PAINTINGS):
        start = time.perf_counter()
        imagegs.render(gaussians, dtype=np.uint8, threads=threads)
        times.append(1e3 * (time.perf_counter() - start))
    work = Painter(gaussians, threads=1).multiply_adds()
    return {"paint_ms": statistics.median(times), "multiply_adds": work.mean if work else 0.0}


def measure(path: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """A row for each fit of a picture."""
    pixels, wanted, rows = square(path), float("inf"), {}
    for name, how in FITS.items():
        fit = partial(fitted, pixels, options.gaussians, options.threads, wanted, **how)
        (gaussians, row), cost = measured(fit)
        row["psnr"] = psnr(pixels, imagegs.render(gaussians, dtype=np.uint8))
        row |= {"megabytes": (cost.peak_bytes or 0) / 1e6, **painting(gaussians, options.threads)}
        rows[name] = {key: round(value, 3) for key, value in row.items()}
        wanted = min(wanted, row["psnr"])
    return rows


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("-n", "--gaussians", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    setting = {"n": options.gaussians, "threads": options.threads, "steps": STEPS, "side": SIDE}
    Record(options.out, setting).fill(options, measure)


if __name__ == "__main__":
    main()
