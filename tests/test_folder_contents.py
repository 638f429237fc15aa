"""What a folder holds: maps that are read, files that are named as left out, and those that are an error."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Run, check_failure, sample_pixels
from imagegs.cli.folder_contents import look_into, pictures_in
from imagegs.codec import load
from imagegs.pictures.writing import write_picture

needs_links = pytest.mark.skipif(os.name != "posix", reason="links and pipes are made as on POSIX systems")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "t"
    folder.mkdir()
    write_picture(folder / "x_Color.png", sample_pixels(), ("R", "G", "B"))
    write_picture(folder / "x_Normal.png", sample_pixels()[::-1], ("R", "G", "B"))
    return folder


def encoded(suffix: str, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sample_pixels(1)[:, :, 0]).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".jfif", "JPEG"),
        (".jpe", "JPEG"),
        (".JPEG", "JPEG"),
        (".tga", "TGA"),
        (".dib", "BMP"),
        (".apng", "PNG"),
    ],
)
def test_maps_of_other_suffixes_are_read(run: Run, folder: Path, suffix: str, kind: str) -> None:
    (folder / f"x_Roughness{suffix}").write_bytes(encoded(suffix, kind))
    report = run("encode", folder, "--json", "--quiet", *FAST).json
    assert [each["name"] for each in report["maps"]] == ["Color", "Normal", "Roughness"]
    assert report["files_left_out"] == [] and report["frames_left_out"] == 0


def test_what_is_left_out_is_named(run: Run, folder: Path) -> None:
    for name in ("licence.txt", "x.mtlx", "x_Color.png.bak", "noise.npy", ".hidden.png", "old.gsimg"):
        (folder / name).write_bytes(b"?")
    (folder / "2k.png").mkdir()
    silent = [".DS_Store", "Thumbs.db", "desktop.ini", "._x_Color.png", ".gitignore", "Icon\r"]
    for name in silent:
        (folder / name).write_bytes(b"?")
    (folder / "__MACOSX").mkdir()
    outcome = run("encode", folder, "--json", *FAST)
    named = [".hidden.png", "2k.png/", "licence.txt", "noise.npy", "old.gsimg", "x.mtlx", "x_Color.png.bak"]
    assert outcome.code == 0 and outcome.json["files_left_out"] == named
    warning = outcome.err.splitlines()[0]
    assert warning == f"imagegs: warning: {folder}: left out, no pictures: {', '.join(named)}"
    assert not any(name in outcome.err for name in ("DS_Store", "Thumbs", "desktop", "._", "Icon", "MACOSX"))


def test_many_are_counted(run: Run, folder: Path) -> None:
    for i in range(12):
        (folder / f"{i:02}.txt").write_text("")
    outcome = run("encode", folder, *FAST)
    assert (
        "left out, no pictures: 00.txt, 01.txt, 02.txt" in outcome.err
        and "07.txt and 4 more\n" in outcome.err
    )
    assert run("encode", folder, "--quiet", "-o", folder / "again.gsimg", *FAST).err == ""


@pytest.mark.parametrize(
    "name", ["x_Height.exr", "x_Height.hdr", "x_Height.heic", "x_Height.png", "x_AO.svg", "x.ktx2"]
)
def test_a_map_that_cannot_be_read_is_an_error(run: Run, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x76\x2f\x31\x01" + bytes(64))
    check_failure(run("encode", folder, *FAST), 3, f"t: {name}: ", "(see --exclude)")
    assert not folder.with_suffix(".gsimg").exists()
    assert run("encode", folder, "--exclude", name, *FAST).code == 0


def test_an_array_named_like_a_map_is_an_error(run: Run, folder: Path) -> None:
    np.save(folder / "x_Height.npy", sample_pixels(1))
    check_failure(run("encode", folder, *FAST), 3, "x_Height.npy: an array is no map", "(see --exclude)")


@needs_links
def test_links_and_pipes(run: Run, folder: Path) -> None:
    height = folder / "x_Height.png"
    height.symlink_to("gone.png")
    check_failure(run("encode", folder, *FAST), 4, "x_Height.png: the link leads nowhere (see --exclude)")
    height.unlink()
    height.symlink_to(height.name)
    check_failure(run("encode", folder, *FAST), 4, "x_Height.png: the link leads nowhere (see --exclude)")
    height.unlink()
    os.mkfifo(height)
    check_failure(run("encode", folder, *FAST), 3, "x_Height.png: is no regular file (see --exclude)")
    height.unlink()
    height.symlink_to("x_Color.png")
    (folder / "y").symlink_to("gone")
    assert run("encode", folder, "--json", "--quiet", *FAST).json["files_left_out"] == ["y"]
    assert len(load(folder.with_suffix(".gsimg")).channels) == 9


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_map(run: Run, folder: Path) -> None:
    (folder / "x_Normal.png").chmod(0)
    check_failure(run("encode", folder, *FAST), 4, "x_Normal.png: permission denied")


def test_a_map_that_fails_to_be_read_is_named(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("imagegs.textures.stacks.read_picture", fail)
    check_failure(run("encode", folder, *FAST), 4, "x_Color.png: permission denied")


@pytest.mark.parametrize("pattern", ["*preview*", "x_PREVIEW.jpg", "*.[jJ]*", "x_pr?view.*"])
def test_exclude(run: Run, folder: Path, pattern: str) -> None:
    write_picture(folder / "x_Preview.jpg", sample_pixels()[:9], ("R", "G", "B"))
    sizes = "x_Preview.jpg has 48 x 9 pixels (see --resize-maps, --exclude)"
    check_failure(run("encode", folder, *FAST), 3, sizes)
    target = folder.with_suffix(".gsimg")
    outcome = run("encode", folder, "--json", "--exclude", pattern, *FAST)
    assert outcome.json["files_left_out"] == [] and "warning" not in outcome.err
    assert len(outcome.json["maps"]) == 2
    assert run("compare", folder, target, "--exclude", pattern).code == 0
    assert run("saliency", folder, "--exclude", pattern, "--method", "gradient").code == 0
    page = folder.with_suffix(".html")
    shown = run("view", target, "--reference", folder, "--exclude", pattern, "--export", page)
    assert shown.code == 0
    drawn = run("plot", target, "--error", folder, "--map", "Color", "--exclude", pattern)
    assert drawn.code == 0


def test_exclude_twice_and_composed_characters(folder: Path) -> None:
    for name in ("cafe\u0301.png", "a.txt", "b.txt"):
        (folder / name).write_bytes(b"")
    contents = look_into(folder, ["caf\u00e9*", "A.*"])
    assert [path.name for path in contents.pictures] == ["x_Color.png", "x_Normal.png"]
    assert contents.left_out == ("b.txt",) and contents.idle_patterns == ()
    assert [path.name for path in pictures_in(folder)] == ["cafe\u0301.png", "x_Color.png", "x_Normal.png"]


def test_exclude_that_does_nothing(run: Run, folder: Path, picture: Path, gsimg: Path) -> None:
    outcome = run("encode", folder, "--exclude", "*preveiw*", *FAST)
    assert outcome.code == 0 and f"warning: {folder}: --exclude *preveiw* matches no file\n" in outcome.err
    check_failure(run("encode", folder, "--exclude", "t/*", *FAST), 2, "a pattern of names, not of paths")
    for command in (
        ("encode", picture),
        ("compare", picture, picture),
        ("saliency", picture),
        ("bench", picture),
        ("plot", gsimg, "--error", picture),
        ("view", gsimg, "--reference", picture),
        ("view", gsimg),
    ):
        check_failure(run(*command, "--exclude", "a"), 2, "--exclude needs a folder")
    check_failure(run("plot", gsimg, "--exclude", "a"), 2, "--exclude is not for ellipses")


def test_a_folder_without_pictures(run: Run, folder: Path) -> None:
    everything = run("encode", folder, "--exclude", "*", *FAST)
    check_failure(everything, 3, "t: no pictures in this directory that --exclude leaves\n")
    for path in folder.iterdir():
        path.unlink()
    check_failure(run("encode", folder, *FAST), 3, "t: no pictures in this directory\n")
    (folder / "textures").mkdir()
    (folder / "a.blend").write_bytes(b"")
    check_failure(run("encode", folder, *FAST), 3, "no pictures in this directory, but a.blend, textures/\n")


def test_frames_that_are_left_out_are_told(run: Run, folder: Path, tmp_path: Path) -> None:
    frames = [Image.fromarray(sample_pixels() // (i + 1)) for i in range(5)]
    animation = tmp_path / "anim.gif"
    frames[0].save(animation, save_all=True, append_images=frames[1:])
    outcome = run("encode", animation, "--json", *FAST)
    assert outcome.json["frames_left_out"] == 4 and "files_left_out" not in outcome.json
    warning = f"imagegs: warning: {animation}: only the first of 5 frames or pages is kept\n"
    assert outcome.err.startswith(warning)
    animation.rename(folder / "x_AO.gif")
    outcome = run("encode", folder, "--json", *FAST)
    assert outcome.json["frames_left_out"] == 4
    assert f"{folder / 'x_AO.gif'}: only the first of 5 frames or pages is kept\n" in outcome.err


def test_bench_names_what_it_leaves_out(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    (folder / "notes.txt").write_text("")
    monkeypatch.setattr("imagegs.evaluation.bench.run_bench", stop)
    outcome = run("bench", folder, "-o", tmp_path / "b", "--codecs", "jpeg")
    assert f"warning: {folder}: left out, no pictures: notes.txt\n" in outcome.err
