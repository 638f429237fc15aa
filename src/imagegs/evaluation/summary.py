"""The rows of a bench summed up: means over equal sets of pictures, and BD-rates."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from imagegs.evaluation.curves import bd_rate, rising
from imagegs.evaluation.measuring import FLOOR, Row

Points = dict[str, list[tuple[float, float]]]  # by the names of pictures

MEDIANS = (
    "encode_seconds",
    "encode_cpu_seconds",
    "encode_peak_bytes",
    "decode_seconds",
    "decode_cpu_seconds",
    "decode_peak_bytes",
    "multiply_adds",
)


def summarized(results: dict[str, Any]) -> dict[str, Any]:
    """`results` with "means", "floors", "bd_rates" and "costs" of its rows."""
    rows: list[Row] = [row for row in results["rows"] if "bytes" in row]
    names = [metric["name"] for metric in results["metrics"]]
    codecs = [codec["name"] for codec in results["codecs"]]
    n_pictures = len(results["pictures"])
    return results | {
        "means": {c: _means(_of(rows, c, floors=False), names, n_pictures) for c in codecs},
        "floors": {c: _floor(_of(rows, c, floors=True), names, n_pictures) for c in codecs},
        "bd_rates": {
            metric["name"]: _bd_rates(rows, metric, codecs, [p["name"] for p in results["pictures"]])
            for metric in results["metrics"]
        },
        "costs": {c: _costs(_of(rows, c, floors=False)) for c in codecs},
    }


def _of(rows: Iterable[Row], codec: str, *, floors: bool) -> list[Row]:
    return [row for row in rows if row["codec"] == codec and (row["rate"] == FLOOR) is floors]


def _means(rows: list[Row], names: list[str], n_pictures: int) -> list[dict[str, Any]]:
    """One for each rate at which all pictures have a file: means of different sets cannot be compared."""
    rates: dict[Any, list[Row]] = {}
    for row in rows:
        rates.setdefault(row["rate"], []).append(row)
    complete = {rate: found for rate, found in rates.items() if len(found) == n_pictures}
    return [{"rate": rate, **_mean(found, names)} for rate, found in complete.items()]


def _floor(rows: list[Row], names: list[str], n_pictures: int) -> dict[str, Any] | None:
    """The mean of the smallest files, where each picture's is above some rate."""
    return _mean(rows, names) if rows and len(rows) == n_pictures else None


def _mean(rows: list[Row], names: list[str]) -> dict[str, float | None]:
    columns = {name: [row.get(name) for row in rows] for name in ("bpp", *names)}
    return {
        name: None if any(v is None for v in values) else statistics.fmean(v for v in values if v is not None)
        for name, values in columns.items()
    }


def _bd_rates(
    rows: list[Row], metric: dict[str, Any], codecs: list[str], pictures: list[str]
) -> dict[str, dict[str, Any]]:
    """BD-rates of the first codec against each other one."""
    curves = {codec: points_of(_all_of(rows, codec), metric) for codec in codecs}
    first, *others = codecs or [""]
    return {other: mean_bd_rate(curves[first], curves[other], pictures) for other in others}


def _all_of(rows: Iterable[Row], codec: str) -> list[Row]:
    return [row for row in rows if row["codec"] == codec]


def points_of(rows: Iterable[Row], metric: dict[str, Any]) -> Points:
    """The (quality, bpp) of each picture that rows of one codec have; more of this quality is better."""
    name, sign = metric["name"], 1.0 if metric["higher_is_better"] else -1.0
    found: Points = {}
    for row in rows:
        if row.get(name) is not None:
            found.setdefault(row["picture"], []).append((sign * row[name], row["bpp"]))
    return found


def mean_bd_rate(ours: Points, theirs: Points, pictures: Iterable[str]) -> dict[str, Any]:
    """The mean BD-rate of ours against theirs over the pictures whose curves overlap, and each of these."""
    found = {p: bd_rate(rising(ours.get(p, [])), rising(theirs.get(p, []))) for p in pictures}
    each = {picture: rate for picture, rate in found.items() if rate is not None}
    mean = statistics.fmean(each.values()) if each else None
    return {"mean": mean, "pictures": len(each), "each": each}


def _costs(rows: list[Row]) -> dict[str, float | None]:
    """Medians over all rows that tell them."""
    told = {name: [row[name] for row in rows if row.get(name) is not None] for name in MEDIANS}
    return {name: statistics.median(values) if values else None for name, values in told.items()}
