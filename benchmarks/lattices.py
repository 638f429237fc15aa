"""What bits a Gaussian buy: files of one fit on finer and finer lattices.

    python benchmarks/lattices.py --pictures DIR [--side 1024] [-n 5000] [--effort 7] [--layers 1] [--count 4]
                                  [--out results.json]

For each picture the PSNR that its file loses against the fit in float32, and the bits a Gaussian of the whole
file: on the lattice that the command would choose, and what a loss of 0.1 dB takes, between the lattices
tried. Rows that the output file already has are kept.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

import numpy as np

import imagegs
from imagegs.compression.rate_control import THOROUGH_EFFORT
from imagegs.fitting.quantising import FINENESS, lattice_of
from imagegs.metrics import psnr
from records import Record, load, picture_parser, table

STEP, MOST = 6, 5  # sixteenths of an octave between two lattices; lattices at most
LOSS = 0.1  # dB


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    pixels = load(path, options.side)
    chosen: dict[str, Any] = {"tune": "psnr", "effort": options.effort, "threads": 1}
    gaussians = imagegs.fit(pixels, options.n, layers=options.layers, **chosen)
    whole = quality(pixels, gaussians)
    first = next(f for f in FINENESS if lattice_of(f) == imagegs.choose_lattice(pixels, gaussians, threads=1))
    points = []
    for fineness in range(first, FINENESS[-1] + 1, STEP)[:MOST]:
        lattice = lattice_of(fineness)
        steps = 1 + (options.effort >= THOROUGH_EFFORT)
        quantised = imagegs.quantise(pixels, gaussians, lattice, steps=steps, threads=1)
        data = imagegs.encode(quantised, lattice)
        points.append((8 * len(data) / len(quantised), whole - quality(pixels, imagegs.decode(data))))
        if points[-1][1] < LOSS:
            break
    return {"psnr": whole, "points": points, "bits_at_loss": bits_at(points)}


def quality(pixels: Any, gaussians: imagegs.Gaussians) -> float:
    return psnr(pixels, imagegs.render(gaussians, dtype=np.uint8, threads=1))


def bits_at(points: list[tuple[float, float]]) -> float | None:
    """By straight lines between the points; None where none loses so little."""
    if points[-1][1] > LOSS:
        return None
    bits, losses = np.array(points).T
    return float(np.interp(-LOSS, -losses, bits))


def points_table(rows: dict[str, Any]) -> str:
    """Bits a Gaussian and dB lost of each picture, as a table of Markdown."""
    most = max(len(row["points"]) for row in rows.values())
    lines = []
    for name, row in rows.items():
        cells = [f"{bits:.1f}, {loss:.2f}" for bits, loss in row["points"]]
        lines.append([name, *cells, *[""] * (most - len(cells))])
    return table(
        ["picture", "the chosen lattice", "then ever finer: bits, dB lost", *[""] * (most - 2)], lines
    )


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--effort", type=int, default=7)
    parser.add_argument("--layers", type=int, default=1)
    options = parser.parse_args()
    setting = {"side": options.side, "n": options.n, "effort": options.effort, "layers": options.layers}
    record = Record(options.out, setting)
    record.fill(options, measure)
    rows = record.rows
    print(f"\n{record.result['machine']}; {setting}, {len(rows)} pictures")
    bits = [r["bits_at_loss"] for r in rows.values() if r["bits_at_loss"] is not None]
    if bits:
        print(
            f"bits a Gaussian at {LOSS} dB below the fit: {statistics.fmean(bits):.1f}, {len(bits)} pictures"
        )
    chosen = [r["points"][0] for r in rows.values()]
    print(
        "on the chosen lattice: {:.1f} bits, {:.2f} dB".format(
            *(statistics.fmean(c) for c in zip(*chosen, strict=True))
        )
    )


if __name__ == "__main__":
    main()
