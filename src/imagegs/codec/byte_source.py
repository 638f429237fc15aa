"""Where the bytes of a .gsimg file come from: memory, or a file of which only what is needed is read."""

from __future__ import annotations

import os
from typing import BinaryIO, Protocol

from imagegs.errors import FormatError
from imagegs.files import over_limit


class ByteSource(Protocol):
    """The bytes of a file, in any order."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, start: int, size: int) -> memoryview:
        """`size` bytes from `start` on, all within the source. Raises FormatError, LimitError, OSError."""

    def check_whole(self) -> None:
        """Raises LimitError where there are more bytes than may be read."""


class Memory:
    """Bytes in memory, however many they are."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data).cast("B")

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, start: int, size: int) -> memoryview:
        return self._data[start : start + size]

    def check_whole(self) -> None:
        pass


class OpenFile:
    """A regular file that is open. At most max_bytes are read of it, all reads together."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file, self._max_bytes, self._left = file, max_bytes, max_bytes
        self._size = os.fstat(file.fileno()).st_size

    @property
    def size(self) -> int:
        return self._size

    def read(self, start: int, size: int) -> memoryview:
        self._left -= size
        if self._left < 0:
            raise over_limit(self._max_bytes)
        self._file.seek(start)
        data = self._file.read(size)
        if len(data) < size:
            raise FormatError(
                f"the file was cut while it was read: {start + len(data)} of {self._size} bytes"
            )
        return memoryview(data)

    def check_whole(self) -> None:
        if self._size > self._max_bytes:
            raise over_limit(self._max_bytes)
