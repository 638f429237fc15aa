"""The files that a command reads and writes, checked before any work."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagegs.cli.exit_codes import about
from imagegs.errors import FormatError
from imagegs.files import check_writable, descriptor_of
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.pixels import Picture

# The formats that hold 16 bits a sample; a deep picture is rounded to 8 bits for the others.
_DEEP_SUFFIXES = (".png", ".tif", ".tiff", ".npy")
_STANDARD_OUTPUT = 1  # the descriptor


def output_path(output: Path | None, source: Path, ending: str) -> Path:
    """What -o names, else the source's name with another ending, beside it.

    Raises ValueError for a source beside which nothing belongs: a pipe, a device, a descriptor (/dev/stdin).
    """
    if output is not None:
        return output
    if descriptor_of(source) is not None or (source.exists() and not (source.is_file() or source.is_dir())):
        with about(source):
            raise ValueError("the input is not a regular file: say with -o what to write")
    return source.parent / (source.stem + ending)


def check_output(output: Path, source: Path, *, no_overwrite: bool, json: bool = False) -> None:
    """Fail now where writing would fail later, would replace what is read, or mix with the JSON object."""
    with about(output):
        if json and _is_standard_output(output):
            raise ValueError("the output is standard output, where --json prints its object")
        if output.exists():
            if source.exists() and output.samefile(source):
                raise ValueError("the output is the input")
            if no_overwrite:
                raise FileExistsError(errno.EEXIST, "the file exists and is not overwritten", str(output))
        check_writable(output)


def check_folder(folder: Path, contents: str) -> None:
    """Fail now where making the folder would fail later."""
    with about(folder):
        if folder.is_dir():
            return
        if folder.exists():
            raise NotADirectoryError(errno.ENOTDIR, f"is a file, not a folder for {contents}", str(folder))
        check_writable(folder)


def _is_standard_output(path: Path) -> bool:
    """By whatever name: /dev/stdout, another descriptor, the file or pipe that the shell connected."""
    if descriptor_of(path) == _STANDARD_OUTPUT:
        return True
    try:
        there, here = path.stat(), os.fstat(_STANDARD_OUTPUT)
    except OSError:  # not there yet, or closed
        return False
    return os.path.samestat(there, here) and not os.path.samestat(there, Path(os.devnull).stat())


def check_size(size: Sequence[int], size_limit: int | None) -> None:
    """Raises ValueError for a picture (width, height) above the limit: it is the user who asks for it."""
    (width, height), limit = size, Limits.of(size_limit).max_pixels
    if width * height > limit:
        raise ValueError(f"{width} x {height} pixels are over the limit of {limit} pixels (see --size-limit)")


def depth_in(path: Path, bit_depth: int) -> int:
    """The bits a sample, 8 or 16, that a picture of this depth gets in a file of this name."""
    return bit_depth if path.suffix.lower() in _DEEP_SUFFIXES else 8


def read_input(path: Path, opened: BinaryIO | None = None, size_limit: int | None = None) -> Picture:
    """A picture from a picture file or an .npy array; a FileError where it is neither, or above the limits.

    opened: a picture file that is open already, at its start. size_limit: pixels (None: the default).
    """
    limits = Limits.of(size_limit)
    from imagegs.array_files import read_array

    with about(path):
        if path.is_dir():
            raise FormatError("is a directory, not a picture")
        try:
            if path.suffix.lower() == ".npy":
                return read_array(path, limits)
            return _read_picture(opened or path, limits)
        except (ValueError, TypeError) as error:  # of the contents, here, not of an argument
            raise FormatError(str(error)) from error


def _read_picture(source: Path | BinaryIO, limits: Limits) -> Picture:
    from imagegs.images import read_picture
    from imagegs.pixels import as_pixels

    picture = read_picture(source, max_pixels=limits.max_picture_pixels)
    as_pixels(picture.pixels)  # its limits
    return picture
