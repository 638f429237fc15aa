"""Files that cannot be read or written: exit code 4, and whatever was there stays as it was."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from conftest import FAST, Outcome, Run, check_failure, sample_gaussians
from imagegs import codec, rendering
from imagegs.codec import Bits, save
from imagegs.pictures.reading import read_picture


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
