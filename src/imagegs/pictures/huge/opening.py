"""Finds the source that reads a file, and the size of its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from imagegs.errors import FormatError, reading
from imagegs.files import PathLike
from imagegs.pictures.formats import START_BYTES, open_image, refuse_others
from imagegs.pictures.huge.array_source import NpySource
from imagegs.pictures.huge.jpeg_source import JpegSource
from imagegs.pictures.huge.png_head import SIGNATURE
from imagegs.pictures.huge.png_source import PngSource
from imagegs.pictures.huge.source import FileSource
from imagegs.pictures.huge.spilled_source import WholeSource
from imagegs.pictures.huge.tiff_source import TiffSource
from imagegs.pictures.huge.zarr_metadata import read_layout
from imagegs.pictures.huge.zarr_source import ZarrSource
from imagegs.pictures.pillow_settings import pillow_settings
from imagegs.pictures.tiff import TiffPage
from imagegs.pictures.tiff_directories import is_tiff


def open_source(path: PathLike, *, size_limit: int | None = None) -> FileSource:
    """The picture in a file, or in a Zarr folder, as a source of blocks.

    TIFF, Zarr and .npy are read where they lie. A PNG is decoded once, in little memory, into a temporary
    file as large as its samples (in the folder that TMPDIR names). Any other picture is decoded whole, in
    memory, up to 2**30 pixels. docs/huge.md says more.

    size_limit: pixels; None: 65535 x 65535. It is held to before pixels are read.

    Raises FormatError for pictures that are damaged or not supported, LimitError above the limit, OSError;
    ImageGSError where the package zarr is missing.
    """
    path = Path(path).absolute()
    if path.is_dir():
        return ZarrSource(path, size_limit)
    if path.suffix.lower() == ".npy":
        return NpySource(path, size_limit)
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    if not start:
        raise FormatError("the file is empty")
    if is_tiff(start):
        return TiffSource(path, size_limit)
    if start.startswith(SIGNATURE):
        return PngSource(path, size_limit)
    if start.startswith(b"\xff\xd8\xff"):
        return JpegSource(path, size_limit)
    return WholeSource(path, size_limit)


def picture_size(path: PathLike) -> tuple[int, int]:
    """Width and height of the picture in a file or a Zarr folder, as its head says, not turned upright yet.

    Raises FormatError for what is no picture or has a damaged head, OSError.
    """
    path = Path(path)
    if path.is_dir():
        return read_layout(path).size()
    with reading("the picture is damaged or not supported"):
        if path.suffix.lower() == ".npy":
            height, width = np.lib.format.open_memmap(path, mode="r").shape[:2]
            return width, height
        with path.open("rb") as file:
            start = file.read(START_BYTES)
            refuse_others(start)
            if is_tiff(start):
                page = TiffPage(file)
                return page.width, page.height
            with pillow_settings(2**62):
                return open_image(file).size
