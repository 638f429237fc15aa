"""Times of the native kernels, start-up and memory: prints a table (and JSON with --json FILE).

    python benchmarks/kernels.py [--runs 9] [--json results.json]

Each row is the median of some runs after a warm-up; the scene is a fit in the making (the picture of a fixed
random scene as target, Gaussians drawn about it), so that lists and selections look like those of a real fit.
Needs nothing but the package; the ratio to PyTorch is added when torch is installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import imagegs
from imagegs.engine import engine
from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import python_command
from imagegs.fitting.adam import Adam
from imagegs.fitting.objective import GaussianArrays, LossWeights, Objective
from imagegs.gaussians import BlendName, Gaussians

PAPER_LOSS = LossWeights(l1=1.0, ssim=0.1)
L2_LOSS = LossWeights(l2=1.0)


def random_scene(n: int, height: int, width: int, blend: BlendName, seed: int = 0) -> Gaussians:
    """Gaussians as a fit has them: sizes by their spacing, spread log-normally; log-weights N(0, 1)."""
    rng = np.random.default_rng(seed)
    spacing = (height * width / n) ** 0.5
    return Gaussians(
        xy=rng.random((n, 2)) * [width, height],
        scale=np.clip(spacing * 0.35 * np.exp(rng.normal(0, 0.6, (n, 2))), 0.3, 60),
        angle=rng.uniform(0, np.pi, n),
        log_weight=rng.normal(0, 1, n) * (blend == "softmax"),
        color=rng.random((n, 3)),
        height=height,
        width=width,
        blend=blend,
    )


def median_ms(run: Callable[[], object], runs: int) -> float:
    run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def training_step(
    n: int, height: int, width: int, blend: BlendName, loss: LossWeights, threads: int
) -> Callable[[], None]:
    """Bin, forward, loss, backward and Adam on all parameters: one step of a fit."""
    g = random_scene(n, height, width, blend)
    target = np.ascontiguousarray(
        np.moveaxis(imagegs.render(random_scene(n, height, width, blend, 1)), -1, 0)
    )
    objective, adam = Objective(target, blend, threads), Adam(engine(threads))
    arrays = GaussianArrays(
        *(np.array(getattr(g, name)) for name in ("xy", "scale", "angle", "log_weight", "color"))
    )
    values = {
        "own": np.zeros(arrays.own_units, np.float32)
    }  # steps that are not taken: the scene stays as it is

    def step() -> None:
        result = objective.evaluate(arrays, loss)
        adam.step(values, {"own": result.gradient}, {"own": 1e-6})

    return step


def step_rows(runs: int) -> dict[str, float]:
    rows = {}
    for blend, loss, name in (("paper", PAPER_LOSS, "L1 + SSIM"), ("softmax", L2_LOSS, "L2")):
        for n, height, width in ((5000, 512, 768), (10_000, 2048, 2048)):
            for threads in (1, 2):
                run = training_step(n, height, width, blend, loss, threads)
                row = f"step, {blend} blend, {name}, {width} x {height}, N = {n}, {threads} thread(s)"
                rows[row] = median_ms(run, runs)
    return rows


def painting_rows(runs: int) -> dict[str, float]:
    rows = {}
    for blend in ("paper", "softmax"):
        g = random_scene(10_000, 2048, 2048, blend)
        points = np.random.default_rng(0).uniform(0, 2048, (1_000_000, 2)).astype(np.float32)
        for threads in (1, 2):
            row = f"render, {blend} blend, 2048 x 2048 uint8, N = 10000, {threads} thread(s)"
            rows[row] = median_ms(lambda g=g, t=threads: imagegs.render(g, dtype=np.uint8, threads=t), runs)
        run = lambda g=g, points=points: imagegs.sample(g, points, threads=1)  # noqa: E731
        rows[f"sample, {blend} blend, 1,000,000 random points, N = 10000, 1 thread"] = median_ms(run, runs)
    return rows


def command_ms(arguments: list[str], runs: int) -> float:
    return median_ms(
        lambda: subprocess.run(python_command(*arguments), check=True, capture_output=True), runs
    )


def process_rows(runs: int) -> dict[str, float]:
    """Whole processes: importing the package, decoding a file to PNG and to .npy."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.gsimg"
        target = imagegs.render(random_scene(2000, 2048, 2048, "softmax", 3), dtype=np.uint8)
        imagegs.save(file, imagegs.fit(target, 10_000, steps=30))
        rows = {"python -c pass": command_ms(["-c", "pass"], runs)}
        rows["python -c 'import imagegs'"] = command_ms(["-c", "import imagegs"], runs)
        for suffix in ("png", "npy"):
            command = ["-m", "imagegs", "decode", str(file), "-o", f"{folder}/out.{suffix}", "--quiet"]
            rows[f"imagegs decode, 2048 x 2048, N = 10000, to .{suffix}"] = command_ms(command, runs)
    return rows


MEMORY_PROBE = """
import resource, sys
from imagegs.cli import main
source, target, n, recipe = sys.argv[1:]
assert main(["encode", source, "-o", target, "-n", n, "--recipe", recipe, "--steps", "12", "--quiet"]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory_rows() -> dict[str, float]:
    """Peak memory of `imagegs encode`, whole process: bytes a pixel beyond 1 KB a Gaussian and 150 MB."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for side, n in ((2048, 10_000), (6000, 20_000)):
            source = f"{folder}/{side}.npy"
            np.save(source, imagegs.render(random_scene(2000, side, side, "softmax", 3), dtype=np.uint8))
            for recipe in ("paper", "imagegs"):
                command = python_command("-c", MEMORY_PROBE, source, f"{folder}/a.gsimg", n, recipe)
                peak = 1024 * int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                name = f"peak memory of encode, {recipe} recipe, {side} x {side}, N = {n}"
                rows[f"{name}: MB"] = peak / 1e6
                rows[f"{name}: bytes/pixel beyond 1 KB/Gaussian + 150 MB"] = (
                    peak - 1024 * n - 150e6
                ) / side**2
    return rows


def torch_rows(step_ms: float, runs: int) -> dict[str, float]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return {}
    from torch_twin import seconds_per_step

    ms = 1e3 * seconds_per_step(5000, 512, 768, threads=1, steps=runs)
    return {"PyTorch twin of the first row, 1 thread": ms, "ratio of the two": ms / step_ms}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(machine())
    rows: dict[str, float] = {}
    for part in (step_rows, painting_rows, process_rows):
        rows |= part(options.runs)
    rows |= memory_rows() | torch_rows(next(iter(rows.values())), min(5, options.runs))
    for name, value in rows.items():
        unit = "" if name.startswith(("peak", "ratio")) else " ms"
        print(f"{value:10.1f}{unit}  {name}")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
