"""Failures become an exit code and one line on standard error.

| code | meaning | raised as |
| --- | --- | --- |
| 0 | done | |
| 1 | the operation failed | ImageGSError, MemoryError and its errno ENOMEM, anything unforeseen |
| 2 | wrong usage | ValueError, TypeError |
| 3 | the input file is invalid or not supported | FormatError, LimitError |
| 4 | a file cannot be read or written | OSError |
| 130 | interrupted (Ctrl-C) | KeyboardInterrupt |
| 129, 143 | ended by SIGHUP, by SIGTERM | Ended |
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imagegs.cli.signals import Ended
from imagegs.errors import FormatError, ImageGSError, LimitError

DONE, FAILED, WRONG_USAGE, INVALID_INPUT, NO_ACCESS, INTERRUPTED = 0, 1, 2, 3, 4, 130

# The first class that matches counts.
_CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((KeyboardInterrupt,), INTERRUPTED),
    ((FormatError,), INVALID_INPUT),
    ((ImageGSError, MemoryError), FAILED),
    ((OSError,), NO_ACCESS),
    ((ValueError, TypeError), WRONG_USAGE),
)


class FileError(Exception):
    """A failure that concerns one file; `cause` is the error itself."""

    def __init__(self, path: Path, cause: Exception) -> None:
        super().__init__(path, cause)
        self.path, self.cause = path, cause


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Makes errors within this context FileErrors, so that the line on standard error names the file."""
    try:
        yield
    except (ImageGSError, OSError, ValueError, TypeError, MemoryError) as error:
        raise FileError(path, error) from error


def exit_code(error: BaseException) -> int:
    """The exit code for an exception."""
    if isinstance(error, Ended):
        return 128 + error.number  # the convention of shells
    error = _cause(error)
    return next((code for classes, code in _CODES if isinstance(error, classes)), FAILED)


def error_line(error: BaseException) -> str:
    """The line for standard error, without a line end."""
    path = None
    if isinstance(error, FileError):
        path = str(error.path)
    elif isinstance(error, OSError) and error.filename is not None:
        path = str(error.filename)
    error = _cause(error)
    parts = ["imagegs: error", *([path] if path else []), _message(error)]
    return printable(": ".join(parts))


def _cause(error: BaseException) -> BaseException:
    """The error itself, without the FileErrors around it."""
    error = error.cause if isinstance(error, FileError) else error
    out_of_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return MemoryError() if out_of_memory else error


def _message(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, MemoryError) and not isinstance(
        error, ImageGSError
    ):  # its own text says nothing ("std::bad_alloc") or is missing
        return "not enough memory"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if exit_code(error) == FAILED and not isinstance(error, ImageGSError):
        return f"unexpected {type(error).__name__}: {text}"
    hint = " (see --size-limit)" if isinstance(error, LimitError) else ""
    return _lower_start(" ".join(text.split()) or type(error).__name__) + hint


def _lower_start(text: str) -> str:
    """ "No such file" -> "no such file", but "I/O error" and "PyTorch" stay."""
    first_word = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first_word[1:].islower() else text


def printable(text: str) -> str:
    """The text as one line without control characters: names and contents of files may hold any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
