"""What each piece of the imagegs recipe is worth: fits with one thing changed.

    python benchmarks/ablation.py --pictures DIR [--names kodim01,kodim02,...]
                                  [-n 2000] [--steps 400] [--only WORD] [--jobs 2]

Prints mean PSNR, SSIM and MS-SSIM over the pictures for each variant, all with one N, seed and number of
steps. Variants change the constants of `imagegs.fitting`, so they show where the present ones stand;
docs/experiments.md tells the story. CPU-seconds are those of the fits.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import safe_path
from imagegs.fitting import gauss_newton, imagegs_recipe, parameters, schedule
from imagegs.fitting.objective import LossWeights
from imagegs.fitting.pursuit import Blobs
from imagegs.metrics import ms_ssim, psnr, ssim
from records import load

Patch = tuple[Any, str, Any]  # module, name, value


def no_blobs(engine: Any, residual: Any, n: int, n_gaussians: int) -> Blobs:
    """Then all new Gaussians are born at pixels drawn by their squared error, 0.7 px large."""
    channels = len(residual)
    return Blobs(*(np.zeros(shape, np.float32) for shape in ((0, 2), 0, (0, channels))))


def rates(**changes: float) -> Patch:
    return parameters, "RATES", {**parameters.RATES, **changes}


def ssim_weight(weight: float) -> Patch:
    return imagegs_recipe, "LOSSES", {**imagegs_recipe.LOSSES, "balanced": LossWeights(l2=1.0, ssim=weight)}


VARIANTS: dict[str, tuple[str, list[Patch]]] = {
    "psnr, as it is": ("psnr", []),
    "no Gauss-Newton steps": ("psnr", [(imagegs_recipe, "POLISH_SHARE", 0.0)]),
    "twice the Gauss-Newton steps": ("psnr", [(imagegs_recipe, "POLISH_SHARE", 0.06)]),
    "Gauss-Newton without trust": (
        "psnr",
        [(gauss_newton, "TRUST", np.full(6, 1e3)), (gauss_newton, "COLOR_TRUST", 1e3)],
    ),
    "no relocation": ("psnr", [(imagegs_recipe, "RELOCATED_SHARE", 0.0)]),
    "relocation of 8%": ("psnr", [(imagegs_recipe, "RELOCATED_SHARE", 0.08)]),
    "births at the worst pixels": ("psnr", [(imagegs_recipe, "residual_blobs", no_blobs)]),
    "births at the blob's size": ("psnr", [(imagegs_recipe, "BLOB_SCALE", 1.0)]),
    "births at half the blob's size": ("psnr", [(imagegs_recipe, "BLOB_SCALE", 0.5)]),
    "angles at full rate": (
        "psnr",
        [(parameters, "elongation", lambda scale: np.zeros(len(scale), np.float32))],
    ),
    "shift rate 0.12": ("psnr", [rates(shift=0.12)]),
    "shift rate 0.30": ("psnr", [rates(shift=0.30)]),
    "scale rate 0.15": ("psnr", [rates(log_scale=0.15)]),
    "weight rate 0.10": ("psnr", [rates(log_weight=0.10)]),
    "colour rate 0.04": ("psnr", [rates(color=0.04)]),
    "betas 0.9, 0.98": ("psnr", [(imagegs_recipe, "BETAS", (0.9, 0.98))]),
    "final rate 0.005": ("psnr", [(schedule, "FINAL_RATE", 0.005)]),
    "final rate 0.1": ("psnr", [(schedule, "FINAL_RATE", 0.1)]),
    "ssim weight 0.003": ("balanced", [ssim_weight(0.003)]),
    "balanced, as it is (ssim weight 0.01)": ("balanced", []),
    "ssim weight 0.03, as tune ssim": ("balanced", [ssim_weight(0.03)]),
    "ssim weight 0.1": ("balanced", [ssim_weight(0.1)]),
}


def measure(job: tuple[str, Path, int, int]) -> tuple[str, list[float]]:
    name, path, n, steps = job
    tune, patches = VARIANTS[name]
    before = [(module, attribute, getattr(module, attribute)) for module, attribute, _ in patches]
    for module, attribute, value in patches:
        setattr(module, attribute, value)
    try:
        pixels = load(path, None)
        start = time.process_time()
        gaussians = imagegs.fit(pixels, n, tune=tune, steps=steps, threads=1)
        seconds = time.process_time() - start
    finally:
        for module, attribute, value in before:
            setattr(module, attribute, value)
    painted = imagegs.render(gaussians, dtype=pixels.dtype)
    measures: list[Callable[[Any, Any], float]] = [psnr, ssim, ms_ssim]
    return name, [*(m(pixels, painted) for m in measures), seconds]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--names", default="kodim01,kodim02,kodim05,kodim17")
    parser.add_argument("-n", "--gaussians", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", default="", help="variants whose name holds this")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    paths = [next(options.pictures.glob(f"{name}.*")) for name in options.names.split(",")]
    wanted = [name for name in VARIANTS if options.only in name]
    jobs = [(name, path, options.gaussians, options.steps) for name in wanted for path in paths]
    print(f"{machine()}; N = {options.gaussians}, {options.steps} steps, {options.names}")
    print("| variant | PSNR | SSIM | MS-SSIM | CPU-s |\n| --- | --- | --- | --- | --- |")
    found: dict[str, list[list[float]]] = {}
    with safe_path(), multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for name, row in pool.imap(measure, jobs):
            rows = found.setdefault(name, [])
            rows.append(row)
            if len(rows) == len(paths):
                p, s, m, t = (statistics.fmean(column) for column in zip(*rows, strict=True))
                print(f"| {name} | {p:.2f} | {s:.4f} | {m:.4f} | {t:.1f} |", flush=True)


if __name__ == "__main__":
    main()
