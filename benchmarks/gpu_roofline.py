"""The least time of a step on a card, computed from formulas: no card has run it (docs/gpu.md).

    .venv/bin/python benchmarks/gpu_roofline.py [--output benchmarks/results/gpu_roofline.json]

A step is forward and backward of 10,000 Gaussians on 2048 x 2048 pixels, 3 channels. What the work is comes
from counts: (tile, Gaussian) pairs of a scene whose Gaussians overlap as in a fit, as the native renderer
lists them, and instructions of the inner loops for each point and pair, read from the machine code for an
A100. The time of each kernel is the longest of what its bytes and each kind of its instructions take. Needs
torch and Triton, no card.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imagegs.gaussians import Gaussians
from imagegs.rendering import tile_lists

RESULTS = Path(__file__).parent / "results" / "gpu_roofline.json"
HEIGHT, WIDTH, N, CHANNELS = 2048, 2048, 10_000, 3
POINTS = 256  # of a block


# The units that an instruction of machine code occupies; all others count as issued only.
PIPES = {
    "arithmetic": re.compile(r"\b(FFMA|FADD|FMUL|IMAD)\b"),
    "comparisons": re.compile(r"\b(FMNMX|FSETP|FSEL|SEL|ISETP|IADD3|LOP3|LEA|SHF|PLOP3)\b"),
    "exponentials": re.compile(r"\bMUFU\b"),
    "shuffles": re.compile(r"\bSHFL\b"),
    "issue": re.compile(r""),
}


class Card(NamedTuple):
    """Peaks of a card. Rates are lanes a clock and multiprocessor."""

    multiprocessors: int
    clock: float  # Hz, boost
    bandwidth: float  # bytes a second
    rates: dict[str, int]


CARDS = {
    # NVIDIA A100 Tensor Core GPU Architecture (2020): 108 SMs, 1410 MHz, 19.5 TFLOPS, 1555 GB/s (40 GB).
    # NVIDIA H100 Tensor Core GPU Architecture (2022), SXM5: 132 SMs, 1980 MHz, 66.9 TFLOPS, 3.35 TB/s.
    # Rates: CUDA C++ Programming Guide, table "Throughput of Native Arithmetic Instructions", 8.0 and 9.0.
    "A100": Card(108, 1.41e9, 1555e9, dict(zip(PIPES, (64, 64, 16, 32, 128), strict=True))),
    "H100": Card(132, 1.98e9, 3350e9, dict(zip(PIPES, (128, 64, 16, 32, 128), strict=True))),
}


def scene(seed: int = 0) -> Gaussians:
    """Gaussians at random whose neighbours overlap as in a fit: sigma half of their usual distance."""
    rng = np.random.default_rng(seed)
    usual = (HEIGHT * WIDTH / N) ** 0.5 / 2
    return Gaussians(
        xy=rng.uniform(0, (WIDTH, HEIGHT), (N, 2)),
        scale=usual * np.exp(0.5 * rng.normal(size=(N, 2))),
        angle=rng.uniform(0, np.pi, N),
        log_weight=rng.normal(size=N),
        color=rng.uniform(0, 1, (N, CHANNELS)),
        height=HEIGHT,
        width=WIDTH,
    )


def pairs_of(g: Gaussians) -> int:
    """(tile, Gaussian) pairs that the kernels go over."""
    lists = tile_lists(g, most_ids=1 << 31)
    assert lists is not None
    return len(lists.ids)


def longest_loop(sass: str) -> list[str]:
    """The instructions of the longest loop of a kernel: from a label to the branch that goes back to it."""
    lines = [line.strip() for line in sass.splitlines()]
    labels = {line.split(":")[0]: i for i, line in enumerate(lines) if re.match(r"\.?L\w*:|\.L_x_\d+:", line)}
    longest: list[str] = []
    for end, line in enumerate(lines):
        back = re.search(r"BRA.*?(\.?L\w+)", line)
        if back and labels.get(back.group(1), end) < end:
            body = [text for text in lines[labels[back.group(1)] : end + 1] if re.search(r"[A-Z]{2,}", text)]
            longest = max(longest, body, key=len)
    return longest


def instructions_a_point() -> dict[str, dict[str, float]]:
    """Instructions of the inner loop by pipe, for a point and a pair, of the kernels that take the time."""
    from gpu_kernels import TARGETS, WARPS, compiled
    from imagegs.torch.triton import choosing, differentiating, mixing

    found = {}
    for kernel in (choosing.choose_kernel, mixing.mix_kernel, differentiating.gradient_kernel):
        chosen: dict[str, Any] = {"PAPER": False, "SAMPLED": False}
        if "CHANNELS" in kernel.arg_names:
            chosen["CHANNELS"] = CHANNELS
        loop = longest_loop(compiled(kernel, chosen, TARGETS["sm_80"]).asm["sass"])
        lanes = WARPS[kernel.__name__] * 32 / POINTS
        found[kernel.__name__] = {
            pipe: round(lanes * sum(bool(pattern.search(line)) for line in loop), 1)
            for pipe, pattern in PIPES.items()
        }
    return found


def bytes_moved(pairs: int) -> dict[str, float]:
    """Bytes between memory and chip: what each kernel reads and writes of points and pairs.

    The shapes and colours of 10,000 Gaussians stay in the cache. A point has 12 bytes of choices, 4 of the
    inverse, and its channels; a pair its index, in backward a row of 10 sums, written and read, and 24 bytes
    of sorting.
    """
    pixels, color = HEIGHT * WIDTH, 4 * CHANNELS
    return {
        "choose_kernel": 12 * pixels + 4 * pairs,
        "mix_kernel": (12 + color + 4) * pixels + 4 * pairs,
        "gradient_kernel": (16 + 2 * color) * pixels + (4 + 40) * pairs,
        "sort and add": (24 + 48) * pairs,
    }


def estimate() -> dict[str, Any]:
    """All counts, and the milliseconds of each kernel on each card with the bound that holds."""
    pairs = pairs_of(scene())
    work = float(pairs * POINTS)  # (point, candidate) pairs
    issued, moved = instructions_a_point(), bytes_moved(pairs)
    cards: dict[str, Any] = {}
    for name, card in CARDS.items():
        rows = {}
        for kernel, size in moved.items():
            bounds = {
                pipe: number * work / (card.multiprocessors * card.rates[pipe] * card.clock)
                for pipe, number in issued.get(kernel, {}).items()
            }
            bounds["memory"] = size / card.bandwidth
            bound = max(bounds, key=lambda key: bounds[key])
            rows[kernel] = {"ms": round(1000 * bounds[bound], 3), "bound": bound}
        cards[name] = {"kernels": rows, "ms": round(sum(row["ms"] for row in rows.values()), 2)}
    flops = {
        "forward": work * (13 + 20 + 15 + 2 * CHANNELS),
        "backward": work * (13 + 16 + 20 + 4 * CHANNELS),
    }
    return {
        "pairs": pairs,
        "candidates a point": round(pairs * POINTS / (HEIGHT * WIDTH), 1),
        "instructions": issued,
        "GB moved": round(sum(moved.values()) / 1e9, 3),
        "GFLOP": {part: round(number / 1e9, 1) for part, number in flops.items()},
        "cards": cards,
    }


def main() -> None:
    """Computes and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    arguments.output.write_text(json.dumps(estimate(), indent=1) + "\n")


if __name__ == "__main__":
    main()
