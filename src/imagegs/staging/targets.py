"""The file that a path stands for when it is written."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Target:
    """A file to be written."""

    name: str  # the path as the caller wrote it, for errors
    path: Path  # the path without links, if the file is a regular one
    status: os.stat_result | None  # None: the file does not exist yet

    @property
    def is_regular(self) -> bool:
        """Whether the target is, or will be, a regular file; else it is a device or a pipe."""
        return self.status is None or stat.S_ISREG(self.status.st_mode)


def target_of(path: PathLike) -> Target:
    """The file that `path` stands for. Raises OSError where none can be, or it is write-protected."""
    target = Path(path)
    try:
        status = target.stat()
    except FileNotFoundError:
        # The path may also be a symbolic link to a file that does not exist yet.
        return Target(str(path), Path(os.path.realpath(target)), None)
    except NotADirectoryError:
        raise NotADirectoryError(
            errno.ENOTDIR, "a part of the path is a file, not a folder", str(path)
        ) from None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(path))
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "the file is write-protected", str(path))
    is_regular = stat.S_ISREG(status.st_mode)
    return Target(str(path), Path(os.path.realpath(target)) if is_regular else target, status)
