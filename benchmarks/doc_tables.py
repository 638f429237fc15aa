"""The tables of docs/ that committed results make, so that nobody types a number.

    python benchmarks/doc_tables.py            # writes them anew into docs/*.md
    python benchmarks/doc_tables.py --check    # exit code 1, and their names, where a document differs

In a document a table stands between two comments:

    <!-- table: regions -->
    | painted | ...
    <!-- end -->

The name before a colon, if there is one, is that of a function here, what follows is its argument:
`<!-- table: fits: fitting-kodak-2000 -->`. Results are in benchmarks/results.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_doc_tables
import fitting
import kinds
import lattices
import layers
import levels
import mips
import picture_doc_tables
import restoration_tables
import speed_doc_tables
import texture_tables
from committed_results import result
from imagegs.evaluation.codecs import codec_named
from records import table

DOCUMENTS = Path(__file__).parent.parent / "docs"
PLACE = re.compile(r"(<!-- table: (?P<name>[^>]+?) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)
FEW = 2  # pictures
REGIONS = (
    "1024 x 1024, a block",
    "256 x 256 across blocks",
    "1024 x 1024 across blocks",
    "4096 x 4096 across blocks",
    "1024 x 1024 across blocks, `--lod 0.5`",
    "the same, `--lod 0`",
    "the whole, `--height 1024`, `--lod 0`",
    "the same, of the five layers that the limits hold",
)


def paper_system(name: str) -> str:
    """Means over the pictures, of each recipe."""
    found = result(name)
    rows, lines = list(found["rows"].values()), []
    for recipe in rows[0]:
        mine = [row[recipe] for row in rows]
        mean = {key: statistics.fmean(row[key] for row in mine) for key in mine[0]}
        equal = mean.get("seconds_to_equal_psnr", mean["seconds"])
        cells = [f"{mean['psnr']:.2f}", f"{mean['seconds']:.0f}", f"{equal:.1f}", f"{mean['megabytes']:.0f}"]
        speed = found["side"] ** 2 / 1e3 / mean["paint_ms"]
        lines.append(
            [recipe, *cells, f"{mean['paint_ms']:.0f} ({speed:.0f})", f"{mean['multiply_adds']:.0f}"]
        )
    heads = (
        "PSNR; fit, s; s to the recipe's PSNR; memory, MB; painting, ms (megapixels a second); multiply-adds"
    )
    return table([f"{len(rows)} pictures", *heads.split("; ")], lines)


def codec_memory(name: str) -> str:
    lines = [
        [
            codec_named(name).title,
            f"{row['encode']:.0f}",
            "< 1" if row["decode"] < 1 else f"{row['decode']:.0f}",
        ]
        for name, row in result(name)["megabytes"].items()
    ]
    return table(["memory, MB", "encode", "decode"], lines)


def regions(_: str) -> str:
    lines = []
    for title, row in zip(REGIONS, result("regions")["rows"], strict=True):
        n = f"{row['n_gaussians']:,}" if "n_gaussians" in row else ""
        times = f"{row['ms']:,.0f}", f"{row['processor_ms']:,.0f}"
        lines.append([title, n, f"{row['bytes'] / 1e6:.2f} MB", *times, f"{row['memory_mb']:.0f}"])
    return table(["painted", "Gaussians decoded", "read", "ms", "processor time, ms", "memory, MB"], lines)


def torch_operator(_: str) -> str:
    lines = []
    for name, row in result("torch_operator")["rows"].items():
        plain = [f"{row['plain']:.0f}", f"{row['speedup']:.1f}"] if "plain" in row else ["", ""]
        lines.append(
            [name, f"{row['native']:.1f}", f"{row['operator']:.1f}", f"{row['overhead']:.0%}", *plain]
        )
    return table(["", "native", "operator", "more", "plain PyTorch", "times as fast"], lines)


def batch(_: str) -> str:
    found = result("batch")
    cost, workers = found["overhead"], found["throughput"]
    n = int(cost["tasks"])
    after = f"after {n // 5:,} and after {n:,} pictures, MB"
    rates = {count: row["pictures_per_second"] for count, row in workers.items()}
    lines = [
        [
            f"{n:,} pictures that fail at once: Dask, the manifest and the rows",
            f"{cost['milliseconds']:.1f} ms a picture",
        ],
        [
            "of it processor time of the scheduler; of the command",
            f"{cost['scheduler_cpu_milliseconds']:.1f} ms; {cost['client_cpu_milliseconds']:.1f} ms",
        ],
        [
            f"memory of the scheduler's process {after}",
            f"{cost['scheduler_megabytes_at_a_fifth']:.0f}, {cost['scheduler_megabytes']:.0f}",
        ],
        [
            f"memory of the command {after}",
            f"{cost['client_megabytes_at_a_fifth']:.0f}, {cost['client_megabytes']:.0f}",
        ],
        ["one wait for the disk", f"{cost['sync_milliseconds']:.1f} ms"],
        [
            "pictures a second with one worker, with two",
            f"{rates['1']:.2f}, {rates['2']:.2f} ({rates['2'] / rates['1']:.2f} times as many)",
        ],
    ]
    return table(["", ""], lines)


def huge(_: str) -> str:
    found = result("huge")
    width, height = found["picture"]
    n = width * height

    def time(seconds: str, rate: str) -> str:
        return f"{found[seconds]:,.0f} s, {found[rate]:.3f} megapixels a second"

    return table(
        ["", ""],
        [
            ["picture", f"{width} x {height}, {n / 1e6:,.0f} megapixels"],
            ["file", f"{found['bytes']:,} bytes, {8 * found['bytes'] / n:.3f} bpp"],
            ["processor time", time("processor_seconds", "megapixels_per_processor_second")],
            ["wall-clock time", time("seconds", "megapixels_per_second")],
            ["memory at the peak, all processes together", f"{found['peak_megabytes']:,.0f} MB"],
        ],
    )


def memory(name: str) -> str:
    found = result(name)
    lines = [
        [case, f"{row['encode']:.0f}", f"{row['decode']:.0f}"] for case, row in found["bytes_a_pixel"].items()
    ]
    side = found["side"]
    return table([f"{side} x {side}, effort {found['effort']}", "encode", "decode"], lines)


def fits_of_all(name: str) -> str:
    """The fits of more than a few pictures, over the pictures that all of these have."""
    return summary_of({fit: rows for fit, rows in result(name)["fits"].items() if len(rows) > FEW})


def fits_of_few(name: str) -> str:
    """All fits, over the few pictures that every one of them has."""
    return summary_of(result(name)["fits"])


def summary_of(fits: dict[str, dict[str, Any]]) -> str:
    """The fits over the pictures that all of them have, the published recipe first."""
    pictures = set.intersection(*map(set, fits.values()))
    names = sorted(fits, key=lambda fit: (fit != "paper", fit))
    return fitting.summary({fit: {p: row for p, row in fits[fit].items() if p in pictures} for fit in names})


TABLES: dict[str, Callable[[str], str]] = {
    **bench_doc_tables.TABLES,
    **picture_doc_tables.TABLES,
    **speed_doc_tables.TABLES,
    "paper's system figures": paper_system,
    "memory of codecs": codec_memory,
    "kinds": lambda name: kinds.summary(result(name)["rows"]),
    "fits": fits_of_all,
    "fits of few pictures": fits_of_few,
    "layers": lambda name: layers.summary(result(name)["rows"]),
    "lattices": lambda name: lattices.points_table(result(name)["rows"]),
    "levels": lambda name: levels.summary(result(name)["rows"]),
    "mips": lambda name: mips.table(result(name)),
    "textures": lambda name: texture_tables.bd_rates(result(name)["rows"]),
    "regions": regions,
    "restored": lambda name: restoration_tables.with_input(result(name)["rows"]),
    "filled and enlarged": lambda name: restoration_tables.without_input(result(name)["rows"]),
    "torch operator": torch_operator,
    "batch": batch,
    "huge": huge,
    "memory": memory,
}


def text_of(name: str) -> str:
    """The table of a name, with the argument behind it. Raises KeyError where there is none."""
    kind, _, argument = name.partition(": ")
    return TABLES[kind](argument) + "\n"


def renewed(text: str) -> tuple[str, list[str]]:
    """A document with all of its tables made anew, and the names of those that have changed."""
    changed = []

    def place(found: re.Match[str]) -> str:
        fresh = text_of(found["name"])
        if fresh != found["text"]:
            changed.append(found["name"])
        return found[1] + fresh + found[4]

    return PLACE.sub(place, text), changed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    differ = 0
    for path in sorted(DOCUMENTS.glob("*.md")):
        text = path.read_text()
        fresh, changed = renewed(text)
        for name in changed:
            print(f"{path.name}: {name}")
        differ += len(changed)
        if not options.check and fresh != text:
            path.write_text(fresh)
    return int(options.check and differ > 0)


if __name__ == "__main__":
    sys.exit(main())
