"""Counts the layers that a picture needs which is painted smaller than its canvas.

    python benchmarks/preview_layers.py --pictures DIR [--side 1536] [-n 16000] [--effort 1] [--count 4]
                                        [--out results.json]

Each picture is fitted in 8 layers and painted at 1/4, 1/8, 1/16 and 1/32 of its size: of all Gaussians, and
of the least number of whole layers that has so many for each painted pixel. The original is box-filtered to
that size. A row has, for each size, the PSNR in dB of all layers, and for each density the layers and what
PSNR they lose. The last lines have the mean and the worst loss of all rows, as far as there were enough
Gaussians. Rows that the output file already has are kept.
"""

from __future__ import annotations

import argparse
import statistics
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.metrics import psnr
from records import Record, load, picture_parser

FACTORS = 4, 8, 16, 32
DENSITIES = 0.125, 0.25, 0.5, 1, 2, 4  # Gaussians a painted pixel


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    pixels = load(path, options.side)
    gaussians = imagegs.fit(pixels, options.n, effort=options.effort, layers=8)
    return {str(factor): at_factor(pixels, gaussians, factor) for factor in FACTORS}


def at_factor(pixels: Any, gaussians: imagegs.Gaussians, factor: int) -> dict[str, Any]:
    """{"all": dB, Gaussians a pixel: [layers, loss in dB]}."""
    height, width = (round(side / factor) for side in pixels.shape[:2])
    small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
    ends = list(accumulate(gaussians.layers))

    def quality(layers: int) -> float:
        painted = imagegs.render(gaussians.first_layers(layers), height=height, dtype=np.uint8)
        return psnr(small, painted)

    row: dict[str, Any] = {"all": quality(len(ends))}
    for density in DENSITIES:
        layers = next((n for n, end in enumerate(ends, 1) if end >= density * height * width), None)
        if layers is not None:
            row[str(density)] = [layers, row["all"] - quality(layers)]
    return row


def main() -> None:
    parser = picture_parser(__doc__)
    parser.add_argument("-n", type=int, default=16000)
    parser.add_argument("--effort", type=int, default=1)
    options = parser.parse_args()
    options.side = options.side or 1536
    record = Record(options.out, {"n": options.n, "side": options.side, "effort": options.effort})
    record.fill(options, measure)
    for factor in FACTORS:
        for density in map(str, DENSITIES):
            losses = [
                row[str(factor)][density][1] for row in record.rows.values() if density in row[str(factor)]
            ]
            if losses:
                mean, worst = statistics.mean(losses), max(losses)
                print(f"1/{factor}, {density} a pixel: loses {mean:.2f} dB, at most {worst:.2f} dB")


if __name__ == "__main__":
    main()
