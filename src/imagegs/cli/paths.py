"""The files that a command reads and writes, checked before any work."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.exit_codes import about
from imagegs.errors import FormatError
from imagegs.files import check_writable

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.pixels import Picture

MORE_PICTURE_SUFFIXES = (".gif", ".ppm", ".pgm", ".tga", ".dds", ".psd")


def check_output(output: Path, source: Path, *, no_overwrite: bool) -> None:
    """Fail now where writing would fail later, or would replace what is read."""
    with about(output):
        if output.exists():
            if source.exists() and output.samefile(source):
                raise ValueError("the output is the input")
            if no_overwrite:
                raise FileExistsError(errno.EEXIST, "the file exists and is not overwritten", str(output))
        check_writable(output)


def load_gaussians(path: Path, size_limit: int | None = None) -> Gaussians:
    """The Gaussians in a .gsimg file."""
    from imagegs.codec import load

    with about(path):
        return load(path) if size_limit is None else load(path, size_limit)


def read_input(path: Path) -> Picture:
    """A picture from a picture file or an .npy array; a FileError where it is neither."""
    with about(path):
        if path.is_dir():
            raise _directory_error(path)
        try:
            return _read_array(path) if path.suffix.lower() == ".npy" else _read_picture(path)
        except (ValueError, TypeError) as error:  # of the contents, here, not of an argument
            raise FormatError(str(error)) from error


def _directory_error(path: Path) -> FormatError:
    from imagegs.image_writers import WRITABLE_SUFFIXES

    suffixes = (*WRITABLE_SUFFIXES, *MORE_PICTURE_SUFFIXES)
    if any(entry.suffix.lower() in suffixes for entry in path.iterdir()):
        return FormatError("is a directory; texture stacks are not supported yet")
    return FormatError("no pictures in this directory")


def _read_picture(path: Path) -> Picture:
    from imagegs.images import read_picture
    from imagegs.pixels import as_pixels

    picture = read_picture(path)
    as_pixels(picture.pixels)  # its limits
    return picture


def _read_array(path: Path) -> Picture:
    """(H, W) or (H, W, C) uint8, uint16, or floats in 0..1, which become 16 bits."""
    import numpy as np

    from imagegs.pixels import Picture, as_pixels, channel_names, to_integers

    # Mapped, so that a header that promises more than the file holds costs no memory.
    pixels = as_pixels(np.array(np.lib.format.open_memmap(path, mode="r")))
    if pixels.dtype.kind == "f":
        pixels = to_integers(pixels, 16)
    return Picture(pixels, channel_names(pixels.shape[2]))
