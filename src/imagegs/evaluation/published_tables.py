"""Tables of published results: points of rate and quality that others measured, in TSV or CSV files.

docs/bench.md describes the layout. The tables of Cool-Chic (github.com/Orange-OpenSource/Cool-Chic, results/)
are read as they are.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagegs.errors import FormatError
from imagegs.evaluation.metrics import METRICS
from imagegs.pictures.names import PICTURE_SUFFIXES

COLUMNS = ("codec", "picture", "bpp", "setting", "pixels")
MOST_BYTES = 2**24
MEAN = "mean"  # in the column `picture`, of a row with means
_COOL_CHIC = {
    "seq_name": "picture",
    "rate_bpp": "bpp",
    "psnr_db": "psnr",
    "lmbda": "setting",
    "n_pixels": "pixels",
}
_COOL_CHIC_UNUSED = re.compile(r"loss|share_rate_latent|dec_time_\w+_sec")
_NOTE = re.compile(r"#\s*(codec|source|pictures)\s*:\s*(.*\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Point:
    """One row of a table."""

    picture: str | None  # None: the values are means over pictures
    bpp: float  # above 0
    values: dict[str, float]  # by names of METRICS, in their units
    setting: str = ""  # of the codec, as it is written; "": not told
    pixels: int | None = None  # of the picture, or of each picture of a mean; None: not told


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


def picture_key(name: str) -> str:
    """What a picture's name is matched by: its stem, in which capital and small letters are alike."""
    last = re.split(r"[/\\]", name)[-1]
    stem, _, suffix = last.rpartition(".")
    stem = stem if stem and f".{suffix.lower()}" in PICTURE_SUFFIXES else last
    return unicodedata.normalize("NFC", stem).casefold()


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
                self._columns = _columns(self._cells(line))

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
        point = _point(row)
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


def _columns(cells: list[str]) -> list[str]:
    """The header, in our names; "" for a column of Cool-Chic's that is not used."""
    found = []
    for cell in cells:
        name = _COOL_CHIC.get(cell.lower(), cell.lower())
        if name in found:
            raise ValueError(f"two columns of {name}")
        if name not in (*COLUMNS, *METRICS):
            if not _COOL_CHIC_UNUSED.fullmatch(name):
                raise ValueError(f"unknown column {cell!r}; there are {', '.join((*COLUMNS, *METRICS))}")
            name = ""
        found.append(name)
    if "bpp" not in found:
        raise ValueError("no column of bpp")
    if not set(found) & set(METRICS):
        raise ValueError(f"no column of quality; there are {', '.join(METRICS)}")
    return found


def _point(row: dict[str, str]) -> Point:
    bpp = _number("bpp", row["bpp"])
    if bpp <= 0:
        raise ValueError(f"bpp {row['bpp']} is not above 0")
    values = {name: _number(name, row[name]) for name in _measured(row)}
    if not values:
        raise ValueError("the row has no quality")
    picture = row.get("picture", MEAN)
    if not picture:
        raise ValueError("the cell of picture is empty")
    is_mean = picture.lower() == MEAN
    return Point(None if is_mean else picture, bpp, values, row.get("setting", ""), _pixels(row))


def _measured(row: dict[str, str]) -> Iterator[str]:
    return (name for name in METRICS if row.get(name))


def _number(column: str, text: str) -> float:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{column} {text!r} is no number")
    return value


def _pixels(row: dict[str, str]) -> int | None:
    text = row.get("pixels", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 16 and int(text)):
        raise ValueError(f"pixels {text!r} is no number of pixels")
    return int(text)
