"""The share of an encode that runs on one thread, whatever the number of threads: Amdahl's bound.

    python benchmarks/serial_share.py --pictures DIR [--names kodim05,kodim17] [--side 768] [--effort 1 3 5]
        [--bpp 0.3] [--out serial_share.json]

Encodes on one thread, and counts the seconds within runs of the thread pool. What is outside of them (NumPy,
the entropy coder, Python) is the serial share. The bound is how many times as fast 2, 4 and 8 threads could
be if runs of the pool scaled perfectly.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import imagegs
from imagegs._native import seconds_left, set_seconds_left
from records import Record, load, picture_parser

BUDGET = 1e6  # seconds, more than any encode takes
THREADS = (2, 4, 8)


def serial_share(path: Path, options: argparse.Namespace, effort: int) -> dict[str, float]:
    """Seconds of an encode on one thread, and the share of them outside the pool."""
    picture = load(path, options.side)
    keywords = {"bpp": options.bpp} if options.bpp else {}
    set_seconds_left(BUDGET)
    start = time.perf_counter()
    imagegs.compress(picture, effort=effort, threads=1, **keywords)
    seconds = time.perf_counter() - start
    share = 1 - (BUDGET - seconds_left()) / seconds
    set_seconds_left(float("inf"))
    bounds = {f"bound of {n}": 1 / (share + (1 - share) / n) for n in THREADS}
    return {"seconds": seconds, "serial": share, **bounds}


def row(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    return {str(effort): serial_share(path, options, effort) for effort in options.effort}


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--effort", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--bpp", type=float)
    options = parser.parse_args()
    record = Record(options.out, {name: getattr(options, name) for name in ("side", "effort", "bpp")})
    record.fill(options, row)
    for effort in map(str, options.effort):
        found = [each[effort] for each in record.rows.values()]
        means = {name: statistics.mean(each[name] for each in found) for name in found[0]}
        print(f"effort {effort}: " + ", ".join(f"{name} {value:.3f}" for name, value in means.items()))


if __name__ == "__main__":
    main()
