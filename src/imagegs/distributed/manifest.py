"""The manifest of a batch: a file of JSON lines, to which rows are appended as results come.

A line is one of two things:

- `{"started": true, "input": ..., "output": ...}`: the run is about to write an output that was not there;
- a `Row`, written only after its output is in place, or after the picture has failed.

Whatever ends the run, kill -9 included, each line is whole or is a last line without its end. Such a last
line is cut away when the manifest is opened again. Of the rows of one output the last one counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from imagegs.distributed.rows import Row, row_from_json, row_to_json
from imagegs.distributed.sources import whole
from imagegs.errors import FormatError

_STARTS = (b'{"input": ', b'{"started": ')  # of lines


@dataclass(frozen=True, slots=True)
class Past:
    """The past of one output, as a manifest tells it."""

    row: Row | None = None  # the last one
    owned: str | None = None  # the SHA-256 of the last file that a run wrote there
    started: bool = False  # a run was about to write it, and its row is missing


class Manifest:
    """An open manifest. Only one process at a time can have it open, where the system locks files.

    path: the file, which is made if it is missing; its folder must exist.

    Raises FormatError for a file that is no manifest, BlockingIOError where another process has it open,
    and other OSErrors.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = whole(path).parent
        self._past: dict[str, Past] = {}
        self._file = path.open("a+b", buffering=0)
        try:
            _lock(self._file, path)
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, and so lets others open it."""
        self._file.close()

    def past(self, output: Path) -> Past:
        """The past of an output: what the file told when it was opened. Rows since then take no memory."""
        return self._past.get(str(output), Past())

    def append(self, rows: Sequence[Row], starts: Iterable[tuple[Path, Path]] = ()) -> None:
        """Appends rows, and the inputs and outputs that are started next; all are on the disk afterwards.

        Raises OSError; the manifest is then as it was before.
        """
        begun = [
            {"started": True, "input": str(source), "output": self._named(str(output))}
            for source, output in starts
        ]
        ended = [{**row_to_json(row), "output": self._named(row.output)} for row in rows]
        lines = [json.dumps(each, allow_nan=False) + "\n" for each in [*ended, *begun]]
        if lines:
            self._write("".join(lines).encode())

    def _write(self, data: bytes) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            error.filename = str(self.path)
            raise

    def _read(self) -> None:
        """Reads all lines, and cuts a last line away that has no end."""
        self._file.seek(0)
        with os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            for number, (end, line) in enumerate(_lines(file), 1):
                if line.endswith(b"\n"):
                    self._add_line(line, number)
                elif _is_cut_off(line):
                    self._file.truncate(end - len(line))
                else:
                    raise self._no_line(number)

    def _add_line(self, line: bytes, number: int) -> None:
        try:
            value = json.loads(line)
            value["output"] = str(self._folder / value["output"])
            if value.pop("started", None) is True:
                old = self._past.get(value["output"], Past())
                self._past[value["output"]] = replace(old, started=True)
            else:
                self._add(row_from_json(value))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise self._no_line(number) from None

    def _add(self, row: Row) -> None:
        old = self._past.get(row.output, Past())
        self._past[row.output] = Past(row, row.output_sha256 or old.owned)

    def _named(self, output: str) -> str:
        """The output relative to the manifest's folder if it is below it, so that both can be moved."""
        path = Path(output)
        return path.relative_to(self._folder).as_posix() if path.is_relative_to(self._folder) else output

    def _no_line(self, number: int) -> FormatError:
        return FormatError(f"line {number} is no line of a manifest of imagegs batch")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, each with the place behind it."""
    place = 0
    for line in file:
        place += len(line)
        yield place, line


def _is_cut_off(line: bytes) -> bool:
    """Whether a line without an end is the first part of a line, or the zeros that a lost one leaves."""
    text = line.rstrip(b"\0")
    return any(text.startswith(start[: len(text)]) for start in _STARTS)


def _lock(file: Any, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, "another run is writing this manifest", str(path)) from None
