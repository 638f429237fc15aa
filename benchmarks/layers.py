"""What layers cost and give, at equal bytes.

    python benchmarks/layers.py --pictures DIR [--side 1024] [-n 5000] [--effort 5] [--count 4]
                                [--out results.json]

For each picture a file with the default layers, a file without any of the same size, and for each of the last
layers' ends a file without layers of as many bytes as the file has up to there: PSNR of the decoded pictures.
Rows that the output file already has are kept.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.cli.app import main as command
from imagegs.metrics import psnr
from records import Record, load, picture_parser, table

PARTS = 4  # the last layers' ends


def encoded(source: Path, *options: Any) -> bytes:
    target = source.with_suffix(".gsimg")
    arguments = ["encode", source, "-o", target, "--tune", "psnr", "-j", 1, "--quiet", *options]
    if command([str(a) for a in arguments]) != 0:
        raise RuntimeError(f"{source} was not encoded")
    return target.read_bytes()


def quality(pixels: Any, data: bytes) -> float:
    gaussians = imagegs.decode(data, allow_partial=True)
    return psnr(pixels, imagegs.render(gaussians, dtype=np.uint8, threads=1))


def measure(path: Path, options: argparse.Namespace) -> list[dict[str, float]]:
    pixels = load(path, options.side)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "picture.png"
        Image.fromarray(pixels).save(source)
        data = encoded(source, "-n", options.n, "-e", options.effort)
        rows = []
        for end in layer_ends(data)[-PARTS:]:
            part = data[:end]
            alone = encoded(source, "--target-size", len(part), "--layers", 1, "-e", options.effort)
            rows.append(
                {
                    "share": len(part) / len(data),
                    "bytes": len(part),
                    "psnr": quality(pixels, part),
                    "alone_bytes": len(alone),
                    "alone_psnr": quality(pixels, alone),
                }
            )
    return rows


def layer_ends(data: bytes) -> list[int]:
    """Where each layer's chunk ends; the file's end for the last."""
    ends = data.index(b"LAYR") + np.cumsum([12 + layer.n_bytes for layer in imagegs.read_info(data).layers])
    return [*(int(end) for end in ends[:-1]), len(data)]


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--effort", type=int, default=5)
    options = parser.parse_args()
    setting = {"n": options.n, "effort": options.effort, "side": options.side}
    record = Record(options.out, setting)
    record.fill(options, measure)
    rows = record.rows
    print(f"\n{record.result['machine']}; {setting}, {len(rows)} pictures")
    print(summary(rows))


def summary(rows: dict[str, Any]) -> str:
    """Means over the pictures, as a table of Markdown."""
    lines = []
    for parts in zip(*rows.values(), strict=True):
        share, own, alone = (statistics.fmean(p[k] for p in parts) for k in ("share", "psnr", "alone_psnr"))
        worst = max(p["alone_psnr"] - p["psnr"] for p in parts)
        lines.append([f"{share:.0%}", f"{own:.2f}", f"{alone:.2f} ({alone - own:+.2f})", f"{worst:+.2f}"])
    return table(["bytes", "PSNR", "a file of that size, without layers", "at most"], lines)


if __name__ == "__main__":
    main()
