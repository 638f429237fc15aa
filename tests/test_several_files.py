"""Several files are written all or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from copy import copy
from pathlib import Path

import pytest

from imagegs.files import write_all
from imagegs.staging import temporaries
from written_files import contents, facts, kind_of_temporaries, posix_only  # noqa: F401 (a fixture)


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
