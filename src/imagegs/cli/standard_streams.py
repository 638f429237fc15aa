"""Standard input and output in place of files: the name `-` on the command line."""

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

STANDARD = Path("-")  # standard input or output, depending on where it is used
INPUT, OUTPUT = 0, 1  # file descriptors

Data = bytes | bytearray | memoryview | Iterable[bytes | memoryview]


def file_path(text: str) -> Path:
    """Converts a name to a path: "-" to STANDARD, and "./-" to the whole path of the file of that name."""
    return STANDARD if text == "-" else file_named(Path(text))


def stored_path(text: str) -> Path:
    """Converts a name to a path where a pipe cannot be used: "-" is then a file of that name."""
    return file_named(Path(text))


def file_named(path: Path) -> Path:
    """The path of the same file, written so that it is not STANDARD."""
    return path.absolute() if path == STANDARD else path


def is_folder(path: Path) -> bool:
    """Whether a path from `file_path` is a folder. STANDARD is none, even if a folder has the name "-"."""
    return path != STANDARD and path.is_dir()


def is_standard_output(path: Path) -> bool:
    """Whether a path is -, or /dev/stdout, or the file or pipe that standard output is connected to."""
    if path == STANDARD or descriptor_of(path) == OUTPUT:
        return True
    try:
        there, here = path.stat(), os.fstat(OUTPUT)
    except OSError:  # the file does not exist, or standard output is closed
        return False
    return os.path.samestat(there, here) and not os.path.samestat(there, Path(os.devnull).stat())


def open_input(path: Path) -> io.BufferedReader:
    """Opens the file, or standard input, for reading from its start.

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
    """Writes bytes, or pieces of them in order, and returns their number.

    Raises ClosedOutputError where nobody reads, and OSError.
    """
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
