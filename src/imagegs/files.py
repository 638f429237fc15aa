"""Writing files so that a failed run leaves no half file and never harms an existing one."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import IO, BinaryIO

from imagegs.errors import LimitError

PathLike = str | os.PathLike[str]

_DESCRIPTOR_FOLDERS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")
_MAX_LINKS = 40  # as Linux has it
_READ_BYTES = 2**20  # at a time


def write_atomically(
    path: PathLike, data: bytes | bytearray | memoryview | Iterable[bytes | memoryview]
) -> int:
    """Write `data` (bytes, or pieces of them in order) to `path`, all of it or nothing: how many bytes.

    The bytes go to a temporary neighbour which then takes the target's place in one step; whatever
    interrupts that (a full disk, Ctrl-C, an error in the iterable) removes the temporary and leaves an
    existing target as it was. A symbolic link is followed. The permissions are those of an existing
    target, else what open() would give. A device or pipe (/dev/null, a FIFO) is written directly, and so is
    an open descriptor (/dev/stdout, /dev/fd/3, /proc/self/fd/3, or a link to one), whatever lies behind it:
    at its own place in a file that the shell opened for `>` or `>>`.

    Raises OSError: the folder is missing or read-only, the target is a directory or write-protected,
    the disk is full, the descriptor is closed or for reading only.
    """
    pieces = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    if (descriptor := descriptor_of(path)) is not None:
        with _naming(path), os.fdopen(_writable_copy(descriptor), "wb") as file:
            return _write(file, pieces)
    target, mode = _resolve(path)
    if mode is not None and not stat.S_ISREG(mode):
        with _naming(path), Path(path).open("wb") as file:
            return _write(file, pieces)
    temporary = _temporary_for(target)
    try:
        with _create(temporary, target) as file:
            n_bytes = _write(file, pieces)
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise
    return n_bytes


def check_writable(path: PathLike) -> None:
    """Raise the OSError that `write_atomically` would, before hours of work; change nothing.

    A temporary file is really made in the folder and removed again: permission bits alone tell nothing
    to root, nor on a read-only or network file system.
    """
    if (descriptor := descriptor_of(path)) is not None:
        with _naming(path):
            os.close(_writable_copy(descriptor))
        return
    target, mode = _resolve(path)
    if mode is None or stat.S_ISREG(mode):
        temporary = _temporary_for(target)
        try:
            _create(temporary, target).close()
        finally:
            temporary.unlink(missing_ok=True)


def descriptor_of(path: PathLike) -> int | None:
    """The number of the descriptor of this process that `path` names, itself or through links; else None.

    /dev/stdout, /dev/fd/N and /proc/self/fd/N: their last link is followed by the system in its own way,
    to an open file rather than to a name, so following it by name would lead to another file or to none.
    """
    if os.name != "posix":
        return None
    # Links themselves on Linux: /dev/fd -> /proc/self/fd -> /proc/4711/fd.
    folders = {os.path.realpath(folder) for folder in _DESCRIPTOR_FOLDERS}
    place = Path(path)
    for _ in range(_MAX_LINKS):
        folder = Path(os.path.realpath(place.parent))
        if str(folder) in folders:
            return int(place.name) if re.fullmatch("[0-9]{1,9}", place.name) else None
        place = folder / place.name
        if not place.is_symlink():
            return None
        place = folder / place.readlink()
    return None


def _writable_copy(descriptor: int) -> int:
    """A duplicate, to be closed, that shares the place in the file. Raises OSError: closed, or read-only."""
    import fcntl  # not on every system, nor are the paths that lead here

    mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    if mode == os.O_RDONLY:
        raise OSError(errno.EBADF, "the descriptor is open for reading only")
    return os.dup(descriptor)


@contextmanager
def _naming(path: PathLike) -> Iterator[None]:
    """Errors within that name no file, or name a descriptor by its number, are about this path."""
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, (str, bytes)):
            error.filename = str(path)
        raise


def _write(file: BinaryIO, pieces: Iterable[bytes | bytearray | memoryview]) -> int:
    n_bytes = 0
    for piece in pieces:
        file.write(piece)
        n_bytes += memoryview(piece).nbytes
    file.flush()
    return n_bytes


def _resolve(path: PathLike) -> tuple[Path, int | None]:
    """The file that `path` stands for, and its st_mode if it exists."""
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        # Also a symbolic link to a file that does not exist yet.
        return Path(os.path.realpath(target)), None
    except NotADirectoryError:
        raise NotADirectoryError(
            errno.ENOTDIR, "a part of the path is a file, not a folder", str(path)
        ) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(path))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected", str(path))
    return (Path(os.path.realpath(target)) if stat.S_ISREG(mode) else target), mode


def _temporary_for(target: Path) -> Path:
    # A short name of its own: the target's may already be as long as the file system allows.
    return target.with_name(f".imagegs-{os.urandom(6).hex()}.part")


def _create(temporary: Path, target: Path) -> BufferedWriter:
    """Create and open the temporary; errors speak of the target, which is what the user knows."""
    folder = target.parent
    try:
        return temporary.open("xb")
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            errno.ENOENT, f"the folder {str(folder)!r} does not exist", str(target)
        ) from None
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise PermissionError(
            error.errno, f"the folder {str(folder)!r} is not writable", str(target)
        ) from None


def read_to_limit(file: IO[bytes], max_bytes: int, start: bytes = b"") -> bytes:
    """The rest of a file behind `start`, which has been read already, and that before it.

    Raises LimitError where they have more than max_bytes in all: pipes and devices may have no end.
    """
    pieces, left = [start], max_bytes - len(start)
    while left >= 0 and (piece := file.read(min(left + 1, _READ_BYTES))):
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        raise LimitError(f"the file is over the limit of {max_bytes} bytes")
    return b"".join(pieces)
