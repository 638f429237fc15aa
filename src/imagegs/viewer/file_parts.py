"""A file on disk that is served in parts, and the HTTP headers about parts (RFC 9110, section 14)."""

from __future__ import annotations

import os
import re
import threading
from http import HTTPStatus
from typing import BinaryIO

from imagegs.codec.container import CHUNK_BYTES, FRAME_BYTES, MAX_CHUNKS, SIGNATURE

LEAST_BYTES = 2**22  # smaller files are loaded as a whole
_NO_BLOCKS = (b"GAUS", b"LAYR", b"TAIL")  # chunks that no chunk BLKS follows
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})", re.ASCII)


class FileParts:
    """An open file, whose bytes are read when they are asked for; several threads may ask."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._lock = file, threading.Lock()

    def size(self) -> int:
        """Bytes of the file now."""
        return os.fstat(self._file.fileno()).st_size

    def tag(self) -> str:
        """The entity tag, which differs where the file does."""
        status = os.fstat(self._file.fileno())
        return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'

    def read(self, start: int, end: int) -> bytes:
        """The bytes from start up to end; fewer where the file ends before."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(end - start)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def has_blocks(file: BinaryIO) -> bool:
    """Whether a .gsimg file is in blocks, by the types of its chunks; False of what is no such file.

    The file is at its start before and after.
    """
    try:
        if not file.read(FRAME_BYTES).startswith(SIGNATURE):
            return False
        for _ in range(MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8 or head.startswith(_NO_BLOCKS):
                return False
            if head.startswith(b"BLKS"):
                return True
            file.seek(int.from_bytes(head[4:], "little") + CHUNK_BYTES - len(head), os.SEEK_CUR)
        return False
    finally:
        file.seek(0)


def asked_part(wanted: str | None, condition: str | None, tag: str, size: int) -> tuple[HTTPStatus, int, int]:
    """The status of the answer, and where the part begins and ends that it has.

    wanted, condition: the headers Range and If-Range. Ranges of another form, or more than one, are answered
    with the whole, as is a range of another version than that of the tag.
    """
    found = _RANGE.fullmatch(wanted or "")
    if found is None or condition not in (None, tag):
        return HTTPStatus.OK, 0, size
    start, end = int(found[1]), int(found[2] or size - 1) + 1
    if start >= size:
        return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0
    if end <= start:
        return HTTPStatus.OK, 0, size
    return HTTPStatus.PARTIAL_CONTENT, start, min(end, size)
