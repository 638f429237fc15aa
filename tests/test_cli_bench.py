"""`imagegs bench`: a report, its cache, and calls that fail."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import check_failure
from requirements import need_bench

SHORT = (
    "--codecs",
    "imagegs,jpeg,jp2-half",
    "--rates",
    "0.6,2",
    "-e",
    1,
    "-j",
    1,
    "--metrics",
    "psnr,ssim",
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small ones; the first one's name would end a script."""
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[:60, :80]
    paths = []
    for name, wave in (("</script><b>", 9.0), ("second", 5.0)):
        gray = 128 + 100 * np.sin(x / wave) * np.cos(y / wave)
        paths.append(folder / f"{name.replace('/', '∕')}.png")
        Image.fromarray(np.dstack([gray, gray[::-1], 255 - gray]).astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def report(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from imagegs.cli import main

    folder = tmp_path_factory.mktemp("report") / "out"
    assert main([str(a) for a in ["bench", *pictures, "-o", folder, "--quiet", *SHORT]]) == 0
    return folder


def results(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "results.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_report_has_a_row_for_each_file(report, pictures):
    found = results(report)
    rows = {(row["picture"], row["codec"], row["rate"]): row for row in found["rows"]}
    for picture in pictures:
        for rate in (0.6, 2):
            for codec in ("imagegs", "jpeg", "jp2-half"):
                row = rows[picture.stem, codec, rate]
                assert "error" not in row
                assert "bytes" not in row or row["bpp"] <= rate
        best = rows[picture.stem, "imagegs", 2]
        assert best["bytes"] <= 2 * 80 * 60 / 8 and best["psnr"] > 20 and 0 < best["ssim"] <= 1
        assert best["encode_seconds"] > 0 and best["decode_seconds"] > 0 and best["multiply_adds"] > 0
    assert found["machine"] and found["missing"] == {} and len(found["pictures"]) == 2
    assert found["bd_rates"]["psnr"]["jp2-half"]["pictures"] <= 2


def test_the_table_has_what_the_results_have(report):
    with (report / "results.csv").open() as file:
        table = list(csv.DictReader(file))
    rows = results(report)["rows"]
    assert len(table) == len(rows)
    for line, row in zip(table, rows, strict=True):
        assert line["codec"] == row["codec"] and line["bytes"] == str(row.get("bytes", ""))


def test_a_second_run_measures_nothing(report, pictures, run, monkeypatch):
    before = (report / "results.json").read_text()
    times = {path.name: path.stat().st_mtime_ns for path in (report / "cache").iterdir()}
    assert run("bench", *pictures, "-o", report, "--quiet", *SHORT).code == 0
    assert (report / "results.json").read_text() == before
    assert {path.name: path.stat().st_mtime_ns for path in (report / "cache").iterdir()} == times


def test_a_damaged_cache_is_measured_again(report, pictures, run, tmp_path):
    """In another folder: the shared one stays whole."""
    call = (
        "bench",
        pictures[0],
        "-o",
        tmp_path / "out",
        "--quiet",
        "--codecs",
        "jpeg",
        "--rates",
        "2",
        "-j",
        1,
    )
    assert run(*call).code == 0
    before = {row["rate"]: row["bytes"] for row in results(tmp_path / "out")["rows"]}
    for path in (tmp_path / "out" / "cache").glob("*.json"):
        path.write_text(path.read_text()[:20])
    assert run(*call).code == 0
    assert {row["rate"]: row["bytes"] for row in results(tmp_path / "out")["rows"]} == before


def test_the_cache_may_be_elsewhere(pictures, run, tmp_path):
    call = ("bench", pictures[0], "--codecs", "jpeg", "--rates", "2", "-j", 1, "--metrics", "psnr")
    assert run(*call, "-o", tmp_path / "a", "--cache", tmp_path / "c", "--quiet").code == 0
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "report.html",
        "results.csv",
        "results.json",
    }
    assert any((tmp_path / "c").iterdir())


def test_json_is_one_object(pictures, run, tmp_path):
    call = (
        "bench",
        pictures[0],
        "--codecs",
        "jpeg,webp",
        "--rates",
        "2",
        "-j",
        1,
        "--metrics",
        "psnr",
    )
    outcome = run(*call, "-o", tmp_path / "out", "--json")
    assert outcome.code == 0
    assert outcome.json["failed"] == 0 and outcome.json["files"] == [
        "report.html",
        "results.csv",
        "results.json",
    ]
    assert "webp" in outcome.json["bd_rates"]["psnr"]


def test_what_is_missing_is_named(pictures, run, tmp_path, monkeypatch):
    from imagegs.evaluation import codec

    monkeypatch.setattr(codec.importlib.util, "find_spec", lambda name: True if name == "PIL" else None)
    call = (
        "bench",
        pictures[0],
        "--codecs",
        "jpeg,jxl,neural",
        "--rates",
        "2",
        "-j",
        1,
        "--metrics",
        "psnr",
    )
    outcome = run(*call, "-o", tmp_path / "out")
    assert outcome.code == 0 and "left out: jxl needs the package imagecodecs" in outcome.err
    assert "left out: hash-grid needs the package torch: pip install 'imagegs[neural]'" in outcome.err
    assert "jxl" in results(tmp_path / "out")["missing"]


def test_a_codec_that_fails_is_told(pictures, run, tmp_path):
    """A picture of so few bytes has no room for a Gaussian."""
    call = (
        "bench",
        pictures[0],
        "--codecs",
        "imagegs,jpeg",
        "--rates",
        "0.01",
        "-e",
        1,
        "-j",
        1,
    )
    outcome = run(*call, "-o", tmp_path / "out", "--metrics", "psnr")
    assert outcome.code == 0 and "too few for a Gaussian" in outcome.err
    assert any("error" in row for row in results(tmp_path / "out")["rows"])


def test_the_system_alone_is_measured(run, tmp_path, monkeypatch, chromium):
    from imagegs.evaluation import system

    monkeypatch.setattr(system, "MEGAPIXELS", (0.01,))
    monkeypatch.setattr(system, "COUNTS", (50,))
    monkeypatch.setattr(system, "COUNTS_MEGAPIXELS", 0.01)
    monkeypatch.setattr(system, "N_POINTS", 1000)
    assert run("bench", "--system", "--quick", "-o", tmp_path / "out", "--quiet").code == 0
    charts = results(tmp_path / "out")["system"]["charts"]
    assert len(charts) == 5 and all(row["y"] > 0 for chart in charts for row in chart["rows"])
    assert any("paper" in row["series"] for row in charts[0]["rows"])
    page = chromium.new_page()
    page.goto((tmp_path / "out" / "report.html").as_uri())
    assert page.locator("#system-charts svg").count() == 5 and page.locator("#curves").is_hidden()
    page.close()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ("name pictures",)),
        (("PICTURE", "--codecs", "gif"), ("no codec 'gif'",)),
        (("PICTURE", "--metrics", "vmaf"), ("no metric 'vmaf'",)),
        (("PICTURE", "--rates", "0"), ("--rates", "not a number from")),
        (("PICTURE", "--rates", "1,x"), ("--rates",)),
        (("PICTURE", "--codecs", ","), ("--codecs", "names nothing")),
        (("PICTURE", "PICTURE"), ("twice",)),
        (("PICTURE", "--side", "3"), ("--side",)),
        (("PICTURE", "-j", "0"), ("-j",)),
    ],
)
def test_wrong_usage(arguments, parts, pictures, run, tmp_path):
    given = [pictures[0] if a == "PICTURE" else a for a in arguments]
    check_failure(run("bench", *given, "-o", tmp_path / "out"), 2, *parts)
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_pictures(pictures, run, tmp_path):
    need_bench()
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "file").write_bytes(b"")
    out = ("-o", tmp_path / "out", "-j", 1)
    check_failure(run("bench", tmp_path / "bad.png", *out), 3, "bad.png")
    check_failure(run("bench", tmp_path / "none.png", *out), 4, "none.png")
    check_failure(run("bench", tmp_path / "empty", *out), 3, "no pictures")
    check_failure(run("bench", pictures[0], "-o", tmp_path / "file"), 4, "file")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_report_opens_in_a_browser(report, chromium, width, scheme):
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" else None,
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("file:", "data:", "blob:")) else faults.append(request.url)
        ),
    )
    page.goto((report / "report.html").as_uri())
    page.wait_for_selector("#comparison canvas")
    assert page.evaluate("document.documentElement.scrollWidth") == width  # nothing hangs over
    assert page.locator("#chart circle").count() >= 4
    assert page.locator("#bd-table tbody tr").count() == 2
    assert page.locator("b", has_text="<").count() == 0  # the picture's name is text, no element
    check_divider(page)
    page.get_by_role("button", name="errors").click()
    page.wait_for_timeout(200)
    context.close()
    assert not faults


def check_divider(page: Any) -> None:
    frame = page.locator(".frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    page.mouse.up()
    assert abs(int(frame.get_attribute("aria-valuenow")) - 25) <= 1
