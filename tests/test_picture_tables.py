"""Tables of how pictures look, of made-up results; the benchmark of cut-outs keeps what its table has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import picture_doc_tables
import saliency
import texture_tables
import transparency
import web_tables
from imagegs.evaluation.published_tables import read_published


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the tables made of given results, by name."""
    return lambda found: monkeypatch.setattr(picture_doc_tables, "result", found.__getitem__)


def lines(name: str) -> list[str]:
    kind, _, argument = name.partition(": ")
    return picture_doc_tables.TABLES[kind](argument).splitlines()[2:]


def test_grain_is_told_of_the_photographs_that_get_it(told):
    def row(grain: int, after: float) -> dict[str, Any]:
        values = {"st-lpips": [0.2, after], "ssimulacra2": [50, 40], "psnr": [30, 29]}
        return {"0.1": {"bytes": 1000, "grain": grain, **values}}

    rows = {"a": row(10, 0.1), "b": row(8, 0.16), "none": row(0, 0.2)}
    told({"grain": {"bpp": [0.1], "rows": rows | {"renpy_easy_choice_screen": row(500, 0.9)}}})
    likeness = "0.200 -> 0.130, -35% (-20% to -50%)"
    assert lines("grain: grain") == [f"| 0.1 | 0.90% | {likeness} | 50.0 -> 40.0 | 30.00 -> 29.00 |"]


def file_of(inside: float, n_bytes: int) -> dict[str, float]:
    return {
        "psnr": 30,
        "psnr_inside": inside,
        "psnr_outside": 31,
        "ssim_inside": 0.8,
        "ssim_outside": 0.9,
        "bytes": n_bytes,
        "share": 0.25,
    }


def test_guides_are_told_picture_by_picture_and_over_pictures_that_all_have(told):
    one = {saliency.NONE: file_of(25, 1000), "model:10": file_of(28, 990), "model:3": file_of(26, 1000)}
    two = {saliency.NONE: file_of(25, 1000), "model:10": file_of(26, 1000)}
    told({"s": {"rows": {"one": one, "two": two}}})
    same = "+0.00 | +0.00 | +0.0000 | +0.0000"
    first, _, mean = lines("saliency: s")
    assert first == f"| one | 25.0% | 25.00 | 28.00 | +3.00 | {same} | -1.00% |"
    assert mean == f"| mean |  |  |  | +2.00 | {same} | -0.50% |"
    weak, strong = lines("saliency strengths: s")
    assert weak == f"| model | 3 | +1.00 | {same} | +0.00% |"
    assert strong == f"| model | 10 | +3.00 | {same} | -1.00% |"
    rows = {"one": one, "two": two}
    assert saliency.guides_table(rows, ("one", "two")).splitlines()[2:] == [
        f"| model | 10 | +2.00 | {same} | -0.50% |"
    ]


def test_classes_that_are_kept(told):
    def seen(p: float, same: bool) -> dict[str, Any]:
        return {"p": p, "same": same, "divergence": 2 * p}

    rows = {
        "a": {"original": 0.5, saliency.NONE: seen(0.4, True), "model:10": seen(0.1, False)},
        "b": {"original": 0.7, saliency.NONE: seen(0.2, True), "model:10": seen(0.3, True)},
    }
    told({"c": {"classes": rows}})
    expected = ["| originals | 2 | 0.60 |  |", "| files without guidance | 2 | 0.30 | 0.60 |"]
    assert lines("classes seen: c") == [*expected, "| files with it | 1 | 0.20 | 0.40 |"]


def test_a_line_is_read_where_every_character_is_right(told):
    def result(bpp: float, alike: list[float]) -> dict[str, Any]:
        way = {"bytes": 1, "alike": alike}
        return {"bpp": bpp, "text": {"a": {"texts": ["X", "Y"], saliency.NONE: way, "roi": way}}}

    told({"high": result(0.2, [1.0, 0.9996]), "low": result(0.1, [0.5, 0.0])})
    expected = ["| a | X | 1 | 1 | 0.5 | 0.5 |", "| a | Y | 1 | 1 | 0 | 0 |"]
    assert lines("text read: high low") == [*expected, "| lines read |  | 1 | 1 | 0 | 0 |"]


def test_published_points_nearest_to_some_rates_each_once(tmp_path, monkeypatch):
    rows = "".join(f"A\tmean\t{bpp}\t{30 + bpp}\n" for bpp in (0.01, 0.12, 0.3, 0.45, 0.9))
    (tmp_path / "a.tsv").write_text(f"codec\tpicture\tbpp\tpsnr\n{rows}")
    monkeypatch.setattr(picture_doc_tables, "PUBLISHED", tmp_path)
    assert lines("published: a") == ["| A | 0.120: 30.12, 0.450: 30.45, 0.900: 30.90 |"]


def test_textures_are_told_over_the_stacks_that_all_codecs_have():
    def sizes(**stacks: float | None) -> dict[str, Any]:
        return {"0.2": {name: psnr and {"psnr": psnr} for name, psnr in stacks.items()}}

    rows = {"joint": sizes(a=30, b=40), "alone": sizes(a=1), "WebP": sizes(a=32, b=None)}
    head, _, line = texture_tables.means(rows | {"BC7": {"-": {}}}).splitlines()
    assert head == "| bppc | stacks that all have | one set of Gaussians | WebP | GTC, its own data |"
    (gtc,) = read_published(texture_tables.GTC)
    (published,) = (point.values["psnr"] for point in gtc.points if point.bpp == 0.2)
    assert line == f"| 0.2 | 1 | 30.00 | 32.00 | {published:.2f} |"


def test_what_cut_outs_have_is_kept(tmp_path, monkeypatch, capsys):
    calls = []

    def row(pixels: Any, options: list[str]) -> dict[str, float]:
        calls.append((pixels, *options))
        return {"bytes": 1, "psnr": 40 - len(options), "ssim": 0.9, "ssimulacra2": 70}

    monkeypatch.setattr(transparency, "pictures", lambda: {"a star": "pixels"})
    monkeypatch.setattr(transparency, "row", row)
    for _ in range(2):
        transparency.main(["--out", str(tmp_path / "t.json")])
    setting = ("pixels", "--bpp", "0.4", "-e", "3")
    assert calls == [setting, (*setting, "--tune", "balanced"), (*setting, "--exact")]
    assert json.loads((tmp_path / "t.json").read_text())["rows"]["a star"]["by default"]["psnr"] == 36
    cells = "36.00, 0.9000, 70.0 | 34.00, 0.9000, 70.0 | 35.00, 0.9000, 70.0"
    assert capsys.readouterr().out.splitlines()[2] == f"| a star | {cells} |"


def test_a_cut_out_is_measured_as_it_is_seen():
    pixels = transparency.pictures()["a ramp from 0 to 1"][:64, ::4]
    found = transparency.row(pixels, ["-n", "100", "-e", "1"])
    assert found["bytes"] > 100 and 15 < found["psnr"] < 60 and 0 < found["ssim"] < 1
    assert found["ssimulacra2"] < 100


def test_models_are_told_shape_by_shape():
    row = {"shape": "square", "distance": "far", "textures": "painted", "ssim": 0.97, "psnr": 39.594}
    assert web_tables.likeness([row]).endswith("| square | far | painted | 0.9700 | 39.59 |")
