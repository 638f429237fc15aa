"""Time and memory of `imagegs encode` with a picture larger than memory: megapixels a second, and the peak.

    python benchmarks/gigapixel.py huge.tif
    python benchmarks/huge.py --out huge.json huge.tif huge.gsimg -- --blocks -e 1 --workers 2

What stands after "--" are options of the encode. The memory is that of the command and its workers together,
looked at every second: the proportional set size (PSS) of Linux, which counts a shared page once. Processor
time is told beside the wall-clock time, because other programs on the machine disturb it less.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import time
from pathlib import Path

from imagegs.evaluation.bench import machine
from imagegs.evaluation.processes import python_command
from imagegs.pictures.huge import open_source

EVERY = 1.0  # seconds between two looks at the memory


def tree_of(pid: int) -> list[int]:
    """A process and all that it has started, as far as they still run."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(n) for task in tasks for n in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(n for child in children for n in tree_of(child))]


def memory_of(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measured(picture: Path, packed: Path, options: list[str]) -> dict[str, object]:
    """One encode. Raises CalledProcessError where it fails."""
    source = open_source(picture)
    megapixels = source.width * source.height / 1e6
    arguments = ["encode", str(picture), "-o", str(packed), "--overwrite", *options]
    command = python_command("-c", "import sys; from imagegs.cli import main; sys.exit(main())", *arguments)
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        while run.poll() is None:
            peak = max(peak, sum(map(memory_of, tree_of(run.pid))))
            time.sleep(EVERY)
        assert run.stdout is not None
        told = run.stdout.read()
    seconds = time.perf_counter() - start
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime
    return {
        "machine": machine(),
        "picture": [source.width, source.height],
        "options": options,
        "said": told.strip().split("\r")[-1].replace(str(packed), packed.name),
        "bytes": packed.stat().st_size,
        "seconds": seconds,
        "megapixels_per_second": megapixels / seconds,
        "processor_seconds": processor,
        "megapixels_per_processor_second": megapixels / processor,
        "peak_megabytes": peak / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("packed", type=Path, help="the file that is written")
    parser.add_argument("--out", type=Path, help="a file for the figures")
    parser.add_argument("options", nargs="*", help="of the encode, after --")
    arguments = parser.parse_args()
    figures = measured(arguments.picture, arguments.packed, arguments.options)
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
