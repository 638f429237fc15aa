"""The bench's COIN beside the figures of its authors.

    python benchmarks/neural.py kodak/*.png [--steps 50000] [--rates 0.1604,0.3074] [--out FILE.json]

The authors' are means over the 24 pictures of Kodak, 768 x 512, after 50,000 steps of Adam at a rate of 2e-4,
without a file's header: results.json of https://github.com/EmilienDupont/coin (paper: arXiv 2103.03123).
Ours, of whole files, are comparable where all 24 pictures are named. --steps is the bench's 4,000 by default.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from imagegs.codec import bytes_for_bpp
from imagegs.evaluation.bench import load_pixels
from imagegs.evaluation.neural_codecs import STEPS, neural_codec
from imagegs.metrics import psnr
from records import Record, table

PUBLISHED = {"0.0736": 23.21, "0.1604": 24.64, "0.3074": 26.41, "0.6109": 28.41, "1.209": 30.64}  # bpp: dB


def measured(path: Path, rate: float, steps: int) -> dict[str, float]:
    """Bits a pixel, PSNR and processor seconds of a file within the rate."""
    codec, pixels = neural_codec(f"coin-s{steps}"), load_pixels(path, None)
    assert codec is not None
    start = time.process_time()
    data = codec.encode(pixels, bytes_for_bpp(rate, *pixels.shape[:2]))
    seconds = time.process_time() - start
    found = {
        "bpp": 8 * len(data) / (pixels.shape[0] * pixels.shape[1]),
        "psnr": psnr(pixels, codec.decode(data, pixels.shape)),
        "cpu_seconds": seconds,
    }
    print(rate, path.stem, found, flush=True)
    return found


def summary(result: dict[str, Any]) -> str:
    """Means beside the authors', as a table of Markdown."""
    lines = []
    for rate, rows in result["rows"].items():
        bpp, db, seconds = (
            statistics.fmean(row[name] for row in rows.values()) for name in ("bpp", "psnr", "cpu_seconds")
        )
        lines.append(
            [f"{bpp:.3f}", f"{len(rows)}", f"{db:.2f}", f"{seconds:.0f}", rate, f"{PUBLISHED[rate]:.2f}"]
        )
    head = "bpp; pictures; PSNR; CPU s; the authors' bpp; the authors' PSNR, 24 pictures, 50,000 steps"
    return table(head.split("; "), lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rates", default=",".join(PUBLISHED), help="some of the published ones")
    parser.add_argument("--out", type=Path, help="results; what the file already has is kept")
    options = parser.parse_args()
    record = Record(options.out, {"steps": options.steps})
    for rate in options.rates.split(","):
        rows = record.rows.setdefault(rate, {})
        for path in options.pictures:
            if path.stem not in rows:
                rows[path.stem] = measured(path, float(rate), options.steps)
                record.keep()
    print(summary(record.result))


if __name__ == "__main__":
    main()
