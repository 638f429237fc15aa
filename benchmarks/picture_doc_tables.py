"""Tables of docs/ that tell how pictures look; doc_tables.py puts them into the documents."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import saliency
import texture_tables
import transparency
import web_tables
from committed_results import PUBLISHED, result
from imagegs.evaluation.published_tables import Published, read_published
from records import table

DRAWN_WITH_GRAIN = ("renpy_easy_choice_screen",)  # all other pictures that get grain are photographs
GUIDE = "model:10"  # the default of `encode`
NEAR = (0.1, 0.2, 0.5, 0.8, 1.4)  # bits a pixel, of the published points that are shown


def published(name: str) -> str:
    """Each codec of a published table, with its points that are nearest to some rates."""
    codecs = read_published(PUBLISHED / f"{name}.tsv")
    return table(["published", "bpp: PSNR"], [[codec.title, ", ".join(nearest(codec))] for codec in codecs])


def nearest(codec: Published) -> list[str]:
    """The points at NEAR, each once."""
    points = {p.bpp: p.values["psnr"] for p in codec.points}
    rates = dict.fromkeys(min(points, key=lambda bpp: abs(bpp - rate)) for rate in NEAR)
    return [f"{rate:.3f}: {points[rate]:.2f}" for rate in rates]


def grain(name: str) -> str:
    """Means of the photographs that get grain, without it and with it."""
    found = result(name)
    rows = [row for picture, row in found["rows"].items() if picture not in DRAWN_WITH_GRAIN]
    lines = []
    for bpp in map(str, found["bpp"]):
        mine = [row[bpp] for row in rows if row[bpp]["grain"]]
        share = statistics.fmean(row["grain"] / row["bytes"] for row in mine)
        changes = [after / before - 1 for before, after in (row["st-lpips"] for row in mine)]
        change = f"{statistics.fmean(changes):.0%} ({max(changes):.0%} to {min(changes):.0%})"
        likeness = f"{pair(mine, 'st-lpips', 3)}, {change}"
        lines.append([bpp, f"{share:.2%}", likeness, pair(mine, "ssimulacra2", 1), pair(mine, "psnr", 2)])
    return table(["bpp", "of the bytes", "ST-LPIPS (lower is better)", "SSIMULACRA 2", "PSNR, dB"], lines)


def pair(rows: list[dict[str, Any]], measure: str, digits: int) -> str:
    """Means of a measure, without grain and with it."""
    without, with_it = (statistics.fmean(values) for values in zip(*(r[measure] for r in rows), strict=True))
    return f"{without:.{digits}f} -> {with_it:.{digits}f}"


def strengths(name: str) -> str:
    """Guides of several strengths, over the pictures that have all of them."""
    rows = result(name)["rows"]
    pictures = min(saliency.pictures_of_guides(rows).values(), key=len)
    return saliency.guides_table(rows, pictures)


def classes(name: str) -> str:
    """The classes that a network sees in the originals, and in files without guidance and with it."""
    rows = list(result(name)["classes"].values())
    lines = [["originals", str(len(rows)), f"{statistics.fmean(row['original'] for row in rows):.2f}", ""]]
    for title, guide in (("files without guidance", saliency.NONE), ("files with it", GUIDE)):
        mine = [row[guide] for row in rows]
        means = (f"{statistics.fmean(row[key] for row in mine):.2f}" for key in ("p", "divergence"))
        lines.append([title, str(sum(row["same"] for row in mine)), *means])
    heads = ("pictures of that class", "mean probability of it", "mean Kullback-Leibler divergence")
    return table(["the class of the original", *heads], lines)


def text(names: str) -> str:
    """The likeness of each line as read in files without regions of interest and with them, by rate."""
    found = [result(name) for name in names.split()]
    ways = [(each["text"], way) for each in found for way in (saliency.NONE, "roi")]
    lines = []
    for picture in sorted(found[0]["text"]):
        for i, line in enumerate(found[0]["text"][picture]["texts"]):
            lines.append([picture, line, *(f"{rows[picture][way]['alike'][i]:.3g}" for rows, way in ways)])
    read = [sum(row[way]["alike"].count(1) for row in rows.values()) for rows, way in ways]
    heads = [head for each in found for head in (f"{each['bpp']:g} bpp: likeness without", "with")]
    return table(["picture", "line", *heads], [*lines, ["lines read", "", *map(str, read)]])


TABLES: dict[str, Callable[[str], str]] = {
    "published": published,
    "texture means": lambda name: texture_tables.means(result(name)["rows"]),
    "alpha": lambda name: transparency.summary(result(name)["rows"]),
    "models": lambda name: web_tables.likeness(result(name)["rows"]),
    "grain": grain,
    "saliency": lambda name: saliency.pictures_table(result(name)["rows"], GUIDE),
    "saliency strengths": strengths,
    "classes seen": classes,
    "text read": text,
}
