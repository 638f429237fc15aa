"""The operator of imagegs.torch beside the native calls, which it adds to, and beside plain PyTorch.

    python benchmarks/torch_operator.py --runs 15 --out benchmarks/results/torch_operator.json

All at 768 x 512 with 5,000 Gaussians, on one thread of the processor. The native calls are those of a fit: a
scene is loaded and painted; a kept render is made and asked for a gradient in own units. The operator does
the same from tensors, and turns gradients to the tensors' units. The plain form is torch_twin.py, tiled and
culled, the fastest of several that were tried. It has the "paper" blend, and is compared in that.

Times are milliseconds of the processor, medians. What is compared takes turns; overheads and speed-ups are
medians of the ratios of neighbouring runs. So other load on the machine matters little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import imagegs.torch
import torch_twin
from imagegs.evaluation.bench import machine
from imagegs.fitting.objective import GaussianArrays, Objective
from imagegs.gaussians import BlendName, Gaussians
from kernels import random_scene

N, HEIGHT, WIDTH = 5000, 512, 768
NAMES = ("xy", "scale", "angle", "log_weight", "color")

Run = Callable[[], object]


def slope() -> np.ndarray:
    """The gradient (C, H, W) of a loss with respect to the picture."""
    return np.random.default_rng(1).normal(size=(3, HEIGHT, WIDTH)).astype(np.float32)


def native_runs(g: Gaussians) -> tuple[Run, Run]:
    """Render, and render with a gradient."""
    objective = Objective(np.zeros((3, HEIGHT, WIDTH), np.float32), g.blend, 1)
    arrays, of_picture = GaussianArrays(*(getattr(g, name) for name in NAMES)), slope()
    return lambda: objective.render(arrays), lambda: objective.kept(arrays).gradient(of_picture)


def operator_runs(g: Gaussians) -> tuple[Run, Run]:
    """The same by the operator."""
    leaves = [torch.tensor(getattr(g, name), requires_grad=True) for name in NAMES]
    of_picture = torch.tensor(slope()).movedim(0, -1)

    def render() -> torch.Tensor:
        with torch.no_grad():
            return imagegs.torch.render(*leaves, HEIGHT, WIDTH, blend=g.blend)

    def both() -> object:
        return torch.autograd.grad(
            imagegs.torch.render(*leaves, HEIGHT, WIDTH, blend=g.blend), leaves, of_picture
        )

    return render, both


def plain_runs(g: Gaussians) -> tuple[Run, Run]:
    """The same by plain PyTorch, in the "paper" blend."""
    names = ("xy", "scale", "angle", "color")
    leaves = [torch.tensor(getattr(g, name), requires_grad=True) for name in names]
    of_picture = torch.tensor(slope()).movedim(0, -1)

    def picture() -> Any:
        return torch_twin.render(torch, *leaves, HEIGHT, WIDTH)

    def render() -> Any:
        with torch.no_grad():
            return picture()

    return render, lambda: torch.autograd.grad(picture(), leaves, of_picture)


def compare(first: Run, second: Run, runs: int) -> tuple[float, float, float]:
    """Median milliseconds of both, and the median of second / first."""
    times: tuple[list[float], list[float]] = ([], [])
    first(), second()
    for _ in range(runs):
        for run, taken in zip((first, second), times, strict=True):
            start = time.process_time()
            run()
            taken.append(1e3 * (time.process_time() - start))
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    return statistics.median(times[0]), statistics.median(times[1]), ratio


def rows_of(blend: BlendName, runs: int) -> dict[str, dict[str, float]]:
    g = random_scene(N, HEIGHT, WIDTH, blend)
    rows = {}
    for what, native, ours in zip(
        ("render", "forward + backward"), native_runs(g), operator_runs(g), strict=True
    ):
        native_ms, operator_ms, ratio = compare(native, ours, runs)
        rows[f"{what}, {blend}"] = {"native": native_ms, "operator": operator_ms, "overhead": ratio - 1}
    if blend == "paper":
        for what, ours, plain in zip(rows, operator_runs(g), plain_runs(g), strict=True):
            _, plain_ms, ratio = compare(ours, plain, max(2, runs // 5))
            rows[what] |= {"plain": plain_ms, "speedup": ratio}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = {}
    for blend in ("softmax", "paper"):
        rows |= rows_of(blend, options.runs)
    result = {"machine": machine(), "torch": torch.__version__, "rows": rows}
    for name, row in rows.items():
        print(f"{name:30}", "  ".join(f"{key} {value:.3g}" for key, value in row.items()))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
