"""What a URI in a model names: a file beside it, or the data in the URI itself."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from imagegs.errors import FormatError, LimitError
from imagegs.files import read_to_limit
from imagegs.limits import Limits

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MOST_SHOWN = 80  # characters of a URI in a message


@dataclass
class Resources:
    """The files and data that a model's URIs name.

    folder: that of the model, which no file may lie outside of; None: the model has no place, so that it can
    name no files. files: those that have been read so far.
    """

    folder: Path | None
    limits: Limits
    files: list[Path] = field(default_factory=list)

    def read(self, uri: object, place: str) -> bytes:
        """The bytes that a URI names; place: where it stands, for messages.

        Raises FormatError for what is no relative path of a file in the folder and no valid data, LimitError
        for too many bytes, OSError for a file that cannot be read.
        """
        if not isinstance(uri, str):
            raise FormatError(f"{place}.uri is no text")
        if uri[:5].lower() == "data:":
            return _data(uri, place)
        path = self._path(uri, place)
        with path.open("rb") as file:
            try:
                data = read_to_limit(file, self.limits.max_bytes)
            except LimitError as error:
                raise LimitError(f"{place}: {shown(uri)}: {error}") from error
        if path not in self.files:
            self.files.append(path)
        return data

    def _path(self, uri: str, place: str) -> Path:
        if self.folder is None:
            raise FormatError(
                f"{place} is in the file {shown(uri)}, but a model without a place has no files"
            )
        name = unquote(uri)
        is_plain = name and name.isprintable() and not (_SCHEME.match(name) or "\\" in name or name[0] == "/")
        path = self.folder / name if is_plain else self.folder
        if not is_plain or not path.resolve().is_relative_to(self.folder.resolve()):
            raise FormatError(f"{place}.uri is no path within the model's folder: {shown(uri)}")
        return path


def shown(uri: str) -> str:
    """A URI for a message."""
    return repr(uri if len(uri) <= _MOST_SHOWN else f"{uri[:_MOST_SHOWN]}...")


def _data(uri: str, place: str) -> bytes:
    """The data in a data URI (RFC 2397)."""
    head, comma, body = uri.partition(",")
    if not comma:
        raise FormatError(f"{place}.uri has no data: {shown(uri)}")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote_to_bytes(body), validate=True)
    except binascii.Error:
        raise FormatError(f"{place}.uri holds no valid base64") from None
