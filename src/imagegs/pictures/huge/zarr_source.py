"""Zarr arrays, version 2 and 3, and OME-Zarr pictures in blocks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from imagegs.errors import FormatError, ImageGSError, reading
from imagegs.pictures.huge.array_source import plain_block
from imagegs.pictures.huge.source import FileSource, FileState, check_size
from imagegs.pictures.huge.zarr_metadata import metadata_file, read_layout
from imagegs.pictures.pixels import IntegerPixels, Region


class ZarrSource(FileSource):
    """A folder with a Zarr array (H, W) or (H, W, C), or with an OME-Zarr picture."""

    def __init__(self, path: Path, size_limit: int | None = None, state: FileState | None = None) -> None:
        """Raises FormatError, LimitError, OSError; ImageGSError where zarr is missing."""
        layout = self._layout = read_layout(path)
        # A folder's own time changes with anything in it.
        super().__init__(metadata_file(layout.folder), size_limit, state)
        self._folder = path
        self.width, self.height = layout.size()
        check_size(self.width, self.height, size_limit)
        self._set_facts(np.empty(0, layout.dtype), layout.channels)
        self.left_out = layout.left_out
        self._array = _opened(layout.folder)
        if state is None and self._array.nchunks_initialized == 0:
            raise FormatError("this Zarr array holds no data: none of its chunks is there")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._folder, self._size_limit, self._state)

    def _block(self, region: Region) -> IntegerPixels:
        x, y, width, height = region
        places: dict[str, Any] = {"x": slice(x, x + width), "y": slice(y, y + height), "c": slice(None)}
        axes = self._layout.axes
        with reading(f"the picture is damaged: the chunks at ({x}, {y}) cannot be read"):
            block = np.asarray(self._array[tuple(places.get(axis, 0) for axis in axes)])
        kept = [axis for axis in axes if axis in places]
        block = block.transpose([kept.index(axis) for axis in ("y", "x", "c") if axis in kept])
        return plain_block(block, (0, 0, width, height))


def check_zarr() -> None:
    """Raises ImageGSError where zarr is not installed."""
    if find_spec("zarr") is None:
        raise ImageGSError("the package zarr is missing: pip install 'imagegs[huge]'")


def _opened(folder: Path) -> Any:
    check_zarr()
    import zarr

    with reading("this Zarr array is damaged or not supported"):
        return zarr.open_array(store=str(folder), mode="r")
