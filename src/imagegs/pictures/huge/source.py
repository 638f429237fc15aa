"""Sources of huge pictures: a source is a picture of which a block at a time is read."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from imagegs.errors import FormatError, ImageGSError, LimitError
from imagegs.gaussians import MAX_CHANNELS, MAX_SIDE
from imagegs.pictures.pixels import IntegerPixels, Region


class PictureSource(Protocol):
    """A picture that is read in blocks. It can be pickled, and read from several threads."""

    @property
    def height(self) -> int:
        """Rows of pixels."""

    @property
    def width(self) -> int:
        """Columns of pixels."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names: Y, Y A, R G B, R G B A, or others for arrays."""

    @property
    def bit_depth(self) -> Literal[8, 16]:
        """Bits a sample."""

    def read(self, x: int, y: int, width: int, height: int) -> IntegerPixels:
        """The block (height, width, C) whose top left pixel is (x, y), uint8 or uint16, rows contiguous.

        Colours are sRGB or gray, alpha is not multiplied in, the picture is upright: integers that
        `read_picture` gives for the same file.

        Raises ValueError for a block that is not within the picture or is empty, FormatError for damaged
        data, ImageGSError for a file that has changed since the source was opened, OSError.
        """


class Source(ABC):
    """The base of all sources: checks, a lock, and the facts about the picture."""

    height: int
    width: int
    channels: tuple[str, ...]
    bit_depth: Literal[8, 16]
    left_out: tuple[str, ...] = ()  # what the file holds besides, in words
    n_frames: int = 1  # how many pictures the file holds, of which this is the first

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def read(self, x: int, y: int, width: int, height: int) -> IntegerPixels:
        """See `PictureSource.read`."""
        inside = 0 <= x < x + width <= self.width and 0 <= y < y + height <= self.height
        if not inside:
            raise ValueError(
                f"a block of {width} x {height} pixels at ({x}, {y}) is not within a picture of "
                f"{self.width} x {self.height}"
            )
        with self._lock:
            return np.ascontiguousarray(self._block((x, y, width, height)))

    @abstractmethod
    def _block(self, region: Region) -> IntegerPixels:
        """The block (height, width, C) of a region that lies within the picture."""

    def _set_facts(self, block: IntegerPixels, channels: tuple[str, ...]) -> None:
        """Takes the depth from the type of some pixels, and the names."""
        self.channels, self.bit_depth = channels, 8 if block.dtype == np.uint8 else 16


class FileSource(Source):
    """A source that reads a file. Pickled, it is opened anew where it is unpickled."""

    def __init__(self, path: Path, size_limit: int | None, state: FileState | None) -> None:
        """size_limit: see `open_source`. state: the file's when it was first opened; None: that is now.

        Raises ImageGSError where the file is another one by now, OSError.
        """
        super().__init__()
        self._path, self._size_limit = path, size_limit
        self._state = FileState.of(path)
        if state is not None:
            self._check_state(state)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._size_limit, self._state)

    def read(self, x: int, y: int, width: int, height: int) -> IntegerPixels:
        """See `PictureSource.read`."""
        self._check_state(FileState.of(self._path))
        return super().read(x, y, width, height)

    def _check_state(self, other: FileState) -> None:
        if self._state != other:
            raise ImageGSError("the picture has changed since it was opened: start again")


class FileState(NamedTuple):
    """Size and time of a file, which tell whether it is still the one that was opened."""

    n_bytes: int  # 0 for a folder
    written: int  # when, in nanoseconds

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Raises OSError."""
        status = path.stat()
        return cls(0 if path.is_dir() else status.st_size, status.st_mtime_ns)


def check_size(width: int, height: int, size_limit: int | None) -> None:
    """Raises FormatError for a picture with no pixels or sides above 65535, LimitError above the limit.

    size_limit: pixels; None: no other limit.
    """
    if min(width, height) < 1:
        raise FormatError("the picture is damaged: it has no size")
    if max(width, height) > MAX_SIDE:
        raise FormatError(f"at most {MAX_SIDE} pixels a side are possible, not {width} x {height}")
    if size_limit is not None and width * height > size_limit:
        raise LimitError(f"{width} x {height} pixels, the limit is {size_limit} pixels")


def check_samples(dtype: object, n_channels: int) -> None:
    """Raises FormatError unless the samples of an array are uint8 or uint16, and its channels 1 to 32."""
    if str(dtype) not in ("uint8", "uint16", ">u2"):
        raise FormatError(f"{dtype} samples are not supported in a huge picture: save uint8 or uint16")
    if n_channels < 1:
        raise FormatError("a picture needs at least one channel")
    if n_channels > MAX_CHANNELS:
        raise FormatError(f"at most {MAX_CHANNELS} channels are possible, not {n_channels}")
