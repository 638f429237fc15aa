"""`imagegs decode` of a texture stack: all maps or none, none out of the folder, and which files say sRGB."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import Run, check_failure, sample_gaussians, sample_pixels
from imagegs.codec import save
from imagegs.pictures.writing import encode_picture
from imagegs.textures.map_list import make_map, to_metadata

MAPS = [
    make_map("Color", "x_Color.png", "color", 8, 3),
    make_map("Emission", "x_Emission.png", "emissive", 16, 3),
    make_map("Normal", "x_Normal.png", "normal", 8, 3, True),
    make_map("Height", "x_Height.png", "displacement", 16, 1),
    make_map("mask", "x_mask.png", "other", 8, 1),
]
NAMES = sorted(each.output for each in MAPS)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "stack.gsimg"
    channels = tuple(channel for each in MAPS for channel in each.stack_channels)
    save(path, sample_gaussians(channels), metadata=to_metadata(MAPS))
    return path


def chunks_of(png: bytes) -> list[bytes]:
    found, position = [], 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        found.append(png[position + 4 : position + 8])
        position += 12 + length
    return found


def test_data_is_not_called_srgb(run: Run, stack: Path, tmp_path: Path) -> None:
    assert run("decode", stack, "-o", tmp_path / "out").code == 0
    tagged = [name for name in NAMES if b"sRGB" in chunks_of((tmp_path / "out" / name).read_bytes())]
    assert tagged == ["x_Color.png", "x_Emission.png"]
    for name, is_tagged in (("Normal", False), ("Color", True)):
        assert run("decode", stack, "--map", name, "-o", tmp_path / "one.png").code == 0
        assert (b"sRGB" in chunks_of((tmp_path / "one.png").read_bytes())) == is_tagged
    others = {b"iCCP", b"gAMA", b"cHRM", b"cICP"}
    assert not any(others & set(chunks_of((tmp_path / "out" / name).read_bytes())) for name in NAMES)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp", ".npy"])
def test_pixels_are_the_same_with_and_without_a_tag(suffix: str) -> None:
    pixels = sample_pixels()
    for is_srgb in (True, False):
        data = encode_picture(suffix, pixels, ("R", "G", "B"), is_srgb=is_srgb)
        file = io.BytesIO(data if isinstance(data, (bytes, memoryview)) else b"".join(data))
        if suffix == ".npy":
            read = np.load(file)
        else:
            with Image.open(file) as image:
                assert ("srgb" in image.info) == (
                    is_srgb and suffix == ".png"
                ) and "icc_profile" not in image.info
                read = np.asarray(image)
        assert np.array_equal(read, pixels)


def failing_at(number: int, error: BaseException) -> Any:
    from imagegs.textures.painting import paint_map

    calls = 0

    def paint(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return paint_map(*arguments, **options)

    return paint


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize(("error", "code"), [(MemoryError(), 1), (OSError(errno.ENOSPC, "full"), 4)])
def test_all_maps_or_none(
    run: Run,
    stack: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: Exception,
    code: int,
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for name in NAMES[:3]:
        (old / name).write_bytes(b"precious")
    for out in (old, tmp_path / "new"):
        monkeypatch.setattr("imagegs.textures.painting.paint_map", failing_at(number, error))
        check_failure(run("decode", stack, "-o", out, "--overwrite"), code)
    assert sorted(path.name for path in old.iterdir()) == NAMES[:3]
    assert {path.read_bytes() for path in old.iterdir()} == {b"precious"}
    assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    assert run("decode", stack, "-o", old, "--overwrite").code == 0
    assert sorted(path.name for path in old.iterdir()) == NAMES


def test_a_file_that_comes_meanwhile_stays(
    run: Run, stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagegs.textures.painting import paint_map

    def paint(*arguments: Any, **options: Any) -> Any:
        (tmp_path / "out" / "x_mask.png").write_bytes(b"precious")
        return paint_map(*arguments, **options)

    monkeypatch.setattr("imagegs.textures.painting.paint_map", paint)
    check_failure(run("decode", stack, "-o", tmp_path / "out"), 4, "x_mask.png: the file exists")
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"precious"]


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are made as on POSIX systems")
def test_links_are_not_followed_out_of_the_folder(run: Run, stack: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    place = out / "x_Normal.png"
    for target in (victim, tmp_path / "yet-to-be", Path("x_Color.png")):
        place.symlink_to(target)
        outcome = run("decode", stack, "-o", out, "--overwrite")
        check_failure(outcome, 4, "x_Normal.png: a link is there, and is not followed")
        place.unlink()
    os.mkfifo(place)
    check_failure(run("decode", stack, "-o", out, "--overwrite"), 4, "what is there is no regular file")
    place.unlink()
    assert (
        victim.read_text() == "precious" and not (tmp_path / "yet-to-be").exists() and not list(out.iterdir())
    )
    (tmp_path / "link").symlink_to(out)  # typed by the user, and so followed
    assert run("decode", stack, "-o", tmp_path / "link").code == 0
    assert sorted(path.name for path in out.iterdir()) == NAMES
