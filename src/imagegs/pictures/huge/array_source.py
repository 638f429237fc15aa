"""Arrays in blocks: numpy, .npy files by memory map, Dask, and whatever else is sliced like them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import FormatError, reading
from imagegs.pictures.huge.source import FileSource, FileState, Source, check_samples, check_size
from imagegs.pictures.pixels import IntegerPixels, Region, channel_names


class ArraySource(Source):
    """An array (H, W) or (H, W, C) of uint8 or uint16 that a user hands in. It is pickled as the array is."""

    def __init__(self, array: Any) -> None:
        """Raises FormatError for another shape or type."""
        super().__init__()
        self._array = array
        self.height, self.width = checked_shape(array.shape, array.dtype)
        n_channels = array.shape[2] if len(array.shape) == 3 else 1
        self._set_facts(np.empty(0, array.dtype), channel_names(n_channels))

    def __reduce__(self) -> tuple[Any, ...]:
        return ArraySource, (self._array,)

    def _block(self, region: Region) -> IntegerPixels:
        return plain_block(self._array, region)


class NpySource(FileSource):
    """An array in an .npy file, which is mapped into memory."""

    def __init__(self, path: Path, size_limit: int | None = None, state: FileState | None = None) -> None:
        """Raises FormatError for what is no such array, LimitError, OSError."""
        super().__init__(path, size_limit, state)
        array = self._mapped()
        self.height, self.width = checked_shape(array.shape, array.dtype)
        check_size(self.width, self.height, size_limit)
        n_channels = array.shape[2] if array.ndim == 3 else 1
        self._set_facts(array[:1, :1], channel_names(n_channels))

    def _mapped(self) -> NDArray[Any]:
        """The array, mapped anew for each block: pages that stay mapped count as memory in use."""
        with reading("the array is damaged or not supported"):
            return np.lib.format.open_memmap(self._path, mode="r")

    def _block(self, region: Region) -> IntegerPixels:
        return plain_block(self._mapped(), region)


def source_of(array: Any) -> ArraySource:
    """A source that reads blocks of an array: of numpy, a memory map, Dask, Zarr, ...

    array: (H, W) or (H, W, C), uint8 or uint16, at most 65535 a side and 32 channels; it has `shape` and
    `dtype`, and is sliced as those of numpy are. Samples are taken for sRGB.

    Raises FormatError for another shape or type.

    >>> source = source_of(np.zeros((20, 30, 3), np.uint8))
    >>> source.read(4, 2, 8, 6).shape
    (6, 8, 3)
    """
    return ArraySource(array)


def checked_shape(shape: tuple[int, ...], dtype: object) -> tuple[int, int]:
    """Height and width of an array (H, W) or (H, W, C).

    Raises FormatError for other shapes, sides, numbers of channels and types.
    """
    if len(shape) not in (2, 3):
        raise FormatError(f"a picture has the shape (H, W) or (H, W, C), not {tuple(shape)}")
    height, width, n_channels = (*shape, 1)[:3]
    check_samples(dtype, n_channels)
    if min(height, width) < 1:
        raise FormatError(f"a picture needs at least one pixel, not {tuple(shape)}")
    check_size(width, height, None)
    return height, width


def plain_block(array: Any, region: Region) -> IntegerPixels:
    """(height, width, C) of a region of an array, in memory, in the byte order of the machine."""
    x, y, width, height = region
    part = array[y : y + height, x : x + width]
    if hasattr(part, "compute"):  # Dask; its workers must not wait for each other
        part = part.compute(scheduler="synchronous")
    block = np.asarray(part)
    block = block.astype(block.dtype.newbyteorder("="), copy=not block.flags.owndata)
    return block[:, :, np.newaxis] if block.ndim == 2 else block
