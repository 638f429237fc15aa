"""Every failure: its exit code, one line on standard error, and no harm done.

After the manner of astc-encoder's tests of its command line: each bad call is a good call with one thing
changed, and the good call is shown to pass first.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Outcome, Run, sample_gaussians, sample_pixels
from imagegs import codec, rendering
from imagegs.cli import main
from imagegs.codec import Bits, save
from imagegs.errors import ImageGSError, LimitError
from imagegs.pictures.reading import read_picture


def check_failure(outcome: Outcome, code: int, *parts: str) -> None:
    """The exit code, nothing on standard output, and one line of error that holds the parts."""
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert outcome.err.startswith("imagegs: error: ") and outcome.err.count("\n") == 1
    assert outcome.err.endswith("\n") and "Traceback" not in outcome.err
    for part in parts:
        assert part in outcome.err


@pytest.fixture
def encode(run: Run, picture: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """`imagegs encode` that works, with options added or with another input."""

    def encode(*options: object, source: Path = picture, json: bool = True) -> Outcome:
        quiet = ["--quiet", "--json"] if json else ["--quiet"]
        return run("encode", source, "-o", tmp_path / "out.gsimg", *quiet, *FAST, *options)

    assert encode().code == 0
    (tmp_path / "out.gsimg").unlink()
    return encode


@pytest.fixture
def decode(run: Run, gsimg: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """`imagegs decode` that works, with options added or with another input."""

    def decode(*options: object, source: Path = gsimg) -> Outcome:
        return run("decode", source, "-o", tmp_path / "out.png", "--quiet", "--json", *options)

    assert decode().code == 0
    (tmp_path / "out.png").unlink()
    return decode


# -- wrong usage ---------------------------------------------------------------------------------------

GOOD_ENCODE_OPTIONS = [
    (["-n", 1536], "-n"),
    (["--bpp", 2], "--bpp"),
    (["--bits", "12,8,8,8,8"], "--bits"),
    (["-e", 9], "--effort"),
    (["--seed", 2**64 - 1], "--seed"),
    (["--init", "random"], "--init"),
    (["--psnr", 20], "--psnr"),
    (["-q", 0], "--quality"),
    (["--tune", "ssim"], "--tune"),
]
BAD_TIME_OPTIONS = [
    (["--time-budget", 0], "'0' is not a number above 0"),
    (["--time-budget", "soon"], "'soon' is not a number above 0"),
    (["--time-budget", "inf"], "'inf' is not a number above 0"),
    (["--time-budget", 0.1, "--psnr", 30], "no --time-budget with them"),
    (["--time-budget", 0.1, "--recipe", "paper"], "need the imagegs recipe"),
]
BAD_ENCODE_OPTIONS = [
    (["-n", 0], "-n"),
    (["-n", -5], "-n"),
    (["-n", "many"], "-n"),
    (["-n", "9" * 5000], f"argument -n/--gaussians: '{'9' * 40}...' is not a whole number"),
    (["-n", 1537], "1 to 1536 Gaussians are possible"),
    (["--bpp", 0.01], "too few"),
    (["--target-size", 150], "too few"),
    (["--target-size", 0], "'0' is not a whole number of 1 or more"),
    (["--target-size", 1000, "--bpp", 1], "--bpp"),
    (["--bpp", 0], "'0' is not a number above 0"),
    (["--bpp", -1], "'-1' is not a number above 0"),
    (["--bpp", "-.5"], "'-.5' is not a number above 0"),
    (["--bpp", "-1e30"], "'-1e30' is not a number above 0"),
    (["--bpp", "-inf"], "'-inf' is not a number above 0"),
    (["--bpp=-1e308"], "'-1e308' is not a number above 0"),
    (["--bpp", "nan"], "'nan' is not a number above 0"),
    (["--bpp", "inf"], "'inf' is not a number above 0"),
    (["--bpp", "some"], "'some' is not a number"),
    (["--bpp", "9" * 400], f"'{'9' * 40}...' is not a number"),
    (["--bpp", 1e-320], "too few"),
    (["-n", 10, "--bpp", 1], "not allowed with"),
    (["--bits", "0"], "bits of the position"),
    (["--bits", "25"], "bits of the position"),
    (["--bits", "8,8"], "bits must be one number or"),
    (["--bits", "8,8,8,0,8"], "weight"),
    (["--bits", ""], "bits must be one number or"),
    (["-e", 0], "--effort"),
    (["-e", 10], "--effort"),
    (["--steps", 0], "--steps"),
    (["--recipe", "best"], "--recipe"),
    (["--init", "middle"], "no placement 'middle'"),
    (["--seed", -1], "--seed"),
    (["--seed", 1.5], "--seed"),
    (["-j", 0], "--threads"),
    (["-j", 10**6], "--threads"),
    (["--frobnicate"], "--frobnicate"),
    (["--psnr", 0], "'0' is not a number above 0"),
    (["--psnr", "nan"], "'nan' is not a number above 0"),
    (["--psnr", "-inf"], "'-inf' is not a number above 0"),
    (["--psnr", 30, "-n", 10], "not allowed with"),
    (["--psnr", 30, "-q", 10], "not allowed with"),
    (["--psnr", 30, "--recipe", "paper"], "need the imagegs recipe"),
    (["-q", 101], "'101' is not a whole number from 0 to 100"),
    (["-q", -1], "'-1' is not a whole number from 0 to 100"),
    (["-q", 50, "--bpp", 1], "not allowed with"),
    (["-q", 50, "--recipe", "paper"], "need the imagegs recipe"),
    (["--tune", "beauty"], "--tune"),
    (["--tune", "psnr", "--recipe", "paper"], "need the imagegs recipe"),
    (["--time-budget", 3], "not allowed with"),  # --steps
    (["--quie"], "--quie"),
    (["second.png"], "second.png"),
]


@pytest.mark.parametrize(("options", "part"), GOOD_ENCODE_OPTIONS)
def test_good_encode_options(encode: Callable[..., Outcome], options: list[Any], part: str) -> None:
    assert encode(*options).code == 0


@pytest.mark.parametrize(("options", "part"), BAD_TIME_OPTIONS)
def test_bad_time_options(run: Run, picture: Path, options: list[Any], part: str) -> None:
    assert run("encode", picture, "--quiet", "--time-budget", 0.1).code == 0
    picture.with_suffix(".gsimg").unlink()
    check_failure(run("encode", picture, "--quiet", *options), 2, part)
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


@pytest.mark.parametrize(("options", "part"), BAD_ENCODE_OPTIONS)
def test_bad_encode_options(
    encode: Callable[..., Outcome], options: list[Any], part: str, picture: Path
) -> None:
    check_failure(encode(*options), 2, part)
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


GOOD_DECODE_OPTIONS = [["--region", "0,0,48,32"], ["--height", 64], ["--scale", 2], ["--size-limit", 1536]]
BAD_DECODE_OPTIONS = [
    (["--region", "0,0,49,32"], "is not inside"),
    (["--region", "0,0,0,5"], "is not inside"),
    (["--region", "1,2,3"], "X,Y,W,H"),
    (["--region", "-1,0,5,5"], "--region"),
    (["--region", "a,0,5,5"], "X,Y,W,H"),
    (["--region", "0,0,1e1,5"], "X,Y,W,H"),
    (["--region", "0,0,999999999,999999999"], "over the limit"),
    (["--height", 0], "--height"),
    (["--height", 2**24], "the height must be"),
    (["--height", 30000], "over the limit"),
    (["--scale", 0], "'0' is not a number above 0"),
    (["--scale", "nan"], "'nan' is not a number above 0"),
    (["--scale", "-1e5"], "'-1e5' is not a number above 0"),
    (["--scale", 1e9], "the scale must be"),
    (["--scale", 1e307], "1e+307"),
    (["--scale", 1e307, "--region", "0,0,1,1"], "1e+307"),
    (["--scale", 2e5], "is not possible"),
    (["--scale", 2, "--height", 5], "not allowed with"),
    (["-o", "out.xyz"], "cannot write .xyz"),
    (["-o", "out"], "without a suffix"),
    (["-j", 0], "--threads"),
    (["--lod", 1.5], "--lod"),
    (["--lod", "nan"], "--lod"),
]


@pytest.mark.parametrize("options", GOOD_DECODE_OPTIONS)
def test_good_decode_options(decode: Callable[..., Outcome], options: list[Any]) -> None:
    assert decode(*options).code == 0


@pytest.mark.parametrize(("options", "part"), BAD_DECODE_OPTIONS)
def test_bad_decode_options(
    decode: Callable[..., Outcome], options: list[Any], part: str, gsimg: Path
) -> None:
    check_failure(decode(*options), 2, part)
    assert [path.name for path in gsimg.parent.iterdir()] == [gsimg.name]


@pytest.mark.parametrize(
    "options",
    [
        ["--share", "0"],
        ["--share", "2"],
        ["--sigmas", "0"],
        ["--sigmas", "1e308"],
        ["-o", "a.gsimg"],
        ["--height", "70000", "-o", "a.jpg", "--size-limit", "9" * 20],
    ],
)
def test_bad_plot_options(run: Run, gsimg: Path, options: list[str]) -> None:
    assert run("plot", gsimg, "--share", 1, "--sigmas", 1, "--quiet").code == 0
    check_failure(run("plot", gsimg, *options, "--quiet", "--overwrite"), 2)


@pytest.mark.parametrize(
    "arguments", [[], ["frobnicate"], ["--frobnicate"], ["encode"], ["compare", "a.png"]]
)
def test_no_command_or_an_unknown_one(run: Run, arguments: list[str]) -> None:
    check_failure(run(*arguments), 2, "--help")


def test_a_map_of_another_size(encode: Callable[..., Outcome], picture: Path, tmp_path: Path) -> None:
    weights = tmp_path / "map.png"
    Image.open(picture).convert("L").save(weights)
    assert encode("--init", weights).code == 0
    Image.open(picture).convert("L").resize((24, 16)).save(weights)
    check_failure(encode("--init", weights), 3, "map.png: the map has 24 x 16 pixels, the picture 48 x 32")
    check_failure(encode("--init", tmp_path / "none.png"), 4, "none.png")


def test_the_output_cannot_be_the_input(run: Run, picture: Path, gsimg: Path, tmp_path: Path) -> None:
    before = picture.read_bytes(), gsimg.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(picture)
    check_failure(run("encode", picture, "-o", link, *FAST), 2, "the output is the input")
    named = tmp_path / "named.png"
    gsimg.rename(named)
    check_failure(run("decode", named), 2, "the output is the input")
    assert (picture.read_bytes(), named.read_bytes()) == before


def test_channels_that_the_format_does_not_hold(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "alpha.gsimg"
    save(source, sample_gaussians(("R", "G", "B", "A")))
    assert run("decode", source, "--quiet").code == 0
    check_failure(run("decode", source, "-o", tmp_path / "out.jpg"), 2, "has no alpha channel")
    save(source, sample_gaussians(("height", "ao", "metal")))
    check_failure(run("decode", source), 2, "write .npy")


# -- invalid and unsupported input ---------------------------------------------------------------------


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
    for shape, message in [((20000, 20000), "over the limit of"), ((70000, 3), "65535 pixels a side"),
                           ((9000, 20, 900), "at most 32 channels")]:  # fmt: skip
        with source.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + int(np.prod(shape)))  # a file with a hole, not written in full
        with monkeypatch.context() as patch:
            patch.setattr(np, "array", lambda *_, **__: pytest.fail("copied"))
            check_failure(encode(source=source), 3, "array.npy: ", message)


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


# -- what cannot be read or written --------------------------------------------------------------------


def test_missing_files(
    run: Run, encode: Callable[..., Outcome], decode: Callable[..., Outcome], tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    check_failure(encode(source=missing), 4, f"{missing}: no such file or directory")
    check_failure(decode(source=missing), 4, f"{missing}: no such file or directory")
    for arguments in (["info", missing], ["compare", missing, missing], ["plot", missing]):
        check_failure(run(*arguments), 4, f"{missing}: no such file or directory")


def test_outputs_that_cannot_be(
    encode: Callable[..., Outcome], decode: Callable[..., Outcome], tmp_path: Path
) -> None:
    folder = tmp_path / "folder.png"
    folder.mkdir()
    for command in (encode, decode):
        check_failure(command("-o", folder), 4, "folder.png: is a folder, not a file")
        check_failure(command("-o", tmp_path / "none" / "out.png"), 4, "does not exist")
        check_failure(command("-o", tmp_path / "sample.gsimg" / "out.png"), 4)


def test_the_output_is_checked_before_the_fit(
    encode: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*_: object, **__: object) -> None:
        pytest.fail("the fit ran")

    monkeypatch.setattr("imagegs.compression.compressing.fit_progressively", fit)
    check_failure(encode("-o", tmp_path / "none" / "out.gsimg"), 4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o555)
    check_failure(encode("-o", folder / "out.gsimg"), 4, "is not writable")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_refuses(
    encode: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("imagegs.staging.temporaries.Temporary.open", refuse)
    check_failure(encode(), 4, "out.gsimg: ")


def _full(file: IO[bytes]) -> None:
    if file.tell():  # the check before all work finds room
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_harms_nothing(
    encode: Callable[..., Outcome],
    decode: Callable[..., Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exists: bool,
) -> None:
    outputs = tmp_path / "out.gsimg", tmp_path / "out.png"
    if exists:
        for output in outputs:
            output.write_bytes(b"precious")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("imagegs.staging.staged.sync", _full)
    check_failure(encode(), 4, "out.gsimg: no space left on device")
    check_failure(decode(), 4, "out.png: no space left on device")
    assert sorted(tmp_path.iterdir()) == before
    assert all(output.read_bytes() == b"precious" for output in outputs if exists)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_a_pipe_that_nobody_reads(encode: Callable[..., Outcome]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        check_failure(encode("-o", f"/dev/fd/{writing}"), 4, f"/dev/fd/{writing}: broken pipe")
    finally:
        os.close(writing)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_json_and_bytes_do_not_mix(picture: Path, gsimg: Path, tmp_path: Path) -> None:
    """Standard output under any name: nothing is written to it, and a file there stays as it is."""
    link, file = tmp_path / "out.png", tmp_path / "file.png"
    link.symlink_to("/dev/fd/1")
    commands = [["encode", picture, "-o", "/dev/fd/1", *FAST], ["encode", picture, "-o", file, *FAST]]
    commands += [["decode", gsimg, "-o", path] for path in (link, file)]
    for command in commands:
        file.write_bytes(b"before")
        arguments = [sys.executable, "-m", "imagegs", *map(str, command)]
        with file.open("ab") as opened:
            done = subprocess.run(
                [*arguments, "--json"], stdout=opened, stderr=subprocess.PIPE, text=True, timeout=60
            )
        assert done.returncode == 2 and file.read_bytes() == b"before"
        assert done.stderr == (
            f"imagegs: error: {command[3]}: the output is standard output, where --json prints its object\n"
        )
        file.unlink()
    reading, writing = os.pipe()  # twice the same pipe
    command = [sys.executable, "-m", "imagegs", "decode", str(gsimg), "--json", "-o", str(link)]
    link.unlink()
    link.symlink_to(f"/dev/fd/{writing}")
    done = subprocess.run(command, stdout=writing, pass_fds=[writing], stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert done.returncode == 2 and os.read(reading, 100) == b""
    os.close(reading)


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


def test_a_picture_too_large_for_its_format(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "wide.gsimg"
    save(source, dataclasses.replace(sample_gaussians(), width=5000, height=1), Bits())
    assert run("decode", source, "-o", tmp_path / "x.jpg", "--scale", 13, "--quiet").code == 0
    monkeypatch.setattr(rendering, "render", lambda *_, **__: pytest.fail("painted"))
    (tmp_path / "x.jpg").unlink()
    check_failure(
        run("decode", source, "-o", tmp_path / "x.jpg", "--scale", 20), 2,
        "x.jpg: .jpg holds at most 65500 pixels a side, not 100000 x 20",
    )  # fmt: skip
    assert not (tmp_path / "x.jpg").exists()


def test_no_overwrite(encode: Callable[..., Outcome], decode: Callable[..., Outcome], tmp_path: Path) -> None:
    for command, name in ((encode, "out.gsimg"), (decode, "out.png")):
        assert command("--no-overwrite").code == 0
        before = (tmp_path / name).read_bytes()
        check_failure(command("--no-overwrite", "--threads", 2), 4, f"{name}: the file exists")
        assert (tmp_path / name).read_bytes() == before
        assert command().code == 0


# -- the rest ------------------------------------------------------------------------------------------


def test_without_json_too(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    assert encode(json=False).out == ""
    check_failure(encode(source=tmp_path / "missing", json=False), 4)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (MemoryError(), 1, "not enough memory"),
        (MemoryError("std::bad_alloc"), 1, "not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 1, "not enough memory"),
        (ImageGSError("no more threads can be started"), 1, "no more threads can be started"),
        (LimitError("too large"), 3, "too large (see --size-limit)"),
        (KeyError("who"), 1, "unexpected KeyError: 'who'"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("two\nlines\x1b"), 2, "two lines\\x1b"),
        (OSError(errno.EIO, "I/O error"), 4, "I/O error"),
    ],
)
def test_the_exit_codes(
    decode: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    line: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(rendering, "render", fail)
    outcome = decode()
    check_failure(outcome, code)
    assert outcome.err == f"imagegs: error: {line}\n"


def test_errors_can_be_raised_for_debugging(
    monkeypatch: pytest.MonkeyPatch, gsimg: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGEGS_DEBUG", "1")
    assert main(["info", str(gsimg)]) == 0
    with pytest.raises(Exception, match="missing"):
        main(["info", str(gsimg.with_name("missing"))])
    capsys.readouterr()


def test_names_with_anything_in_them(run: Run, encode: Callable[..., Outcome], tmp_path: Path) -> None:
    odd = tmp_path / "a\nb\x1b[31m\udcff é.png"
    check_failure(encode(source=odd), 4, "a\\nb\\x1b[31m\\udcff é.png: no such file")
    save(odd, sample_gaussians())
    assert os.fsencode(run("info", odd, "--json").json["file"]) == os.fsencode(odd)
    assert run("info", odd).out.startswith(f"file       {tmp_path}/a\\nb\\x1b[31m\\udcff é.png\n")
    target = tmp_path / "a\nb\x1b[31m.png"
    note = run("decode", odd, "-o", target).err
    assert target.exists() and note.startswith(f"{tmp_path}/a\\nb\\x1b[31m.png: ") and note.count("\n") == 1


def test_an_interrupted_write_leaves_the_old_file(
    encode: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.gsimg"
    assert encode().code == 0
    before = target.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imagegs.staging.temporaries.Temporary.replace_target", interrupt)
        check_failure(encode("--seed", 1), 130, "interrupted")
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.gsimg", "photo.png"]
    assert encode("--seed", 1).code == 0 and target.read_bytes() != before
    assert codec.load(target).bit_depth == 8 and read_picture(tmp_path / "photo.png")
