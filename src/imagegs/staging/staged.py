"""Writing a file in two steps: first all bytes go to a temporary file, then this takes the target's place.

There are three ways into the place. If the target is new, the temporary gets its name. If the target exists,
the temporary is renamed over it. If a rename is impossible (a mount point, the folder of another user) or
would lose something of the target (other hard links, an owner that cannot be set), the target's contents are
overwritten: see `overwrite`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from imagegs.staging.overwriting import BLOCK, copy, overwrite, spool, sync
from imagegs.staging.targets import Target
from imagegs.staging.temporaries import Temporary

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_RENAME = (
    *_UNWRITABLE,
    errno.EBUSY,
    errno.EXDEV,
)  # errors of a rename that do not rule out writing the file


class Staged:
    """The new bytes of one target: `write` them, `put` them in its place, and always `discard` at the end."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.in_place = target.status is not None and target.status.st_nlink > 1
        self._temporary = Temporary(target)
        self._spool: IO[bytes] | None = None  # used where no temporary can be made in the folder
        self._old: IO[bytes] | None = None
        self._is_overwritten = False

    def write(self, pieces: Iterable[bytes | bytearray | memoryview]) -> int:
        """Writes all bytes, brings them to the disk, and returns their number. Raises OSError."""
        with self._naming():
            self._open()
        n_bytes = 0
        for piece in pieces:
            with self._naming():
                self._file().write(piece)
            n_bytes += memoryview(piece).nbytes
        if self._spool is None:
            with self._naming():
                sync(self._file())
        return n_bytes

    def put(self, *, replace: bool, keep: bool = False) -> None:
        """Puts the bytes in the target's place. After an OSError the target is as it was.

        replace: whether to replace a file that has come since the target was looked up; otherwise such a file
        is a FileExistsError. keep: keep the old contents for `undo`.
        """
        with self._naming():
            if not self.in_place:
                if keep:
                    self._old = _held(self.target)
                if self._takes_place(replace):
                    return
            self._old = overwrite(self.target.path, self._file())
            self._is_overwritten = True

    def undo(self) -> None:
        """Brings back what was there before `put(keep=True)`, if that changed anything. Raises OSError."""
        old = self._old
        if not (self._is_overwritten or self._temporary.is_target()):
            return
        if self.target.status is None:
            self.target.path.unlink()
        elif old is not None:
            again = Staged(self.target)
            try:
                old.seek(0)
                again.write(iter(lambda: old.read(BLOCK), b""))
                again.put(replace=True)
            finally:
                again.discard()

    def discard(self) -> None:
        """Closes all files, and removes the temporary."""
        for file in (self._spool, self._old):
            if file is not None:
                file.close()
        self._temporary.discard()

    def _file(self) -> IO[bytes]:
        return self._spool or self._temporary.file()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Makes errors within this context name the target, the only file that the user knows."""
        try:
            yield
        except OSError as error:
            error.filename = self.target.name
            del error.filename2  # the name of the temporary, in an error of a rename
            raise

    def _open(self) -> None:
        try:
            self._temporary.open()
            self.in_place |= not self._temporary.is_like_target
        except OSError as error:
            if self.target.status is None or error.errno not in _UNWRITABLE:
                raise _explained(error, self.target) from None
            self._spool, self.in_place = spool(), True
        if self.in_place:  # raises now rather than after hours of work
            os.close(os.open(self.target.path, os.O_WRONLY))

    def _takes_place(self, replace: bool) -> bool:
        """Takes the target's place by a new name or a rename; False where the target does not allow it."""
        if self.target.status is None:
            self._create(replace)
            return True
        try:
            self._temporary.replace_target()
        except OSError as error:
            if error.errno not in _NO_RENAME:
                raise
            return False
        return True

    def _create(self, replace: bool) -> None:
        try:
            self._temporary.create_target()
        except FileExistsError:  # a file has come in the meantime
            if not replace:
                raise FileExistsError(errno.EEXIST, "the file exists") from None
            self._temporary.replace_target()


def _held(target: Target) -> IO[bytes] | None:
    """The target's present contents, which stay readable after a replacement; None if they are unreadable."""
    try:
        file = target.path.open("rb")
    except OSError:
        return None
    if os.name == "posix":
        return file
    with file:  # on other systems an open file cannot be replaced
        held = spool()
        copy(file, held)
        return held


def _explained(error: OSError, target: Target) -> OSError:
    """An error that names the target's folder, if the folder is the cause; else the error itself."""
    folder = str(target.path.parent)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return FileNotFoundError(errno.ENOENT, f"the folder {folder!r} does not exist")
    if error.errno in _UNWRITABLE:
        return PermissionError(error.errno, f"the folder {folder!r} is not writable")
    return error
