"""Folders and names that mean harm: modules beside the pictures, markup, control sequences, formulas."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import sample_gaussians
from imagegs import Bits, encode
from imagegs.cli import main
from imagegs.cli.bench import _bar
from imagegs.cli.exit_codes import printable
from imagegs.evaluation.bench import Done
from imagegs.evaluation.report import _table, report_page

# The installed script: only the folder of scripts is before all else on its path.
COMMAND = (str(Path(sys.executable).with_name("imagegs")),)
BENCH = ("--codecs", "jpeg", "--rates", "2", "-e", "1", "-j", "1", "--metrics", "psnr", "--quiet")
PACKAGES = (
    "numpy",
    "PIL",
    "scipy",
    "rich",
    "imagegs",
    "multiprocessing",
    "concurrent",
    "encodings",
    "importlib",
)
NAMES = (
    "=cmd|' \\C calc'!A0.png",
    "+1.png",
    "-1.png",
    "@SUM(1).png",
    "\t=1.png",
    "\r=1.png",
    "[red]x[∕red].png",
    "[link=http:]x.png",
    ":smile:.png",
    "a\x1b[31m.png",
    "a\u202egnp.exe.png",
    "a\nb.png",
    "<img src=x onerror=alert(1)>.png",
    "a;=1+1.png",
    'a",=1+1.png',
    os.fsdecode(b"\xff\xfe.png"),
)


def write_picture(path: Path) -> None:
    y, x = np.mgrid[:24, :32]
    with path.open("wb") as file:
        Image.fromarray(np.dstack([x * 8, y * 10, x + y]).astype(np.uint8)).save(file, "PNG")


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder with a picture, and modules by the names of all that Python has: they leave word when run."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_picture(folder / "a.png")
    (folder / "a.gsimg").write_bytes(encode(sample_gaussians(), Bits()))
    trap = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + ' ')\nraise SystemExit('trapped')\n"
    for name in {*sys.stdlib_module_names, *PACKAGES} - {*sys.builtin_module_names}:
        (folder / f"{name}.py").write_text(trap)
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(trap)
    return folder


def start(
    command: tuple[str, ...], *arguments: object, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, env=environment | variables
    )


def word_of(traps: Path) -> str:
    ran = traps.parent / "ran"
    return ran.read_text() if ran.exists() else ""


def test_bench_imports_nothing_from_the_current_folder(traps):
    done = start(COMMAND, "bench", "a.png", "-o", "out", *BENCH, "--codecs", "imagegs,jpeg", cwd=traps)
    assert (done.returncode, done.stderr, word_of(traps)) == (0, "", "")
    rows = json.loads((traps / "out" / "results.json").read_text())["rows"]
    assert [row["codec"] for row in rows if "bytes" in row] == ["imagegs", "jpeg"]


def test_the_environment_is_as_it_was_behind_a_bench(traps, monkeypatch):
    for value in (None, "0"):
        monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
        if value is not None:
            monkeypatch.setenv("PYTHONSAFEPATH", value)
        assert main(["bench", str(traps / "a.png"), "-o", str(traps / "out"), *BENCH]) == 0
        assert os.environ.get("PYTHONSAFEPATH") == value


def test_the_module_imports_little_from_the_current_folder(traps):
    """What Python itself looks for before `python -m imagegs` runs is beyond us; packages are not."""
    for name in sys.stdlib_module_names:
        (traps / f"{name}.py").unlink(missing_ok=True)
    for path in [*(traps / "imagegs").iterdir(), *(traps / "importlib").iterdir()]:
        path.unlink()
    for name in ("imagegs", "importlib", "multiprocessing", "concurrent", "encodings"):
        (traps / name / "__init__.py").unlink(missing_ok=True)
        (traps / name).rmdir()
    (traps / "imagegs.py").unlink()
    module = (sys.executable, "-m", "imagegs")
    for arguments in (
        ("info", "a.gsimg"),
        ("encode", "a.png", "-o", "b.gsimg", "-e", 1),
        ("bench", "a.png", *BENCH),
    ):
        done = start(module, *arguments, cwd=traps)
        assert (done.returncode, word_of(traps)) == (0, ""), done.stderr


def test_python_is_started_in_one_way():
    """In the package and its benchmarks: by `python_command`, or spawned within `safe_path`."""
    root = Path(__file__).parent.parent
    for path in [*(root / "src").rglob("*.py"), *(root / "benchmarks").glob("*.py")]:
        text = path.read_text()
        assert "sys.executable" not in text or path.name == "processes.py", path
        assert 'get_context("spawn")' not in text or "with safe_path()" in text, path


def test_names_in_tables_are_no_formulas():
    rows = [
        {"picture": Path(name).stem, "codec": "jpeg", "rate": 0.5, "bytes": -7, "error": "=1+1"}
        for name in NAMES
    ]
    text = _table(rows)
    for line, row in zip(csv.DictReader(io.StringIO(text, newline="")), rows, strict=True):
        assert line["picture"][0] not in "=+-@\t\r"
        assert line["picture"].removeprefix("'") == row["picture"]
        assert line["error"] == "'=1+1"
        assert (line["bytes"], line["rate"]) == ("-7", "0.5")  # numbers are numbers
    # Where another separator is usual the quotes keep a name together.
    first = [cells[0] for cells in csv.reader(io.StringIO(text, newline=""), delimiter=";")]
    assert any(cell.startswith("a;=1+1") for cell in first)


def test_a_bench_of_any_names(tmp_path):
    names = [name for name in NAMES if name.isascii() or os.name != "nt"]
    for name in names:
        write_picture(tmp_path / name)
    out = tmp_path / "out"
    options = ("--codecs", "jpeg", "--rates", "4", "-j", "1", "--metrics", "psnr", "--crops", "1", "--quiet")
    assert main(["bench", *(str(tmp_path / name) for name in names), "-o", str(out), *options]) == 0
    stems = {Path(name).stem for name in names}
    assert {row["picture"] for row in json.loads((out / "results.json").read_text())["rows"]} == stems
    table = io.StringIO((out / "results.csv").read_bytes().decode(), newline="")
    named = {line["picture"].removeprefix("'") for line in csv.DictReader(table)}
    assert named == {stem.encode("utf-8", "backslashreplace").decode() for stem in stems}
    assert "<img src=x" not in (out / "report.html").read_text("utf-8")


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Standard error as a terminal that keeps what it got."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    yield lambda: stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_bars_show_names_as_they_are(monkeypatch, name):
    stem = Path(name).stem
    with terminal(monkeypatch) as written, _bar(True) as show:
        show(Done([{"codec": "jpeg", "picture": stem}], 1, 2))
    assert f"jpeg, {printable(stem)}" in written()
    assert "\x1b[31m" not in written() and "\u202e" not in written() and "\x1b]8" not in written()


def test_a_report_page_keeps_names_inside_of_its_data():
    page = report_page({"pictures": [{"name": "</script><img src=x onerror=alert(1)>"}]})
    assert "<img src=x" not in page and "\\u003cimg src=x" in page
