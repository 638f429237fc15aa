"""Writing files so that a failed run leaves no half file and never harms an existing one."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from imagegs.errors import LimitError
from imagegs.staging.descriptors import descriptor_of, writable_copy
from imagegs.staging.overwriting import sync_folder
from imagegs.staging.staged import Staged
from imagegs.staging.targets import PathLike, Target, target_of

_READ_BYTES = 2**20  # at a time

__all__ = [
    "PathLike",
    "check_writable",
    "descriptor_of",
    "over_limit",
    "read_to_limit",
    "write_all",
    "write_atomically",
]

Bytes = bytes | bytearray | memoryview
Contents = Bytes | Iterable[Bytes]
Name = TypeVar("Name", bound=PathLike)


def write_atomically(path: PathLike, data: Contents, *, replace: bool = True) -> int:
    """Write `data` (bytes, or pieces of them in order) to `path`, all of it or nothing: how many bytes.

    The bytes go to the disk beside the target, then take its place in one step; whatever interrupts that (a
    full disk, Ctrl-C, an error in the iterable, kill -9) leaves an existing target as it was, and no
    temporary; one may stay after kill -9, or a loss of power, where the file system makes no files without
    names. A symbolic link is followed. A new file has the permissions that open() would give; an existing
    one keeps its owner, group, mode, hard links, on Linux also its access list and extended attributes.

    A target that cannot be replaced like that (a mount point, a file in a folder of others) or that would
    lose an owner or a hard link is written in place, after all bytes are there. An error or Ctrl-C then
    has the old contents written back; a process that is killed meanwhile leaves a mixture.

    A device or pipe (/dev/null, a FIFO) is written directly, and so is an open descriptor (/dev/stdout,
    /dev/fd/3, /proc/self/fd/3, or a link to one), whatever lies behind it: at its own place in a file
    that the shell opened for `>` or `>>`.

    replace: False leaves a file alone that is there, or has come at the last moment.

    Raises FileExistsError if not `replace`; OSError: the folder is missing or read-only, the target is a
    folder or write-protected, the disk is full, the descriptor is closed or for reading only.
    """
    return write_all({path: data}, replace=replace)[0]


def write_all(files: Mapping[Name, Contents], *, replace: bool = True) -> list[int]:
    """Write several files as `write_atomically` writes one, all or none: how many bytes each has, in order.

    The contents are asked for in order, one file's after the other's; when those of all are on the disk the
    files take their places. Should the system refuse one of them its place, the others get their old
    contents back, or vanish if they are new. kill -9 at that moment leaves some of them old, some new, each
    whole.

    Raises ValueError where two names are of the same file; errors as `write_atomically`.
    """
    targets = {path: _regular_target(path) for path in files}
    _check_apart([target for target in targets.values() if target is not None])
    staged = {path: Staged(target) for path, target in targets.items() if target is not None}
    for each in staged.values():
        if not replace and each.target.status is not None:
            raise FileExistsError(errno.EEXIST, "the file exists", each.target.name)
    n_bytes = {}
    try:
        for path, each in staged.items():
            with _naming(path):
                n_bytes[path] = each.write(_pieces(files[path]))
        for path in files.keys() - staged.keys():
            n_bytes[path] = _write_directly(path, _pieces(files[path]))
        _put_all(list(staged.values()), replace)
    finally:
        _discard_all(staged.values())
    return [n_bytes[path] for path in files]


def check_writable(path: PathLike) -> None:
    """Raise the OSError that `write_atomically` would, before hours of work; change nothing.

    A temporary file is really made in the folder and removed again: permission bits alone tell nothing
    to root, nor on a read-only or network file system. A file in a folder that takes none is opened.
    """
    if (descriptor := descriptor_of(path)) is not None:
        with _naming(path):
            os.close(writable_copy(descriptor))
        return
    if (target := _regular_target(path)) is not None:
        staged = Staged(target)
        try:
            staged.write(())
        finally:
            _discard_all([staged])


def _regular_target(path: PathLike) -> Target | None:
    """The target that a path stands for; None for a descriptor, a device or a pipe."""
    if descriptor_of(path) is not None:
        return None
    target = target_of(path)
    return target if target.is_regular else None


def _check_apart(targets: Sequence[Target]) -> None:
    names: dict[object, str] = {}
    for target in targets:
        status = target.status
        key = target.path if status is None else (status.st_dev, status.st_ino)
        if key in names:
            raise ValueError(f"{names[key]} and {target.name} are the same file")
        names[key] = target.name


def _put_all(staged: Sequence[Staged], replace: bool) -> None:
    """Puts all files into their places. Those that are written in place come first: the disk may be full."""
    begun: list[Staged] = []
    try:
        for each in sorted(staged, key=lambda each: not each.in_place):
            begun.append(each)
            each.put(replace=replace, keep=len(staged) > 1)
    except BaseException:
        for each in begun:
            with suppress(OSError):  # the first error is the one to be told
                each.undo()
        raise
    finally:
        for folder in {each.target.path.parent for each in staged}:
            sync_folder(folder)


def _discard_all(staged: Collection[Staged]) -> None:
    """A second Ctrl-C meanwhile keeps nothing from going."""
    try:
        for each in staged:
            each.discard()
    except BaseException:
        for each in staged:
            each.discard()
        raise


def _pieces(data: Contents) -> Iterable[Bytes]:
    return [data] if isinstance(data, (bytes, bytearray, memoryview)) else data


def _write_directly(path: PathLike, pieces: Iterable[Bytes]) -> int:
    """Writes to a descriptor, a device or a pipe."""
    n_bytes = 0
    with _naming(path), _opened_directly(path) as file:
        for piece in pieces:
            file.write(piece)
            n_bytes += memoryview(piece).nbytes
    return n_bytes


def _opened_directly(path: PathLike) -> BinaryIO:
    descriptor = descriptor_of(path)
    return Path(path).open("wb") if descriptor is None else os.fdopen(writable_copy(descriptor), "wb")


@contextmanager
def _naming(path: PathLike) -> Iterator[None]:
    """Errors within that name no file, or name a descriptor by its number, are about this path."""
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, (str, bytes)):
            error.filename = str(path)
        raise


def read_to_limit(file: IO[bytes], max_bytes: int, start: bytes = b"") -> bytes:
    """The rest of a file behind `start`, which has been read already, and that before it.

    Raises LimitError where they have more than max_bytes in all: pipes and devices may have no end.
    """
    pieces, left = [start], max_bytes - len(start)
    while left >= 0 and (piece := file.read(min(left + 1, _READ_BYTES))):
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        raise over_limit(max_bytes)
    return b"".join(pieces)


def over_limit(max_bytes: int) -> LimitError:
    """The error for a file of more than max_bytes."""
    return LimitError(f"the file is over the limit of {max_bytes} bytes")
