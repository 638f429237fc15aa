"""How far SSIMULACRA 2 here is from the reference tool: a line for each picture, then the greatest of all.

    python benchmarks/ssimulacra2_agreement.py --tool ssimulacra2 PICTURES...

The pictures are changed by JPEG at qualities 10 to 95 and by halving and doubling. The tool is the one of
libjxl; its rounding depends on the processor: this package rounds as the tool does where there are fused
multiply-adds (x86-64 with AVX2 and later).
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.pictures.formats import open_image
from imagegs.pictures.reading import read_picture
from imagegs.ssimulacra.score import ssimulacra2

QUALITIES = (10, 30, 60, 85, 95)


def changed(picture: Image.Image) -> Iterator[Image.Image]:
    for quality in QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        yield open_image(file).convert("RGB")
    yield picture.resize((picture.width // 2, picture.height // 2)).resize(picture.size)


def tool_score(tool: str, folder: Path, reference: Image.Image, picture: Image.Image) -> float:
    paths = [folder / "reference.png", folder / "picture.png"]
    for path, image in zip(paths, (reference, picture), strict=True):
        image.save(path, compress_level=1)
    printed = subprocess.run([tool, *map(str, paths)], capture_output=True, text=True, check=True).stdout
    return float(printed)


def compare(tool: str, path: Path, seconds: list[float]) -> float:
    """The greatest difference; `seconds` gets the time of each measurement for a megapixel."""
    reference = Image.fromarray(read_picture(path).pixels).convert("RGB")
    pixels: NDArray[np.uint8] = np.asarray(reference)
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        for picture in changed(reference):
            start = time.perf_counter()
            score = ssimulacra2(pixels, np.asarray(picture))
            seconds.append((time.perf_counter() - start) / (reference.width * reference.height / 1e6))
            differences.append(abs(score - tool_score(tool, Path(folder), reference, picture)))
    return max(differences)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--tool", default="ssimulacra2")
    options = parser.parse_args()
    seconds: list[float] = []
    worst = 0.0
    for path in options.pictures:
        difference = compare(options.tool, path, seconds)
        worst = max(worst, difference)
        print(f"{path.name:40} {difference:.6f}", flush=True)
    speed = f"{statistics.median(seconds):.2f} s a megapixel"
    print(f"{len(seconds)} pairs, greatest difference {worst:.6f}; {speed}")


if __name__ == "__main__":
    main()
