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


HOSTILE = "</script><b id=hostile>=1+1"


@pytest.fixture(scope="module")
def compared(report: Path, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with what was measured of imagegs as the result of others, and means over other pictures."""
    from imagegs.cli import main

    folder = tmp_path_factory.mktemp("compared")
    rows = [row for row in results(report)["rows"] if row["codec"] == "imagegs" and "bytes" in row]
    lines = [f"{HOSTILE}\t{r['picture']}\t{r['bpp']!r}\t{r['psnr']!r}\t{r['rate']}" for r in rows]
    lines = [f"# source: {HOSTILE}", "codec\tpicture\tbpp\tpsnr\tsetting", *lines]
    (folder / "same.tsv").write_text("\n".join(lines))
    (folder / "means.csv").write_text("# pictures: kodim01 kodim02\nbpp,psnr\n1,30\n2,35\n")
    tables = ("--published", folder / "same.tsv", "--published", folder / "means.csv")
    cache = ("--cache", report / "cache")
    arguments = ["bench", *pictures, "-o", folder / "out", "--quiet", *SHORT, *tables, *cache]
    assert main([str(a) for a in arguments]) == 0
    return folder / "out"


def test_a_published_curve_that_equals_the_measured_one(compared, report, pictures):
    same, means = results(compared)["published"]
    assert (same["title"], same["source"], means["source"]) == (HOSTILE, HOSTILE, "means.csv")
    assert same["shared"] == {path.stem: path.stem for path in pictures}
    assert same["bd_rates"]["psnr"]["mean"] == 0 and same["bd_rates"]["psnr"]["pictures"] == 2
    ours = results(compared)["means"]["imagegs"]
    assert [m["psnr"] for m in same["means"]] == pytest.approx([m["psnr"] for m in ours])
    assert same["bd_rates"]["ssim"]["mean"] is None  # the table has no such column
    assert means["means"] == [] and "(2, of which 0 measured)" in means["note"]


def test_measured_and_published_stay_apart(compared, report):
    with_published = results(compared)
    del with_published["published"]
    assert with_published == results(report)
    assert (compared / "results.csv").read_bytes() == (report / "results.csv").read_bytes()


def test_the_report_marks_what_is_published(compared, chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((compared / "report.html").as_uri())
    curves = page.locator("#chart g[data-name^=published]")
    assert curves.count() == 1 and curves.locator("path").get_attribute("stroke-dasharray") == "2 4"
    assert curves.locator("rect").count() == 2 and curves.locator("circle").count() == 0
    assert page.locator("#chart g:not([data-name^=published]) rect").count() == 0
    titles = [f"{HOSTILE}, published", "means, published"]
    assert page.locator("#bd-table tr.published td:first-child").all_inner_texts() == titles
    assert page.locator("#bd-table tr.published td").nth(1).inner_text() == "0.0 %"
    assert page.locator("#legend button:has(.dashed)").all_inner_texts() == titles
    sources = page.locator("#published-table tbody tr td:nth-child(2)")
    assert sources.all_inner_texts() == [HOSTILE, "means.csv"]
    assert page.locator("#hostile").count() == 0 and "not measured here" in page.inner_text("#curve-note")
    page.locator("#legend button").last.click()  # hides a curve that has no points
    page.locator("#curve-controls select").last.select_option("second")
    assert page.locator("#chart g[data-name^=published] rect").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
    assert not faults


def test_a_report_of_measured_codecs_alone_tells_of_no_others(report, chromium):
    page = chromium.new_page()
    page.goto((report / "report.html").as_uri())
    assert page.locator("#published").is_hidden() and page.locator("#bd-table tr.published").count() == 0
    assert "published" not in page.inner_text("main")
    page.close()
    assert "published" not in results(report)


def test_a_table_without_what_was_measured_is_told(pictures, run, tmp_path):
    (tmp_path / "other.tsv").write_text("picture\tbpp\tpsnr\nelse\t1\t30\n")
    call = ("bench", pictures[1], "--codecs", "jpeg", "--rates", "2", "-j", 1, "--metrics", "psnr")
    outcome = run(*call, "-o", tmp_path / "out", "--published", tmp_path / "other.tsv", "--json")
    assert outcome.code == 0 and "other, published: nothing to compare. Has 0 of the 1" in outcome.err
    assert outcome.json["published"][0]["shared"] == {}


def test_tables_that_are_none(pictures, run, tmp_path):
    good, bad, wide = (tmp_path / name for name in ("good.tsv", "bad.tsv", "wide.tsv"))
    good.write_text("picture\tbpp\tpsnr\nsecond\t1\t30\n")
    bad.write_text("picture\tbpp\tpsnr\nsecond\t-1\t30\n")
    wide.write_bytes(good.read_text().encode("utf-16"))
    call = ("bench", pictures[1], "-o", tmp_path / "out", "-j", 1, "--published")
    check_failure(run(*call, bad), 3, "bad.tsv: line 2: bpp -1 is not above 0")
    check_failure(run(*call, wide), 3, "wide.tsv: the table is no text in UTF-8")
    check_failure(run(*call, pictures[1]), 3, "second.png: the table is no text in UTF-8")
    check_failure(run(*call, tmp_path / "none.tsv"), 4, "none.tsv")
    check_failure(run(*call, tmp_path), 4, "directory")
    check_failure(run(*call, good, "--published", good), 2, "a published table is named twice")
    check_failure(run("bench", "--system", "--quick", "--published", good), 2, "name some")
    assert not (tmp_path / "out").exists()


def test_a_report_is_not_written_over_a_table(pictures, run, tmp_path):
    table = tmp_path / "results.csv"
    table.write_text("picture\tbpp\tpsnr\nsecond\t1\t30\n")
    call = ("bench", pictures[1], "-o", tmp_path, "-j", 1, "--overwrite", "--published", table)
    check_failure(run(*call), 2, "results.csv", "the output is the input")
    assert table.read_text().startswith("picture")


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
