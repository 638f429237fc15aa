"""Grain: whole files with `--grain auto`, measured with their grain and without it.

    python benchmarks/grain.py --pictures DIR [--bpp 0.1,0.2,0.3] [--effort 3] [--side 768] [--count 10]
                               [--files FOLDER] [--out results.json]

Each picture is encoded once at each rate; `grain` counts the bytes of chunk gRAN, 0 where the encoder found
nothing to add. The file is decoded as it says, and with --grain off. Needs the extra [bench]. --files keeps
the .gsimg files. Rows that the output file already has are kept.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

import imagegs
from imagegs.evaluation.metrics import METRICS
from records import Record, load, picture_parser

MEASURES = ("st-lpips", "ssimulacra2", "psnr")


def measured(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measures each rate: bytes, and each measure without grain and with it."""
    picture = load(path, options.side)
    found = {}
    for bpp in options.bpp:
        data = imagegs.compress(picture, bpp=bpp, effort=options.effort, grain="auto", threads=1)
        if options.files is not None:
            options.files.mkdir(parents=True, exist_ok=True)
            (options.files / f"{path.stem}-{bpp}.gsimg").write_bytes(data)
        found[str(bpp)] = {
            "bytes": len(data),
            "grain": imagegs.read_info(data).bytes_by_chunk.get("gRAN", 0),
            **_measures(picture, data),
        }
    return found


def _measures(picture: Any, data: bytes) -> dict[str, list[float]]:
    plain, grained = imagegs.decompress(data, grain=0), imagegs.decompress(data)
    rows = {name: [METRICS[name].measure(picture, plain)] for name in MEASURES}
    for name, values in rows.items():
        values.append(METRICS[name].measure(picture, grained) if (plain != grained).any() else values[0])
    return rows


def table(rows: dict[str, Any]) -> str:
    """A line for each picture and rate, and one for the mean at each rate of those with grain."""
    lines = []
    for name, rates in rows.items():
        lines += [_line(name, bpp, [rate]) for bpp, rate in rates.items()]
    for bpp in next(iter(rows.values()), {}):
        with_grain = [rates[bpp] for rates in rows.values() if rates[bpp]["grain"]]
        if with_grain:
            lines.append(_line(f"mean of {len(with_grain)} with grain", bpp, with_grain))
    return "\n".join(lines)


def _line(name: str, bpp: str, found: list[dict[str, Any]]) -> str:
    def mean(key: str, at: int) -> float:
        return statistics.mean(each[key][at] for each in found)

    share = statistics.mean(100 * each["grain"] / each["bytes"] for each in found)
    change = statistics.mean(100 * (each["st-lpips"][1] / each["st-lpips"][0] - 1) for each in found)
    pairs = ", ".join(f"{key} {mean(key, 0):.3f} -> {mean(key, 1):.3f}" for key in MEASURES)
    return f"{name}, {bpp} bpp: grain {share:.2f}% of the bytes, {pairs} (st-lpips {change:+.0f}%)"


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("--bpp", type=_numbers, default=[0.1, 0.2, 0.3])
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--files", type=Path)
    parser.set_defaults(side=768, count=10)
    options = parser.parse_args()
    setting = {name: getattr(options, name) for name in ("bpp", "effort", "side")}
    record = Record(options.out, setting)
    record.fill(options, measured)
    print(table(record.rows))


if __name__ == "__main__":
    main()
