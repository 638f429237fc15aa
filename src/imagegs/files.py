"""Writing files so that a failed run leaves no half file and never harms an existing one."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from io import BufferedWriter
from pathlib import Path

PathLike = str | os.PathLike[str]


def write_atomically(path: PathLike, data: bytes | bytearray | memoryview | Iterable[bytes]) -> None:
    """Write `data` (bytes, or pieces of them in order) to `path`: all of it or nothing.

    The bytes go to a temporary neighbour which then takes the target's place in one step; whatever
    interrupts that (a full disk, Ctrl-C, an error in the iterable) removes the temporary and leaves an
    existing target as it was. A symbolic link is followed. The permissions are those of an existing
    target, else what open() would give. A device or pipe (/dev/null, /dev/stdout) is written directly.

    Raises OSError: the folder is missing or read-only, the target is a directory or write-protected,
    the disk is full.
    """
    pieces = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    target, mode = _resolve(path)
    if mode is not None and not stat.S_ISREG(mode):
        with Path(path).open("wb") as file:
            file.writelines(pieces)
        return
    temporary = _temporary_for(target)
    try:
        with _create(temporary, target) as file:
            file.writelines(pieces)
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def check_writable(path: PathLike) -> None:
    """Raise the OSError that `write_atomically` would, before hours of work; change nothing.

    A temporary file is really made in the folder and removed again: permission bits alone tell nothing
    to root, nor on a read-only or network file system.
    """
    target, mode = _resolve(path)
    if mode is None or stat.S_ISREG(mode):
        temporary = _temporary_for(target)
        try:
            _create(temporary, target).close()
        finally:
            temporary.unlink(missing_ok=True)


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
