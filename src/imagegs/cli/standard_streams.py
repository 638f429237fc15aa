"""Standard input and output where a file is named: `-` on the command line."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.reports import ClosedOutputError
from imagegs.files import descriptor_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD = Path("-")  # the input or the output, as the place says
INPUT, OUTPUT = 0, 1  # descriptors

Data = bytes | bytearray | memoryview | Iterable[bytes | memoryview]


def file_path(text: str) -> Path:
    """A converter of a file's name: "-" is STANDARD, and ./- the file of that name, by its whole path."""
    return STANDARD if text == "-" else file_named(Path(text))


def stored_path(text: str) -> Path:
    """A converter of the name of a file that a pipe cannot stand for: - is a file of that name."""
    return file_named(Path(text))


def file_named(path: Path) -> Path:
    """The same file by a path that is not STANDARD."""
    return path.absolute() if path == STANDARD else path


def is_folder(path: Path) -> bool:
    """Whether a path of `file_path` is a folder; standard input is none, whatever is called "-"."""
    return path != STANDARD and path.is_dir()


def is_standard_output(path: Path) -> bool:
    """By whatever name: -, /dev/stdout, another descriptor, the file or pipe that the shell connected."""
    if path == STANDARD or descriptor_of(path) == OUTPUT:
        return True
    try:
        there, here = path.stat(), os.fstat(OUTPUT)
    except OSError:  # not there yet, or closed
        return False
    return os.path.samestat(there, here) and not os.path.samestat(there, Path(os.devnull).stat())


def open_input(path: Path) -> io.BufferedReader:
    """The file, or standard input, opened for reading, at its start.

    Standard input is seekable only where it is a file, and its start that of the file.

    Raises OSError; ValueError where standard input is a terminal.
    """
    if path != STANDARD:
        return path.open("rb")
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    if os.isatty(INPUT):
        raise ValueError("standard input is a terminal: let a file or a pipe come in, as in - < FILE")
    file = os.fdopen(os.dup(INPUT), "rb")
    if not file.seekable() or file.tell() == 0:
        return file
    return io.BufferedReader(_Rest(file))


class _Rest(io.RawIOBase):
    """What is left of a file of which another program has read the first part.

    It cannot be sought, as a pipe cannot: nobody comes to the first part, and whoever holds the rest in
    memory does so up to the limit that pipes have.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def check_standard_output(is_text: bool) -> None:
    """Raises OSError where standard output is closed, ValueError where bytes would go to a terminal."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    if not is_text and os.isatty(OUTPUT):
        raise ValueError(
            "standard output is a terminal, which shows no binary data: write to a file or a pipe"
        )


def write_standard_output(data: Data) -> int:
    """Writes bytes, or pieces of them in order: how many. ClosedOutputError where nobody reads; OSError."""
    pieces = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    n_bytes = 0
    try:
        with os.fdopen(os.dup(OUTPUT), "wb") as file:
            for piece in pieces:
                file.write(piece)
                n_bytes += memoryview(piece).nbytes
    except BrokenPipeError:
        raise ClosedOutputError from None
    return n_bytes
