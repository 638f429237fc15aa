"""Compresses a picture file with the keywords of `imagegs.compress`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imagegs.compression.keywords import CompressKeywords, compress_picture
from imagegs.distributed.jobs import Encoded
from imagegs.distributed.rows import sha256_of_options
from imagegs.pictures.opening import read_picture_file
from imagegs.pictures.pixels import Picture


@dataclass(frozen=True, slots=True)
class FileEncoder:
    """Compresses a picture file with the keywords of `imagegs.compress`."""

    keywords: CompressKeywords

    def __call__(self, path: Path) -> Encoded:
        """Raises what `imagegs.compress` raises, FormatError for a file that is no picture, OSError."""
        picture = read_picture_file(path)
        return Encoded(compress_picture(picture, **self.keywords), left_out_of(picture))

    @property
    def sha256(self) -> str:
        """The SHA-256 of all keywords that the bytes depend on. Raises TypeError for ones of other types."""
        told = {name: _told(value) for name, value in self.keywords.items() if name != "threads"}
        return sha256_of_options({name: value for name, value in told.items() if value is not None})


def left_out_of(picture: Picture) -> tuple[str, ...]:
    """Tells people what a picture file holds besides the picture."""
    frames = (f"only the first of {picture.n_frames:,} frames or pages is kept",)
    return tuple(f"left out: {what}" for what in picture.left_out) + (frames if picture.n_frames > 1 else ())


def _told(value: Any) -> Any:
    """JSON that differs where the option differs."""
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [_told(each) for each in value]
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        array = np.ascontiguousarray(value)
        return [str(array.dtype), list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
    return repr(value)  # a record, such as Bits
