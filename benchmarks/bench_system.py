"""The tables of what `imagegs bench --system` measured, and a small copy.

python benchmarks/bench_system.py REPORT/results.json [--keep results.json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from records import table

KEPT = ("machine", "imagegs", "setting", "system")
OVER_GAUSSIANS = {
    "counts": "encode, s",
    "decode": "decode and paint, megapixels a second",
    "sample": "sample, million points a second",
}
Curves = dict[str, dict[float, float]]  # by series: y over x


def curves(result: dict[str, Any], chart: str) -> Curves:
    """The series of a chart of `imagegs.evaluation.system.CHARTS`."""
    found: Curves = {}
    for rows in (each["rows"] for each in result["system"]["charts"]):
        for row in rows:
            if row["chart"] == chart:
                found.setdefault(row["series"], {})[row["x"]] = row["y"]
    return found


def cell(curve: dict[float, float], x: float) -> str:
    """Three digits of a curve, nothing where it has no point."""
    return f"{float(f'{curve[x]:.3g}'):g}" if x in curve else ""


def by_pixels(result: dict[str, Any]) -> str:
    """Seconds and memory of encodes of ever larger pictures."""
    seconds, memory = curves(result, "pixels"), curves(result, "memory")
    lines = []
    for x in next(iter(seconds.values())):
        most = max(curve.get(x, 0) for curve in memory.values())
        lines.append([f"{x:.2g}", *(cell(curve, x) for curve in seconds.values()), f"{most:.0f}"])
    first, *others = (f"{series}, s" for series in seconds)
    return table(["megapixels", f"encode, {first}", *others, "peak memory, MiB"], lines)


def by_gaussians(result: dict[str, Any]) -> str:
    """A megapixel with ever more Gaussians, on one thread and on more: seconds and speeds."""
    found = [curves(result, chart) for chart in OVER_GAUSSIANS]
    series = ", ".join(found[0])
    lines = [
        [f"{x:,.0f}", *(", ".join(cell(curve, x) for curve in each.values()) for each in found)]
        for x in next(iter(found[0].values()))
    ]
    return table([f"Gaussians; {series}", *OVER_GAUSSIANS.values()], lines)


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "scale with pixels": by_pixels,
    "scale with Gaussians": by_gaussians,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    result = json.loads(options.results.read_text())
    print(result["machine"], *(make(result) for make in TABLES.values()), sep="\n\n")
    if options.keep:
        kept = {name: result[name] for name in KEPT}
        options.keep.write_text(json.dumps(kept, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
