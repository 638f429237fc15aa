"""Tables of a bench of imagegs beside neural networks: where ours is ahead, time to equal PSNR.

They are of completed results (`imagegs.evaluation.summary`) of `imagegs bench --codecs imagegs,neural`.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench_tables import at_least
from imagegs.evaluation.neural_codecs import NEURAL_NAMES
from records import table

Results = dict[str, Any]
Rows = dict[tuple[str, str], list[dict[str, Any]]]  # by codec and picture, from the lowest rate
COSTS = (  # name of a row's number, the least that is told, its unit
    ("bpp", 1e-3, 1),
    ("encode_cpu_seconds", 0.01, 1),
    ("decode_cpu_seconds", 1e-4, 1e-3),
    ("multiply_adds", 1, 1),
)
HEADS = ("bpp", "encode, CPU s", "decode, CPU ms", "multiply-adds a pixel")


def ahead(results: Results) -> str:
    """Pictures in which the first codec is better than each network, by metric and rate."""
    first, rows = results["codecs"][0], by_codec_and_picture(results)
    pictures = [picture["name"] for picture in results["pictures"]]
    rates = results["setting"]["rates"]
    lines = []
    for metric in results["metrics"]:
        sign = 1 if metric["higher_is_better"] else -1
        for codec in of_networks(results):
            cells = []
            for rate in rates:
                pairs = [
                    (value_at(rows, first["name"], picture, rate, metric["name"]),
                     value_at(rows, codec["name"], picture, rate, metric["name"]))
                    for picture in pictures
                ]  # fmt: skip
                both = [(ours, theirs) for ours, theirs in pairs if None not in (ours, theirs)]
                won = sum(sign * ours > sign * theirs for ours, theirs in both)
                cells.append(f"{won} of {len(both)}")
            lines.append([metric["title"], codec["title"], *cells])
    return table(["better by", "than", *(f"{rate:g} bpp" for rate in rates)], lines)


def time_to_equal_psnr(results: Results) -> str:
    """Medians of what each codec takes for a file of a PSNR that all of them reach.

    A picture's PSNR is the most that the weakest codec reaches; a codec's file is its smallest that has it.
    Only pictures count that all codecs have files of.
    """
    rows = by_codec_and_picture(results)
    names = [codec["name"] for codec in results["codecs"]]
    every = [p["name"] for p in results["pictures"]]
    pictures = [p for p in every if all(rows.get((name, p)) for name in names)]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for picture in pictures:
        wanted = min(max(row["psnr"] for row in rows[name, picture]) for name in names)
        for name in names:
            found[name].append(next(row for row in rows[name, picture] if row["psnr"] >= wanted))
    lines = []
    for codec in results["codecs"]:
        cells = []
        for name, least, unit in COSTS:
            values = [row[name] for row in found[codec["name"]] if row.get(name) is not None]
            cells.append(at_least(statistics.median(values) if values else None, least, unit))
        lines.append([codec["title"], *cells])
    return table([f"medians of {len(pictures)} pictures", *HEADS], lines)


def by_codec_and_picture(results: Results) -> Rows:
    """The rows that have a file."""
    found: Rows = {}
    for row in sorted((row for row in results["rows"] if "bytes" in row), key=lambda row: row["bytes"]):
        found.setdefault((row["codec"], row["picture"]), []).append(row)
    return found


def value_at(rows: Rows, codec: str, picture: str, rate: float, metric: str) -> float | None:
    """A metric of the file at a rate, None where there is none."""
    return next((row[metric] for row in rows.get((codec, picture), ()) if row["rate"] == rate), None)


def of_networks(results: Results) -> list[dict[str, Any]]:
    return [codec for codec in results["codecs"] if codec["name"] in NEURAL_NAMES]
