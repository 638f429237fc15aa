"""For the day a card is at hand: are the Triton kernels right on it, and how fast? Under five minutes.

    .venv/bin/python benchmarks/gpu.py [--output gpu.json]   # on a machine with a card of NVIDIA or AMD
    .venv/bin/python benchmarks/gpu.py --tiny                # on the CPU, by Triton's interpreter

1. Pictures, colours of points and gradients against the float64 twin (tests/oracle.py), and whether two runs
   give the same bits. An error makes the exit code 1.
2. Milliseconds of a step, forward and backward of the squared error: the kernels, and the best plain form in
   PyTorch (torch_twin.py, tiles as gsplat has them). The median of several, after one to warm up.
3. A whole encode of a picture on the device.

Prints what it finds and writes it as JSON. A part that the machine cannot do says why.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from imagegs.choices import DeviceName

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from triton_cases import NAMES, Case

CLEAR = 1e-3  # nats between a point and a change of its set, of those that are compared
MOST_VALUE, MOST_GRADIENT = 1e-4, 1e-3  # errors, of gradients relative to the largest


CASES = [
    Case("softmax", 181, 203, 3, 500),
    Case("paper", 181, 203, 3, 500),
    Case("softmax", 97, 64, 12, 200),
    Case("softmax", 64, 50, 1, 60, wrap=True),
    Case("softmax", 90, 120, 4, 200, points=5000),
]
TINY_CASES = [Case("softmax", 9, 17, 3, 6), Case("paper", 7, 5, 1, 4, points=20)]
SIZES = [(512, 768, 5000), (2048, 2048, 10_000)]
TINY_SIZES = [(8, 18, 5)]


def errors_of(case: Case, device: str) -> dict[str, Any]:
    """The largest errors of values and gradients, and whether a second run has the same bits."""
    import torch

    import oracle

    rng = np.random.default_rng(0)
    g, drawn = case.drawn(rng)
    places = oracle.pixel_centres(case.width, case.height) if drawn is None else drawn
    certain = oracle.selection_margin(g, places) >= CLEAR
    slope = rng.normal(size=(len(places), case.channels)) * certain[:, None]

    tensors = [torch.tensor(np.array(getattr(g, name)), device=device) for name in NAMES]
    points = None if drawn is None else torch.tensor(drawn, device=device)
    runs = [run_once(tensors, case, points, slope, device) for _ in range(2)]
    values, *gradients = runs[0]
    expected, twin = oracle.evaluate(g, places), oracle.gradients(g, places, slope)
    off = {"value": float(np.abs(values.reshape(expected.shape) - expected)[certain].max())}
    for name, gradient in zip(NAMES, gradients, strict=True):
        off[name] = float(np.abs(gradient - twin[name]).max() / max(np.abs(twin[name]).max(), 1e-3))
    same = all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))
    right = off["value"] <= MOST_VALUE and all(off[name] <= MOST_GRADIENT for name in NAMES)
    return {"case": case._asdict(), "errors": off, "same bits": same, "ok": right and same}


def run_once(tensors: list[Any], case: Case, points: Any, slope: Any, device: str) -> list[Any]:
    """Values and the five gradients, on the host."""
    import torch

    from imagegs.torch.triton import backward, forward

    out, saved = forward(*tensors, case.height, case.width, case.blend, case.wrap, points)
    gradients = backward(saved, torch.tensor(slope, dtype=torch.float32, device=device).view(out.shape))
    return [tensor.cpu().numpy() for tensor in (out, *gradients)]


def median_ms(step: Callable[[], object], device: str, count: int) -> float:
    """Milliseconds of a step, the median of some after one to warm up, with the card's work done."""
    import torch

    seconds = []
    for _ in range(count + 1):
        start = time.perf_counter()
        step()
        if device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])


def steps_of(height: int, width: int, n: int, device: str) -> dict[str, Callable[[], object]]:
    """Times all forms on one size; the milliseconds by name."""
    import torch

    import torch_twin
    from imagegs.torch.triton import backward, forward

    start = {name: values.detach() for name, values in torch_twin.parameters(torch, n, height, width).items()}
    values = {name: tensor.to(device) for name, tensor in start.items()}
    scale, log_weight = 1 / values["inverse_scale"], torch.zeros(n, device=device)
    target = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(1)).to(device)

    def kernels(blend: Any) -> None:
        given = (values["xy"], scale, values["angle"], log_weight, values["color"])
        picture, saved = forward(*given, height, width, blend, False, None)
        backward(saved, 2 * (picture - target))

    def plain() -> None:
        leaves = [values["xy"], scale, values["angle"], values["color"]]
        leaves = [leaf.clone().requires_grad_() for leaf in leaves]
        with torch.device(device):
            picture = torch_twin.render(torch, *leaves, height, width)
            (picture - target).square().sum().backward()

    return {
        "kernels, softmax": lambda: kernels("softmax"),
        "kernels, paper": lambda: kernels("paper"),
        "plain PyTorch, paper": plain,
    }


def times_of(sizes: list[tuple[int, int, int]], device: str, count: int) -> list[dict[str, Any]]:
    """Milliseconds of each kind of step on each size; of one that fails, why."""
    rows = []
    for height, width, n in sizes:
        row: dict[str, Any] = {"height": height, "width": width, "n": n}
        for name, step in steps_of(height, width, n, device).items():
            try:
                row[name] = round(median_ms(step, device, count), 3)
            except (RuntimeError, ValueError) as error:  # too little memory, a list too long
                row[name] = f"failed: {str(error).splitlines()[0]}"
        rows.append(row)
    return rows


def encode_on(device: DeviceName, side: int = 512) -> dict[str, Any]:
    """Seconds, bytes and PSNR of a fit and its settling on the device."""
    import imagegs

    y, x = np.mgrid[:side, :side] / side
    picture = np.stack([x, np.sin(20 * x * y) / 2 + 0.5, np.hypot(x - 0.5, y - 0.5) < 0.3], axis=2)
    pixels = np.round(255 * picture).astype(np.uint8)
    start = time.perf_counter()
    found = imagegs.compress_with_report(pixels, n_gaussians=2000, device=device)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "bytes": len(found.data),
        "psnr": found.psnr,
        "ssimulacra2": found.ssimulacra2,
    }


def main() -> None:
    """Runs all parts; exits with 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, by the interpreter on the CPU")
    parser.add_argument("--output", type=Path, default=Path("gpu.json"))
    arguments = parser.parse_args()
    if arguments.tiny:
        os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported
    import torch
    import triton

    if not arguments.tiny and not torch.cuda.is_available():
        sys.exit("PyTorch sees no graphics card; --tiny runs on the CPU")
    device = "cpu" if arguments.tiny else "cuda"
    card = "interpreter" if arguments.tiny else torch.cuda.get_device_name()
    found: dict[str, Any] = {"card": card, "torch": torch.__version__, "triton": triton.__version__}
    cases, sizes = (TINY_CASES, TINY_SIZES) if arguments.tiny else (CASES, SIZES)
    found["correctness"] = [errors_of(case, device) for case in cases]
    found["milliseconds a step"] = times_of(sizes, device, 1 if arguments.tiny else 20)
    found["encode"] = {"skipped": "--tiny"} if arguments.tiny else encode_on("cuda")
    text = json.dumps(found, indent=1)
    arguments.output.write_text(text + "\n")
    print(text)
    if not all(row["ok"] for row in found["correctness"]):
        sys.exit("the kernels do not agree with the twin")


if __name__ == "__main__":
    main()
