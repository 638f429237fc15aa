"""What belongs to a file stays its own while it is written; several files are written all or none."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from copy import copy
from pathlib import Path
from typing import IO

import pytest

from imagegs.files import check_writable, write_all, write_atomically
from imagegs.staging import overwriting, temporaries

NOBODY = 65534
posix_only = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX systems")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True, params=["nameless", "named"])
def kind_of_temporaries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system has it, and as one has it that makes no files without names."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can reach, which pytest's are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root is somebody else for a while."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def facts(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


# What belongs to a file.


@posix_only
def test_hard_links_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old and long")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    check_writable(tmp_path / "a")
    assert write_atomically(tmp_path / "a", [b"ne", b"w"]) == 3
    assert contents(tmp_path) == {"a": b"new", "b": b"new"}
    assert (tmp_path / "a").samefile(tmp_path / "b")


@root_only
def test_root_gives_a_file_back_to_its_owner(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    os.chown(tmp_path / "a", NOBODY, 1234)
    (tmp_path / "a").chmod(0o640)
    before = (tmp_path / "a").stat().st_ino
    write_atomically(tmp_path / "a", b"new")
    assert facts(tmp_path / "a") == (NOBODY, 1234, 0o640)
    assert (tmp_path / "a").stat().st_ino != before  # by a rename
    assert contents(tmp_path) == {"a": b"new"}


@root_only
@pytest.mark.parametrize("folder_mode", [0o777, 0o1777, 0o755], ids=["open", "sticky", "unwritable"])
def test_somebody_elses_file_stays_theirs(place: Path, folder_mode: int) -> None:
    """Who may write the file but not give it away, or not rename in its folder, writes it in place."""
    (place / "a").write_bytes(b"old, and longer than the new one")
    (place / "a").chmod(0o666)
    place.chmod(folder_mode)
    number = (place / "a").stat().st_ino
    with as_nobody():
        check_writable(place / "a")
        assert write_atomically(place / "a", b"new") == 3
    assert facts(place / "a") == (0, 0, 0o666)
    assert (place / "a").stat().st_ino == number
    assert contents(place) == {"a": b"new"}


@root_only
@pytest.mark.parametrize("act", [check_writable, lambda path: write_atomically(path, b"x")])
def test_where_neither_way_works(place: Path, act: Callable[[Path], object]) -> None:
    (place / "a").write_bytes(b"old")
    with as_nobody():
        with pytest.raises(PermissionError, match="write-protected") as caught:
            act(place / "a")
        assert caught.value.filename == str(place / "a")
        with pytest.raises(PermissionError, match=r"the folder .* is not writable"):
            act(place / "new")
    assert contents(place) == {"a": b"old"}


def access_list(*named: tuple[int, int]) -> bytes:
    """An access list of Linux: owner rw, group none, others none, and these users with these rights."""
    entries = [(0x01, 6, 0xFFFFFFFF), *((0x02, rights, user) for user, rights in named)]
    entries += [(0x04, 0, 0xFFFFFFFF), (0x10, 6, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def set_attribute(path: Path, name: str, value: bytes) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("no extended attributes here")
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"the file system takes no {name}: {error}")


def test_access_list_and_attributes_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    wanted = {"system.posix_acl_access": access_list((1234, 4)), "user.origin": b"a scanner"}
    for name, value in wanted.items():
        set_attribute(tmp_path / "a", name, value)
    write_atomically(tmp_path / "a", b"new")
    assert {name: os.getxattr(tmp_path / "a", name) for name in os.listxattr(tmp_path / "a")} == wanted


def test_the_folders_access_list_opens_no_private_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    set_attribute(tmp_path, "system.posix_acl_default", access_list((1234, 6)))
    (tmp_path / "plain").write_bytes(b"new")
    write_atomically(tmp_path / "a", b"new")
    assert facts(tmp_path / "a")[2] == 0o640
    assert os.listxattr(tmp_path / "a") == []
    write_atomically(tmp_path / "new", b"new")
    assert facts(tmp_path / "new") == facts(tmp_path / "plain")
    name = "system.posix_acl_access"
    assert os.getxattr(tmp_path / "new", name) == os.getxattr(tmp_path / "plain", name)


@posix_only
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_a_temporary_is_never_more_readable_than_its_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    seen, at_first, real = [], [], os.fchmod

    def fchmod(descriptor: int, wanted: int) -> None:
        at_first.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor, wanted)

    def pieces() -> Iterator[bytes]:
        for piece in (b"n", b"ew"):
            seen.extend(facts(path)[2] for path in tmp_path.iterdir() if path.name != "a")
            yield piece

    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(mode)
    monkeypatch.setattr(os, "fchmod", fchmod)
    write_atomically(tmp_path / "a", pieces())
    assert at_first == [0o600]
    assert all(each & ~mode == 0 for each in seen)
    assert bool(seen) is not hasattr(os, "O_TMPFILE")  # there was one to be seen
    assert facts(tmp_path / "a")[2] == mode


# In place.


def bind_mounted(folder: Path, command: str) -> None:
    """Run Python code where `out` in the folder is a mount point, of `source`; skips where that cannot be."""
    script = 'mount --bind source out || exit 99; exec "$0" -c "$1"'
    hide = "" if hasattr(os, "O_TMPFILE") else "import os; del os.O_TMPFILE\n"
    arguments = ["unshare", "-m", "sh", "-c", script, sys.executable, hide + command]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no mounts: {done.stderr}")
    assert done.returncode == 0, done.stderr


linux_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs Linux, root and unshare",
)


@linux_root
def test_a_mount_point_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    (tmp_path / "source").write_bytes(b"old and long")
    bind_mounted(
        tmp_path,
        "from imagegs.files import check_writable, write_all, write_atomically\n"
        "check_writable('out')\n"
        "assert write_atomically('out', b'new') == 3 and open('out', 'rb').read() == b'new'\n"
        "assert write_all({'other': b'1', 'out': b'22'}) == [1, 2]",
    )
    assert contents(tmp_path) == {"out": b"", "source": b"22", "other": b"1"}


@linux_root
def test_a_full_disk_behind_a_mount_point_keeps_the_old_contents(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    (tmp_path / "source").touch()
    bind_mounted(
        tmp_path,
        "import os, errno, subprocess\n"
        "from imagegs.files import write_all\n"
        "os.mkdir('small')\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', 'small'], check=True)\n"
        "open('small/file', 'wb').write(b'old' * 10000)\n"
        "subprocess.run(['mount', '--bind', 'small/file', 'out'], check=True)\n"
        "try:\n"
        "    write_all({'other': b'new', 'out': bytes(100_000)})\n"
        "except OSError as error:\n"
        "    assert error.errno == errno.ENOSPC and error.filename == 'out', error\n"
        "else:\n"
        "    raise SystemExit('written')\n"
        "assert open('out', 'rb').read() == b'old' * 10000\n",
    )
    assert {path.name for path in tmp_path.iterdir()} == {"out", "source", "small"}


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.EIO, "the disk")])
def test_a_failure_in_place_brings_the_old_contents_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    seen = []

    def fail_once(file: IO[bytes]) -> None:
        seen.append((tmp_path / "a").read_bytes())
        if len(seen) == 1:
            raise failure

    monkeypatch.setattr(overwriting, "sync", fail_once)
    with pytest.raises(type(failure)):
        write_atomically(tmp_path / "a", b"new and longer")
    assert seen == [b"new and longer", b"old"]
    assert contents(tmp_path) == {"a": b"old", "b": b"old"}


# The disk.


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


# File systems that do not link.


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


# What has come meanwhile.


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


# Several files.


def old_files(folder: Path) -> dict[str, bytes]:
    (folder / "a").write_bytes(b"old a")
    (folder / "b").write_bytes(b"old b")
    (folder / "link").hardlink_to(folder / "b")
    return contents(folder)


def test_several_files(tmp_path: Path) -> None:
    old_files(tmp_path)
    files = {tmp_path / "new": [b"n", b"n"], tmp_path / "b": b"BBB", tmp_path / "a": memoryview(b"A")}
    assert write_all(files) == [2, 3, 1]
    assert contents(tmp_path) == {"new": b"nn", "a": b"A", "b": b"BBB", "link": b"BBB"}
    assert write_all({}) == []


def test_contents_are_asked_for_in_order_and_places_taken_last(tmp_path: Path) -> None:
    before = old_files(tmp_path)
    asked = []

    def pieces(name: str) -> Iterator[bytes]:
        asked.append(name)
        assert {p: c for p, c in contents(tmp_path).items() if not p.startswith(".")} == before
        yield name.encode()

    names = ["new", "b", "a", "another"]
    write_all({tmp_path / name: pieces(name) for name in names})
    assert asked == names


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError("x"), OSError(errno.ENOSPC, "full")])
def test_contents_that_fail_leave_all_as_it_was(tmp_path: Path, failure: BaseException) -> None:
    before = old_files(tmp_path)

    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise copy(failure)  # which gets a file's name

    for last in ("later", "a"):
        with pytest.raises(type(failure)) as caught:
            write_all({tmp_path / "new": b"new", tmp_path / "b": b"new", tmp_path / last: pieces()})
        if isinstance(caught.value, OSError):
            assert caught.value.filename == str(tmp_path / last)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.EIO, "the disk")])
def test_a_place_that_is_refused_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    before = old_files(tmp_path) | {"last": b"old last"}
    (tmp_path / "last").write_bytes(b"old last")
    (tmp_path / "a").chmod(0o604)
    real = temporaries.Temporary.replace_target

    def refuse(self: temporaries.Temporary) -> None:
        if self.target.path.name == "last":
            assert contents(tmp_path)["a"] == b"2" and (tmp_path / "new").exists()
            raise failure
        real(self)

    monkeypatch.setattr(temporaries.Temporary, "replace_target", refuse)
    with pytest.raises(type(failure)) as caught:
        write_all({tmp_path / name: b"2" for name in ("a", "new", "b", "last")})
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(tmp_path / "last")
    assert contents(tmp_path) == before
    assert os.name != "posix" or facts(tmp_path / "a")[2] == 0o604
    assert (tmp_path / "b").samefile(tmp_path / "link")


def test_a_strangers_file_is_not_taken_away_with_the_others(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        (tmp_path / "b").write_bytes(b"somebody else's")
        yield b"new"

    with pytest.raises(FileExistsError):
        write_all({tmp_path / "a": b"new", tmp_path / "b": pieces()}, replace=False)
    assert contents(tmp_path) == {"b": b"somebody else's"}


def test_two_names_of_one_file(tmp_path: Path) -> None:
    before = old_files(tmp_path)
    for one, other in (("b", "link"), ("new", "./new"), ("new", "../" + tmp_path.name + "/new")):
        with pytest.raises(ValueError, match="are the same file"):
            write_all({f"{tmp_path}/{one}": b"1", f"{tmp_path}/{other}": b"2"})
    assert contents(tmp_path) == before


@posix_only
def test_a_pipe_among_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_all({tmp_path / "pipe": b"hello", tmp_path / "a": b"new"}) == [5, 3]
        assert os.read(reader, 100) == b"hello"
    finally:
        os.close(reader)
    assert (tmp_path / "a").read_bytes() == b"new"
