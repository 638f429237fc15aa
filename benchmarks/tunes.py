"""Compares tunes at equal bytes: whole files, by several measures.

    python benchmarks/tunes.py --pictures FOLDER [--side 768] [--effort 3] [--bpp 0.1 0.3 0.6]
        [--tunes balanced visual] [--count 6] [--out tunes.json]

Prints, for each rate, the mean of each measure over the pictures with the first tune, and by how much the
others differ. Measures whose package is absent are left out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.choices import TUNES
from imagegs.evaluation.metrics import METRICS
from records import Record, load, picture_parser

WANTED = ("psnr", "ms-ssim", "ssimulacra2", "flip", "st-lpips")


def row(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measures one picture: {tune: {rate: {bytes, measures, cpu_seconds}}}."""
    pixels = load(path, options.side)
    measures = [METRICS[name] for name in WANTED if METRICS[name].missing() is None]
    found: dict[str, Any] = {}
    for tune in options.tunes:
        for bpp in options.bpp:
            begun = time.process_time()
            data = imagegs.compress(
                pixels, bpp=bpp, effort=options.effort, tune=tune, threads=options.threads
            )
            cost = {"bytes": len(data), "cpu_seconds": time.process_time() - begun}
            picture = imagegs.decompress(data)
            told = {measure.name: measure.measure(pixels, picture) for measure in measures}
            found.setdefault(tune, {})[str(bpp)] = cost | told
    return found


def summary(rows: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """A line for each rate and measure."""
    first, *others = options.tunes
    lines = []
    for bpp in map(str, options.bpp):
        for measure in next(iter(rows.values()))[first][bpp]:
            values = {t: np.array([r[t][bpp][measure] for r in rows.values()]) for t in options.tunes}
            differences = [f"{t} {np.mean(values[t] - values[first]):+.4f}" for t in others]
            lines.append(f"{bpp:5} {measure:12} {np.mean(values[first]):10.4f}  {'  '.join(differences)}")
    return lines


def main() -> None:
    """Measures what the results do not have yet, and prints the means."""
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.1, 0.3, 0.6])
    parser.add_argument("--tunes", nargs="+", choices=TUNES, default=["balanced", "visual"])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    setting = {name: getattr(options, name) for name in ("side", "effort", "bpp", "tunes")}
    record = Record(options.out, setting)
    record.fill(options, row)
    print("\n".join(summary(record.rows, options)))


if __name__ == "__main__":
    main()
