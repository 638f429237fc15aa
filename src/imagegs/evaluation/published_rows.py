"""The columns of a table of published results, and what a row of it says."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from imagegs.evaluation.metrics import METRICS
from imagegs.pictures.names import PICTURE_SUFFIXES

COLUMNS = ("codec", "picture", "bpp", "setting", "pixels")
MEAN = "mean"  # in the column `picture`, of a row with means
_COOL_CHIC = {
    "seq_name": "picture",
    "rate_bpp": "bpp",
    "psnr_db": "psnr",
    "lmbda": "setting",
    "n_pixels": "pixels",
}
_COOL_CHIC_UNUSED = re.compile(r"loss|share_rate_latent|dec_time_\w+_sec")


@dataclass(frozen=True)
class Point:
    """One row of a table."""

    picture: str | None  # None: the values are means over pictures
    bpp: float  # above 0
    values: dict[str, float]  # by names of METRICS, in their units
    setting: str = ""  # of the codec, as it is written; "": not told
    pixels: int | None = None  # of the picture, or of each picture of a mean; None: not told


def picture_key(name: str) -> str:
    """What a picture's name is matched by: its stem, in which capital and small letters are alike."""
    last = re.split(r"[/\\]", name)[-1]
    stem, _, suffix = last.rpartition(".")
    stem = stem if stem and f".{suffix.lower()}" in PICTURE_SUFFIXES else last
    return unicodedata.normalize("NFC", stem).casefold()


def columns_of(cells: list[str]) -> list[str]:
    """The names of a header's cells, in ours; "" for a column of Cool-Chic's that is not used.

    Raises ValueError for an unknown column, for two of one name, and without those that must be there.
    """
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


def point_of(row: dict[str, str]) -> Point:
    """The cells of a row, by our names of their columns, as numbers. Raises ValueError for what is none."""
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
