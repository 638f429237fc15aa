"""Four small pictures through the whole command, against committed sizes and qualities: `make bench-golden`.

    python benchmarks/golden.py [--write]

With each kind of kernels that the processor has (IMAGEGS_ISA), bytes and PSNR must be those of
results/golden.json to the last digit; kinds differ in the last bits of a fit, which grow. "scalar" is
everywhere. Exit code 1 where a figure differs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs._native import isa_names
from imagegs.cli.app import main as command
from imagegs.metrics import psnr
from imagegs.pictures.reading import read_picture

GOLDEN = Path(__file__).with_name("results") / "golden.json"
SAMPLE = Path(__file__).parent.parent / "assets/sample.png"
HEIGHT, WIDTH = 128, 192


def photo() -> Any:
    """The middle of the shipped sample."""
    pixels = read_picture(SAMPLE).pixels[:, :, :3]
    top, left = ((a - b) // 2 for a, b in zip(pixels.shape[:2], (HEIGHT, WIDTH), strict=True))
    return pixels[top : top + HEIGHT, left : left + WIDTH]


def edges() -> Any:
    """Disks and bars of flat colours, with an alpha channel."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    bars = (x // 16 + y // 32) % 3
    disk = (x - 96) ** 2 + (y - 64) ** 2 < 45**2
    colors = np.array([[230, 60, 40], [30, 90, 200], [250, 240, 220]], np.uint8)[
        np.where(disk, 2 - bars, bars)
    ]
    return np.dstack([colors, np.where(disk | (y > 64), 255, 90).astype(np.uint8)])


def waves() -> Any:
    """Gray, 16 bits: rings that grow finer outwards."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    radius = (x - 60) ** 2 + (y - 40) ** 2
    return ((32768 + 32767 * np.cos(radius / 900)) // 1).astype(np.uint16)


def grain() -> Any:
    """Noise over a slope: what no Gaussian can hold."""
    rng = np.random.default_rng(0)
    slope = np.linspace(40, 200, WIDTH)[None, :, None]
    return (slope + rng.integers(-30, 31, (HEIGHT, WIDTH, 3))).astype(np.uint8)


PICTURES: dict[str, Callable[[], Any]] = {"photo": photo, "edges": edges, "waves": waves, "grain": grain}


def measure(pixels: Any) -> dict[str, Any]:
    """Bytes and PSNR of `imagegs encode --bpp 0.4 -e 2`, decoded."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.gsimg"
        Image.fromarray(pixels).save(source)
        if command(["encode", str(source), "-o", str(target), "--bpp", "0.4", "-e", "2", "--quiet"]) != 0:
            raise SystemExit("the command failed")
        data = target.read_bytes()
    painted = imagegs.render(imagegs.decode(data), dtype=pixels.dtype)
    return {"bytes": len(data), "psnr": psnr(pixels, painted)}


def measured(isa: str) -> dict[str, Any]:
    os.environ["IMAGEGS_ISA"] = isa
    return {name: measure(make()) for name, make in PICTURES.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--write", action="store_true", help="make those of now the committed ones, of the kinds here"
    )
    options = parser.parse_args()
    found = {isa: measured(isa) for isa in isa_names()}
    golden = json.loads(GOLDEN.read_text())
    if options.write:
        golden |= found
        GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
    failed = False
    for isa, pictures in found.items():
        for name, now in pictures.items():
            wrong = now != (before := golden.get(isa, {}).get(name))
            failed |= wrong
            print(f"{isa}, {name}: {now['bytes']} bytes, {now['psnr']!r} dB" + f"; was {before}" * wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
