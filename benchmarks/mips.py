"""Mip levels of texture stacks: means of what all Gaussians paint, beside fits of fewer to the levels.

    python benchmarks/mips.py --textures DIR [--side 512] [--density 0.015] [--effort 2] [--out FILE.json]
    python benchmarks/mips.py --table FILE.json

DIR has a folder for each stack. Maps are reduced to `side` by box filtering, and fitted as one with
`density` Gaussians a pixel; nothing is rounded. The PSNR of level k is against the mean of the original's
pixels under each texel, of all channels alike. "mean": of what the N Gaussians paint (`decode --mip`).
"N / 4^k", "N / 2^k": so many Gaussians, fitted to the level itself and painted at its texels' centres, as a
shader with fewer Gaussians for coarser levels would. Stacks that the output file has already are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import imagegs
from imagegs.metrics import decibels
from imagegs.pictures.pixels import to_float
from imagegs.textures.stacks import read_stack
from records import pictures

LEVELS = (1, 2, 3)
SHARES = {"N / 4^k": 4, "N / 2^k": 2}
Samples = NDArray[np.float32]  # (H, W, C)
Row = dict[str, Any]


def means(samples: Samples, side: int) -> Samples:
    """Means of squares; what is left over at the right and the bottom is dropped."""
    height, width, channels = samples.shape
    whole = samples[: height // side * side, : width // side * side]
    parts = whole.reshape(height // side, side, width // side, side, channels)
    return np.ascontiguousarray(parts.mean(axis=(1, 3)), np.float32)


def psnr(painted: Samples, true: Samples) -> float:
    return decibels(float(np.mean(np.square(painted.clip(0, 1) - true), dtype=np.float64)))


def row(folder: Path, side: int, density: float, effort: int) -> Row:
    """The PSNR of the levels of a stack, by how they are made."""
    pixels = to_float(read_stack(pictures(folder)).picture.pixels)
    true = means(pixels, max(1, max(pixels.shape[:2]) // side))
    n = max(1, round(density * true.shape[0] * true.shape[1]))

    def fitted(target: Samples, count: int) -> Samples:
        gaussians = imagegs.fit(target, max(1, count), effort=effort)
        return np.asarray(imagegs.render(gaussians)).clip(0, 1)

    whole = fitted(true, n)
    found: Row = {"n_gaussians": n, "full": psnr(whole, true), "levels": {}}
    for level in LEVELS:
        target = means(true, 2**level)
        fewer = {name: psnr(fitted(target, n // share**level), target) for name, share in SHARES.items()}
        found["levels"][str(level)] = {"mean": psnr(means(whole, 2**level), target), **fewer}
    return found


def table(rows: dict[str, Row]) -> str:
    """In Markdown: the stacks, and the means over them."""
    names = ("mean", *SHARES)
    head = [f"1/{2**level}: {', '.join(names)}" for level in LEVELS]
    lines = ["| stack | full | " + " | ".join(head) + " |", "| --- " * (2 + len(LEVELS)) + "|"]
    numbers = {}
    for stack, found in rows.items():
        levels = [[found["levels"][str(level)][name] for name in names] for level in LEVELS]
        numbers[stack] = np.array([found["full"], *np.ravel(levels)])
    numbers["**mean**"] = np.mean(list(numbers.values()), axis=0)
    for stack, (full, *levels) in numbers.items():
        cells = [
            ", ".join(f"{value:.1f}" for value in part) for part in np.reshape(levels, (len(LEVELS), -1))
        ]
        lines.append(f"| {stack} | {full:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--textures", type=Path)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--density", type=float, default=0.015)
    parser.add_argument("--effort", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(options.table.read_text())))
        return
    rows = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    for folder in sorted(path for path in options.textures.iterdir() if path.is_dir()):
        if folder.name not in rows:
            rows[folder.name] = row(folder, options.side, options.density, options.effort)
            if options.out:
                options.out.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
