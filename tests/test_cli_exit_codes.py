"""Each kind of failure has its exit code, and one line on standard error."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Outcome, Run, check_failure, sample_gaussians
from imagegs import rendering
from imagegs.cli import main
from imagegs.codec import save
from imagegs.errors import ImageGSError, LimitError


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
        (ImageGSError("PyTorch sees no card"), 1, "PyTorch sees no card"),
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
