"""No output is an input, by whatever name, and no two outputs are one file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import FAST, Run, check_failure, sample_pixels
from imagegs.cli.app import make_parser
from imagegs.cli.run_files import READ, Output, RunFiles
from imagegs.codec import load
from imagegs.codec.container import SIGNATURE
from imagegs.fitting.history import START
from run_folder import MINE, here, links  # noqa: F401 (a fixture)


def _hard(link: Path, file: Path) -> None:
    link.hardlink_to(file)


def _soft(link: Path, file: Path) -> None:
    link.symlink_to(file)


def _soft_twice(link: Path, file: Path) -> None:
    between = link.with_name("between")
    between.symlink_to(file.resolve())
    link.symlink_to(between)


INPUTS = {
    "picture": (["encode", "photo.png", *FAST], "photo.png"),
    "map of saliency": (["encode", "photo.png", "--saliency", "map.png", *FAST], "map.png"),
    "map of places": (["encode", "photo.png", "--init", "map.png", *FAST], "map.png"),
    "mask": (["encode", "photo.png", "--restore", "inpaint", "--mask", "map.png", *FAST], "map.png"),
    "weights": (
        ["encode", "photo.png", "--saliency", "model", "--saliency-model", "w.onnx", *FAST],
        "w.onnx",
    ),
    "map of a folder": (["encode", "tiles", *FAST], "tiles/x_Normal.png"),
    "file": (["decode", "sample.gsimg"], "sample.gsimg"),
    "stack": (["decode", "stack.gsimg", "--map", "Color"], "stack.gsimg"),
    "looked at": (["saliency", "photo.png", "--method", "gradient"], "photo.png"),
    "map looked at": (["saliency", "tiles", "--method", "gradient"], "tiles/x_Color.png"),
    "weights of saliency": (["saliency", "photo.png", "--saliency-model", "w.onnx"], "w.onnx"),
    "drawn": (["plot", "sample.gsimg"], "sample.gsimg"),
    "original": (["plot", "sample.gsimg", "--error", "photo.png"], "photo.png"),
    "original map": (["plot", "stack.gsimg", "--error", "tiles"], "tiles/x_Normal.png"),
    "second history": (["plot", "fit.json", "other.json"], "other.json"),
}
WAYS: dict[str, Callable[[Path, Path], None]] = {"hard": _hard, "soft": _soft, "twice": _soft_twice}


@links
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", INPUTS)
def test_no_output_is_an_input_by_any_link(run: Run, case: str, way: str) -> None:
    """Under a name with a suffix that the output may have; --overwrite does not help."""
    command, name = INPUTS[case]
    Image.fromarray(sample_pixels()).save("map.png")
    Path("w.onnx").write_bytes(b"weights")
    Path("other.json").write_bytes(Path("fit.json").read_bytes())
    before = Path(name).read_bytes()
    link = Path("link.gsimg" if command[0] == "encode" else "link.png")
    WAYS[way](link, Path(name))
    for options in ([], ["--overwrite"]):
        check_failure(run(*command, "-o", link, *options), 2, f"{link}: the output is the input {name}")
    assert Path(name).read_bytes() == before and link.read_bytes() == before


@pytest.mark.parametrize("case", [case for case in INPUTS if INPUTS[case][0][0] == "encode"])
def test_no_output_is_an_input_by_another_spelling(run: Run, case: str, tmp_path: Path) -> None:
    command, name = INPUTS[case]
    Image.fromarray(sample_pixels()).save("map.png")
    Path("w.onnx").write_bytes(b"weights")
    before = Path(name).read_bytes()
    for spelling in (name, tmp_path / name, f"tiles/../{name}"):
        outcome = run(*command, "-o", spelling, "--overwrite")
        check_failure(outcome, 2, f"{spelling}: the output is the input {name}")
        outcome = run(*command, "-o", "new.gsimg", "--history", spelling, "--overwrite")
        check_failure(outcome, 2, f"{spelling}: the output is the input {name}")
    assert Path(name).read_bytes() == before and not Path("new.gsimg").exists()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_no_output_is_an_input_by_a_descriptor(run: Run) -> None:
    before = Path("photo.png").read_bytes()
    opened = os.open("photo.png", os.O_RDWR)
    try:
        for folder in ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd"):
            if not Path(folder).exists():
                continue
            name = f"{folder}/{opened}"
            check_failure(run("encode", "photo.png", "-o", name, *FAST), 2, "the output is the input")
            check_failure(run("encode", name, "-o", "photo.png", "--overwrite", *FAST), 2, "is the input")
    finally:
        os.close(opened)
    assert Path("photo.png").read_bytes() == before


@links
def test_the_weights_that_the_environment_names_stay(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("w.onnx").write_bytes(b"weights")
    monkeypatch.setenv("IMAGEGS_SALIENCY_MODEL", "w.onnx")
    Path("w.png").symlink_to("w.onnx")
    check_failure(run("saliency", "photo.png", "-o", "w.png"), 2, "the output is the input w.onnx")
    assert Path("w.onnx").read_bytes() == b"weights"


@links
def test_files_in_folders_that_are_inputs_stay(run: Run) -> None:
    before = Path("stack.gsimg").read_bytes()
    Path("o").mkdir()
    for command, name in (
        (["decode", "stack.gsimg", "-o", "o", "--overwrite"], "x_Normal.png"),
        (["export", "stack.gsimg", "--target", "json", "-o", "o", "--overwrite"], "texture.json"),
    ):
        (Path("o") / name).hardlink_to("stack.gsimg")
        check_failure(run(*command), 2, f"o/{name}: the output is the input stack.gsimg")
        assert [path.name for path in Path("o").iterdir()] == [name]
        (Path("o") / name).unlink()
    assert Path("stack.gsimg").read_bytes() == before


@links
def test_two_maps_that_are_one_file(run: Run) -> None:
    Path("o").mkdir()
    Path("o/x_Color.png").write_bytes(MINE)
    Path("o/x_Normal.png").hardlink_to("o/x_Color.png")
    check_failure(run("decode", "stack.gsimg", "-o", "o", "--overwrite"), 2, "the output is the output o/x_C")
    assert Path("o/x_Color.png").read_bytes() == MINE


def test_view_replaces_no_original_and_no_file(run: Run) -> None:
    before = Path("photo.png").read_bytes(), Path("sample.gsimg").read_bytes()
    view = ["view", "sample.gsimg", "--reference", "photo.png", "--overwrite"]
    check_failure(run(*view, "--export", "photo.png"), 2, "photo.png: the output is the input photo.png")
    check_failure(run(*view, "--export", "./sample.gsimg"), 2, "the output is the input sample.gsimg")
    view = ["view", "stack.gsimg", "--reference", "tiles", "--export", "tiles/x_Color.png"]
    check_failure(run(*view), 2, "the output is the input tiles/x_Color.png")
    assert (Path("photo.png").read_bytes(), Path("sample.gsimg").read_bytes()) == before


def test_an_input_whose_name_is_a_word_is_none(run: Run) -> None:
    """`--init gradient` reads no file of that name."""
    Path("gradient").write_bytes(SIGNATURE)
    assert run("encode", "photo.png", "--init", "gradient", "-o", "gradient", *FAST).code == 0
    assert len(load("gradient")) == 64


def test_devices_may_be_read_and_written(tmp_path: Path) -> None:
    files = RunFiles((Path(os.devnull),), (Output(Path(os.devnull), is_named=True),))
    files.check()


@pytest.mark.parametrize(
    ("target", "history"),
    [
        ("o.gsimg", "o.gsimg"),
        ("o.gsimg", "tiles/../o.gsimg"),
        ("o.gsimg", "O.GSIMG"),
        ("ö.json", "o\u0308.json"),
    ],
)
def test_the_history_is_not_the_output(run: Run, target: str, history: str) -> None:
    """Nor might it be where the file system takes both spellings for one."""
    outcome = run("encode", "photo.png", "-o", target, "--history", history, *FAST)
    check_failure(outcome, 2, f"the history is the output {target}")
    assert not Path(target).exists() and not Path(history).exists()


@links
def test_the_history_is_not_the_output_by_a_link(run: Run) -> None:
    Path("h.json").symlink_to("o.gsimg")
    command = ["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"]
    check_failure(run(*command, "h.json"), 2, "h.json: the history is the output o.gsimg")
    assert not Path("o.gsimg").exists()
    assert run(*command, "new.json").code == 0 and Path("new.json").read_bytes().startswith(START)


WRITTEN = {"output", "history", "export", "library", "cache", "manifest", "report"}


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _options(each)
        else:
            yield action


def test_every_option_that_names_a_file_is_read_or_written() -> None:
    """What a new command or option reads must be in the list, or it could be replaced."""
    converters = {"file_path", "stored_path", "Path"}
    named = {a.dest for a in _options(make_parser()) if getattr(a.type, "__name__", "") in converters}
    words = {a.dest for a in _options(make_parser()) if ".png" in str(a.metavar or "").lower()}
    assert named <= {*READ, *WRITTEN} and words <= {*READ, *WRITTEN}
    assert {"input", "files", "mask", "error", "reference", "saliency_model"} <= named
    assert {"init", "saliency"} <= words
