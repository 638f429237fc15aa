"""The rows of a manifest: what came of each picture."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_READ_BYTES = 2**20  # at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The outcome of one picture. A failed one has an error, and no numbers.

    Hashes are SHA-256, in hexadecimal. Measures of quality are of the bytes on the disk, decoded again.
    """

    input: str  # whole path
    input_bytes: int | None = None
    input_sha256: str | None = None
    options_sha256: str
    output: str  # whole path; in the manifest relative to its folder, if it is below that
    output_sha256: str | None = None  # of a failed picture: of the file that an earlier run wrote
    bytes: int | None = None  # of the output
    width: int | None = None
    height: int | None = None
    n_gaussians: int | None = None
    bpp: float | None = None  # bits a pixel, the whole file counted
    psnr: float | None = None  # dB; None where the pictures are equal
    lossless: bool = False
    ssim: float | None = None
    seconds: float | None = None  # of wall-clock time: reading, fitting, measuring, writing
    notes: tuple[str, ...] = ()  # what was left out or missed
    error: str | None = None


def row_to_json(row: Row) -> dict[str, Any]:
    """A JSON object with the fields of the row. Floats must be finite."""
    return asdict(row)


def row_from_json(value: dict[str, Any]) -> Row:
    """The row in a JSON object. Raises ValueError where a field is missing, unknown or of another type."""
    notes = value.get("notes")
    if not (isinstance(notes, list) and all(isinstance(note, str) for note in notes)):
        raise ValueError(f"notes cannot be {notes!r}")
    try:
        row = Row(**{**value, "notes": tuple(notes)})
    except TypeError as error:
        raise ValueError(str(error)) from None
    for name, allowed in _types().items():
        found = getattr(row, name)
        if not isinstance(found, allowed):
            raise ValueError(f"{name} cannot be {found!r}")
    return row


@lru_cache(maxsize=1)
def _types() -> dict[str, tuple[type, ...]]:
    """The types that each field may have; a whole number may stand for a float."""
    found = {}
    for name, hint in typing.get_type_hints(Row).items():
        members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        plain = tuple(typing.get_origin(member) or member for member in members)
        found[name] = (*plain, int) if float in plain else plain
    return found


def sha256_of(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            found.update(piece)
    return found.hexdigest()


def sha256_of_options(options: dict[str, Any]) -> str:
    """The SHA-256 of options that JSON can hold, whatever their order."""
    return sha256_of(json.dumps(options, sort_keys=True).encode())
