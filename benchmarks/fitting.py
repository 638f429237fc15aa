"""The imagegs recipe against the published one, on the same kernels: quality and CPU time for each picture.

    python benchmarks/fitting.py --pictures DIR [-n 2000] [--efforts 1,5,9] [--count 4] [--json results.json]

Every picture is fitted with the same N and seed, in floats (nothing is quantised): PSNR, SSIM and MS-SSIM of
the clipped, rounded picture, and CPU-seconds of the fit (process time, one thread, which counts the same when
the machine is busy with other things).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.images import read_picture
from imagegs.metrics import ms_ssim, psnr, ssim
from kernels import machine


def pictures(folder: Path, count: int | None) -> Iterator[tuple[str, Any]]:
    """RGB pictures of a folder, by name; alpha is left out."""
    paths = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in (".png", ".jpg", ".webp", ".tif")]
    for path in paths[:count]:
        yield path.stem, read_picture(path).pixels[:, :, :3]


def measure(pixels: Any, n: int, options: dict[str, Any]) -> dict[str, float]:
    start = time.process_time()
    for progress in imagegs.fit_progressively(pixels, n, threads=1, **options):
        last = progress
    seconds = time.process_time() - start
    painted = imagegs.render(last.snapshot(), dtype=pixels.dtype)
    quality = {
        "psnr": psnr(pixels, painted),
        "ssim": ssim(pixels, painted),
        "ms_ssim": ms_ssim(pixels, painted),
    }
    return {**quality, "cpu_seconds": seconds, "steps": last.step}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("-n", "--gaussians", type=int, default=2000)
    parser.add_argument("--efforts", default="1,3,5,7,9")
    parser.add_argument("--count", type=int, help="only the first so many pictures")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    fits: dict[str, dict[str, Any]] = {"paper": {"recipe": "paper"}}
    fits |= {f"imagegs, effort {e}": {"effort": int(e)} for e in options.efforts.split(",")}
    results: dict[str, dict[str, dict[str, float]]] = {name: {} for name in fits}
    for picture, pixels in pictures(options.pictures, options.count):
        for name, fit in fits.items():
            results[name][picture] = row = measure(pixels, options.gaussians, fit)
            print(f"{picture:32} {name:20} " + "  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
    print(f"\n{machine()}; N = {options.gaussians}, {len(results['paper'])} pictures, means")
    for name, rows in results.items():
        gain = [rows[p]["psnr"] - results["paper"][p]["psnr"] for p in rows]
        mean = {k: statistics.fmean(r[k] for r in rows.values()) for k in next(iter(rows.values()))}
        text = "  ".join(f"{k} {v:.4g}" for k, v in mean.items())
        print(f"{name:20} {text}  dB over paper: mean {np.mean(gain):+.2f}, least {min(gain):+.2f}")
    if options.json:
        options.json.write_text(
            json.dumps({"machine": machine(), "n": options.gaussians, "fits": results}, indent=1)
        )


if __name__ == "__main__":
    main()
