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


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["codec"], row["picture"], row["rate"], row.get("setting")


def table(head: list[str], rows: list[list[str]]) -> None:
    print("\n| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def print_bd_rates(results: dict[str, Any]) -> None:
    first, *others = results["codecs"]
    count = len(results["pictures"])
    rows = []
    for codec in others:
        found = [results["bd_rates"][m["name"]][codec["name"]] for m in results["metrics"]]
        rows.append([codec["title"], *(rate_text(each, count) for each in found)])
    table([f"{first['title']} against", *(m["title"] for m in results["metrics"])], rows)


def print_published(results: dict[str, Any], paths: list[Path]) -> None:
    codecs = [codec for path in paths for codec in read_published(path)]
    results = with_published(results, codecs)
    metric = next(metric for metric in results["metrics"] if metric["name"] == "psnr")
    ours, count = results["codecs"][0]["title"], len(results["pictures"])
    head = ["published", "bpp", metric["title"], f"{ours} at this rate", "more"]
    table(head, published_rows(results, codecs, metric))
    rows = [
        [entry["title"], rate_text(entry["bd_rates"][metric["name"]], count), entry["note"], entry["source"]]
        for entry in results["published"]
    ]
    table(["published", f"BD-rate of {ours} against it", "pictures", "source"], rows)


def print_means(results: dict[str, Any], metric: dict[str, Any]) -> None:
    rates = results["setting"]["rates"]
    rows = []
    for codec in results["codecs"]:
        means = {mean["rate"]: mean[metric["name"]] for mean in results["means"][codec["name"]]}
        if any(means.get(rate) is not None for rate in rates):
            cells = [means.get(rate) for rate in rates]
            rows.append([codec["title"], *("" if c is None else f"{c:.{metric['digits']}f}" for c in cells)])
    table([metric["title"], *(f"{rate:g} bpp" for rate in rates)], rows)


def print_costs(results: dict[str, Any]) -> None:
    names = ("encode_cpu_seconds", "encode_peak_bytes", "decode_cpu_seconds", "multiply_adds")
    rows = []
    for codec in results["codecs"]:
        encode, memory, decode, work = (results["costs"][codec["name"]][name] for name in names)
        cells = [at_least(encode, 0.01, 1), at_least(memory, 2**20, 2**20), at_least(decode, 1e-4, 1e-3)]
        rows.append([codec["title"], *cells, "-" if work is None else f"{work:.0f}"])
    table(
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
        results["codecs"].sort(key=lambda codec: codec["name"] != options.first)
        results = summarized({name: results[name] for name in KEPT})
    sizes = (
        f"{len(results['pictures'])} pictures, the longer side {results['setting']['side']} pixels at most"
    )
    print(f"{results['machine']}; effort {results['setting']['effort']}; {sizes}")
    print_bd_rates(results)
    print_costs(results)
    for metric in results["metrics"]:
        print_means(results, metric)
    if options.published:
        print_published(results, options.published)
    if options.keep:
        options.keep.write_text(json.dumps(kept(results), separators=(",", ":")) + "\n")
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
