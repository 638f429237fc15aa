"""The table of published curves beside ours, of made-up results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from imagegs.evaluation.published import with_published
from imagegs.evaluation.published_tables import read_published
from imagegs.evaluation.summary import summarized

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import bench_tables

ROOT = Path(__file__).parent.parent
PSNR = {"name": "psnr", "title": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2}
KODAK = [f"kodim{number:02}" for number in range(1, 25)]


def made_up(pictures: list[str]) -> dict[str, Any]:
    """20 dB at 0.1 bpp, 26 at 0.2, 32 at 0.4."""
    rows = [
        {"codec": "imagegs", "picture": name, "rate": r, "bytes": 1, "bpp": r, "psnr": psnr}
        for name in pictures
        for r, psnr in ((0.1, 20.0), (0.2, 26.0), (0.4, 32.0))
    ]
    sizes = [{"name": name, "width": 768, "height": 512} for name in pictures]
    setting = {"effort": 1, "side": None, "rates": [0.1, 0.2, 0.4]}
    facts = {"imagegs": "0", "machine": "none", "missing": {}, "metrics": [PSNR], "setting": setting}
    codecs = [{"name": "imagegs", "title": "ours"}]
    return {**facts, "codecs": codecs, "pictures": sizes, "rows": rows}


def printed(arguments: list[object], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["bench_tables.py", *map(str, arguments)])
    bench_tables.main()
    return list(capsys.readouterr().out.splitlines())


def test_published_curves_stand_beside_ours(tmp_path, monkeypatch, capsys):
    (tmp_path / "results.json").write_text(json.dumps(made_up(["a", "b"])))
    head = "# pictures: a b\n# source: a paper\ncodec\tpicture\tbpp\tpsnr\n"
    rows = "A\tmean\t0.2\t27\nA\tmean\t0.8\t40\nA\tmean\t0.1\t21\n# pictures: c\nB\tmean\t0.2\t20\n"
    (tmp_path / "means.tsv").write_text(head + rows)
    arguments = [tmp_path / "results.json", "--published", tmp_path / "means.tsv"]
    lines = printed(arguments, monkeypatch, capsys)
    assert "| published | bpp | PSNR | ours at this rate | more |" in lines
    for line in ("A | 0.100 | 21.00 | 20.00 | -1.00", "A | 0.200 | 27.00 | 26.00 | -1.00"):
        assert f"| {line} |" in lines
    assert "| A | 0.800 | 40.00 | - | - |" in lines  # beyond our rates
    assert "| B | 0.200 | 20.00 | - | - |" in lines  # other pictures
    (told,) = [line for line in lines if line.startswith("| A | +")]
    assert "% (of means) | Means are over all 2 measured pictures. | a paper |" in told
    assert "| B | - | No means are drawn" in "\n".join(lines)


def test_rows_of_the_same_pictures_are_compared(tmp_path, monkeypatch, capsys):
    (tmp_path / "results.json").write_text(json.dumps(made_up(["a", "b"])))
    rows = [f"a\t{r}\t{psnr}\t{r}" for r, psnr in ((0.1, 20), (0.2, 26), (0.4, 32))]
    (tmp_path / "A.tsv").write_text("\n".join(["picture\tbpp\tpsnr\tsetting", *rows]))
    arguments = [tmp_path / "results.json", "--published", tmp_path / "A.tsv"]
    lines = printed(arguments, monkeypatch, capsys)
    assert any(line.startswith("| A | +0.0% (1) | Has 1 of the 2 measured pictures.") for line in lines)


def test_the_means_of_kodak_are_over_all_of_it():
    codecs = read_published(ROOT / "benchmarks" / "published" / "kodak-means.tsv")
    assert [codec.title for codec in codecs] == ["Cool-Chic 5.0", "C3", "VTM", "MLIC+"]
    for codec in codecs:
        assert list(codec.over) == KODAK and len(codec.sources) == 1
    entries = with_published(summarized(made_up(KODAK)), codecs)["published"]
    assert [len(entry["means"]) for entry in entries] == [len(codec.points) for codec in codecs]
    fewer = with_published(summarized(made_up(KODAK[:18])), codecs)["published"]
    assert all(entry["means"] == [] for entry in fewer)
    assert {entry["note"].partition(" (")[2] for entry in fewer} == {"24, of which 18 measured)."}
