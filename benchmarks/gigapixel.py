"""A picture of a gigapixel for tests: photographs, maps, text and noise in cells, the same for the same seed.

    python benchmarks/gigapixel.py huge.tif                          # BigTIFF in tiles, 32768 x 32768 pixels
    python benchmarks/gigapixel.py huge.zarr --side 65535 --seed 3
    python benchmarks/gigapixel.py huge.png --photos ../shared/data  # also .npy

Row of cells by row of cells, so that memory holds one of them. Without a folder of photographs there are
textures in their place, noise whose spectrum falls as that of photographs does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from gigapixel_writers import WRITERS

ROOT = Path(__file__).parent.parent
PHOTOS = ROOT.parent / "shared/data"
CELL = 1024  # pixels a side
SHARES = {"photo": 0.4, "map": 0.2, "text": 0.2, "noise": 0.2}
LETTERS = np.array(list("etaoinshrdlucmfwygpbvk"))
LAND = np.array(
    [(120, 170, 214), (164, 200, 226), (214, 226, 178), (178, 206, 140), (226, 208, 150), (200, 160, 120)],
    np.uint8,
)

Cell = NDArray[np.uint8]  # (CELL, CELL, 3)


def noise(rng: np.random.Generator, row: int, column: int, photos: list[Path]) -> Cell:
    """Grain of one strength on a gradient of two colours."""
    one, two = rng.uniform(40, 215, (2, 3))
    slope = np.linspace(0, 1, CELL)[:, None, None]
    grain = rng.normal(0, rng.uniform(2, 40), (CELL, CELL, 3))
    return (one + (two - one) * slope + grain).clip(0, 255).astype(np.uint8)


def text(rng: np.random.Generator, row: int, column: int, photos: list[Path]) -> Cell:
    """A page of words that mean nothing."""
    paper, ink = (245, 243, 236), tuple(rng.integers(0, 90, 3).tolist())
    page = Image.new("RGB", (CELL, CELL), paper)
    draw = ImageDraw.Draw(page)
    size = int(rng.integers(10, 28))
    font = ImageFont.load_default(size)
    for y in range(8, CELL - size, int(1.4 * size)):
        words = ["".join(rng.choice(LETTERS, rng.integers(2, 11))) for _ in range(2 * CELL // (5 * size))]
        draw.text((16, y), " ".join(words), ink, font)
    return np.asarray(page)


def map_of_land(rng: np.random.Generator, row: int, column: int, photos: list[Path]) -> Cell:
    """Coloured heights, contours and roads; neighbouring maps go on into each other, roads aside."""
    y, x = np.mgrid[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL].astype(np.float32)
    height = np.zeros((CELL, CELL), np.float32)
    for i in range(1, 7):
        turn, wave = 2.4 * i, np.float32(2 * np.pi * 1.9**i / 6000)
        height += np.sin(wave * (np.cos(turn) * x + np.sin(turn) * y) + i * i) / np.float32(i)
    steps = np.floor(8 * height).astype(np.int64)
    land = LAND[(steps // 4 + 3).clip(0, len(LAND) - 1)]
    contour = np.zeros((CELL, CELL), bool)
    contour[1:] |= steps[1:] != steps[:-1]
    contour[:, 1:] |= steps[:, 1:] != steps[:, :-1]
    land[contour] = (130, 100, 80)
    page = Image.fromarray(land)
    draw = ImageDraw.Draw(page)
    for _ in range(6):
        road = [tuple(point) for point in rng.integers(0, CELL, (4, 2)).tolist()]
        draw.line(road, tuple(rng.integers(0, 256, 3).tolist()), int(rng.integers(1, 9)))
    return np.asarray(page)


def photo(rng: np.random.Generator, row: int, column: int, photos: list[Path]) -> Cell:
    """A part of a photograph, mirrored, scaled, lighter or darker; a texture where there are none."""
    if not photos:
        return texture(rng)
    image = opened(photos[int(rng.integers(len(photos)))])
    side = int(min(*image.size, CELL * rng.uniform(0.5, 1.5)))
    x, y = (int(rng.integers(0, n - side + 1)) for n in image.size)
    part = image.resize((CELL, CELL), Image.Resampling.LANCZOS, (x, y, x + side, y + side))
    part = ImageOps.mirror(part) if rng.integers(2) else part
    light = (np.asarray(part, np.float32) * rng.uniform(0.6, 1.3)).clip(0, 255)
    return light.astype(np.uint8)


@lru_cache(maxsize=4)
def opened(path: Path) -> Image.Image:
    """A photograph at half its size, so that the blocks of JPEG are not seen."""
    return Image.open(path).convert("RGB").reduce(2)


def texture(rng: np.random.Generator) -> Cell:
    """Three planes of noise whose amplitudes fall with the frequency."""
    y, x = np.fft.fftfreq(CELL)[:, None], np.fft.rfftfreq(CELL)[None]
    fall = 1 / np.maximum(np.hypot(x, y), 1 / CELL) ** rng.uniform(0.8, 1.4)
    shared = rng.normal(size=(CELL, CELL))
    planes = [0.8 * shared + 0.2 * rng.normal(size=(CELL, CELL)) for _ in range(3)]
    waves = np.stack([np.fft.irfft2(np.fft.rfft2(plane) * fall, (CELL, CELL)) for plane in planes], axis=2)
    return (rng.uniform(80, 170, 3) + 45 * waves / waves.std()).clip(0, 255).astype(np.uint8)


KINDS = {"photo": photo, "map": map_of_land, "text": text, "noise": noise}


def bands(width: int, height: int, seed: int, photos: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """The picture from top to bottom, (up to CELL, width, 3) at a time."""
    for row in range(-(-height // CELL)):
        cells = []
        for column in range(-(-width // CELL)):
            rng = np.random.default_rng([seed, row, column])
            kind = rng.choice(list(SHARES), p=list(SHARES.values()))
            cells.append(KINDS[str(kind)](rng, row, column, photos))
        yield np.concatenate(cells, axis=1)[: height - row * CELL, :width]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help=f"the picture: {', '.join(WRITERS)}")
    parser.add_argument("--side", type=int, default=32768, help="width, in pixels")
    parser.add_argument("--height", type=int, help="in pixels (default: the width)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="a folder of photographs")
    parser.add_argument("--compression", default="zlib", help="of the TIFF, as tifffile calls it; or none")
    options: Any = parser.parse_args(arguments)
    if options.out.suffix not in WRITERS:
        parser.error(f"the name ends in {', '.join(WRITERS)}")
    height = options.height or options.side
    photos = sorted(path for kind in ("jpg", "png") for path in options.photos.glob(f"photos/*.{kind}"))
    start = time.perf_counter()
    rows = bands(options.side, height, options.seed, photos)
    WRITERS[options.out.suffix](options.out, rows, options.side, height, options.compression)
    seconds = time.perf_counter() - start
    n = options.side * height / 1e6
    print(
        f"{options.out}: {options.side} x {height} pixels, {len(photos)} photographs, {n / seconds:.1f} MP/s"
    )


if __name__ == "__main__":
    main()
