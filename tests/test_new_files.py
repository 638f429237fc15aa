"""A new file gets its name last: after its bytes are on the disk, never over another that came meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from imagegs.files import write_all, write_atomically
from written_files import contents, facts, kind_of_temporaries  # noqa: F401 (a fixture)


@pytest.mark.parametrize("exists", [False, True])
def test_bytes_are_on_the_disk_before_they_have_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    events: list[tuple[str, bool]] = []
    target, real = tmp_path / "a", os.fsync

    def fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        events.append((kind, target.exists() and target.read_bytes() == b"new"))
        real(descriptor)

    if exists:
        target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(target, b"new")
    assert events == [("file", False), ("folder", True)][: 2 if os.name == "posix" else 1]


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("replace", [False, True])
def test_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool, replace: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", refuse)
    if exists:
        (tmp_path / "a").write_bytes(b"old")
        (tmp_path / "a").chmod(0o604)
    (tmp_path / "plain").touch()
    wanted = 0o604 if exists else facts(tmp_path / "plain")[2]
    (tmp_path / "plain").unlink()
    expected = pytest.raises(FileExistsError) if exists and not replace else nullcontext()
    with expected:
        write_atomically(tmp_path / "a", b"new", replace=replace)
    assert contents(tmp_path) == {"a": b"old" if exists and not replace else b"new"}
    assert os.name != "posix" or facts(tmp_path / "a")[2] == wanted


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_has_come_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def pieces() -> Iterator[bytes]:
        (tmp_path / "a").write_bytes(b"somebody else's")
        yield b"new"

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(FileExistsError) as caught:
        write_atomically(tmp_path / "a", pieces(), replace=False)
    assert caught.value.filename == str(tmp_path / "a")
    assert contents(tmp_path) == {"a": b"somebody else's"}
    (tmp_path / "a").unlink()
    write_atomically(tmp_path / "a", pieces())
    assert contents(tmp_path) == {"a": b"new"}


def test_a_file_that_is_there_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def never() -> Iterator[bytes]:
        pytest.fail("asked for contents")
        yield b""

    with pytest.raises(FileExistsError) as caught:
        write_all({tmp_path / "new": never(), tmp_path / "a": never()}, replace=False)
    assert caught.value.filename == str(tmp_path / "a")
    assert contents(tmp_path) == {"a": b"old"}
