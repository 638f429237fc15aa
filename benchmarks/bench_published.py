"""A table of published curves beside ours, for `bench_tables.py --published`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from imagegs.evaluation.curves import rising
from imagegs.evaluation.published_tables import Published

Cells = list[list[str]]


def published_rows(results: dict[str, Any], codecs: list[Published], metric: dict[str, Any]) -> Cells:
    """codec, rate, its quality, ours at this rate, the difference: a row for each mean of each codec.

    results: of `with_published`, of the same codecs. Ours are interpolated between the means of the first
    measured codec (monotone cubics over ln bpp). They are "-" beyond its rates, and where the means are over
    other pictures than the measured ones.
    """
    ours = _means(results["means"][results["codecs"][0]["name"]], metric["name"])
    rows = []
    for codec, entry in zip(codecs, results["published"], strict=True):
        own = [{"bpp": p.bpp, **p.values} for p in codec.points if p.picture is None]
        curve = ours if entry["means"] else []
        for bpp, value in sorted(_means(entry["means"] or own, metric["name"])):
            at = _interpolated(curve, bpp)
            cells = ["-", "-"] if at is None else [_told(at, metric), f"{at - value:+.{metric['digits']}f}"]
            rows.append([entry["title"], f"{bpp:.3f}", _told(value, metric), *cells])
    return rows


def rate_text(found: dict[str, Any], count: int) -> str:
    """A BD-rate, and of how many of `count` pictures it is where it is not of all."""
    if found["mean"] is None:
        return "-"
    few = f" ({found['pictures']})" if found["pictures"] < count else ""
    return f"{100 * found['mean']:+.1f}%" + (" (of means)" if found.get("is_of_means") else few)


def _means(means: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(mean["bpp"], mean[name]) for mean in means if mean.get(name) is not None]


def _interpolated(curve: list[tuple[float, float]], bpp: float) -> float | None:
    from scipy.interpolate import PchipInterpolator

    by_rate = sorted((rate, value) for value, rate in rising([(value, rate) for rate, value in curve]))
    if len(by_rate) < 2 or not by_rate[0][0] <= math.log(bpp) <= by_rate[-1][0]:
        return None
    return float(PchipInterpolator(*np.transpose(by_rate))(math.log(bpp)))


def _told(value: float, metric: dict[str, Any]) -> str:
    return f"{value:.{metric['digits']}f}"
