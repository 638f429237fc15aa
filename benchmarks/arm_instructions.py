"""Instructions of the vector kernels on ARM (NEON) beside those on x86-64 (SSE2, its baseline).

    make aarch64
    python benchmarks/arm_instructions.py build/aarch64 BUILD

BUILD is a build for this machine. Both are of the same code with four lanes. Each instruction of the code
counts once: loops of a kernel are the same on both, so that this tells about how the work compares. Needs the
cross compiler's objdump.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

KERNELS = "CMakeFiles/imagegs_baseline.dir/native/kernels.cpp.o"
LEAST = 150  # instructions of a function that is told


def counts(objdump: str, build: Path) -> dict[str, int]:
    """The number of instructions of each function, by its name without arguments."""
    command = [objdump, "-d", "-C", "--no-show-raw-insn", str(build / KERNELS)]
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, int] = {}
    name = ""
    for line in listing.splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            name = head[1].split("(")[0]
        elif re.match(r"\s+[0-9a-f]+:\t", line):
            found[name] = found.get(name, 0) + 1
    return found


def main() -> None:
    arm, x86 = (Path(folder) for folder in sys.argv[1:3])
    neon, sse = counts("aarch64-linux-gnu-objdump", arm), counts("objdump", x86)
    told = sorted((name for name in sse if name in neon and sse[name] > LEAST), key=lambda name: -sse[name])
    for name in told:
        print(f"{name}: {neon[name]} for {sse[name]}, {neon[name] / sse[name]:.2f}")
    print(f"all: {sum(neon[n] for n in told) / sum(sse[n] for n in told):.2f}")


if __name__ == "__main__":
    main()
