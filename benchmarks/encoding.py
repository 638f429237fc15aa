"""Times whole encodes, `imagegs encode` as a process, beside those of another installation.

    python benchmarks/encoding.py --pictures FOLDER [--names kodim04,kodim05] [--side 768]
        [--effort 1 3 5] [--bpp 0.3] [--tune visual] [--threads 2] [--runs 3]
        [--against OTHER/bin/python] [--out encoding.json]

The installations take turns, so that what else the machine does meets both. Prints, for each effort, medians
over the runs, means of these over the pictures, and PSNR and SSIMULACRA 2 of the files. Give --tune where
the default differs between installations.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.evaluation.metrics import METRICS
from imagegs.evaluation.processes import python_command
from records import Record, load, picture_parser

MEASURES = ("psnr", "ssimulacra2")


def encoded(python: list[str], picture: Path, file: Path, flags: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of the command."""
    command = [*python, "-m", "imagegs", "encode", str(picture), "-o", str(file), "--overwrite", "--quiet"]
    begun, before = time.perf_counter(), os.times()
    subprocess.run([*command, *flags], check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, used


def row(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measures one picture: {effort: {installation: seconds, cpu_seconds, bytes, measures}}."""
    pixels = load(path, options.side)
    installations = {"this": python_command()}
    if options.against:
        installations["other"] = [options.against, "-P"]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        picture, file = Path(folder, "picture.png"), Path(folder, "picture.gsimg")
        Image.fromarray(pixels).save(picture)
        for effort in options.effort:
            flags = ["--effort", str(effort), "-j", str(options.threads)]
            flags += ["--bpp", str(options.bpp)] if options.bpp else []
            flags += ["--tune", options.tune] if options.tune else []
            runs: dict[str, list[tuple[float, float]]] = {name: [] for name in installations}
            told: dict[str, Any] = {}
            for _ in range(options.runs):
                for name, python in installations.items():
                    runs[name].append(encoded(python, picture, file, flags))
                    told[name] = file.read_bytes()
            found[str(effort)] = {
                name: {
                    "seconds": median(wall for wall, _ in runs[name]),
                    "cpu_seconds": median(used for _, used in runs[name]),
                    "bytes": len(told[name]),
                    **measured(pixels, told[name]),
                }
                for name in installations
            }
    return found


def measured(pixels: Any, data: bytes) -> dict[str, float]:
    """The quality of a file."""
    picture = np.asarray(imagegs.decompress(data))
    return {name: METRICS[name].measure(pixels, picture) for name in MEASURES}


def summary(rows: dict[str, Any]) -> list[str]:
    """A line for each effort and installation."""
    lines = []
    for effort, installations in next(iter(rows.values())).items():
        for name in installations:
            means = {
                key: mean(each[effort][name][key] for each in rows.values()) for key in installations[name]
            }
            told = ", ".join(f"{key} {value:.2f}" for key, value in means.items())
            lines.append(f"effort {effort}, {name}: {told}")
    return lines


def main() -> None:
    """Measures what the results do not have yet, and prints the means."""
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--effort", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--bpp", type=float)
    parser.add_argument("--tune")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--against", help="the Python of another installation")
    options = parser.parse_args()
    setting = ("side", "effort", "bpp", "tune", "threads", "runs")
    record = Record(options.out, {name: getattr(options, name) for name in setting})
    record.fill(options, row)
    print("\n".join(summary(record.rows)))


if __name__ == "__main__":
    main()
