"""Pictures out of files of any kind that imagegs reads."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from imagegs.errors import FormatError
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.pictures.array_files import read_array
from imagegs.pictures.pixels import Picture, as_pixels
from imagegs.pictures.reading import read_picture


def read_picture_file(path: Path, opened: BinaryIO | None = None, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """The picture in a picture file or an .npy array.

    opened: a picture file that is open already, at its start.

    Raises FormatError for other files, LimitError above the limits, OSError.
    """
    try:
        if path.suffix.lower() == ".npy":
            return read_array(path, limits)
        picture = read_picture(opened or path, max_pixels=limits.max_picture_pixels)
        as_pixels(picture.pixels)  # checks the limits of arrays
        return picture
    except (ValueError, TypeError) as error:  # the contents of the file are wrong, not an argument
        raise FormatError(str(error)) from error
