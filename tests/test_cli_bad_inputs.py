"""Inputs that are invalid, unsupported or too large: exit code 3, and one line that names the file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from conftest import FAST, Outcome, Run, check_failure, sample_gaussians, sample_pixels
from imagegs.codec import save


def test_pictures_that_are_none(encode: Callable[..., Outcome], picture: Path, tmp_path: Path) -> None:
    whole = picture.read_bytes()
    contents = {"half.png": whole[: len(whole) // 2], "text.png": b"not a picture", "empty.png": b""}
    contents |= {"short.npy": b"\x93NUMPY", "text.npy": b"nothing"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        check_failure(encode(source=tmp_path / name), 3, f"{name}: ")


@pytest.mark.parametrize(
    "array",
    [
        np.full((4, 4), np.nan),
        np.zeros((4, 4), np.int32),
        np.zeros(4),
        np.zeros((0, 4, 3)),
        np.zeros((4, 4, 33)),
        np.array([[None]]),
    ],
)
def test_arrays_that_are_no_pictures(encode: Callable[..., Outcome], tmp_path: Path, array: Any) -> None:
    source = tmp_path / "array.npy"
    np.save(source, sample_pixels())
    assert encode(source=source).code == 0
    np.save(source, array, allow_pickle=True)
    check_failure(encode(source=source), 3, "array.npy: ")


def test_an_array_that_promises_too_much(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    source = tmp_path / "array.npy"
    np.save(source, sample_pixels())
    source.write_bytes(source.read_bytes().replace(b"(32, 48, 3)", b"(60000, 60000, 3)").ljust(9000, b" "))
    check_failure(encode(source=source), 3, "array.npy: ")


def test_an_array_is_not_copied_before_its_limits(
    encode: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "array.npy"
    np.save(source, sample_pixels())
    assert encode(source=source).code == 0
    for shape, limit, message in [((8000, 8000), ["--size-limit", 10**6], "over the limit of"),
                                  ((70000, 3), [], "65535 pixels a side"),
                                  ((9000, 20, 900), [], "at most 32 channels")]:  # fmt: skip
        with source.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + int(np.prod(shape)))  # a file with a hole, not written in full
        with monkeypatch.context() as patch:
            patch.setattr(np, "array", lambda *_, **__: pytest.fail("copied"))
            check_failure(encode(*limit, source=source), 3, "array.npy: ", message)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "bmp", "dds", "gif", "ppm"])
def test_the_limit_is_held_to_before_pixels_are_decoded(
    encode: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    if suffix in ("webp", "avif") and not features.check(suffix):
        pytest.skip(f"this Pillow has no {suffix}")
    source = tmp_path / f"a.{suffix}"
    Image.fromarray(sample_pixels()).save(source)
    with Image.open(source) as opened:
        monkeypatch.setattr(type(opened), "load", lambda *_: pytest.fail("decoded"))
    check_failure(
        encode("--size-limit", 32 * 48 - 1, source=source), 3, f"a.{suffix}: ", "(see --size-limit)"
    )
    with pytest.raises(pytest.fail.Exception, match="decoded"):  # with room for it, it is
        encode("--size-limit", 32 * 48, source=source)


def test_no_room_to_map_an_array(
    encode: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "array.npy"
    np.save(source, sample_pixels())
    assert encode(source=source).code == 0

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(np.lib.format, "open_memmap", fail)
    check_failure(encode(source=source), 1, "array.npy: not enough memory\n")


def test_directories(
    encode: Callable[..., Outcome], run: Run, picture: Path, gsimg: Path, tmp_path: Path
) -> None:
    check_failure(run("encode", picture, "--init", f"{tmp_path}/", *FAST), 3, "is a directory, not a picture")
    empty = tmp_path / "empty"
    empty.mkdir()
    check_failure(encode(source=empty), 3, "no pictures in this directory")
    check_failure(run("info", tmp_path), 4, "is a directory")
    check_failure(run("decode", tmp_path), 4, "is a directory")
    check_failure(run("compare", picture, tmp_path), 4, "is a directory")


def test_a_gsimg_file_is_no_picture_and_the_reverse(
    run: Run, picture: Path, gsimg: Path, tmp_path: Path
) -> None:
    check_failure(run("encode", gsimg, "-o", tmp_path / "out", *FAST), 3, "sample.gsimg: ")
    check_failure(run("info", picture), 3, "photo.png: ")
    check_failure(run("decode", picture, "-o", tmp_path / "out.png"), 3, "photo.png: ")


def test_damaged_files(run: Run, decode: Callable[..., Outcome], gsimg: Path, tmp_path: Path) -> None:
    whole = gsimg.read_bytes()
    damaged = tmp_path / "damaged.gsimg"
    cuts = [whole[:n] for n in range(0, len(whole), 97)]
    flips = [whole[:n] + bytes([whole[n] ^ 0x10]) + whole[n + 1 :] for n in range(0, len(whole), 97)]
    for data in cuts + flips:
        damaged.write_bytes(data)
        check_failure(decode(source=damaged), 3, "damaged.gsimg: ")
    for arguments in (
        ["info", damaged],
        ["info", damaged, "--json"],
        ["plot", damaged],
        ["compare", damaged, gsimg],
    ):
        check_failure(run(*arguments), 3, "damaged.gsimg: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.gsimg", "sample.gsimg"]


def test_a_canvas_over_the_limit(decode: Callable[..., Outcome]) -> None:
    check_failure(decode("--size-limit", 1535), 3, "over the limit of 1535 pixels")


def test_more_work_than_the_limit(decode: Callable[..., Outcome], gsimg: Path) -> None:
    """The sample's Gaussians twenty times over, so large that each is seen on all six tiles of the canvas."""
    one, names = sample_gaussians(), ("xy", "scale", "angle", "log_weight", "color")
    arrays = {name: np.concatenate([getattr(one, name)] * 20) for name in names}
    arrays |= {"scale": np.full((1200, 2), 1e5), "log_weight": np.zeros(1200)}
    save(gsimg, one.replace(**arrays))
    assert decode("--size-limit", 1800).code == 0
    message = "sample.gsimg: the Gaussians are seen on more than 7196 tiles, all counted: over the limit"
    check_failure(decode("--size-limit", 1799), 3, message)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
@pytest.mark.parametrize("command", ["info", "decode", "plot"])
def test_a_pipe_without_end_is_refused_at_its_start(command: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, bytes(64))
    options = [] if command == "info" else ["-o", str(tmp_path / "out.png")]
    arguments = [sys.executable, "-m", "imagegs", command, "/dev/fd/0", *options]
    try:
        done = subprocess.run(arguments, stdin=reading, capture_output=True, text=True, timeout=20)
    finally:
        os.close(reading)
        os.close(writing)
    what = "neither a .gsimg file nor the history of a fit" if command == "plot" else "not a gsimg file"
    assert done.returncode == 3 and done.stderr == f"imagegs: error: /dev/fd/0: {what}\n"
