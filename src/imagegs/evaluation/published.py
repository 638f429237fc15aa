"""Published curves beside the measured ones: what a report tells of each, and BD-rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from imagegs.evaluation.published_matching import Match
from imagegs.evaluation.published_rows import Point
from imagegs.evaluation.published_tables import Published
from imagegs.evaluation.summary import Points, mean_bd_rate, points_of

_MEAN = ""  # the name under which means are compared


def with_published(results: dict[str, Any], codecs: Sequence[Published]) -> dict[str, Any]:
    """`results`, as `summarized` gives them, with "published": an entry for each codec of the tables.

    An entry has

        name, title, source   name tells it from the others of the list
        rows                  of the table: picture (null: a mean), bpp, setting, pixels, metrics
        pictures              how many pictures the table has rows of
        shared                by the names of measured pictures, their names in the table
        other_size            the measured pictures that have another number of pixels in the table
        means                 over all measured pictures; empty where the table has no such means
        note                  sentences about the pictures and the means
        bd_rates              of the first measured codec against it, by metric, as those of `summarized`, and
                              is_of_means: whether it is that of the means, for a table without pictures
    """
    titles = Counter(codec.title for codec in codecs)
    entries = []
    for place, codec in enumerate(codecs):
        match = Match(codec, results["pictures"])
        is_alone = titles[codec.title] == 1
        entries.append(
            {
                "name": f"published-{place}",
                "title": codec.title if is_alone else f"{codec.title} ({codec.path})",
                "source": codec.source,
                "rows": [_row(point) for point in codec.points],
                "pictures": len(match.named),
                "shared": {name: points[0].picture for name, points in match.shared.items()},
                "other_size": match.other_size,
                "means": match.means,
                "note": match.note() + _note_of_sizes(results, codec),
                "bd_rates": {m["name"]: _bd_rate(results, m, match) for m in results["metrics"]},
            }
        )
    return results | {"published": entries}


def _row(point: Point) -> dict[str, Any]:
    told = {"picture": point.picture, "bpp": point.bpp, "setting": point.setting or None}
    return {**told, "pixels": point.pixels, **point.values}


def _note_of_sizes(results: dict[str, Any], codec: Published) -> str:
    is_told = all(point.pixels is not None for point in codec.points)
    if is_told or not results["setting"]["side"]:
        return ""
    return " The table tells no sizes of pictures, and larger ones were reduced here."


def _bd_rate(results: dict[str, Any], metric: dict[str, Any], match: Match) -> dict[str, Any]:
    first = next((codec["name"] for codec in results["codecs"]), None)
    is_of_means = bool(match.means) and not match.shared and first is not None
    if is_of_means:
        ours = _as_one(results["means"][first], metric)
        found = mean_bd_rate(ours, _as_one(match.means, metric), [_MEAN])
        return {"mean": found["mean"], "pictures": 0, "each": {}, "is_of_means": True}
    files = [row for row in results["rows"] if row["codec"] == first and "bytes" in row]
    rows = [_row(point) | {"picture": name} for name, points in match.shared.items() for point in points]
    found = mean_bd_rate(points_of(files, metric), points_of(rows, metric), match.shared)
    return found | {"is_of_means": False}


def _as_one(means: list[dict[str, Any]], metric: dict[str, Any]) -> Points:
    return points_of(({**mean, "picture": _MEAN} for mean in means), metric)
