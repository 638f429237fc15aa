"""Tables of docs/ whose numbers `imagegs bench` measured; doc_tables.py puts them into the documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import bench_tables
import neural
import neural_tables
from bench_published import rate_text
from committed_results import PUBLISHED, RESULTS, result
from records import table

SETS = {"Kodak": "bench-kodak", "stylized": "bench-stylized", "photographs": "bench-photos"}
COOL_CHIC = PUBLISHED / "cool-chic-5.0-kodak.tsv"


@cache
def bench(first: str, *names: str) -> dict[str, Any]:
    """Results of sets of pictures together, compared with the codec of a name."""
    together = bench_tables.together([RESULTS / f"{name}.json" for name in names])
    return bench_tables.with_first(together, first)


def all_sets(first: str) -> dict[str, Any]:
    return bench(first, *SETS.values())


def bd_rates_by_set(first: str) -> str:
    """PSNR and SSIMULACRA 2 of each set of pictures."""
    found = [bench(first, name) for name in SETS.values()]
    one, *others = found[0]["codecs"]
    lines = []
    for codec in others:
        rates = [
            rate_text(each["bd_rates"][metric][codec["name"]], len(each["pictures"]))
            for each in found
            for metric in ("psnr", "ssimulacra2")
        ]
        lines.append([codec["title"], *rates])
    heads = [head for name in SETS for head in (f"{name}: PSNR", "SSIMULACRA 2")]
    return table([f"{one['title']} against", *heads], lines)


def at_effort_5(first: str) -> dict[str, Any]:
    """Our own rows at effort 5, the other codecs' rows of the sets of pictures."""
    ours, theirs = bench(first, "bench-e5"), all_sets(first)
    rivals = [codec for codec in theirs["codecs"] if not codec["name"].startswith("imagegs")]
    return bench_tables.with_rivals(ours, {**theirs, "codecs": rivals})


def beside_cool_chic(name: str) -> list[str]:
    """Means that Cool-Chic's authors publish, and ours of a result at these rates; the BD-rate of ours."""
    return bench_tables.published_tables(bench("imagegs-psnr", name), [COOL_CHIC])


def means(results: dict[str, Any], metric: str) -> str:
    (found,) = (each for each in results["metrics"] if each["name"] == metric)
    return bench_tables.means(results, found)


TABLES: dict[str, Callable[[str], str]] = {
    "bd-rates": lambda first: bench_tables.bd_rates(all_sets(first)),
    "bd-rates in": lambda name: bench_tables.bd_rates(bench("imagegs", name)),
    "bd-rates by set": bd_rates_by_set,
    "bd-rates at effort 5": lambda first: bench_tables.bd_rates(at_effort_5(first)),
    "costs": lambda first: bench_tables.costs(all_sets(first)),
    "means": lambda metric: means(all_sets("imagegs"), metric),
    "beside cool-chic": lambda name: beside_cool_chic(name)[0],
    "rate beside cool-chic": lambda name: beside_cool_chic(name)[1],
    "beside networks": lambda metric: means(bench("imagegs", "bench-neural"), metric),
    "psnr in": lambda name: means(bench("imagegs", name), "psnr"),
    "recipe in": lambda name: bench_tables.bd_rates(bench("paper", name)),
    "recipe ahead in": lambda name: neural_tables.ahead(bench("paper", name)),
    "coin": lambda name: neural.summary(result(name)),
    "time to equal PSNR": lambda name: neural_tables.time_to_equal_psnr(bench("imagegs", name)),
}
