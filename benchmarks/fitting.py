"""The imagegs recipe against the published one, on the same kernels: quality and CPU time for each picture.

    python benchmarks/fitting.py --pictures DIR [-n 2000] [--side 1024] [--count 4] [--jobs 2]
                                 [--fits paper,balanced:5,psnr:5,...] [--seed 0] [--out results.json]

Every picture is fitted with the same N and seed, in floats (nothing is quantised): PSNR, SSIM and MS-SSIM of
the clipped, rounded picture, and CPU-seconds of the fit (process time, one thread, which counts the same when
the machine is busy with other things). A fit is "paper" (5,000 steps) or tune:effort of the imagegs recipe.
Rows that the output file already has are kept, so a long run can be interrupted and extended.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from pathlib import Path
from typing import Any

import imagegs
from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import safe_path
from imagegs.metrics import ms_ssim, psnr, ssim
from records import Record, chosen_pictures, load, picture_parser, table

FITS = "paper,balanced:1,balanced:3,balanced:5,balanced:7,balanced:9,psnr:5,psnr:9,ssim:5"
TRACE_GROWTH = 1.25  # between two steps whose PSNR is kept

Row = dict[str, Any]


def options_of(fit: str) -> dict[str, Any]:
    if fit == "paper":
        return {"recipe": "paper"}
    tune, _, effort = fit.partition(":")
    return {"tune": tune, "effort": int(effort)}


def measure(job: tuple[str, Path, int | None, int, int]) -> tuple[str, str, Row]:
    fit, path, side, n, seed = job
    pixels = load(path, side)
    trace: list[tuple[float, float]] = []
    noted = 0
    start = time.process_time()
    for progress in imagegs.fit_progressively(pixels, n, threads=1, seed=seed, **options_of(fit)):
        last = progress
        if last.step >= noted * TRACE_GROWTH or last.done:
            noted = last.step
            trace.append((round(time.process_time() - start, 3), round(last.psnr, 2)))
    seconds = time.process_time() - start
    painted = imagegs.render(last.snapshot(), dtype=pixels.dtype)
    row = {
        "psnr": psnr(pixels, painted),
        "ssim": ssim(pixels, painted),
        "ms_ssim": ms_ssim(pixels, painted),
        "cpu_seconds": seconds,
        "steps": last.step,
    }
    return fit, path.stem, {**{k: round(v, 5) for k, v in row.items()}, "trace": trace}


def summary(fits: dict[str, dict[str, Row]]) -> str:
    """Means over the pictures, and gains over the published recipe (mean; least), as a table of Markdown."""
    heads = "fit, pictures, steps, PSNR, SSIM, MS-SSIM, CPU-s, dB more, SSIM more, MS-SSIM more, CPU time"
    lines = []
    paper = fits.get("paper", {})
    for name, rows in fits.items():
        means = (
            statistics.fmean(r[k] for r in rows.values())
            for k in ("steps", "psnr", "ssim", "ms_ssim", "cpu_seconds")
        )
        steps, *quality, seconds = means
        cells = [
            name.replace(":", ", effort "),
            f"{len(rows)}",
            f"{steps:.0f}",
            *_digits(quality),
            f"{seconds:.1f}",
        ]
        both = [p for p in rows if p in paper and name != "paper"]
        if both:
            for k, digits in (("psnr", 2), ("ssim", 4), ("ms_ssim", 4)):
                gains = [rows[p][k] - paper[p][k] for p in both]
                cells.append(f"{statistics.fmean(gains):+.{digits}f}; {min(gains):+.{digits}f}")
            spent = [sum(r[p]["cpu_seconds"] for p in both) for r in (paper, rows)]
            cells.append(f"1/{spent[0] / spent[1]:.1f}")
        lines.append(cells)
    return table(heads.split(", "), lines)


def _digits(quality: list[float]) -> list[str]:
    psnr_mean, *similarities = quality
    return [f"{psnr_mean:.2f}", *(f"{s:.4f}" for s in similarities)]


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("-n", "--gaussians", type=int, default=2000)
    parser.add_argument("--fits", default=FITS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="fits at a time, one thread each")
    options = parser.parse_args()
    setting = {"n": options.gaussians, "side": options.side, "seed": options.seed}
    record = Record(options.out, setting, "fits")
    fits = record.rows
    jobs = [
        (fit, path, options.side, options.gaussians, options.seed)
        for fit in options.fits.split(",")
        for path in chosen_pictures(options)
        if path.stem not in fits.get(fit, {})
    ]
    with safe_path(), multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for fit, picture, row in pool.imap_unordered(measure, jobs):
            fits.setdefault(fit, {})[picture] = row
            print(
                f"{picture:32} {fit:12} " + "  ".join(f"{k} {v}" for k, v in row.items() if k != "trace"),
                flush=True,
            )
            record.keep()
    print(f"\n{machine()}; N = {options.gaussians}, means")
    print(summary(fits))


if __name__ == "__main__":
    main()
