"""Which files the command line replaces: those that somebody named, and of the kind that it writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Outcome, Run, check_failure, sample_pixels
from imagegs.cli.run_files import Kind, Output, RunFiles
from imagegs.codec import load
from imagegs.codec.container import SIGNATURE
from imagegs.compression import Compressed, Compression
from imagegs.fitting.history import START
from requirements import need_packages
from run_folder import MINE, here, links  # noqa: F401 (a fixture)

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
        need_packages("matplotlib")
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
