"""The imagegs recipe against the published one, on the same kernels: quality and CPU time for each picture.

    python benchmarks/fitting.py --pictures DIR [-n 2000] [--side 1024] [--count 4] [--jobs 2]
                                 [--fits paper,balanced:5,psnr:5,...] [--seed 0] [--out results.json]

Every picture is fitted with the same N and seed, in floats (nothing is quantised): PSNR, SSIM and MS-SSIM of
the clipped, rounded picture, and CPU-seconds of the fit (process time, one thread, which counts the same when
the machine is busy with other things). A fit is "paper" (5,000 steps) or tune:effort of the imagegs recipe.
Rows that the output file already has are kept, so a long run can be interrupted and extended.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.images import read_picture
from imagegs.metrics import ms_ssim, psnr, ssim
from kernels import machine

FITS = "paper,balanced:1,balanced:3,balanced:5,balanced:7,balanced:9,psnr:5,psnr:9,ssim:5"
SUFFIXES = (".png", ".jpg", ".webp", ".tif")
TRACE_GROWTH = 1.25  # between two steps whose PSNR is kept

Row = dict[str, Any]


def load(path: Path, side: int | None) -> Any:
    """An RGB picture (alpha is left out), its longer side reduced to `side` by box filtering."""
    pixels = read_picture(path).pixels[:, :, :3]
    if side is None or max(pixels.shape[:2]) <= side:
        return pixels
    height, width = (max(1, round(length * side / max(pixels.shape[:2]))) for length in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


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


def summary(fits: dict[str, dict[str, Row]]) -> None:
    for name, rows in fits.items():
        both = [p for p in rows if p in fits.get("paper", {})]
        mean = {
            k: statistics.fmean(r[k] for r in rows.values())
            for k in next(iter(rows.values()))
            if k != "trace"
        }
        text = f"{name:12} {len(rows):3} pictures  " + "  ".join(f"{k} {v:.4f}" for k, v in mean.items())
        if both and name != "paper":
            paper = fits["paper"]
            gains = {k: [rows[p][k] - paper[p][k] for p in both] for k in ("psnr", "ssim", "ms_ssim")}
            cost = sum(paper[p]["cpu_seconds"] for p in both) / sum(rows[p]["cpu_seconds"] for p in both)
            text += f"  | over paper ({len(both)}): " + ", ".join(
                f"{k} {statistics.fmean(v):+.4f} (least {min(v):+.4f})" for k, v in gains.items()
            )
            text += f", CPU time 1/{cost:.1f}"
        print(text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("-n", "--gaussians", type=int, default=2000)
    parser.add_argument("--side", type=int, help="of the longer side, pixels; larger pictures are reduced")
    parser.add_argument("--fits", default=FITS)
    parser.add_argument("--count", type=int, help="only the first so many pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="fits at a time, one thread each")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    setting = {"n": options.gaussians, "side": options.side, "seed": options.seed}
    result: dict[str, Any] = {"machine": machine(), **setting, "fits": {}}
    if options.out and options.out.exists():
        result = json.loads(options.out.read_text())
        if {k: result[k] for k in setting} != setting:
            parser.error(f"{options.out} has other settings")
    fits = result["fits"]
    paths = [p for p in sorted(options.pictures.iterdir()) if p.suffix.lower() in SUFFIXES][: options.count]
    jobs = [
        (fit, path, options.side, options.gaussians, options.seed)
        for fit in options.fits.split(",")
        for path in paths
        if path.stem not in fits.get(fit, {})
    ]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for fit, picture, row in pool.imap_unordered(measure, jobs):
            fits.setdefault(fit, {})[picture] = row
            print(
                f"{picture:32} {fit:12} " + "  ".join(f"{k} {v}" for k, v in row.items() if k != "trace"),
                flush=True,
            )
            if options.out:
                options.out.write_text(json.dumps(result) + "\n")
    print(f"\n{machine()}; N = {options.gaussians}, means")
    summary(fits)


if __name__ == "__main__":
    main()
