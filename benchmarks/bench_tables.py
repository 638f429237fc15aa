"""Tables of what `imagegs bench` measured, of several reports together; and a small copy of the results.

    python benchmarks/bench_tables.py REPORT/results.json ... [--keep results.json] [--plot curves.png]
        [--rivals EARLIER.json ...] [--first imagegs-psnr] [--published TABLE.tsv ...]

--rivals: earlier results of the same pictures and rates, of codecs that the reports have not measured again.
Files of a codec that both have, but for our own, must be the same.

--published: tables as `imagegs bench --published` takes them, such as benchmarks/published/kodak-means.tsv.
Their curves are put beside the first codec's, in PSNR, where they are of the same pictures.

BD-rates of the first codec, or of the one that --first names, over the pictures whose curves overlap; medians
of costs; means at each rate over the pictures of all. --keep writes rows without what only the HTML needs,
numbers with six digits.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench_published import published_rows, rate_text
from imagegs.evaluation.published import with_published
from imagegs.evaluation.published_tables import read_published
from imagegs.evaluation.summary import summarized
from records import table

KEPT = ("imagegs", "machine", "setting", "codecs", "metrics", "missing", "pictures", "rows")


def together(paths: list[Path]) -> dict[str, Any]:
    """The results of several reports with the same codecs and metrics, summarized as one."""
    all_results = [json.loads(path.read_text()) for path in paths]
    first = {name: all_results[0][name] for name in KEPT}
    for name in ("pictures", "rows"):
        first[name] = [each for results in all_results for each in results[name]]
    return summarized(first)


def with_rivals(results: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """Results with the codecs, and their rows, that only earlier results have."""
    fresh = {codec["name"] for codec in results["codecs"]}
    pictures = {picture["name"] for picture in results["pictures"]}
    sizes = {key(row): row.get("bytes") for row in results["rows"]}
    kept = [row for row in earlier["rows"] if row["picture"] in pictures]
    for row in kept:
        is_rival = not row["codec"].startswith("imagegs") and key(row) in sizes
        if is_rival and sizes[key(row)] != row.get("bytes"):
            raise SystemExit(f"{key(row)}: {sizes[key(row)]} bytes, where there were {row.get('bytes')}")
    found = {name: results[name] for name in KEPT}
    found["codecs"] = results["codecs"] + [c for c in earlier["codecs"] if c["name"] not in fresh]
    found["rows"] = results["rows"] + [row for row in kept if row["codec"] not in fresh]
    return summarized(found)


def with_first(results: dict[str, Any], name: str) -> dict[str, Any]:
    """The same results, a codec of that name before the others."""
    codecs = sorted(results["codecs"], key=lambda codec: codec["name"] != name)
    return summarized({**{kept: results[kept] for kept in KEPT}, "codecs": codecs})


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["codec"], row["picture"], row["rate"], row.get("setting")


def bd_rates(results: dict[str, Any]) -> str:
    """BD-rates of the first codec against each other one, by every metric."""
    first, *others = results["codecs"]
    count = len(results["pictures"])
    rows = []
    for codec in others:
        found = [results["bd_rates"][m["name"]][codec["name"]] for m in results["metrics"]]
        rows.append([codec["title"], *(rate_text(each, count) for each in found)])
    return table([f"{first['title']} against", *(m["title"] for m in results["metrics"])], rows)


def published_tables(results: dict[str, Any], paths: list[Path]) -> list[str]:
    """Published means beside ours, and BD-rates against them."""
    codecs = [codec for path in paths for codec in read_published(path)]
    results = with_published(results, codecs)
    metric = next(metric for metric in results["metrics"] if metric["name"] == "psnr")
    ours, count = results["codecs"][0]["title"], len(results["pictures"])
    head = ["published", "bpp", metric["title"], f"{ours} at this rate", "more"]
    beside = table(head, published_rows(results, codecs, metric))
    rows = [
        [entry["title"], rate_text(entry["bd_rates"][metric["name"]], count), entry["note"], entry["source"]]
        for entry in results["published"]
    ]
    return [beside, table(["published", f"BD-rate of {ours} against it", "pictures", "source"], rows)]


def means(results: dict[str, Any], metric: dict[str, Any]) -> str:
    """Means of a metric at each rate at which a codec has a file of every picture."""
    rates = results["setting"]["rates"]
    rows = []
    for codec in results["codecs"]:
        found = {mean["rate"]: mean[metric["name"]] for mean in results["means"][codec["name"]]}
        if any(found.get(rate) is not None for rate in rates):
            cells = [found.get(rate) for rate in rates]
            rows.append([codec["title"], *("" if c is None else f"{c:.{metric['digits']}f}" for c in cells)])
    return table([metric["title"], *(f"{rate:g} bpp" for rate in rates)], rows)


def costs(results: dict[str, Any]) -> str:
    """Medians of what a file takes."""
    names = ("encode_cpu_seconds", "encode_peak_bytes", "decode_cpu_seconds", "multiply_adds")
    rows = []
    for codec in results["codecs"]:
        encode, memory, decode, work = (results["costs"][codec["name"]][name] for name in names)
        cells = [at_least(encode, 0.01, 1), at_least(memory, 2**20, 2**20), at_least(decode, 1e-4, 1e-3)]
        rows.append([codec["title"], *cells, "-" if work is None else f"{work:.0f}"])
    return table(
        ["median of a file", "encode, CPU s", "memory, MiB", "decode, CPU ms", "multiply-adds a pixel"], rows
    )


def at_least(value: float | None, least: float, unit: float) -> str:
    """In the unit, with two digits; what is too small to tell is said to be below `least`."""
    if value is None:
        return "-"
    return f"< {least / unit:g}" if value < least else f"{float(f'{value / unit:.2g}'):g}"


def kept(results: dict[str, Any]) -> dict[str, Any]:
    rows = [{name: short(value) for name, value in row.items() if name != "crop"} for row in results["rows"]]
    return {**{name: results[name] for name in KEPT}, "rows": rows}


def short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def plot(results: dict[str, Any], path: Path) -> None:
    """Curves of the means, a panel for each metric; a codec at half size has the codec's colour."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    metrics = results["metrics"]
    rows = -(-len(metrics) // 2)
    figure, axes = pyplot.subplots(rows, 2, figsize=(12, 4 * rows), layout="constrained", squeeze=False)
    families = list(dict.fromkeys(codec["name"].removesuffix("-half") for codec in results["codecs"]))
    for axis, metric in zip(axes.flat, metrics, strict=False):
        for codec in results["codecs"]:
            points = [(m["bpp"], m[metric["name"]]) for m in results["means"][codec["name"]] if m["rate"]]
            if len(points) > 1:
                is_half, is_first = codec["name"].endswith("-half"), codec is results["codecs"][0]
                color = f"C{families.index(codec['name'].removesuffix('-half')) % 10}"
                look = {
                    "color": color,
                    "linestyle": "--" if is_half else "-",
                    "linewidth": 3 if is_first else 1.2,
                }
                axis.plot(*zip(*sorted(points), strict=True), label=codec["title"], **look)
        axis.set(xscale="log", xlabel="bits a pixel", ylabel=metric["title"])
        axis.grid(alpha=0.3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=75)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--rivals", type=Path, nargs="+")
    parser.add_argument("--published", type=Path, nargs="+")
    parser.add_argument("--first", help="the codec with which the others are compared")
    options = parser.parse_args()
    results = together(options.results)
    if options.rivals:
        results = with_rivals(results, together(options.rivals))
    if options.first:
        results = with_first(results, options.first)
    sizes = (
        f"{len(results['pictures'])} pictures, the longer side {results['setting']['side']} pixels at most"
    )
    print(f"{results['machine']}; effort {results['setting']['effort']}; {sizes}")
    tables = [bd_rates(results), costs(results), *(means(results, metric) for metric in results["metrics"])]
    if options.published:
        tables += published_tables(results, options.published)
    print("", *tables, sep="\n\n")
    if options.keep:
        options.keep.write_text(json.dumps(kept(results), separators=(",", ":")) + "\n")
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
