"""PSNR over CPU time, from the results of fitting.py: one panel a file, a curve a fit.

    python benchmarks/plot_fitting.py benchmarks/results/fitting-*.json -o docs/pictures/psnr_over_time.png

A curve is the mean over the pictures that all fits of a file share, of the PSNR that steps report (before
clipping and rounding); time is relative to each picture's own fit by the published recipe, so 1 is its 5,000
steps. Needs matplotlib (pip install 'imagegs[bench]').
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

GRID = np.geomspace(1e-3, 1.0, 200)  # shares of the published recipe's time


def mean_curve(rows: dict[str, Any], paper: dict[str, Any], pictures: list[str]) -> tuple[Any, Any]:
    """Shares of time that all the pictures' fits last, and the mean PSNR there."""
    curves, ends = [], []
    for picture in pictures:
        seconds, psnr = np.array(rows[picture]["trace"]).T
        share = seconds / paper[picture]["cpu_seconds"]
        curves.append(np.interp(GRID, share, psnr, left=np.nan))
        ends.append(share[-1])
    end = float(np.mean(ends))
    mean = np.mean(curves, axis=0)  # a fit that has ended keeps its last value
    inside = (end >= GRID) & np.isfinite(mean)
    return np.append(GRID[inside], end), np.append(mean[inside], np.mean([c[-1] for c in curves]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    figure, panels = plt.subplots(
        1, len(options.results), figsize=(5.2 * len(options.results), 4.2), squeeze=False
    )
    for panel, path in zip(panels[0], options.results, strict=True):
        result = json.loads(path.read_text())
        fits = result["fits"]
        pictures = sorted(set.intersection(*(set(rows) for rows in fits.values())))
        for name, rows in sorted(fits.items()):
            x, y = mean_curve(rows, fits["paper"], pictures)
            style = {"color": "black", "lw": 2} if name == "paper" else {}
            (line,) = panel.semilogx(x, y, label=name, **style)
            panel.plot(x[-1], y[-1], "o", color=line.get_color())
        panel.set_title(
            f"{path.stem.removeprefix('fitting-')}: {len(pictures)} pictures, N = {result['n']:,}"
        )
        panel.set_xlabel("CPU time, of the published recipe's")
        panel.set_ylabel("mean PSNR, dB")
        floor = np.mean([fits["paper"][p]["psnr"] for p in pictures]) - 8
        panel.set_ylim(bottom=floor)
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(options.output, dpi=100)


if __name__ == "__main__":
    main()
