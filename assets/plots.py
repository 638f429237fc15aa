"""The pictures of docs/plots.md, made of the sample picture: ellipses, an error map, the growth of two fits.

    python assets/plots.py

Needs matplotlib (pip install 'imagegs[plot]'). Prints the sizes of the pictures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
SAMPLE, OUT = ROOT / "assets/sample.png", ROOT / "docs/pictures"
FITS = {"imagegs": ["-e", "3"], "paper": ["--recipe", "paper", "--steps", "1000"]}
GAP = 8  # pixels between the pictures


def imagegs(*arguments: str | Path) -> None:
    """Runs the command as a user would."""
    subprocess.run([sys.executable, "-m", "imagegs", *map(str, arguments), "--quiet"], check=True)


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (left.width + GAP + right.width, max(left.height, right.height)), "white")
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width + GAP, 0))
    return sheet


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for fit, options in FITS.items():
            file, history = folder / f"{fit}.gsimg", folder / f"{fit}.json"
            imagegs("encode", SAMPLE, "-o", file, "-n", "3000", *options, "--history", history)
        ellipses, error, growth = (folder / f"{what}.png" for what in ("ellipses", "error", "growth"))
        imagegs("plot", folder / "imagegs.gsimg", "-o", ellipses, "--share", "0.5", "--light")
        imagegs("plot", folder / "imagegs.gsimg", "-o", error, "--error", SAMPLE, "--light")
        imagegs("plot", *(folder / f"{fit}.json" for fit in FITS), "-o", growth)
        pair = side_by_side(Image.open(ellipses), Image.open(error))
        figure = Image.open(growth).convert("RGB").reduce(2)
        for picture, target in ((pair, OUT / "plots.webp"), (figure, OUT / "growth.webp")):
            picture.save(target, quality=60, method=6)
            print(target.relative_to(ROOT), target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
