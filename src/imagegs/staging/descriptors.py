"""Open file descriptors and their names in the file system, such as /dev/stdout and /dev/fd/3."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

_FOLDERS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")
_MAX_LINKS = 40  # the limit of Linux


def descriptor_of(path: str | os.PathLike[str]) -> int | None:
    """The number of the descriptor of this process that `path` names, directly or through links; else None.

    Such paths are /dev/stdout, /dev/fd/N and /proc/self/fd/N. The system follows their last link to an open
    file and not to a name, so to follow it by name would lead to another file or to none.
    """
    if os.name != "posix":
        return None
    # On Linux these folders are links: /dev/fd -> /proc/self/fd -> /proc/4711/fd.
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
    """A duplicate of a descriptor, which shares its position in the file; the caller closes it.

    Raises OSError where the descriptor is closed or read-only.
    """
    import fcntl  # some systems lack it; they also lack the paths that lead here

    mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    if mode == os.O_RDONLY:
        raise OSError(errno.EBADF, "the descriptor is open for reading only")
    return os.dup(descriptor)
