"""Nothing lost: what the command line replaces, and what it never does."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Outcome, Run, check_failure, sample_gaussians, sample_pixels
from imagegs.cli.app import make_parser
from imagegs.cli.run_files import READ, Kind, Output, RunFiles
from imagegs.codec import load, save
from imagegs.codec.container import SIGNATURE
from imagegs.compression import Compressed, Compression
from imagegs.fitting.history import START, History, Point, to_json

MINE = b"mine"
links = pytest.mark.skipif(os.name != "posix", reason="symbolic links want rights elsewhere")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Path, gsimg: Path) -> None:
    """A folder with a picture, a .gsimg file, the history of a fit, a folder of maps and its .gsimg file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMAGEGS_SALIENCY_MODEL", raising=False)
    (tmp_path / "tiles").mkdir()
    for name in ("x_Color.png", "x_Normal.png"):
        Image.fromarray(sample_pixels()).save(tmp_path / "tiles" / name)
    entry = {"kind": "color", "bit_depth": 8, "channels": 3, "color_space": "srgb", "unit_length": False}
    maps = [{**entry, "name": name, "file": f"x_{name}.png"} for name in ("Color", "Normal")]
    channels = tuple(f"{name}.{channel}" for name in ("Color", "Normal") for channel in "RGB")
    save(tmp_path / "stack.gsimg", sample_gaussians(channels), metadata={"maps": maps})
    history = History(
        "a.png", 48, 32, "imagegs", 1, "psnr", 0, None, False, (Point(1, 1, 1, 9, 20.0, 0.1, "adam"),)
    )
    (tmp_path / "fit.json").write_text(to_json(history, "imagegs test"))


# -- names that nobody typed -----------------------------------------------------------------------------

UNTYPED = {
    "encode": (["encode", "photo.png", *FAST], "photo.gsimg"),
    "encode a folder": (["encode", "tiles", *FAST], "tiles.gsimg"),
    "decode": (["decode", "sample.gsimg"], "sample.png"),
    "decode to a format": (["decode", "sample.gsimg", "--format", "webp"], "sample.webp"),
    "decode a stack": (["decode", "stack.gsimg"], "stack/x_Normal.png"),
    "decode a stack into a folder": (["decode", "stack.gsimg", "-o", "o"], "o/x_Normal.png"),
    "decode a map": (["decode", "stack.gsimg", "--map", "Color"], "x_Color.png"),
    "saliency": (["saliency", "photo.png", "--method", "gradient"], "photo.saliency.png"),
    "ellipses": (["plot", "sample.gsimg"], "sample.ellipses.png"),
    "errors": (["plot", "sample.gsimg", "--error", "photo.png"], "sample.error.png"),
    "growth": (["plot", "fit.json"], "fit.growth.png"),
    "export": (["export", "sample.gsimg", "--target", "wgsl"], "sample-wgsl/manifest.json"),
    "export into a folder": (["export", "sample.gsimg", "--target", "json", "-o", "o"], "o/texture.json"),
}


@pytest.mark.parametrize("case", UNTYPED)
def test_a_name_that_nobody_typed_replaces_nothing(run: Run, case: str) -> None:
    if case == "growth":
        pytest.importorskip("matplotlib")
    command, name = UNTYPED[case]
    file = Path(name)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(MINE)
    before = sorted(Path().rglob("*"))
    check_failure(run(*command), 4, f"{name}: the file exists", "-o", "--overwrite")
    assert file.read_bytes() == MINE and sorted(Path().rglob("*")) == before
    assert run(*command, "--overwrite").code == 0
    assert file.read_bytes() != MINE
    file.unlink()
    others = (path for path in file.parent.iterdir() if path.parent != Path())
    for path in others:
        path.unlink()
    assert run(*command).code == 0 and file.exists()


def test_a_picture_of_the_same_stem_keeps_its_file(run: Run, picture: Path) -> None:
    Image.fromarray(sample_pixels()[::-1]).save("photo.jpg")
    assert run("encode", "photo.png", *FAST).code == 0
    before = Path("photo.gsimg").read_bytes()
    check_failure(run("encode", "photo.jpg", *FAST), 4, "photo.gsimg: the file exists")
    assert Path("photo.gsimg").read_bytes() == before


@links
def test_a_link_to_nowhere_is_not_followed_where_nobody_named_it(run: Run) -> None:
    Path("sample.png").symlink_to("elsewhere.png")
    check_failure(run("decode", "sample.gsimg"), 4, "sample.png: the file exists")
    assert not Path("elsewhere.png").exists()


def test_a_file_that_came_during_the_fit_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run_it = Compression.run

    def fitted(*arguments: Any) -> Compressed:
        Path("photo.gsimg").write_bytes(MINE)
        return run_it(*arguments)

    monkeypatch.setattr(Compression, "run", fitted)
    check_failure(run("encode", "photo.png", "--quiet", *FAST), 4, "photo.gsimg: the file exists")
    assert Path("photo.gsimg").read_bytes() == MINE


def test_a_file_that_came_at_the_last_moment_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last look and the file's place."""

    def look_too_early(files: RunFiles, output: Output) -> None:
        check(files, output)
        looks.append(output)
        if len(looks) == 2:
            output.path.write_bytes(MINE)

    check, looks = RunFiles._check_replaced, list[Output]()
    monkeypatch.setattr(RunFiles, "_check_replaced", look_too_early)
    check_failure(run("encode", "photo.png", "--quiet", *FAST), 4, "photo.gsimg: ", "exists")
    assert Path("photo.gsimg").read_bytes() == MINE and len(looks) == 2


@links
def test_an_input_that_moved_during_the_fit_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run_it, before = Compression.run, Path("photo.png").read_bytes()

    def fitted(*arguments: Any) -> Compressed:
        Path("out.gsimg").symlink_to("photo.png")
        return run_it(*arguments)

    monkeypatch.setattr(Compression, "run", fitted)
    command = ["encode", "photo.png", "-o", "out.gsimg", "--overwrite", "--quiet", *FAST]
    check_failure(run(*command), 2, "out.gsimg: the output is the input photo.png")
    assert Path("photo.png").read_bytes() == before


def test_a_typed_name_replaces_unless_told_not_to(run: Run) -> None:
    Path("o.png").write_bytes(MINE)
    check_failure(run("decode", "sample.gsimg", "-o", "o.png", "--no-overwrite"), 4, "o.png: the file exists")
    assert Path("o.png").read_bytes() == MINE
    assert run("decode", "sample.gsimg", "-o", "o.png").code == 0
    assert Path("o.png").read_bytes() != MINE


@pytest.mark.parametrize("name", ["encode", "decode", "saliency", "plot", "export", "view"])
def test_both_ways_at_once_is_wrong_usage(run: Run, name: str) -> None:
    target = ["--target", "json"] if name == "export" else []
    outcome = run(name, "sample.gsimg", *target, "--overwrite", "--no-overwrite")
    check_failure(outcome, 2, "--no-overwrite: not allowed with argument --overwrite")


# -- outputs that are inputs -----------------------------------------------------------------------------


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


# -- two outputs -----------------------------------------------------------------------------------------


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


# -- files of another kind -------------------------------------------------------------------------------


def _png() -> bytes:
    return Path("photo.png").read_bytes()


KINDS: dict[str, tuple[Callable[[], bytes], bool]] = {  # contents, and whether encode -o replaces them
    "other.png": (_png, False),
    "other.gsimg": (_png, False),
    "notes.txt": (lambda: b"notes", False),
    "notes": (lambda: b"\x89", True),  # what was cut short there may have been one
    "empty.png": (lambda: b"", True),
    "old": (lambda: SIGNATURE + b"and so on", True),
    "damaged.gsimg": (lambda: b"<html>not found", True),
    "fit2.json": (lambda: Path("fit.json").read_bytes(), False),
}


@pytest.mark.parametrize("name", KINDS)
def test_encode_replaces_files_of_its_kind_alone(run: Run, name: str) -> None:
    contents, replaced = KINDS[name]
    before, file = contents(), Path(name)
    file.write_bytes(before)
    outcome = run("encode", "photo.png", "-o", name, *FAST)
    if not replaced:
        check_failure(outcome, 4, f"{name}: the file exists and is no .gsimg file", "--overwrite")
        assert file.read_bytes() == before
        outcome = run("encode", "photo.png", "-o", name, "--overwrite", *FAST)
    assert outcome.code == 0 and len(load(file)) == 64


@pytest.mark.parametrize(
    ("command", "name", "contents", "replaced"),
    [
        (["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"], "h.png", None, False),
        (["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"], "h.json", None, False),
        (["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"], "h.json", b"{}", True),
        (["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"], "settings", b"{}", False),
        (["encode", "photo.png", "-o", "o.gsimg", *FAST, "--history"], "h", START, True),
        (["view", "sample.gsimg", "--export"], "p.png", None, False),
        (["view", "sample.gsimg", "--export"], "p.html", None, False),
        (["view", "sample.gsimg", "--export"], "p.html", b"<p>", True),
        (["view", "sample.gsimg", "--export"], "page", b"text", False),
        (["view", "--library"], "i.png", None, False),
        (["view", "--library"], "i.js", b"let a = 1;", True),
        (["view", "--library"], "i.html", b"<!doctype html>", False),
    ],
)
def test_texts_replace_texts_of_their_kind(
    run: Run, command: list[str], name: str, contents: bytes | None, replaced: bool
) -> None:
    """contents None: those of a picture."""
    before = _png() if contents is None else contents
    Path(name).write_bytes(before)
    outcome = run(*command, name)
    if replaced:
        assert outcome.code == 0 and Path(name).read_bytes() != before
    else:
        check_failure(outcome, 4, f"{name}: the file exists and is no ", "--overwrite")
        assert Path(name).read_bytes() == before and not Path("o.gsimg").exists()
        assert run(*command, name, "--overwrite").code == 0 and Path(name).read_bytes() != before


def test_a_kind_is_told_by_the_start_of_arrays_and_archives_too(tmp_path: Path) -> None:
    kind = Kind("text", b"text", (".txt",))
    np.save(tmp_path / "a.npy", sample_pixels())
    for data in ((tmp_path / "a.npy").read_bytes(), b"PK\3\4zip", b"\0\0\0\x20ftypavif", SIGNATURE):
        (tmp_path / "a.txt").write_bytes(data)
        assert not kind.holds(tmp_path / "a.txt")


# -- bench -----------------------------------------------------------------------------------------------


def _bench(run: Run, *options: object) -> Outcome:
    quick = ["--codecs", "jpeg", "--rates", 2, "--metrics", "psnr", "--crops", 0, "-j", 1, "--quiet"]
    return run("bench", "photo.png", *quick, *options)


def test_bench_goes_on_but_replaces_nothing_of_others(run: Run) -> None:
    assert _bench(run).code == 0 and _bench(run).code == 0
    for name in ("report.html", "results.csv", "results.json"):
        Path("bench", name).write_bytes(MINE)
        check_failure(_bench(run), 4, f"bench/{name}: the file exists and is no report of imagegs bench")
        assert Path("bench", name).read_bytes() == MINE
        assert _bench(run, "--overwrite").code == 0 and Path("bench", name).read_bytes() != MINE


@links
def test_bench_replaces_no_picture(run: Run) -> None:
    before = Path("photo.png").read_bytes()
    Path("o").mkdir()
    Path("o/report.html").symlink_to("../photo.png")
    check_failure(
        _bench(run, "-o", "o", "--overwrite"), 2, "o/report.html: the output is the input photo.png"
    )
    check_failure(_bench(run, "-o", "-"), 2, "a folder for a report cannot be written to standard output")
    Path("o/report.html").unlink()
    Path("o/cache").write_bytes(MINE)
    check_failure(_bench(run, "-o", "o"), 4, "o/cache: is a file, not a folder for results")
    assert Path("photo.png").read_bytes() == before and Path("o/cache").read_bytes() == MINE


# -- the list of inputs ----------------------------------------------------------------------------------

WRITTEN = {"output", "history", "export", "library", "cache"}


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
