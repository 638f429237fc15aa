"""The scripts for graphics cards: the prepared benchmark at a tiny size, kernels compiled for real cards."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from requirements import need_triton

need_triton()

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RESULTS = BENCHMARKS / "results"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_benchmark_runs_at_a_tiny_size(tmp_path: Path) -> None:
    done = run("gpu.py", "--tiny", "--output", tmp_path / "gpu.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert [row["ok"] for row in found["correctness"]] == [True, True]
    times = found["milliseconds a step"][0]
    assert all(isinstance(times[name], float) for name in times if "," in name)


def test_a_machine_without_a_card_is_told_so(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card")
    done = run("gpu.py", "--output", tmp_path / "gpu.json")
    assert done.returncode == 1 and "no graphics card" in done.stderr


def test_the_benchmark_encodes() -> None:
    """On the CPU: the part that a card runs, at a tiny size."""
    path = BENCHMARKS / "gpu.py"
    spec = importlib.util.spec_from_file_location("gpu", path)
    assert spec is not None and spec.loader is not None
    gpu = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gpu)
    found = gpu.encode_on("cpu", side=48)
    assert found["psnr"] > 25 and found["bytes"] > 0


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: Any) -> Any:
    """Kernels compiled now, one specialisation each, for an H100 and for a card of AMD."""
    output = tmp_path_factory.mktemp("gpu") / "kernels.json"
    done = run("gpu_kernels.py", "--quick", "--targets", "sm_90", "gfx1100", "--output", output)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())["kernels"]


def test_every_kernel_compiles_for_cards_without_spilling(compiled: Any) -> None:
    recorded = json.loads((RESULTS / "gpu_kernels.json").read_text())["kernels"]
    assert compiled.keys() == recorded.keys()
    for rows in compiled.values():
        for row in rows.values():
            assert row.keys() == {"sm_90", "gfx1100"}
            assert all(found["spilled"] == 0 and 0 < found["registers"] <= 255 for found in row.values())


def test_recorded_kernels_spill_nothing_on_any_card() -> None:
    recorded = json.loads((RESULTS / "gpu_kernels.json").read_text())["kernels"]
    for rows in recorded.values():
        for row in rows.values():
            assert row.keys() == {"sm_80", "sm_90", "gfx1100"}
            assert all(found["spilled"] == 0 for found in row.values())


def test_no_kernel_adds_by_atomics(compiled: Any) -> None:
    """Sums by atomics would depend on the order in which programs end."""
    assert all(row["sm_90"]["atomics"] == 0 for rows in compiled.values() for row in rows.values())
