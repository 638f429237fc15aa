"""Time and memory of reading, decoding and painting a part of a large file.

    python benchmarks/regions.py FILE.gsimg [--repeats 5] [--out benchmarks/results/regions.json]

benchmarks/gigapixel_file.py makes such a file. Every case runs in a process of its own, which has painted
64 x 64 pixels of another place before, so that the disk is warm and the library loaded. A row has the
region or the height of the whole picture, the level of detail, how many Gaussians were decoded and how many
bytes of the file were read, the least wall-clock time and the least processor time of the repeats, and by how
much the peak of the resident set grew. Whole pictures are painted once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import imagegs
from imagegs.codec.byte_source import OpenFile
from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import safe_path

OFF = 500  # canvas pixels from a corner of a block: the region lies across blocks, and needs many
CASES: list[dict[str, Any]] = [
    {"region": (8 * 1024, 8 * 1024, 1024, 1024)},
    {"region": (8 * 1024 + OFF, 8 * 1024 + OFF, 256, 256)},
    {"region": (8 * 1024 + OFF, 8 * 1024 + OFF, 1024, 1024)},
    {"region": (8 * 1024 + OFF, 8 * 1024 + OFF, 4096, 4096)},
    {"region": (8 * 1024 + OFF, 8 * 1024 + OFF, 1024, 1024), "lod": 0.5},
    {"region": (8 * 1024 + OFF, 8 * 1024 + OFF, 1024, 1024), "lod": 0.0},
    {"height": 1024, "lod": 0.0},
    {"height": 1024},
]


def peak() -> int:
    """The peak of the resident set, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def counted(taken: list[int]) -> None:
    """Has all reads of files noted."""
    read = OpenFile.read

    def noted(self: OpenFile, start: int, size: int) -> memoryview:
        taken.append(size)
        return read(self, start, size)

    OpenFile.read = noted  # type: ignore[method-assign]


def measure(path: Path, case: dict[str, Any], repeats: int) -> dict[str, Any]:
    """A row, measured in this process."""
    taken: list[int] = []
    counted(taken)
    imagegs.imread(path, region=(0, 0, 64, 64))
    before, walls, processors = peak(), [], []
    for _ in range(repeats):
        taken.clear()
        wall, processor = time.perf_counter(), time.process_time()
        imagegs.imread(path, **case)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    row = {**case, "bytes": sum(taken), "ms": 1e3 * min(walls), "processor_ms": 1e3 * min(processors)}
    row["memory_mb"] = (peak() - before) / 2**20
    if "region" in case:
        row["n_gaussians"] = len(imagegs.load(path, **case))
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    info = imagegs.read_info(options.file)
    facts = {
        "width": info.width,
        "height": info.height,
        "n_gaussians": info.n_gaussians,
        "bytes": info.n_bytes,
    }
    result: dict[str, Any] = {"machine": machine(), "file": facts, "rows": []}
    for case in CASES:
        with safe_path(), multiprocessing.get_context("spawn").Pool(1) as pool:
            repeats = options.repeats if "region" in case else 1
            row = pool.apply(measure, (options.file, case, repeats))
        print(row, flush=True)
        result["rows"].append(row)
    if options.out:
        options.out.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
