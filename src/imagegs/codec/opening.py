"""Open .gsimg files: all their bytes, or those that are asked for."""

from __future__ import annotations

import io
import os
import stat
from typing import BinaryIO

from imagegs.codec.byte_source import ByteSource, Memory, OpenFile
from imagegs.codec.container import SIGNATURE, read_chunks
from imagegs.files import read_to_limit
from imagegs.limits import Limits


def source_of(file: BinaryIO, size_limit: int | None = None) -> ByteSource:
    """The bytes of an open .gsimg file, which is at its start and stays open while they are read.

    What is no regular file (a pipe, a device) can be read only in order, so all of it is read now, as
    `read_file` does and with its errors.
    """
    if isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO):
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size:  # files of /proc tell of 0 bytes
            return OpenFile(file, Limits.of(size_limit).max_bytes)
    return Memory(read_file(file, size_limit))


def read_file(file: BinaryIO, size_limit: int | None = None) -> bytes:
    """The bytes of an open .gsimg file, for `decode` and `read_info`.

    What a pipe or a device gives may have no end. So this raises FormatError, before the rest is read, when
    it does not start as a .gsimg file does, and LimitError above the bytes that go with size_limit pixels
    (None: the default).
    """
    start = file.read(len(SIGNATURE))
    if start != SIGNATURE:
        read_chunks(Memory(start))  # it says what is wrong with this start
    return read_to_limit(file, Limits.of(size_limit).max_bytes, start)
