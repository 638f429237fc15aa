"""Overwriting the contents of a file that has to keep its identity."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import IO

BLOCK = 1 << 20  # bytes copied at a time
_IN_MEMORY = 64 << 20  # bytes kept in memory; more of them go to a file in the system's temporary folder
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BINARY: int = getattr(os, "O_BINARY", 0)


def overwrite(path: Path, source: IO[bytes]) -> IO[bytes] | None:
    """Replaces the contents of a file by all that `source` holds, and returns the old contents.

    The file keeps its owner, mode and links. Where the system can, space on the disk is reserved first. After
    any error, an exception of a signal included, the old contents are written back before it is raised. If
    the process is killed or power is lost meanwhile, the file holds a part of the new contents before the
    rest of the old ones. Old contents that may not be read cannot be brought back: the result is None.

    Raises OSError.
    """
    with _opened(path) as file:
        old = _contents(file) if file.readable() else None
        try:
            _reserve(file, source.seek(0, os.SEEK_END))
            _replace_contents(file, source)
        except BaseException:
            if old is not None:
                _replace_contents(file, old)
                old.close()
            raise
    return old


def spool() -> IO[bytes]:
    """An empty file without a name, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(_IN_MEMORY)


def copy(source: IO[bytes], target: IO[bytes]) -> None:
    """Appends all that `source` holds, from its start, to a buffered or a raw file. Raises OSError."""
    source.seek(0)
    while block := memoryview(source.read(BLOCK)):
        while block:
            block = block[target.write(block) :]


def sync(file: IO[bytes]) -> None:
    """Brings written bytes to the disk. Raises OSError."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # else there is no disk
            raise


def sync_folder(folder: Path) -> None:
    """Brings the names in a folder to the disk, where the system can."""
    with suppress(OSError):  # Windows cannot open folders, and a folder may be unreadable
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _opened(path: Path) -> FileIO:
    """Opens a file for writing, and for reading where that is allowed."""
    try:
        return FileIO(os.open(path, os.O_RDWR | _BINARY), "r+")
    except PermissionError:
        return FileIO(os.open(path, os.O_WRONLY | _BINARY), "w")


def _contents(file: IO[bytes]) -> IO[bytes]:
    held = spool()
    copy(file, held)
    return held


def _reserve(file: FileIO, size: int) -> None:
    """Reserves space, so that a full disk is an error while the old contents are untouched."""
    if size == 0 or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno in _FULL:  # other errors mean that the file system cannot reserve space
            raise


def _replace_contents(file: FileIO, source: IO[bytes]) -> None:
    file.seek(0)
    copy(source, file)
    file.truncate()
    sync(file)
