"""docs/pictures/grain.webp: parts of four Kodak pictures, our files of them without grain, and with it.

    python assets/grain.py KODAK_FOLDER

The files are those of `imagegs encode --grain auto`, effort 3; the parts are shown pixel for pixel.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

import imagegs

OUT = Path(__file__).parent.parent / "docs/pictures/grain.webp"
GAP = 4  # pixels


class Part(NamedTuple):
    """A part of a picture that is encoded at so many bits a pixel."""

    name: str
    bpp: float
    box: tuple[int, int, int, int]  # left, top, right, bottom


PARTS = (
    Part("kodim21", 0.1, (110, 270, 400, 440)),
    Part("kodim01", 0.2, (120, 130, 410, 320)),
    Part("kodim04", 0.5, (80, 240, 370, 430)),
    Part("kodim05", 0.2, (300, 250, 590, 400)),
)


def row(folder: Path, part: Part) -> np.ndarray:
    """The part of the original, of the file without grain, with it, side by side."""
    picture = np.asarray(Image.open(folder / f"{part.name}.png").convert("RGB"))
    data = imagegs.compress(picture, bpp=part.bpp, effort=3, grain="auto")
    pictures = [picture, imagegs.decompress(data, grain=0), imagegs.decompress(data)]
    left, top, right, bottom = part.box
    gap = np.full((bottom - top, GAP, 3), 255, np.uint8)
    columns = [each[top:bottom, left:right] for each in pictures]
    return np.concatenate([columns[0], gap, columns[1], gap, columns[2]], axis=1)


def main() -> None:
    rows = [row(Path(sys.argv[1]), part) for part in PARTS]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    plate = np.concatenate([each for r in rows for each in (r, gap)][:-1])
    Image.fromarray(plate).save(OUT, quality=85, method=6)


if __name__ == "__main__":
    main()
