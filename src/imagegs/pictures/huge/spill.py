"""Rows of samples in a temporary file, for pictures of which parts cannot be decoded by themselves."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Spill:
    """A file of rows (n_rows, row_bytes) of bytes. It goes when the object that wrote it does.

    It lies in the folder for temporary files, which the variable TMPDIR names. Pickled, it is only a name:
    the file is there as long as the object that wrote it.
    """

    def __init__(self, n_rows: int, row_bytes: int, pieces: Iterable[NDArray[np.uint8]]) -> None:
        """pieces: arrays (n, row_bytes) of the rows, in order.

        Raises OSError where the disk has no room for all, before any is asked for, and ValueError for another
        number of rows.
        """
        folder, n_bytes = Path(tempfile.gettempdir()), n_rows * row_bytes
        _check_room(folder, n_bytes)
        self._shape = n_rows, row_bytes
        handle, self._name = tempfile.mkstemp(prefix="imagegs-", suffix=".rows", dir=folder)
        self._finalizer = weakref.finalize(self, _remove, self._name, os.getpid())
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(np.ascontiguousarray(piece).data)
            if file.tell() != n_bytes:
                raise ValueError(f"{file.tell()} bytes of rows are no {n_rows} x {row_bytes}")

    def __getstate__(self) -> dict[str, object]:
        return {"_shape": self._shape, "_name": self._name}

    def rows(self) -> NDArray[np.uint8]:
        """(n_rows, row_bytes), mapped into memory. Raises OSError where the file is not there (any more)."""
        try:
            return np.memmap(self._name, np.uint8, "r", shape=self._shape)
        except ValueError as error:  # it is shorter
            raise FileNotFoundError(errno.ENOENT, str(error), self._name) from error


def _check_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise OSError(
            errno.ENOSPC,
            f"{n_bytes >> 20} MB are needed for the decoded picture and {free >> 20} MB are free: name "
            "another folder with TMPDIR",
            str(folder),
        )


def _remove(name: str, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child
        with suppress(OSError):
            Path(name).unlink()
