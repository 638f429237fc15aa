"""Tables of published results: points of rate and quality that others measured, in TSV or CSV files.

docs/bench.md describes the layout. The tables of Cool-Chic (github.com/Orange-OpenSource/Cool-Chic, results/)
are read as they are.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from imagegs.errors import FormatError
from imagegs.evaluation.published_rows import MEAN, Point, columns_of, picture_key, point_of

MOST_BYTES = 2**24
_NOTE = re.compile(r"#\s*(codec|source|pictures)\s*:\s*(.*\S)", re.IGNORECASE)


@dataclass
class Published:
    """What a table has of one codec."""

    title: str
    path: Path
    sources: list[str] = field(default_factory=list)
    over: tuple[str, ...] = ()  # the pictures that its means are over; empty: not told
    points: list[Point] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Where the numbers are from: what the table says, or else the name of its file."""
        return "; ".join(self.sources) or self.path.name


def read_published(path: Path) -> list[Published]:
    """The codecs of a table, in the order of their first rows.

    Raises FormatError for a file that is no such table, OSError where it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise FormatError(f"the table has more than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise FormatError("the table is no text in UTF-8")
    reader = _Reader(path)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        try:
            reader.take(line)
        except (ValueError, csv.Error) as error:
            raise FormatError(f"line {number}: {error}") from error
    return reader.codecs()


class _Reader:
    """Takes the lines of a table, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._separator = "\t"
        self._columns: list[str] = []
        self._notes: dict[str, str] = {}
        self._found: dict[str, Published] = {}
        self._seen: set[tuple[str, str, str | float]] = set()

    def take(self, line: str) -> None:
        """Raises ValueError and csv.Error for what is no line of a table."""
        if line.startswith("#"):
            if note := _NOTE.match(line):
                self._notes[note[1].lower()] = note[2]
        elif line.strip():
            if self._columns:
                self._take_row(line)
            else:
                self._separator = "\t" if "\t" in line else ","
                self._columns = columns_of(self._cells(line))

    def codecs(self) -> list[Published]:
        """What was found. Raises FormatError where nothing was."""
        if not self._found:
            raise FormatError("the table has no rows" if self._columns else "the table is empty")
        return list(self._found.values())

    def _cells(self, line: str) -> list[str]:
        (cells,) = csv.reader([line], delimiter=self._separator, strict=True)
        return [cell.strip() for cell in cells]

    def _take_row(self, line: str) -> None:
        cells = self._cells(line)
        if len(cells) != len(self._columns):
            raise ValueError(f"{len(cells)} cells under {len(self._columns)} columns")
        row = dict(zip(self._columns, cells, strict=True))
        title = row.get("codec", self._notes.get("codec", self._path.stem))
        point = point_of(row)
        self._check_new(title, point)
        codec = self._found.setdefault(title, Published(title, self._path))
        codec.points.append(point)
        self._note(codec, point)

    def _check_new(self, title: str, point: Point) -> None:
        if not title:
            raise ValueError("the cell of codec is empty")
        which = MEAN if point.picture is None else f"={picture_key(point.picture)}"
        key = (title, which, point.setting or point.bpp)
        if key in self._seen:
            raise ValueError(f"{title} has another row of {point.picture or MEAN} at {key[2]}")
        self._seen.add(key)

    def _note(self, codec: Published, point: Point) -> None:
        source = self._notes.get("source")
        if source and source not in codec.sources:
            codec.sources.append(source)
        if point.picture is not None:
            return
        over = tuple(filter(None, re.split(r"[\s,;]+", self._notes.get("pictures", ""))))
        if codec.over != over and any(each.picture is None for each in codec.points[:-1]):
            raise ValueError(f"{codec.title} has means over different pictures")
        codec.over = over
