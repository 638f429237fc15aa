"""Compiles every Triton kernel of imagegs.torch.triton for real cards, without one, and records its needs.

    .venv/bin/python benchmarks/gpu_kernels.py [--quick] [--targets sm_80 sm_90 gfx1100] [--output FILE]

Each kernel is compiled in all specialisations that a picture can ask for (blends, points, 1, 3, 4 and 12
channels). From the machine code come the registers of a thread and what did not fit into them and was
spilled to memory (bytes of a thread's stack; of AMD, registers), the shared memory of a program, and atomic
operations.
Exits with 1 where something was spilled. Needs torch and Triton, no card.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from imagegs.evaluation.processes import safe_path
from imagegs.torch.triton import (
    adding,
    chaining,
    choosing,
    constants,
    counting,
    diagonal,
    differentiating,
    filling,
    mixing,
    removing,
    shaping,
    tangents,
)
from imagegs.torch.triton.launching import WARPS

RESULTS = Path(__file__).parent / "results" / "gpu_kernels.json"
TARGETS = {
    "sm_80": GPUTarget("cuda", 80, 32),  # A100
    "sm_90": GPUTarget("cuda", 90, 32),  # H100
    "gfx1100": GPUTarget("hip", "gfx1100", 32),  # RX 7900
}
POINTERS = {
    "fp32": "xy scale angle log_weight shapes bounds best last colors out inverse grad parts sums gradient "
    "terms changes change weights residual",
    "i64": "offsets to_offsets first_part by_gaussian starts",
    "i32": "order tiles ids to_ids counts ties",
    "i1": "wanted",
}
TYPES = {name: f"*{kind}" for kind, names in POINTERS.items() for name in names.split()} | {"inset": "fp32"}
BOTH = (False, True)
WALKS = {"CHANNELS": (1, 3, 4, 12), "PAPER": BOTH, "SAMPLED": BOTH}
LISTS = {"PAPER": BOTH, "ROOT": BOTH, "BLOCK": (constants.CANDIDATES_AT_ONCE,)}
SUMS = constants.SUMS + constants.GROUP_SIZE
ADDED = {"BLOCK": (constants.PARTS_AT_ONCE,)}
GAUSSIANS = {"PAPER": BOTH, "BLOCK": (constants.GAUSSIANS_AT_ONCE,)}
CHAINED = {"CHANNELS": (1, 3, 4, 12), "GROUPS": (1, 3), "OWN": BOTH, **GAUSSIANS}
Found = dict[str, dict[str, dict[str, dict[str, int]]]]  # by kernel, specialisation and target
KERNELS: list[tuple[Any, dict[str, tuple[Any, ...]]]] = [
    (shaping.shape_kernel, {"WRAP": BOTH, **GAUSSIANS}),
    (counting.count_kernel, LISTS),
    (filling.fill_kernel, LISTS),
    (choosing.choose_kernel, {"PAPER": BOTH, "SAMPLED": BOTH}),
    (mixing.mix_kernel, WALKS),
    (differentiating.gradient_kernel, WALKS),
    (tangents.tangent_kernel, WALKS),
    (diagonal.diagonal_kernel, WALKS),
    (removing.removal_kernel, WALKS),
    (adding.add_kernel, {"WIDTH": (SUMS,), "COLUMNS": (16,), **ADDED}),
    (adding.add_kernel, {"WIDTH": (1,), "COLUMNS": (1,), **ADDED}),
    (chaining.chain_kernel, CHAINED),
]


def specialisations(options: dict[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """All choices of constants that a picture can ask for."""
    for values in itertools.product(*options.values()):
        chosen = dict(zip(options, values, strict=True))
        wraps_in_paper = chosen.get("WRAP") and chosen["PAPER"]
        groups = -(-chosen.get("CHANNELS", 1) // constants.GROUP_SIZE)
        if not wraps_in_paper and chosen.get("GROUPS", groups) == groups:
            yield chosen


def compiled(kernel: Any, chosen: dict[str, Any], target: GPUTarget) -> Any:
    """A kernel in one specialisation, with pointers as torch aligns them."""
    names = kernel.arg_names
    signature = {name: "constexpr" if name in chosen else TYPES.get(name, "i32") for name in names}
    aligned = {
        (names.index(name),): [["tt.divisibility", 16]] for name in names if signature[name].startswith("*")
    }
    source = ASTSource(kernel, signature, chosen, aligned)
    return triton.compile(
        source, target=target, options={"num_warps": WARPS[kernel.__name__], "enable_fp_fusion": True}
    )


def ones(kernel: Any, chosen: dict[str, Any]) -> dict[str, int]:
    """All integers that a kernel is given as 1: Triton compiles a kernel anew where one of them is."""
    return {name: 1 for name in kernel.arg_names if name not in chosen and name not in TYPES}


def needs(machine_code: Any, target: GPUTarget) -> dict[str, int]:
    """Registers of a thread, bytes of shared memory of a program, atomics, what a thread spills."""
    shared = {"shared": machine_code.metadata.shared, "atomics": machine_code.asm["ttgir"].count("atomic")}
    if target.backend == "hip":
        text = machine_code.asm["amdgcn"]
        spilled = sum(int(n) for n in re.findall(r"\.[sv]gpr_spill_count:\s+(\d+)", text))
        return {"registers": int(re.findall(r"\.vgpr_count:\s+(\d+)", text)[0]), **shared, "spilled": spilled}
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(machine_code.asm["cubin"])
        file.flush()
        command = [triton.knobs.nvidia.cuobjdump.path, "-res-usage", file.name]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    registers, stack = re.findall(r"REG:(\d+) STACK:(\d+)", text)[0]
    return {"registers": int(registers), **shared, "spilled": int(stack)}


def label(chosen: dict[str, Any]) -> str:
    """A specialisation in words: "3 channels, paper, sampled"."""
    words = [f"{chosen['CHANNELS']} channels"] if "CHANNELS" in chosen else []
    words += [name.lower() for name, value in chosen.items() if value is True]
    words += [f"{chosen['WIDTH']} wide"] if "WIDTH" in chosen else []
    return ", ".join(words) or "plain"


def row_of(work: tuple[int, dict[str, Any]], targets: list[str]) -> dict[str, dict[str, int]]:
    """Compiles a kernel, told by its place in KERNELS, in one specialisation: its needs by target."""
    kernel, chosen = KERNELS[work[0]][0], work[1]
    return {name: needs(compiled(kernel, chosen, TARGETS[name]), TARGETS[name]) for name in targets}


def measured(targets: list[str]) -> Found:
    """The needs of each kernel, by kernel, specialisation and target. All processors compile."""
    work = [(i, chosen) for i, (_, options) in enumerate(KERNELS) for chosen in specialisations(options)]
    found: Found = {}
    with safe_path(), ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for (i, chosen), row in zip(work, pool.map(partial(row_of, targets=targets), work), strict=True):
            found.setdefault(KERNELS[i][0].__name__, {})[label(chosen)] = row
    return found


def measured_quickly(targets: list[str]) -> Found:
    """The same of the last specialisation of each kernel; with integers that are 1 it compiles as well."""
    found: Found = {}
    for i, (kernel, options) in enumerate(KERNELS):
        *_, chosen = specialisations(options)
        compiled(kernel, chosen | ones(kernel, chosen), TARGETS[targets[0]])
        found.setdefault(kernel.__name__, {})[label(chosen)] = row_of((i, chosen), targets)
    return found


def main() -> None:
    """Compiles, writes the results, and tells what is spilled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--quick", action="store_true", help="one specialisation of each kernel")
    arguments = parser.parse_args()
    measure = measured_quickly if arguments.quick else measured
    kernels = measure(arguments.targets)
    arguments.output.write_text(
        json.dumps({"triton": triton.__version__, "kernels": kernels}, indent=1) + "\n"
    )
    spilled = [
        f"{kernel}, {how}, {target}: {row[target]['spilled']} spilled"
        for kernel, rows in kernels.items()
        for how, row in rows.items()
        for target in row
        if row[target]["spilled"]
    ]
    if spilled:
        sys.exit("\n".join(spilled))


if __name__ == "__main__":
    main()
