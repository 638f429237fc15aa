"""Tables of docs/ of the time and memory that things take; doc_tables.py puts them into the documents."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from typing import Any

import access
import batch_simulation
import bench_system
import scaling
import web_tables
from committed_results import result
from records import table

THREADS = re.compile(r"(?P<task>.*), (?P<threads>\d+) thread(\(s\))?")  # how a name of kernels.py ends
MEMORY = re.compile(r"peak memory of encode, (?P<case>.*): (?P<unit>.*)")
SORTING = "sort and add"  # what gpu_roofline.py counts beside kernels
NEEDS = {
    "registers": "registers of a thread",
    "shared": "shared memory of a program, bytes",
    "atomics": "atomic operations",
    "spilled": "spilled",
}


def counted(task: str) -> str:
    """The name of a row of kernels.py, thousands apart."""
    return re.sub(r"N = (\d+)", lambda found: f"N = {int(found[1]):,}", task)


def kernels(name: str) -> str:
    """Milliseconds of what the native kernels do, by threads."""
    times: dict[str, dict[str, float]] = {}
    for row, ms in result(name)["rows"].items():
        if (found := THREADS.fullmatch(row)) and not row.startswith("PyTorch"):
            times.setdefault(found["task"], {})[found["threads"]] = ms
    threads = sorted({each for found in times.values() for each in found}, key=int)
    lines = [
        [counted(task), *(f"{found[each]:.1f} ms" if each in found else "" for each in threads)]
        for task, found in times.items()
    ]
    return table(["", *(f"{each} thread{'s' * (each != '1')}" for each in threads)], lines)


def processes(name: str) -> str:
    """Milliseconds of whole processes."""
    lines = []
    for row, ms in result(name)["rows"].items():
        if row.startswith(("python", "imagegs")):
            program, comma, rest = row.partition(", ")
            lines.append([f"`{program}`{comma}{counted(rest)}", f"{ms:.0f} ms"])
    return table(["whole process", ""], lines)


def peak_memory(name: str) -> str:
    """Megabytes of whole encodes, and the bytes a pixel of them."""
    cases: dict[str, list[float]] = {}
    for row, value in result(name)["rows"].items():
        if found := MEMORY.fullmatch(row):
            cases.setdefault(found["case"], []).append(value)
    lines = [[counted(case), *(f"{value:,.0f}" for value in found)] for case, found in cases.items()]
    heads = (
        "peak memory of `imagegs encode`, whole process; MB; bytes a pixel beyond 1 KB a Gaussian and 150 MB"
    )
    return table(heads.split("; "), lines)


def transcoding(name: str) -> str:
    """Means over all textures that can have a format, from the most exact one on."""
    rows: dict[str, list[dict[str, float]]] = {}
    for stack in result(name)["rows"].values():
        for texel_format, found in stack.items():
            rows.setdefault(texel_format, []).extend(row for row in found if "psnr" in row)
    means = {
        texel_format: [statistics.fmean(row[key] for row in found) for key in ("psnr", "seconds")]
        for texel_format, found in rows.items()
        if found
    }
    order = sorted(means, key=lambda texel_format: -means[texel_format][0])
    lines = [[f"`{each}`", str(len(rows[each])), *(f"{mean:.1f}" for mean in means[each])] for each in order]
    return table(["`--format`", "maps", "PSNR, dB", "seconds a map"], lines)


def gpu_kernels(_: str) -> str:
    """The most that each kernel needs, of all its specialisations, card by card."""
    found = result("gpu_kernels")["kernels"]
    cards = list(next(iter(found["choose_kernel"].values())))
    lines = []
    for kernel, rows in found.items():
        needs = [[max(row[card][need] for row in rows.values()) for card in cards] for need in NEEDS]
        cells = (", ".join(map(str, each if len(set(each)) > 1 else each[:1])) for each in needs)
        lines.append([f"`{kernel}`", str(len(rows)), *cells])
    return table([f"at most, on {', '.join(cards)}", "specialisations", *NEEDS.values()], lines)


def gpu_roofline(_: str) -> str:
    """The least milliseconds of each kernel of a step, and the bound that holds."""
    found = result("gpu_roofline")
    cards: dict[str, Any] = found["cards"]
    lines = []
    for kernel in next(iter(cards.values()))["kernels"]:
        bounds = (card["kernels"][kernel] for card in cards.values())
        issued = found["instructions"].get(kernel, {}).get("issue", "")
        title = "sorting and adding the tiles' sums" if kernel == SORTING else f"`{kernel}`"
        lines.append([title, str(issued), *(f"{each['ms']:.3f} ({each['bound']})" for each in bounds)])
    lines.append(["all", "", *(f"**{card['ms']:.2f}**" for card in cards.values())])
    heads = ["kernel", "instructions for a pixel and a candidate", *(f"{card}, ms" for card in cards)]
    return table(heads, lines)


TABLES: dict[str, Callable[[str], str]] = {
    **{kind: lambda name, make=make: make(result(name)) for kind, make in bench_system.TABLES.items()},
    "kernels": kernels,
    "processes": processes,
    "peak memory": peak_memory,
    "access": lambda name: access.summary(result(name)["rows"]),
    "steps": lambda name: scaling.summary(result(name)["rows"]),
    "batch simulation": lambda name: batch_simulation.summary(result(name)),
    "times in a browser": lambda name: web_tables.times(result(name)["rows"]),
    "screens": lambda name: web_tables.screens(result(name)),
    "transcoding": transcoding,
    "gpu kernels": gpu_kernels,
    "gpu roofline": gpu_roofline,
}
