"""docs/pictures/saliency.webp: the sample picture, regions of interest, and files of equal bytes without them
and with them.

    python benchmarks/saliency_picture.py [--bpp 0.15] [--effort 5]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from imagegs.evaluation.processes import python_command
from imagegs.pictures.reading import read_picture

ROOT = Path(__file__).parent.parent
SAMPLE, TARGET = ROOT / "assets/sample.png", ROOT / "docs/pictures/saliency.webp"
REGIONS = ["--roi", "128,112,154,160", "--roi", "322,288,172,64"]  # the boat, the sign
GAP = 6  # pixels between the pictures


def imagegs(*arguments: Any) -> str:
    command = python_command("-m", "imagegs", *arguments)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def decoded(folder: Path, name: str, *options: Any) -> Image.Image:
    file, picture = folder / f"{name}.gsimg", folder / f"{name}.png"
    report = json.loads(imagegs("encode", SAMPLE, "-o", file, *REGIONS, "--json", "--quiet", *options))
    places = {place: round(report["saliency"][place]["psnr"], 2) for place in ("inside", "outside")}
    print(name, {"bytes": report["bytes"], "psnr": round(report["psnr"], 2), **places})
    imagegs("decode", file, "-o", picture, "--quiet")
    return Image.fromarray(read_picture(picture).pixels)


def regions() -> Image.Image:
    """The picture, dark outside the regions."""
    picture = Image.fromarray(read_picture(SAMPLE).pixels).convert("RGB")
    dark = Image.blend(picture, Image.new("RGB", picture.size), 0.75)
    for text in REGIONS[1::2]:
        x, y, w, h = map(int, text.split(","))
        dark.paste(picture.crop((x, y, x + w, y + h)), (x, y))
    return dark


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bpp", type=float, default=0.15)
    parser.add_argument("--effort", type=int, default=5)
    options = parser.parse_args()
    shared = ["-e", options.effort]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        without = decoded(folder, "without", "--bpp", options.bpp, "--saliency-strength", 0, *shared)
        size = (folder / "without.gsimg").stat().st_size
        guided = decoded(folder, "with", "--target-size", size, *shared)
        parts = [Image.fromarray(read_picture(SAMPLE).pixels).convert("RGB"), regions(), without, guided]
        width, height = parts[0].size
        sheet = Image.new("RGB", (2 * width + GAP, 2 * height + GAP), "white")
        for i, part in enumerate(parts):
            sheet.paste(part, (i % 2 * (width + GAP), i // 2 * (height + GAP)))
        sheet.save(TARGET, quality=85, method=6)


if __name__ == "__main__":
    main()
