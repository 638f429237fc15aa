"""The demo: the sample picture as a .gsimg file, at all levels of detail, and as ellipses, in demo/."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLE, OUT = ROOT / "assets/sample.png", ROOT / "demo"


def imagegs(*arguments: str | Path) -> str:
    """Runs the command as a user would, and returns what it printed."""
    command = [sys.executable, "-m", "imagegs", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    OUT.mkdir(exist_ok=True)
    file, picture, ellipses = OUT / "sample.gsimg", OUT / "sample.png", OUT / "ellipses.png"
    encoded = json.loads(imagegs("encode", SAMPLE, "-o", file, "-n", "3000", "--json"))
    imagegs("decode", file, "-o", picture, "--quiet")
    levels = {lod: OUT / f"sample-lod-{lod}.png" for lod in ("0", "0.33", "0.67")}
    for lod, level in levels.items():
        imagegs("decode", file, "-o", level, "--lod", lod, "--quiet")
    imagegs("plot", file, "-o", ellipses, "--quiet")
    print(
        f"{encoded['n_gaussians']} Gaussians, {encoded['bytes']} bytes = {encoded['bpp']:.3f} bpp, "
        f"PSNR {encoded['psnr']:.2f} dB, {encoded['seconds']:.1f} s"
    )
    for path in (file, picture, *levels.values(), ellipses):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
