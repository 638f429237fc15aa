"""Temporary files beside the file that they will replace, without a name where the system can do that."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from imagegs._native import link_over
from imagegs.staging.attributes import give_attributes
from imagegs.staging.overwriting import copy, sync
from imagegs.staging.targets import Target

_ANYBODYS = 0o666  # as open() has it: the umask and the folder's access list restrict it further
_OWNERS = 0o600
_BINARY: int = getattr(os, "O_BINARY", 0)


class Temporary:
    """A file in the folder of its target, with the attributes of the target if that exists.

    On Linux the file has no name (O_TMPFILE), so it vanishes with the process, even after kill -9. On other
    systems, and on file systems that cannot do that, it has a name from the start. Always `discard` it.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        # A short name, because the target's may already be as long as the file system allows. It is set here,
        # so that `discard` knows it before the file exists.
        self._path = target.path.with_name(f".imagegs-{os.urandom(6).hex()}.part")
        self._file: BinaryIO | None = None
        self._identity: os.stat_result | None = None
        self._nameless = False
        self.is_like_target = True  # False: the system refused to set the target's owner, mode, ...

    def open(self) -> None:
        """Makes the file. Raises OSError, which then concerns the folder."""
        file = self._open_nameless()
        self._nameless = file is not None
        self._adopt(file or self._open_named())

    def file(self) -> BinaryIO:
        """The open file, readable, and writable until it takes the target's place."""
        assert self._file is not None, "not made yet"
        if self._file.closed:
            self._file = self._path.open("rb")
        return self._file

    def create_target(self) -> None:
        """Takes the name of a target that does not exist. Raises FileExistsError if it does; OSError."""
        try:
            self._link(self.target.path)
        except FileExistsError:
            raise
        except OSError:  # the file system has no hard links
            self._claim_target()
            try:
                self.replace_target()
            except BaseException:
                self.target.path.unlink()
                raise

    def replace_target(self) -> None:
        """Takes the name of the target and replaces it. Raises OSError where the system refuses that."""
        if self._nameless:
            if self._is_linked_over():
                return
            self._become_named()
        self.file().close()  # Windows cannot rename an open file
        self._path.replace(self.target.path)

    def is_target(self) -> bool:
        """Whether the target's name now belongs to this file."""
        try:
            return self._identity is not None and os.path.samestat(self._identity, self.target.path.stat())
        except OSError:
            return False

    def discard(self) -> None:
        """Closes the file, and removes its own name."""
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _adopt(self, file: BinaryIO) -> None:
        self._file, self._identity = file, os.fstat(file.fileno())
        path, status = self.target.path, self.target.status
        self.is_like_target = status is None or give_attributes(file.fileno(), path, status)

    @property
    def _mode(self) -> int:
        """The file's first mode. Until it gets the mode of an existing target, only its owner may read it."""
        return _ANYBODYS if self.target.status is None else _OWNERS

    def _open_nameless(self) -> BinaryIO | None:
        if not hasattr(os, "O_TMPFILE"):
            return None
        try:
            descriptor = os.open(self.target.path.parent, os.O_TMPFILE | os.O_RDWR, self._mode)
        except OSError:  # an error of the folder will come again with a named file
            return None
        file = os.fdopen(descriptor, "w+b")
        if not _way_to(file).exists():  # without /proc the file could never get a name
            file.close()
            return None
        return file

    def _open_named(self) -> BinaryIO:
        descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, self._mode)
        return os.fdopen(descriptor, "w+b")

    def _link(self, path: Path) -> None:
        """Gives the file one more name."""
        if self._nameless:
            file = self.file()
            # Python follows the link only with a src_dir_fd, although an absolute path does not need one.
            os.link(_way_to(file), path, src_dir_fd=file.fileno(), follow_symlinks=True)
        else:
            path.hardlink_to(self._path)

    def _is_linked_over(self) -> bool:
        """Replaces the target by the file without a name. Returns False where the system refuses links."""
        names = _way_to(self.file()), self._path, self.target.path
        link_error, rename_error = link_over(*map(os.fsencode, names))
        if rename_error:
            raise OSError(rename_error, os.strerror(rename_error))
        return not link_error

    def _become_named(self) -> None:
        """Copies the file without a name to one with a name."""
        nameless = self.file()
        self._adopt(self._open_named())
        self._nameless = False
        copy(nameless, self.file())
        sync(self.file())
        nameless.close()
        if not self.is_like_target:
            raise PermissionError(errno.EPERM, "the file would be another's")

    def _claim_target(self) -> None:
        """Makes an empty file with the target's name. Raises FileExistsError."""
        os.close(os.open(self.target.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNERS))


def _way_to(file: BinaryIO) -> Path:
    """The link in /proc that leads to an open file."""
    return Path(f"/proc/self/fd/{file.fileno()}")
