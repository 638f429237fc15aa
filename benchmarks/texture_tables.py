"""What textures.py measured: tables of means, BD-rates, and curves.

    python benchmarks/texture_tables.py results.json [--plot curves.png]

The maps that were fitted alone are put together as is best for them: of all ways to share a stack's bytes
among its maps, those of the lower convex hull of squared error over bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from committed_results import PUBLISHED
from imagegs.evaluation.curves import bd_rate, rising
from imagegs.evaluation.published_tables import read_published
from imagegs.metrics import decibels
from records import table
from textures import HALF

Rows = dict[str, dict[str, dict[str, Any]]]  # [codec][size][stack]
GTC = PUBLISHED / "gtc-textures.tsv"
TITLES = {"joint": "one set of Gaussians", "alone": "each map alone"}
Point = tuple[float, float]


def print_tables(result: dict[str, Any]) -> None:
    """Mean PSNR at each size, ours against each codec, and at half the size of ASTC 12x12."""
    rows: Rows = result["rows"]
    print(f"\n{result['machine']}; maps of {result['side']} pixels a side, effort {result['effort']}")
    print("", means(rows), bd_rates(rows), sep="\n\n")
    print_half(rows)


def bd_rates(rows: Rows) -> str:
    """BD-rates of one set of Gaussians against the codecs: mean, least and greatest of the stacks."""
    lines = []
    for codec in (c for c in rows if c != "joint"):
        rates = [
            rate
            for stack in stacks_of(rows)
            if (rate := bd_rate(curve(rows, "joint", stack), curve(rows, codec, stack))) is not None
        ]
        if rates:
            cells = [f"{v:+.1%}" for v in (statistics.fmean(rates), min(rates), max(rates))]
            lines.append([TITLES.get(codec, codec), *cells, str(len(rates))])
    return table(["one set of Gaussians against", "BD-rate", "least", "greatest", "stacks"], lines)


def means(rows: Rows) -> str:
    """Mean PSNR of the picture codecs at each size, over the stacks that all have; GTC's own beside it."""
    sizes = sorted({s for found in rows.values() for s in found if s not in ("-", HALF)}, key=float)
    codecs = [c for c in rows if "-" not in rows[c] and c != "alone"]
    (gtc,) = read_published(GTC)
    published = {point.bpp: f"{point.values['psnr']:.2f}" for point in gtc.points}
    lines = []
    for size in sizes:
        found = {c: {k: r["psnr"] for k, r in rows[c].get(size, {}).items() if r} for c in codecs}
        shared = set.intersection(*(set(f) for f in found.values() if f))
        cells = [mean_text(found[c], shared) for c in codecs]
        lines.append([size, str(len(shared)), *cells, published.get(float(size), "")])
    titles = [TITLES.get(codec, codec) for codec in codecs]
    return table(["bppc", "stacks that all have", *titles, f"{gtc.title}, its own data"], lines)


def mean_text(psnr: dict[str, float], stacks: set[str]) -> str:
    """Of a codec, over some stacks."""
    if not psnr or not stacks:
        return "none so small"
    return f"{statistics.fmean(psnr[stack] for stack in stacks):.2f}"


def print_half(rows: Rows) -> None:
    ours, theirs = rows.get("joint", {}).get(HALF, {}), rows.get("ASTC 12x12", {}).get("-", {})
    shared = sorted(set(ours) & set(theirs))
    if not shared:
        return
    print("\n| stack | ASTC 12x12: bppc | PSNR | joint: bppc | PSNR |\n| --- | --- | --- | --- | --- |")
    table = [[r[k][v] for r in (theirs, ours) for v in ("bppc", "psnr")] for k in shared]
    for name, values in (*zip(shared, table, strict=True), ("mean", np.mean(table, axis=0))):
        print(f"| {name} | {' | '.join(f'{v:.{d}f}' for v, d in zip(values, (3, 2, 3, 2), strict=True))} |")


def stacks_of(rows: Rows) -> list[str]:
    return sorted({k for found in rows.values() for size in found.values() for k in size})


def curve(rows: Rows, codec: str, stack: str) -> list[Point]:
    """(PSNR, ln bppc), rising."""
    found = [row for size in rows[codec].values() if (row := size.get(stack))]
    if codec == "alone" and found:
        return rising(shared_best(found))
    return rising([(row["psnr"], row["bppc"]) for row in found])


def shared_best(rows: list[dict[str, Any]]) -> list[Point]:
    """(PSNR, bppc) of a stack from its maps' own files: rows as `alone` has them, one for each size."""
    channels = {file: round(8 * r["bytes"] / r["bppc"]) for file, r in rows[0]["maps"].items()}  # samples
    values = sum(channels.values())
    hulls = {
        file: hull([(r["bytes"], _error(r["psnr"]) * samples) for row in rows for r in [row["maps"][file]]])
        for file, samples in channels.items()
    }
    steps = sorted(
        ((e1 - e0) / (b1 - b0), b1 - b0, e1 - e0)
        for points in hulls.values()
        for (b0, e0), (b1, e1) in pairwise(points)
    )
    n_bytes, error = (sum(points[0][k] for points in hulls.values()) for k in (0, 1))
    found = [(decibels(error / values), 8 * n_bytes / values)]
    for _, more, change in steps:  # the steepest fall first
        n_bytes, error = n_bytes + more, error + change
        found.append((decibels(error / values), 8 * n_bytes / values))
    return found


def hull(points: list[Point]) -> list[Point]:
    """The lower convex hull, as far as it falls."""
    kept: list[Point] = []
    for x, y in sorted(points):
        while len(kept) > 1 and (kept[-1][1] - kept[-2][1]) * (x - kept[-2][0]) >= (y - kept[-2][1]) * (
            kept[-1][0] - kept[-2][0]
        ):
            kept.pop()
        if not kept or y < kept[-1][1]:
            kept.append((x, y))
    return kept


def _error(psnr: float) -> float:
    return 10 ** (-psnr / 10)


def plot(result: dict[str, Any], path: Path) -> None:
    """Mean PSNR over ln bppc, of curves joined where all stacks have a point."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows: Rows = result["rows"]
    stacks = stacks_of(rows)
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for codec in rows:
        curves = [c for stack in stacks if (c := curve(rows, codec, stack))]
        if len(curves) < len(stacks):
            continue
        if all(len(c) == 1 for c in curves):
            x, y = (statistics.fmean(c[0][k] for c in curves) for k in (1, 0))
            axes.plot(math.exp(x), y, "o", label=codec)
            continue
        low, high = max(c[0][1] for c in curves), min(c[-1][1] for c in curves)
        if high > low:
            at = np.linspace(low, high, 50)
            mean = np.mean([np.interp(at, [p[1] for p in c], [p[0] for p in c]) for c in curves], axis=0)
            axes.plot(np.exp(at), mean, label=codec, linewidth=2 if codec == "joint" else 1.2)
    axes.set(xscale="log", xlabel="bits a pixel and channel", ylabel="PSNR, dB, mean of the stacks")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    result = json.loads(options.results.read_text())
    print_tables(result)
    if options.plot:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
