"""Files that are decoded once, from the first row to the last, into a temporary file of samples."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.limits import MAX_WHOLE_PIXELS
from imagegs.pictures.finishing import upright
from imagegs.pictures.huge.orientation import stored_region
from imagegs.pictures.huge.source import FileSource, FileState, check_size
from imagegs.pictures.huge.spill import Spill
from imagegs.pictures.pixels import IntegerPixels, Region
from imagegs.pictures.reading import read_picture


class SpilledSource(FileSource):
    """A source whose rows lie in a `Spill`. Where that is out of reach, on another machine, it makes one."""

    def __init__(
        self, path: Path, size_limit: int | None, state: FileState | None, spill: Spill | None
    ) -> None:
        super().__init__(path, size_limit, state)
        self._spill = spill

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._size_limit, self._state, self._spill)

    @abstractmethod
    def _decoded(self) -> Spill:
        """Decodes the file. Raises FormatError, OSError."""

    def _rows(self) -> NDArray[np.uint8]:
        """The rows, mapped anew for each block: pages that stay mapped count as memory in use."""
        if self._spill is not None:
            with suppress(FileNotFoundError):
                return self._spill.rows()
        self._spill = self._decoded()
        return self._spill.rows()


class WholeSource(SpilledSource):
    """A picture of any other kind that is read: it is in memory while it is decoded, then in a file."""

    def __init__(
        self,
        path: Path,
        size_limit: int | None = None,
        state: FileState | None = None,
        spill: Spill | None = None,
        facts: tuple[Any, ...] | None = None,
    ) -> None:
        """facts: of the picture, where it has been decoded before.

        Raises what `read_picture` raises, LimitError above MAX_WHOLE_PIXELS if there is no size_limit.
        """
        super().__init__(path, size_limit, state, spill)
        self._orientation = 1  # of the rows in the spill
        if facts is None:
            self._spill = self._decoded()
        else:
            self.__dict__.update(zip(_FACTS, facts, strict=True))

    def __reduce__(self) -> tuple[Any, ...]:
        facts = tuple(getattr(self, name) for name in _FACTS)
        return type(self), (self._path, self._size_limit, self._state, self._spill, facts)

    def _decoded(self) -> Spill:
        picture = read_picture(self._path, max_pixels=self._size_limit or MAX_WHOLE_PIXELS)
        pixels = picture.pixels
        self.height, self.width, _ = pixels.shape
        check_size(self.width, self.height, self._size_limit)
        self._set_facts(pixels, picture.channels)
        self.left_out, self.n_frames = picture.left_out, picture.n_frames
        rows = np.ascontiguousarray(pixels).reshape(self.height, -1).view(np.uint8)
        return Spill(self.height, rows.shape[1], [rows])

    def _block(self, region: Region) -> IntegerPixels:
        x, y, width, height = stored_region(region, self.width, self.height, self._orientation)
        dtype = np.dtype(np.uint8 if self.bit_depth == 8 else np.uint16)
        n = len(self.channels) * dtype.itemsize
        part = np.array(self._rows()[y : y + height, x * n : (x + width) * n])
        return upright(part.view(dtype).reshape(height, width, -1), self._orientation)


_FACTS = ("height", "width", "channels", "bit_depth", "left_out", "n_frames", "_orientation")
