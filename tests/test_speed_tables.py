"""Tables of times and memory, of made-up results; the benchmarks that keep what these tables are made of."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import access
import batch_simulation
import bench_system
import scaling
import speed_doc_tables
import web_tables


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the tables made of a given result."""
    return lambda found: monkeypatch.setattr(speed_doc_tables, "result", lambda name: found)


def lines(kind: str) -> list[str]:
    return speed_doc_tables.TABLES[kind]("a result").splitlines()


def test_kernels_are_told_by_threads_and_apart_from_processes_and_memory(told: Any) -> None:
    peak = "peak memory of encode, paper recipe, 64 x 64, N = 20000"
    rows = {"step, N = 5000, 1 thread(s)": 4.04, "step, N = 5000, 2 thread(s)": 3, "sample, 1 thread": 2}
    rows |= {"imagegs decode, N = 10000, to .npy": 20.4, "python -c pass": 9.6}
    rows |= {f"{peak}: MB": 2000.4, f"{peak}: bytes/pixel": 51.6, "ratio of the two": 17}
    told({"rows": rows | {"PyTorch twin of the first row, 1 thread": 70}})
    assert lines("kernels")[0] == "|  | 1 thread | 2 threads |"
    assert lines("kernels")[2:] == ["| step, N = 5,000 | 4.0 ms | 3.0 ms |", "| sample | 2.0 ms |  |"]
    decode = "| `imagegs decode`, N = 10,000, to .npy | 20 ms |"
    assert lines("processes")[2:] == [decode, "| `python -c pass` | 10 ms |"]
    assert lines("peak memory")[2:] == ["| paper recipe, 64 x 64, N = 20,000 | 2,000 | 52 |"]


def test_formats_are_told_from_the_most_exact_on_over_all_stacks(told: Any) -> None:
    levels = {"levels": [{"seconds": 9.0}]}
    one = {"bc1": [{"seconds": 1.0, "psnr": 30.0}], "bc7": [{"seconds": 3.0, "psnr": 50.0}]}
    two = {"bc1": [{"seconds": 2.0, "psnr": 32.0}, {"seconds": 6.0, "psnr": 34.0}]}
    told({"rows": {"a": levels | one, "b": levels | two}})
    assert lines("transcoding")[2:] == ["| `bc7` | 1 | 50.0 | 3.0 |", "| `bc1` | 3 | 32.0 | 3.0 |"]


def test_kernels_for_cards_are_told_by_the_most_that_they_need(told: Any) -> None:
    def row(registers: int, spilled: int) -> dict[str, int]:
        return {"registers": registers, "shared": 8, "atomics": 0, "spilled": spilled}

    plain = {"sm_80": row(30, 0), "sm_90": row(28, 0)}
    paper = {"sm_80": row(20, 0), "sm_90": row(29, 4)}
    told({"kernels": {"choose_kernel": {"plain": plain, "paper": paper}}})
    head, _, line = lines("gpu kernels")
    assert head.startswith("| at most, on sm_80, sm_90 | specialisations |")
    assert line == "| `choose_kernel` | 2 | 30, 29 | 8 | 0 | 0, 4 |"


def test_the_roofline_has_the_bound_of_each_kernel_and_the_sum(told: Any) -> None:
    kernels = {"a_kernel": {"ms": 0.2, "bound": "issue"}, "sort and add": {"ms": 0.1, "bound": "memory"}}
    cards = {"A100": {"kernels": kernels, "ms": 0.3}}
    told({"instructions": {"a_kernel": {"issue": 31.2}}, "cards": cards})
    head, _, *rows = lines("gpu roofline")
    assert head == "| kernel | instructions for a pixel and a candidate | A100, ms |"
    assert rows[0] == "| `a_kernel` | 31.2 | 0.200 (issue) |"
    assert rows[1] == "| sorting and adding the tiles' sums |  | 0.100 (memory) |"
    assert rows[2] == "| all |  | **0.30** |"


def made_up_system() -> dict[str, Any]:
    """Two sizes, the larger one without the paper's recipe."""
    curves = {
        "pixels": {"1 thread": {0.1: 1.079, 4.0: 36.0}, "paper's recipe": {0.1: 12.7}},
        "memory": {"1 thread": {0.1: 88.7, 4.0: 458.4}, "paper's recipe": {0.1: 90.6}},
        "counts": {"1 thread": {1000: 5.29}, "2 threads": {1000: 3.201}},
        "decode": {"1 thread": {1000: 76.2}, "2 threads": {1000: 122.8}},
        "sample": {"1 thread": {1000: 41.3}, "2 threads": {1000: 62.19}},
    }
    charts = [
        {
            "rows": [
                {"chart": c, "series": s, "x": x, "y": y} for s, ys in found.items() for x, y in ys.items()
            ]
        }
        for c, found in curves.items()
    ]
    return {"machine": "none", "imagegs": "0", "setting": {}, "system": {"charts": charts}, "rows": [1]}


def test_how_the_system_scales_is_told_and_kept(tmp_path, monkeypatch, capsys):
    (tmp_path / "results.json").write_text(json.dumps(made_up_system()))
    kept = tmp_path / "kept.json"
    arguments = ["bench_system.py", str(tmp_path / "results.json"), "--keep", str(kept)]
    monkeypatch.setattr(sys, "argv", arguments)
    bench_system.main()
    printed = capsys.readouterr().out.splitlines()
    assert "| megapixels | encode, 1 thread, s | paper's recipe, s | peak memory, MiB |" in printed
    assert "| 0.1 | 1.08 | 12.7 | 91 |" in printed and "| 4 | 36 |  | 458 |" in printed
    assert "| 1,000 | 5.29, 3.2 | 76.2, 123 | 41.3, 62.2 |" in printed
    assert set(json.loads(kept.read_text())) == set(bench_system.KEPT)


def run_twice(module: Any, out: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a benchmark keeps; a second run finds it there."""
    monkeypatch.setattr(sys, "argv", ["script.py", "--out", str(out)])
    module.main()
    found = json.loads(out.read_text())["rows"]
    module.main()
    assert json.loads(out.read_text())["rows"] == found
    return found


def test_times_of_access_are_kept(tmp_path, monkeypatch, capsys):
    calls = []
    for name in ("access_tasks", "painting_tasks"):
        monkeypatch.setattr(access, name, dict)
    monkeypatch.setattr(access, "process_tasks", lambda folder: {})
    monkeypatch.setattr(access, "decoding_tasks", lambda: {"decode": lambda: calls.append(1)})
    rows = run_twice(access, tmp_path / "access.json", monkeypatch)
    assert len(calls) == 16  # 15 runs and a warm-up, once
    assert rows["decode"]["least"] <= rows["decode"]["median"]
    capsys.readouterr()
    assert access.summary({"decode": {"median": 2.04, "least": 1.5}}).endswith("| decode | 2.0 | 1.5 |")


def test_times_of_steps_are_kept(tmp_path, monkeypatch, capsys):
    measured = []

    def step_times(pixels: Any, n: int, steps: int, threads: int) -> tuple[float, float]:
        measured.append((pixels, n))
        return 10.0, 20.0

    monkeypatch.setattr(scaling, "clouds", lambda height, width: height)
    monkeypatch.setattr(scaling, "step_times", step_times)
    monkeypatch.setattr(scaling.imagegs, "fit", lambda *_, threads: None)
    run_twice(scaling, tmp_path / "scaling.json", monkeypatch)
    assert len(measured) == 8 and set(measured) == set(scaling.LADDERS)
    printed = capsys.readouterr().out.splitlines()
    assert printed.count("| 512 x 512 | 10,000 | 10.0 | 20.0 | 57 |") == 2
    assert printed.count("| 2048 x 2048 | 10,000 | 10.0 | 20.0 | 4 |") == 4  # on both ladders


def test_a_simulation_is_kept(tmp_path, monkeypatch, capsys):
    names = ("scheduler_cpu_milliseconds", "client_cpu_milliseconds", "sync_milliseconds")
    (tmp_path / "batch.json").write_text(json.dumps({"overhead": dict.fromkeys(names, 1.0)}))
    out = tmp_path / "simulation.json"
    options = ["--pictures", "300", "--workers", "3", "--seconds", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["x", "--figures", str(tmp_path / "batch.json"), *options])
    batch_simulation.main()
    (row,) = json.loads(out.read_text())["rows"]
    assert 95 < row["seconds"] < 115 and row["workers"] > 0.9 > row["scheduler"]
    head, _, line = capsys.readouterr().out.splitlines()
    assert (
        head == "| seconds a picture | hours | pictures a second | scheduler | command | storage | workers |"
    )
    assert line.startswith("| 1 | 0.03 | 3 | 0% | ")


def test_times_in_a_browser_are_medians_of_each_api():
    rows = {"webgl2": {"paint": [1.0, 9.0, 2.0]}, "webgpu": {"paint": [30.0, 40.0, 50.0]}}
    expected = ["|  | WebGL2, ms | WebGPU, ms |", "| --- | --- | --- |", "| paint | 2 | 40 |"]
    assert web_tables.times(rows).splitlines() == expected


def test_screens_of_a_huge_picture():
    row = {"layers": 8, "gaussians": 43008, "requests": 27, "bytes": 2500, "first_ms": 90.4, "last_ms": 300}
    result = {
        "file_bytes": 100_000,
        "screens": {"1 : 1": row},
        "frames_ms": {"back again": [1, 2, 3, 4, *[4.4] * 15, 9]},
    }
    assert web_tables.screens(result).endswith("| 1 : 1 | 8 | 43,008 | 27 | 2,500 | 2.5% |")
    assert web_tables.screen_times(result).endswith("| 1 : 1 | 90 | 300 |")
    assert web_tables.frames(result).endswith("| back again | 4 | 9 | 9 |")
