"""Histories of fits, `encode --history`, and their plots."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import FAST, Run, check_failure, sample_pixels
from imagegs.errors import FormatError
from imagegs.fitting.history import History, Point, Recorder, from_json, to_json
from requirements import missing


def history(psnr: tuple[float | None, ...] = (20.0, 25.0, 27.0), **changes: Any) -> History:
    """A fit of a step a second."""
    points = tuple(Point(1, i, len(psnr), 10 * i, p, float(i), "adam") for i, p in enumerate(psnr, 1))
    fields: dict[str, Any] = {"input": "photo.png", "width": 48, "height": 32, "recipe": "imagegs"}
    fields |= {"effort": 5, "tune": "balanced", "seed": 0, "restore": None, "weighted": False}
    return History(**{**fields, "points": points, **changes})


@pytest.fixture
def growth() -> Any:
    """The module that draws; it needs matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        missing("matplotlib (pip install 'imagegs[plot]')")
    from imagegs.drawing import growth

    return growth


@pytest.fixture
def fit(tmp_path: Path) -> Path:
    path = tmp_path / "fit.json"
    path.write_text(to_json(history(), "imagegs test"))
    return path


# -- histories -----------------------------------------------------------------------------------------


def test_what_was_recorded() -> None:
    times = iter([10.0, 10.5, 11.0, 11.0, 12.25])
    recorder = Recorder(clock=lambda: next(times))
    steps = ((1, 2, 5.0, "adam"), (2, 2, math.nan, "gauss-newton"), (1, 1, math.inf, "adam"))
    for step, total, psnr, phase in steps:
        recorder.add(SimpleNamespace(step=step, steps=total, n_gaussians=7, psnr=psnr, phase=phase))
    assert recorder.points == [
        Point(1, 1, 2, 7, 5.0, 0.5, "adam"),
        Point(1, 2, 2, 7, None, 1.0, "gauss-newton"),
        Point(2, 1, 1, 7, None, 1.0, "adam"),
    ]


@pytest.mark.parametrize(
    "changes", [{}, {"effort": None, "tune": None, "restore": "denoise", "weighted": True}]
)
def test_a_file_holds_a_history(changes: dict[str, Any]) -> None:
    whole = history((None, 25.123456, None), seed=2**64 - 1, input="ü\n$x$.png", **changes)
    text = to_json(whole, "imagegs test")
    assert from_json(text) == from_json(text.encode()) == whole
    head = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert (head["format"], head["version"], head["software"]) == ("imagegs-history", 1, "imagegs test")
    assert text.count("\n") == 12 + 3 + 4 and text.endswith("}\n")


def test_numbers_that_are_none_are_gaps() -> None:
    text = to_json(history(), "test").replace("25.0", "NaN").replace("27.0", "Infinity")
    assert [point.psnr for point in from_json(text).points] == [20.0, None, None]


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(to_json(history(), "test")), **fields})


def with_point(**fields: Any) -> str:
    points = json.loads(to_json(history(), "test"))["points"]
    return changed(points=[points[0], {**points[1], **fields}, points[2]])


DAMAGED = [
    ("{", "the history is damaged: "),
    (to_json(history(), "test")[:-30], "the history is damaged: "),
    ("{}", "is not the history of a fit"),
    (changed(format="other"), "is not the history of a fit"),
    (changed(version=2), "a history of version 2; this is for version 1"),
    (changed(points=[]), "the history has no steps"),
    (changed(points={}), "no valid points"),
    (changed(points=[1]), "point 1 is no object"),
    (changed(input=3), "no valid input"),
    (changed(width=0), "no valid width"),
    (changed(effort="5"), "no valid effort"),
    (changed(seed=-1), "no valid seed"),
    (changed(weighted=0), "no valid weighted"),
    (changed(restore=1), "no valid restore"),
    (with_point(step=True), "point 2 has no valid step"),
    (with_point(step=1), "point 2 is not after the one before"),
    (with_point(seconds=0.5), "point 2 is not after the one before"),
    (with_point(seconds=-1), "point 2 has no valid seconds"),
    (with_point(seconds=math.nan), "point 2 has no valid seconds"),
    (with_point(n_gaussians=10.5), "point 2 has no valid n_gaussians"),
    (with_point(n_gaussians=10**400), "point 2 has no valid n_gaussians"),
    (with_point(psnr="high"), "point 2 has no valid psnr"),
    (with_point(psnr=10**400), "point 2 has no valid psnr"),
    (with_point(fit=0), "point 2 has no valid fit"),
    (with_point(phase=None), "point 2 has no valid phase"),
    ('{"a":' * 100_000, "the history is damaged: "),
    (b'{"format": "\xff"}', "the history is damaged: "),
]


@pytest.mark.parametrize(("text", "part"), DAMAGED)
def test_damaged_histories(run: Run, fit: Path, text: str | bytes, part: str) -> None:
    with pytest.raises(FormatError, match=part):
        from_json(text)
    fit.write_bytes(text if isinstance(text, bytes) else text.encode())
    check_failure(run("plot", fit), 3, "fit.json: ", part)
    assert list(fit.parent.iterdir()) == [fit]


# -- encode --history ----------------------------------------------------------------------------------


def encode(run: Run, picture: Path, *options: object) -> History:
    path = picture.with_name("fit.json")
    outcome = run("encode", picture, "--history", path, "--overwrite", "--quiet", "-j", 1, "--json", *options)
    assert outcome.code == 0, outcome.err
    found = from_json(path.read_bytes())
    assert (found.input, found.width, found.height) == ("photo.png", 48, 32)
    assert max(point.fit for point in found.points) > 1 or found.points[-1].step == outcome.json["steps"]
    return found


def test_encode_writes_a_history(run: Run, picture: Path) -> None:
    found = encode(run, picture, "-e", 1, "--seed", 3, "-n", 40)
    assert (found.recipe, found.effort, found.tune, found.seed) == ("imagegs", 1, "visual", 3)
    assert not found.weighted and found.restore is None
    last = found.points[-1]
    assert [point.step for point in found.points] == list(range(1, last.steps + 1))
    assert last.n_gaussians == 40 and {point.phase for point in found.points} == {"adam"}
    assert found.points[0].n_gaussians < 40
    # What fit itself tells, step by step.
    steps = imagegs.fit_progressively(
        sample_pixels(), 40, effort=1, seed=3, threads=1, layers=8, tune="visual"
    )
    assert [point.psnr for point in found.points] == [pytest.approx(each.psnr, abs=1e-6) for each in steps]


def test_recipes_phases_and_weights(run: Run, picture: Path) -> None:
    paper = encode(run, picture, "--recipe", "paper", "--steps", 12)
    assert (paper.recipe, paper.effort, paper.tune, len(paper.points)) == ("paper", None, None, 12)
    tuned = encode(run, picture, "--steps", 40, "--tune", "psnr", "--roi", "0,0,9,9")
    assert tuned.effort is None and tuned.tune == "psnr" and tuned.weighted
    assert [point.phase for point in tuned.points][-2:] == ["adam", "gauss-newton"]


def test_a_wanted_psnr_takes_several_fits(run: Run, picture: Path) -> None:
    found = encode(run, picture, "--psnr", 24, "-e", 1)
    fits = sorted({point.fit for point in found.points})
    assert len(fits) > 1 and fits == list(range(1, len(fits) + 1))
    assert all(next(p.step for p in found.points if p.fit == fit) == 1 for fit in fits)


def test_a_folder_of_maps(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    Image.fromarray(sample_pixels()).save(folder / "color.png")
    path = tmp_path / "fit.json"
    assert run("encode", folder, "--history", path, "--quiet", *FAST).code == 0
    assert from_json(path.read_text()).input == "tiles"


def test_histories_that_cannot_be_written(
    run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before the fit."""
    monkeypatch.setattr("imagegs.cli.encode._encode", lambda *_: pytest.fail("fitted"))
    target = tmp_path / "out.gsimg"
    taken = tmp_path / "taken.json"
    taken.write_text("before")
    for options, code, part in (
        ([tmp_path / "none" / "fit.json"], 4, "fit.json: the folder"),
        ([tmp_path], 4, "is a folder, not a file"),
        ([picture], 2, "photo.png: the output is the input"),
        ([target], 2, "out.gsimg: the history is the output"),
        ([taken, "--no-overwrite"], 4, "taken.json: the file exists"),
    ):
        check_failure(run("encode", picture, "-o", target, *FAST, "--history", *options), code, part)
    assert taken.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "taken.json"]


def test_json_and_history_do_not_mix(picture: Path) -> None:
    command = [sys.executable, "-m", "imagegs", "encode", str(picture), *FAST, "--quiet", "--json"]
    done = subprocess.run([*command, "--history", "/dev/stdout"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == "" and "where --json prints its object" in done.stderr


# -- plots ---------------------------------------------------------------------------------------------


def lines(growth: Any, monkeypatch: pytest.MonkeyPatch, *histories: History, **options: Any) -> list[Any]:
    """The upper and the lower axes of what would be drawn."""
    from matplotlib.figure import Figure

    kept: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: kept.append(figure))
    growth.draw_growth(histories, "png", **options)
    return list(kept[0].axes)


def data(line: Any) -> tuple[list[float], list[float]]:
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    return x[1:-1].tolist(), y[1:-1].tolist()  # without the NaN at both ends


def test_curves_have_the_numbers_of_the_history(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    upper, lower = lines(growth, monkeypatch, history(), over="seconds")
    assert data(upper.get_lines()[0]) == ([1, 2, 3], [20, 25, 27])
    assert lower.get_lines()[0].get_ydata().tolist() == [10, 20, 30]
    assert upper.get_ylabel() == "PSNR of the fit, dB" and lower.get_xlabel() == "time, s"
    assert upper.get_legend() is None


def test_gaps_and_lone_points(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    upper, _ = lines(growth, monkeypatch, history((20.0, None, 25.0, 26.0, None)))
    curve, alone = upper.get_lines()
    assert data(curve) == ([1, 2, 3, 4, 5], [20, pytest.approx(math.nan, nan_ok=True), 25, 26,
                                             pytest.approx(math.nan, nan_ok=True)])  # fmt: skip
    assert np.asarray(alone.get_ydata()).tolist() == [20] and alone.get_marker() == "."
    upper, _ = lines(growth, monkeypatch, history((None, None)))
    assert np.isnan(upper.get_lines()[0].get_ydata()).all()


def test_fits_one_after_the_other(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = history().points
    both = (*first, *(point._replace(fit=2, seconds=point.seconds + 9) for point in first))
    upper, lower = lines(growth, monkeypatch, history(points=both))
    x, y = data(upper.get_lines()[0])
    assert [x[i] for i in (0, 1, 2, 4, 5, 6)] == [1, 2, 3, 4, 5, 6] and math.isnan(y[3])
    assert len(lower.get_lines()) == 2


def test_labels(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = history(recipe="paper", effort=None, tune=None)
    names = growth.names_of
    assert names([history(), paper]) == ["imagegs recipe", "paper recipe"]
    assert names([history(), history(input="b.png")]) == ["photo", "b"]
    assert names([history(effort=3), history(effort=7), paper]) == [
        "imagegs recipe, effort 3", "imagegs recipe, effort 7", "paper recipe",
    ]  # fmt: skip
    assert names([history(), history(tune="psnr")]) == ["balanced", "tuned for PSNR"]
    assert names([history(), history()]) == ["photo.png (1)", "photo.png (2)"]
    upper, _ = lines(growth, monkeypatch, history(), paper, labels=("_$a$", "Ω 字"))
    assert [text.get_text() for text in upper.get_legend().get_texts()] == ["_$a$", "Ω 字"]
    weighted = history(weighted=True)
    assert "(weighted errors)" in lines(growth, monkeypatch, weighted)[0].get_ylabel()
    assert "(some: weighted" in lines(growth, monkeypatch, weighted, history())[0].get_ylabel()
    with pytest.raises(ValueError, match="1 labels for 2 histories"):
        growth.draw_growth([history(), paper], "png", labels=("a",))


def test_many_curves_look_different(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    upper, _ = lines(growth, monkeypatch, *(history(seed=seed) for seed in range(20)))
    curves = upper.get_lines()[::2]
    assert len({(curve.get_color(), curve.get_linestyle()) for curve in curves}) == 20


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot_growth(run: Run, growth: Any, fit: Path, suffix: str, start: bytes) -> None:
    target = fit.with_name(f"out.{suffix}")
    odd = ("--label", "_$\\frac$", "--label", "字 <b>&")
    outcome = run("plot", fit, fit, "-o", target, "--over", "seconds", *odd)
    assert outcome.code == 0 and outcome.err == f"{target}: 2 fits, 6 steps\n"
    first = target.read_bytes()
    assert first.startswith(start)
    if suffix == "svg":
        ElementTree.fromstring(first)
    assert run("plot", fit, fit, "-o", target, "--over", "seconds", *odd).code == 0
    assert target.read_bytes() == first


def test_plot_names_its_output(run: Run, growth: Any, fit: Path) -> None:
    outcome = run("plot", fit)
    target = fit.with_name("fit.growth.png")
    assert outcome.code == 0 and outcome.err == f"{target}: 1 fit, 3 steps\n"
    with Image.open(target) as figure:
        assert figure.size == (1280, 960)


def test_what_is_refused(run: Run, growth: Any, fit: Path, gsimg: Path) -> None:
    before = sorted(fit.parent.iterdir())
    for options, code, part in (
        (["-o", fit.with_name("a.webp")], 2, "a.webp: cannot write .webp: possible are .png, .svg, .pdf"),
        (["-o", fit.with_name("none") / "a.png"], 4, "a.png: the folder"),
        (["-o", fit], 2, "fit.json: cannot write .json"),
        ([gsimg], 2, "one .gsimg file at a time"),
        ([fit.with_name("missing.json")], 4, "missing.json: no such file"),
        (["--label", "a", "--label", "b"], 2, "2 labels for 1 histories: give one for each"),
        (["--over", "years"], 2, "--over"),
        (["--error", gsimg], 2, "--error is not for the growth of fits"),
        (["--light"], 2, "--light is not for the growth of fits"),
        (["--seed", 0], 2, "--seed is not for the growth of fits"),
    ):
        check_failure(run("plot", "--quiet", fit, *options), code, part)
    assert sorted(fit.parent.iterdir()) == before


def test_without_matplotlib(run: Run, fit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    check_failure(run("plot", fit), 1, "drawn by matplotlib: pip install 'imagegs[plot]'")
    assert list(fit.parent.iterdir()) == [fit]
