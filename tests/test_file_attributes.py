"""Owner, mode, links and attributes stay a file's own when it is written."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagegs.files import check_writable, write_atomically
from written_files import contents, facts, kind_of_temporaries, posix_only, root_only  # noqa: F401 (a fixture)

NOBODY = 65534


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
