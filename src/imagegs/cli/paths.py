"""The paths of the files that a command reads and writes, and the reading of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagegs.cli.exit_codes import about
from imagegs.cli.standard_streams import STANDARD, file_named, is_folder, open_input
from imagegs.errors import FormatError
from imagegs.files import descriptor_of
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.pictures.pixels import Picture

# The formats that hold 16 bits a sample. For the others a picture of 16 bits is rounded to 8.
_DEEP_SUFFIXES = (".png", ".tif", ".tiff", ".npy")


def output_path(output: Path | None, source: Path, ending: str) -> Path:
    """The path that -o names, else the source's name with another ending, beside it.

    Where the source is standard input this is standard output. Raises ValueError where no file can be placed
    beside the source, because it is a pipe, a device or a descriptor (/dev/stdin).
    """
    if output is not None:
        return output
    if source == STANDARD:
        return STANDARD
    if descriptor_of(source) is not None or (source.exists() and not (source.is_file() or source.is_dir())):
        with about(source):
            raise ValueError("the input is not a regular file: say with -o what to write")
    return file_named(source.parent / (source.stem + ending))


def picture_suffix(target: Path) -> str:
    """The suffix that names the format of a picture to write; ".png" for a descriptor without a suffix."""
    is_nameless = target == STANDARD or (not target.suffix and descriptor_of(target) is not None)
    return ".png" if is_nameless else target.suffix.lower()


def check_size(size: Sequence[int], size_limit: int | None) -> None:
    """Raises ValueError for a picture (width, height) above the limit.

    It is no LimitError, because the user and not a file asks for the size.
    """
    (width, height), limit = size, Limits.of(size_limit).max_pixels
    if width * height > limit:
        raise ValueError(f"{width} x {height} pixels are over the limit of {limit} pixels (see --size-limit)")


def depth_in(suffix: str, bit_depth: int) -> int:
    """The bits a sample, 8 or 16, that a picture of this depth gets in a file of this suffix."""
    return bit_depth if suffix.lower() in _DEEP_SUFFIXES else 8


def read_input(path: Path, opened: BinaryIO | None = None, size_limit: int | None = None) -> Picture:
    """The picture in a picture file or an .npy array. Raises FileError for other files and above the limits.

    opened: a picture file that is open already, at its start. size_limit: pixels (None: the default).
    """
    from imagegs.pictures.opening import read_picture_file

    if path == STANDARD and opened is None:
        with about(path), open_input(path) as file:
            return read_input(path, file, size_limit)
    limits = Limits.of(size_limit)
    with about(path):
        if is_folder(path):
            raise FormatError("is a directory, not a picture")
        return read_picture_file(path, opened, limits)
