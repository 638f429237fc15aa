"""Whatever goes wrong while a file is written, the target is whole and no temporary is left."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegs.files import check_writable, descriptor_of, write_atomically
from written_files import kind_of_temporaries, posix_only  # noqa: F401 (a fixture)


def test_bytes_and_pieces_are_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"hello")
    write_atomically(str(tmp_path / "b"), (piece for piece in [b"he", b"", b"llo"]))
    write_atomically(tmp_path / "c", memoryview(b"hello"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys("abc", b"hello")


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError("x"), OSError(errno.ENOSPC, "full")])
def test_a_failure_harms_nothing_and_leaves_nothing(tmp_path: Path, failure: BaseException) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"new" * 100_000
        raise failure

    (tmp_path / "old").write_bytes(b"old")
    for name in ("old", "new"):
        with pytest.raises(type(failure)) as caught:
            write_atomically(tmp_path / name, pieces())
        if isinstance(caught.value, OSError):
            assert caught.value.filename is not None
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_failing_rename_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr("imagegs.staging.temporaries.link_over", lambda *names: (0, errno.EIO))
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.EIO))) as caught:
        write_atomically(tmp_path / "a", b"x")
    assert caught.value.filename == str(tmp_path / "a") and caught.value.filename2 is None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@posix_only
def test_permissions_are_those_of_open_or_of_the_existing_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"x")
        (tmp_path / "plain").write_bytes(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "new").chmod(0o604)
    write_atomically(tmp_path / "new", b"y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


@posix_only
def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("later")
    write_atomically(tmp_path / "link", b"new")
    write_atomically(tmp_path / "dangling", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "real").read_bytes() == (tmp_path / "later").read_bytes() == b"new"


@posix_only
def test_pipes_and_devices_are_written_not_replaced(tmp_path: Path) -> None:
    # A pipe stands for /dev/null as well: a test run as root with a fault here would replace the real one.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_writable(pipe)
        write_atomically(pipe, b"hello")
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(reader, 100) == b"hello"
    finally:
        os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]


posix_descriptors = pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")


@posix_descriptors
@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", "/proc/PID/fd"])
@pytest.mark.parametrize("links", [0, 1, 2])
def test_a_descriptor_is_written_not_the_file_behind_it(tmp_path: Path, folder: str, links: int) -> None:
    """As with `imagegs encode -o /dev/stdout >> file`."""
    folder = folder.replace("PID", str(os.getpid()))
    if not Path(folder).exists():
        pytest.skip(f"no {folder} here")
    file = tmp_path / "file"
    file.write_bytes(b"old")
    number = file.stat().st_ino
    with file.open("ab") as opened:
        path = Path(folder) / str(opened.fileno())
        for i in range(links):
            (tmp_path / f"link{i}").symlink_to(path)
            path = Path(f"link{i}") if i else tmp_path / f"link{i}"
        path = tmp_path / path
        assert descriptor_of(path) == opened.fileno()
        check_writable(path)
        assert write_atomically(path, [b"new", memoryview(b"er")]) == 5
        assert write_atomically(path, b"!") == 1
    assert file.read_bytes() == b"oldnewer!" and file.stat().st_ino == number
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", *(f"link{i}" for i in range(links))]


@posix_descriptors
def test_a_pipe_by_its_descriptor() -> None:
    reading, writing = os.pipe()
    try:
        assert write_atomically(f"/dev/fd/{writing}", b"hello") == 5
        assert os.read(reading, 100) == b"hello"
        for act in (check_writable, lambda path: write_atomically(path, b"x")):
            with pytest.raises(OSError, match="for reading only") as caught:
                act(f"/dev/fd/{reading}")
            assert caught.value.filename == f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        os.close(writing)
    for act in (check_writable, lambda path: write_atomically(path, b"x")):
        with pytest.raises(OSError, match="descriptor") as caught:
            act(f"/dev/fd/{writing}")
        assert caught.value.filename == f"/dev/fd/{writing}"


@posix_descriptors
def test_what_is_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "7").write_bytes(b"")
    for path in ("file", "link", "round", "none", "7", "none/7", ".", "..", "file/7"):
        assert descriptor_of(tmp_path / path) is None
    assert descriptor_of("/dev/fd/x") is None and descriptor_of("/dev/null") is None
    assert [descriptor_of(f"/dev/std{name}") for name in ("in", "out", "err")] == [0, 1, 2]


@pytest.mark.parametrize("act", [check_writable, lambda path: write_atomically(path, b"x")])
def test_impossible_targets_are_explained(tmp_path: Path, act) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileNotFoundError, match=r"the folder .*missing.* does not exist"):
        act(tmp_path / "missing" / "a")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        act(tmp_path)
    with pytest.raises(NotADirectoryError, match="a part of the path is a file"):
        act(tmp_path / "file" / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("act", [check_writable, lambda path: write_atomically(path, b"x")])
def test_a_folder_that_refuses_files(tmp_path: Path, act, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        raise OSError(errno.EROFS, "read-only file system", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=r"the folder .* is not writable") as caught:
        act(tmp_path / "a")
    assert caught.value.filename == str(tmp_path / "a")


def test_a_write_protected_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="write-protected"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_check_writable_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    check_writable(tmp_path / "old")
    check_writable(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_name_of_the_greatest_length(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("a" * 255), b"x")
    assert len(list(tmp_path.iterdir())) == 1
