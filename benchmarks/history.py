"""One row of times for each release, all of the same small set, so that a slow-down is seen.

    python benchmarks/history.py                    prints the times, and their ratios to the last row
    python benchmarks/history.py --write            adds them to benchmarks/history.json too

Encoding and decoding of files are whole commands, two threads; the rest are calls. Medians of --runs. The
yardstick is a sort of NumPy on one thread: rows of machines of other speeds compare by it. Only the checkout
and the core's dependencies are needed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import python_command
from imagegs.evaluation.system import clouds
from kernels import median_ms, random_scene

ROOT = Path(__file__).parent.parent
HISTORY = ROOT / "benchmarks/history.json"
SIDE, COUNTS = 2048, (10_000, 100_000)


def seconds(act: Callable[[], object], runs: int) -> float:
    return median_ms(act, runs) / 1e3


def command(*arguments: str | Path) -> None:
    subprocess.run([*python_command(), "-m", "imagegs", *map(str, arguments)], check=True)


def scene(n: int) -> bytes:
    """A file of n Gaussians drawn at random."""
    return imagegs.encode(random_scene(n, SIDE, SIDE, "softmax"), imagegs.Lattice.of_fineness(1))


def commands(folder: Path, runs: int) -> dict[str, float]:
    """Times of whole commands."""
    large, file, back = folder / "clouds.png", folder / "file.gsimg", folder / "back.png"
    Image.fromarray((255 * clouds(SIDE, SIDE)).astype(np.uint8)).save(large)
    shared = ("-o", file, "--overwrite", "--quiet", "-j", "2")
    sample = ROOT / "assets/sample.png"
    found = {
        f"encode sample, effort {e}": seconds(
            lambda e=e: command("encode", sample, "--bpp", "0.3", "-e", str(e), *shared), runs
        )
        for e in (1, 3, 5)
    }
    found["decode sample"] = seconds(
        lambda: command("decode", file, "-o", back, "--overwrite", "--quiet"), runs
    )
    found["encode 4 MP, effort 1"] = seconds(lambda: command("encode", large, "-e", "1", *shared), 1)
    found["start"] = seconds(lambda: command("--version"), runs)
    return found


def calls(runs: int) -> dict[str, float]:
    """Times of decoding and painting in memory."""
    found = {}
    for n in COUNTS:
        data = scene(n)
        found[f"read {n} Gaussians"] = seconds(lambda data=data: imagegs.decode(data), runs)
        found[f"decompress {n} Gaussians"] = seconds(
            lambda data=data: imagegs.decompress(data, threads=2), runs
        )
    return found


def measured(runs: int) -> dict[str, Any]:
    """A row of the history."""
    numbers = np.random.default_rng(0).random(4_000_000)
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    with tempfile.TemporaryDirectory() as name:
        times = {**commands(Path(name), runs), **calls(runs)}
    return {
        "version": imagegs.__version__,
        "commit": subprocess.run(git, check=True, stdout=subprocess.PIPE, text=True).stdout.strip(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "yardstick": seconds(lambda: np.sort(numbers), runs),
        "seconds": times,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    row = measured(options.runs)
    before = rows[-1] if rows else row
    faster = row["yardstick"] / before["yardstick"]
    for name, value in row["seconds"].items():
        ratio = value / before["seconds"].get(name, value) / faster
        print(f"{name}: {value:.3f} s, {ratio:.2f} of {before['commit']}")
    if options.write:
        lines = [json.dumps(each) for each in [*rows, row]]
        HISTORY.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
