"""`imagegs batch`: folders, lists and tables to files, runs that go on, and calls that fail."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_cluster import make_pictures
from conftest import Outcome, check_failure
from imagegs.cli import main
from imagegs.distributed.rows import sha256_of_file
from requirements import need_packages

FAST = ("-n", 10, "--steps", 2)
# The installed script: only the folder of scripts is before all else on its path.
COMMAND = [str(Path(sys.executable).with_name("imagegs")), "batch"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
Batch = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """p0.png, sub/p1.png, p2.png below the folder `in` of the current folder."""
    need_packages("dask", "distributed")
    monkeypatch.chdir(tmp_path)
    make_pictures(tmp_path / "in", 3)
    return [Path("in/p0.png"), Path("in/sub/p1.png"), Path("in/p2.png")]


@pytest.fixture
def batch(run: Callable[..., Outcome], cluster: Any) -> Batch:
    """`imagegs batch` on the cluster of the module, fast, with a JSON object."""

    def batch(*arguments: object, json: bool = True) -> Outcome:
        shown = ["--json"] if json else []
        return run("batch", "--scheduler", cluster.scheduler.address, *shown, *FAST, *arguments)

    return batch


def rows(path: str | Path = "out/manifest.jsonl") -> dict[str, dict[str, Any]]:
    """The last row of each output, by its name."""
    found = [
        json.loads(line) for line in Path(path).read_text().splitlines(keepends=True) if line[-1] == "\n"
    ]
    return {row["output"]: row for row in found if "started" not in row}


def check_rows(path: str | Path = "out/manifest.jsonl") -> int:
    """Every row without an error tells what is on the disk. Returns how many there are."""
    good = [row for row in rows(path).values() if row["error"] is None]
    for row in good:
        assert sha256_of_file(Path(path).parent / row["output"]) == row["output_sha256"]
        assert sha256_of_file(Path(row["input"])) == row["input_sha256"]
    return len(good)


# ---- what it does


def test_a_folder_becomes_what_encode_makes_of_each_picture(batch, run, pictures):
    outcome = batch("in", "-o", "out", "--seed", 3)
    assert outcome.code == 0 and outcome.err == ""
    found = outcome.json
    assert (found["pictures"], found["encoded"], found["unchanged"], found["failed"]) == (3, 3, 0, 0)
    assert check_rows() == 3 and found["bytes"] == sum(row["bytes"] for row in rows().values())
    for path in pictures:
        report = run("encode", path, "-o", "one.gsimg", "--json", "--quiet", *FAST, "--seed", 3).json
        output = path.relative_to("in").with_suffix(".gsimg")
        assert (Path("out") / output).read_bytes() == Path("one.gsimg").read_bytes()
        row = rows()[output.as_posix()]
        for name in ("bytes", "bpp", "psnr", "ssim", "n_gaussians", "width", "height"):
            assert row[name] == report[name]


def test_beside_the_pictures_and_again(batch, pictures):
    first = batch("in/**/*.png", json=False)
    assert first.code == 0 and first.out == "" and "3 pictures: 3 encoded, " in first.err
    assert all(path.with_suffix(".gsimg").exists() for path in pictures) and check_rows("manifest.jsonl") == 3
    pictures[0].with_suffix(".gsimg").unlink()
    again = batch("in").json
    assert (again["encoded"], again["unchanged"]) == (1, 2)
    assert batch("in", "--effort", 1, "--threads-per-picture", 2, "--quiet").json["encoded"] == 3


def test_a_table_has_options_for_each_picture(batch, run, pictures):
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["input", "n_gaussians", "target-size", "seed", "wrap", "output"])
    writer.writerow([pictures[0], "", 400, "", "yes", ""])
    writer.writerow([pictures[1], 20, "", 5, "no", "deep/b.gsimg"])
    Path("jobs.csv").write_text("\ufeff" + table.getvalue())
    assert batch("--table", "jobs.csv", "-o", "out").json["encoded"] == 2
    for path, output, options in (
        (pictures[0], "in/p0.gsimg", ("--steps", 2, "--target-size", 400, "--wrap")),
        (pictures[1], "deep/b.gsimg", ("--steps", 2, "-n", 20, "--seed", 5)),
    ):
        assert run("encode", path, "-o", "one.gsimg", "--quiet", *options).code == 0
        assert (Path("out") / output).read_bytes() == Path("one.gsimg").read_bytes()
    lines = [{"input": str(pictures[0]), "target_size": 400, "wrap": True}, {"input": "missing.png"}]
    Path("jobs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = batch("--table", "jobs.jsonl", "-o", "out", "--quiet")
    assert again.code == 1 and json.loads(again.out)["unchanged"] == 1
    assert "no such file" in rows()["missing.gsimg"]["error"].lower()


def test_a_list_comes_from_standard_input(batch, pictures, monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, b"in/sub/p1.png\n" + os.fsencode(pictures[0].absolute()) + b"\n")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert batch("-", "-o", "out").json["encoded"] == 2
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert sorted(rows()) == ["in/sub/p1.gsimg", "p0.gsimg"]


def test_a_map_that_changes_changes_the_options(batch, pictures):
    Path("map.png").write_bytes(pictures[0].read_bytes())
    call = (pictures[0], "-o", "out", "--init", "map.png")
    assert batch(*call).json["encoded"] == 1
    assert batch(*call).json["encoded"] == 0
    Path("map.png").write_bytes(pictures[2].read_bytes())
    assert batch(*call).json["encoded"] == 1


def test_pictures_that_fail_are_told(batch, pictures):
    pictures[1].write_bytes(b"no picture")
    outcome = batch("in", "-o", "out", "--report", "report.html")
    assert outcome.code == 1 and outcome.err.count("\n") == 2
    assert "imagegs: warning: " in outcome.err
    assert "imagegs: error: 1 of 3 pictures failed: out/manifest.jsonl has why\n" in outcome.err
    found = json.loads(outcome.out)
    assert found["failed"] == 1 and "no picture in a known format" in found["failures"][0]["error"]
    page = Path("report.html").read_text()
    assert "p1.png" in page and page.count("data:image/webp") == 4
    make_pictures(Path("other"), 2)[1].replace(pictures[1])
    again = batch("in", "-o", "out", "--report", "report.html")  # its own report is replaced
    assert again.code == 0 and again.json["encoded"] == 1 and "Failed" not in Path("report.html").read_text()


def test_a_picture_that_is_left_out_in_part_is_noted(batch, pictures):
    from PIL import Image

    frames = [Image.open(path) for path in (pictures[0], pictures[2])]
    frames[0].save("in/moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert batch("in", "-o", "out").code == 0
    assert any("first of 2 frames" in note for note in rows()["moving.gsimg"]["notes"])


def test_the_bar_takes_any_name():
    from imagegs.cli.batch import _bar
    from imagegs.distributed import Row
    from imagegs.distributed.work import Done

    with _bar(True, 2) as show:
        show(Done(Row(input="/[red]\x1b[31m.png", output="/a", options_sha256=""), is_new=True))


# ---- what ends it


def process(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(found: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.01)


@posix
def test_kill_9_at_any_moment_loses_nothing(batch, cluster):
    """The first run is killed three times: before, while and after results come."""
    make_pictures(Path("many"), 12)
    manifest, moments = Path("out/manifest.jsonl"), random.Random(1)
    call = ("many", "-o", "out", "-n", 10, "--steps", 40, "--scheduler", cluster.scheduler.address)
    for n_rows in (0, 2, 6):
        with process(*call) as killed:
            wait_for(lambda n=n_rows: manifest.exists() and len(rows()) >= n)
            time.sleep(moments.uniform(0, 0.2))
            killed.kill()
        check_rows()
    outcome = batch("many", "-o", "out", "--steps", 40)
    assert outcome.code == 0 and outcome.json["unchanged"] >= 6
    assert check_rows() == outcome.json["pictures"] == 12


@posix
def test_ctrl_c_ends_the_run_and_its_workers(run):
    """The terminal sends it to all processes of the group. None of them imports from the current folder."""
    for name in ("numpy", "multiprocessing", "dask", "distributed"):
        Path(f"{name}.py").write_text("raise SystemExit('a module of the current folder')")
    make_pictures(Path("many"), 12)
    call = ("many", "-o", "out", "-n", 10, "--steps", 300, "--workers", 2)
    with process(*call, process_group=0) as interrupted:
        wait_for(lambda: Path("out/manifest.jsonl").exists() and rows())
        os.killpg(interrupted.pid, signal.SIGINT)
        out, err = interrupted.communicate(timeout=120)
    assert (interrupted.returncode, out, err) == (130, "", "imagegs: error: interrupted\n")
    wait_for(lambda: not group_is_alive(interrupted.pid))
    n_done = check_rows()
    assert 0 < n_done < 12


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


CLUSTER = """
import time
from imagegs.distributed.cluster import started
if __name__ == "__main__":
    with started(1) as client:
        print(client.scheduler.address, flush=True)
        time.sleep(600)
"""


@posix
def test_a_scheduler_that_goes_away_ends_the_run(batch):
    make_pictures(Path("many"), 12)
    Path("cluster.py").write_text(CLUSTER)
    with subprocess.Popen([sys.executable, "cluster.py"], stdout=subprocess.PIPE, text=True) as scheduler:
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().strip()
        call = ("many", "-o", "out", "-n", 10, "--steps", 300, "--scheduler", address)
        with process(*call) as left:
            wait_for(lambda: Path("out/manifest.jsonl").exists() and rows())
            scheduler.kill()
            out, err = left.communicate(timeout=120)
    assert (left.returncode, out) == (4, "")
    assert err == "imagegs: error: the scheduler has gone away: run the command again, and it goes on\n"
    assert 0 < check_rows() < 12
    assert batch("many", "-o", "out").json["pictures"] == 12


# ---- calls that fail


def test_the_cluster_of_the_command_is_closed(run, pictures):
    outcome = run("batch", "in", "-o", "out", "--workers", 1, *FAST, "--quiet")
    assert outcome == Outcome(0, "", "") and check_rows() == 3


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ((), 2, "name pictures, folders or patterns"),
        (("-", "-"), 2, "only once"),
        (("missing.png",), 4, "missing.png: no such file"),
        (("*.jpg",), 4, "there are no pictures"),
        (("in", "--exclude", "*"), 4, "there are no pictures"),
        (("in/p0.png", "--exclude", "a"), 2, "--exclude needs a folder"),
        (("in", "--bpp", "0"), 2, "is not a number above 0"),
        (("in", "--bpp", "1", "--psnr", "30"), 2, "not allowed with"),
        (("in", "--mask", "in/p0.png"), 2, "--mask needs"),
        (("in", "--init", "none.png"), 4, "none.png: no such file"),
        (("in", "--init", "-"), 2, "is a file, not standard input"),
        (("in", "--scheduler", "tcp://localhost:1", "--workers", "2"), 2, "--workers is about"),
        (("in", "--watch"), 2, "unrecognized arguments"),
        (("in", "-o", "in/p0.png"), 4, "in/p0.png"),
        (("in", "--manifest", "in/p0.png"), 2, "would replace the input"),
        (("in", "--manifest", "text"), 3, "text: line 1 is no line of a manifest"),
        (("in", "--report", "text"), 4, "no report of imagegs batch"),
        (("in", "--report", "in/p0.gsimg"), 2, "would both be written"),
        (("in", "copy/p0.jpg", "in/p0.png", "-o", "out"), 2, "would both be written"),
        (("in", "--table", "jobs.txt"), 2, "a table is a .csv file"),
        (("--table", "none.csv"), 4, "none.csv: no such file"),
    ],
)
def test_calls_that_fail_before_anything_runs(run, pictures, arguments, code, part):
    Path("text").write_text("a text of somebody's\n")
    Path("copy").mkdir()
    Path("copy/p0.jpg").write_bytes(pictures[0].read_bytes())
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    check_failure(run("batch", *arguments), code, part)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "text", "code", "part"),
    [
        ("a.csv", "input,bpp\nin/p0.png,x\n", 2, "row 1: argument --bpp"),
        ("a.csv", "input,colour\nin/p0.png,1\n", 2, "no option has the name of the column 'colour'"),
        ("a.csv", "input,help\nin/p0.png,1\n", 2, "no option has the name of the column 'help'"),
        ("a.csv", "input,scheduler\nin/p0.png,1\n", 2, "no option has the name of the column 'scheduler'"),
        ("a.csv", "input,bpp,psnr\nin/p0.png,1,30\n", 2, "not allowed with"),
        ("a.csv", "input,wrap\nin/p0.png,maybe\n", 2, "wrap is true or false"),
        ("a.csv", "picture\nin/p0.png\n", 3, "row 1 has no column 'input'"),
        ("a.csv", "input\nin/p0.png,1\n", 3, "more cells than names"),
        ("a.csv", 'input\n"in/p0.png\n', 3, "the table is damaged"),
        ("a.csv", "input,seed\n,1\n", 2, "row 1: no input is named"),
        ("a.csv", "input,output\nin/p0.png,in/p2.png\nin/p2.png,\n", 2, "would replace the input"),
        ("a.csv", "input,output\nin/p0.png,a.gsimg\nin/p2.png,a.gsimg\n", 2, "would both be written"),
        ("a.csv", "input,output\nin/p0.png,a.csv\n", 2, "would replace the input"),
        ("a.jsonl", '["in/p0.png"]\n', 3, "row 1 has no column"),
        ("a.jsonl", '{"input": "in/p0.png"\n', 3, "the table is damaged"),
        ("a.jsonl", '{"input": 3}\n', 2, "no input is named"),
        ("a.jsonl", '{"input": "in/p0.png", "output": [1]}\n', 2, "the output cannot be"),
        ("a.jsonl", '{"input": "in/p0.png", "seed": 1.5}\n', 2, "not a whole number"),
    ],
)
def test_tables_that_are_wrong(run, name, text, code, part):
    Path(name).write_text(text)
    check_failure(run("batch", "--table", name), code, part)
    assert not Path("manifest.jsonl").exists()


def test_a_file_that_the_manifest_does_not_have_stays(batch, pictures):
    Path("in/p2.gsimg").write_bytes(b"mine")
    check_failure(batch("in"), 4, "in/p2.gsimg", "replace it with --overwrite")
    assert Path("in/p2.gsimg").read_bytes() == b"mine" and not Path("in/p0.gsimg").exists()
    assert batch("in", "--overwrite").json["encoded"] == 3
    assert batch("in").json["unchanged"] == 3


def test_no_scheduler_answers(run, monkeypatch):
    monkeypatch.setattr("imagegs.distributed.cluster._CONNECT_SECONDS", 1)
    check_failure(run("batch", "in", "--scheduler", "tcp://127.0.0.1:9"), 4, "no scheduler answers at tcp://")
    check_failure(run("batch", "in", "--scheduler", "nonsense://x"), 2, "no address of a scheduler")


def test_dask_is_missing(run, monkeypatch):
    monkeypatch.setattr("imagegs.distributed.cluster.find_spec", lambda name: None)
    check_failure(run("batch", "in"), 1, "the package dask is missing: pip install 'imagegs[batch]'")


def test_another_run_writes_the_manifest(run, pictures):
    from imagegs.distributed.manifest import Manifest

    with Manifest(Path("manifest.jsonl")):
        check_failure(run("batch", "in"), 4, "manifest.jsonl: another run is writing this manifest")


def test_the_command_line_is_the_only_one_that_exits():
    assert main(["batch", "--help"]) == 0
