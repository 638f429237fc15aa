"""Open descriptors by the names that they have in a file system: /dev/stdout, /dev/fd/3."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

_FOLDERS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")
_MAX_LINKS = 40  # as Linux has it


def descriptor_of(path: str | os.PathLike[str]) -> int | None:
    """The number of the descriptor of this process that `path` names, itself or through links; else None.

    /dev/stdout, /dev/fd/N and /proc/self/fd/N: their last link is followed by the system in its own way,
    to an open file rather than to a name, so following it by name would lead to another file or to none.
    """
    if os.name != "posix":
        return None
    # Links themselves on Linux: /dev/fd -> /proc/self/fd -> /proc/4711/fd.
    folders = {os.path.realpath(folder) for folder in _FOLDERS}
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


def writable_copy(descriptor: int) -> int:
    """A duplicate, to be closed, that shares the place in the file. Raises OSError: closed, or read-only."""
    import fcntl  # not on every system, nor are the paths that lead here

    mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    if mode == os.O_RDONLY:
        raise OSError(errno.EBADF, "the descriptor is open for reading only")
    return os.dup(descriptor)
