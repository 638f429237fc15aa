"""How well ways to paint a picture smaller agree with the full picture made smaller.

    python benchmarks/levels.py --pictures DIR [--side 1024] [-n 5000] [--effort 2] [--count 4]
                                [--out results.json]

For each picture and each factor of 2, 4, 8, PSNR in dB of 8-bit pictures: against the full decode,
box-filtered to that size, and against the original, box-filtered; of that box-filtered decode itself against
the latter. The ways:

    filtered    `render` as it is: samples about a canvas pixel apart, averaged
    points      one sample a pixel
    widened     one sample a pixel of Gaussians that are widened by the pixel's variance, step^2 / 12
    widened 2x2 2 x 2 samples a pixel of Gaussians that are widened by the variance of a quarter of it

Sides are cropped to multiples of 8. Rows that the output file already has are kept.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.gaussians import Gaussians, widened
from records import Record, load, picture_parser, table

FACTORS = 2, 4, 8
WAYS = "filtered", "points", "widened", "widened 2x2"
TITLES = {
    "box": "the full decode, box-filtered",
    "filtered": "`render`: means of samples a canvas pixel apart",
    "points": "one sample a pixel (`filtered=False`)",
    "widened": "one sample of widened Gaussians",
    "widened 2x2": "2 x 2 samples of Gaussians widened by the rest",
}


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    pixels = load(path, options.side)
    height, width = (side // max(FACTORS) * max(FACTORS) for side in pixels.shape[:2])
    pixels = pixels[:height, :width]
    gaussians = imagegs.fit(pixels, options.n, effort=options.effort, threads=1)
    decoded = imagegs.render(gaussians, dtype=np.uint8)
    return {str(factor): at_factor(pixels, decoded, gaussians, factor) for factor in FACTORS}


def at_factor(pixels: Any, decoded: Any, gaussians: Gaussians, factor: int) -> dict[str, Any]:
    """{way: [against the decode, against the original]}."""
    original, reference = boxed(pixels, factor), boxed(decoded, factor)
    row = {"box": [None, decibels(reference, original)]}
    for way in WAYS:
        small = painted(gaussians, factor, way)
        row[way] = [decibels(small, reference), decibels(small, original)]
    return row


def painted(gaussians: Gaussians, factor: int, way: str) -> Any:
    if way == "filtered":
        return imagegs.render(gaussians, scale=1 / factor, dtype=np.uint8)
    if way == "widened 2x2":
        wide = widened(gaussians, (factor / 2) ** 2 / 12)
        fine = imagegs.render(wide, scale=2 / factor, dtype=np.uint8, filtered=False)
        return np.round(boxed(fine, 2))
    wide = widened(gaussians, factor**2 / 12) if way == "widened" else gaussians
    return imagegs.render(wide, scale=1 / factor, dtype=np.uint8, filtered=False)


def boxed(pixels: Any, factor: int) -> Any:
    """Means of factor x factor pixels."""
    height, width, channels = pixels.shape
    return pixels.reshape(height // factor, factor, width // factor, factor, channels).mean(axis=(1, 3))


def decibels(a: Any, b: Any) -> float:
    error = float(np.square(np.asarray(a, float) - b).mean())
    return round(float(10 * np.log10(255**2 / error)), 2)


def summary(rows: dict[str, Any]) -> str:
    """Means over the pictures, as a table of Markdown."""
    lines = []
    for way in TITLES:
        cells = []
        for factor in FACTORS:
            found = [row[str(factor)][way] for row in rows.values()]
            own = statistics.mean(original for _, original in found)
            decode = "" if way == "box" else f"{statistics.mean(d for d, _ in found):.2f}, "
            cells.append(f"{decode}{own:.2f}")
        lines.append([TITLES[way], *cells])
    return table(["", *(f"1/{factor}" for factor in FACTORS)], lines)


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--effort", type=int, default=2)
    options = parser.parse_args()
    setting = {"n": options.n, "effort": options.effort, "side": options.side}
    record = Record(options.out, setting)
    record.fill(options, measure)
    print(summary(record.rows))


if __name__ == "__main__":
    main()
