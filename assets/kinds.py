"""docs/pictures/kinds.webp: parts of pictures that are no photographs, and what our files of them decode to.

    python assets/kinds.py

The pictures of benchmarks/kinds.py, 384 x 256 pixels. Upper row: parts of 96 x 96 pixels, twice as large;
lower row: the same of files of one bit a pixel. Prints PSNR of the whole pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import imagegs
from imagegs.metrics import psnr

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "benchmarks"))
from kinds_pictures import KINDS  # noqa: E402

OUT = ROOT / "docs/pictures/kinds.webp"
SIZE, PART, TIMES, RATE = (384, 256), 96, 2, 1.0
PLACES = {"screenshot with text": (110, 20), "map": (120, 60), "scan, 16 bits": (150, 130)}  # left, top


def part(pixels: np.ndarray, kind: str) -> np.ndarray:
    """(2 PART, 2 PART, 3) uint8 of a picture (H, W, 1 or 3); 16 bits are stretched to what they hold."""
    if pixels.dtype == np.uint16:
        pixels = (pixels * (255 / 24000)).clip(0, 255).astype(np.uint8)
    left, top = PLACES.get(kind, (40, 80))
    cut = np.broadcast_to(pixels, (*pixels.shape[:2], 3))[top : top + PART, left : left + PART]
    return cut.repeat(TIMES, axis=0).repeat(TIMES, axis=1)


def main() -> None:
    columns = []
    for kind, draw in KINDS.items():
        pixels = draw(*SIZE)
        decoded = imagegs.decompress(imagegs.compress(pixels, bpp=RATE)).reshape(pixels.shape)
        print(f"{kind}: {psnr(pixels, decoded):.2f} dB")
        columns.append(np.concatenate([part(pixels, kind), part(decoded, kind)]))
    Image.fromarray(np.concatenate(columns, axis=1)).save(OUT, quality=90)


if __name__ == "__main__":
    main()
