"""Whole .gsimg files: Gaussians to bytes and back, on disk, and what a file says about itself.

The encoder never emits bytes that its decoder rejects; a file that `read_info` accepts, `decode` accepts,
the limits aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from imagegs.codec.attributes import Stored, dequantized, payload_size, read_stored, write_gaussians
from imagegs.codec.bits import Bits
from imagegs.codec.container import (
    CHUNK_BYTES,
    FRAME_BYTES,
    MAX_PAYLOAD,
    SIGNATURE,
    VERSION,
    read_chunks,
    write_chunks,
)
from imagegs.codec.header import Header, header_of, read_header, write_header
from imagegs.codec.metadata import read_metadata, write_metadata
from imagegs.errors import LimitError
from imagegs.files import PathLike, write_atomically
from imagegs.gaussians import BlendName, Gaussians

DEFAULT_BITS = Bits()
DEFAULT_SIZE_LIMIT = 2**28


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself; fields up to bit_depth as in `Gaussians`."""

    version: int
    width: int
    height: int
    n_gaussians: int
    channels: tuple[str, ...]
    blend: BlendName
    bit_depth: Literal[8, 16]
    bits: Bits  # weight is 0 when the file has no log-weights
    n_bytes: int  # the whole file
    bytes_by_chunk: dict[str, int]  # chunk type -> bytes with length and checksum; "frame" is the rest
    bytes_by_attribute: dict[str, int]  # stored attribute -> bytes with its ranges
    metadata: dict[str, Any] | None

    @property
    def bpp(self) -> float:
        """Bits of the whole file per canvas pixel."""
        return 8 * self.n_bytes / (self.width * self.height)


@dataclass(frozen=True)
class _Contents:
    header: Header
    stored: Stored
    metadata: dict[str, Any] | None
    chunks: dict[str, memoryview]


def encode(gaussians: Gaussians, bits: Bits = DEFAULT_BITS, metadata: dict[str, Any] | None = None) -> bytes:
    """The bytes of a .gsimg file with these Gaussians, in their order.

    Each number is stored with the given bits (see `Bits`). The softmax blend is brought to its canonical
    form first: longer axis first, angle in [0, pi). metadata is any small JSON object.

    Raises ValueError for what the file format cannot hold: in the paper blend log-weights other than 0 and
    angles beyond 1,024 radians; log-weights with 0 bits; control characters in channel names or more than
    255 bytes; metadata that is not JSON or larger than 65,535 bytes; 2^32 bytes or more. TypeError for
    arguments of the wrong type.
    """
    header = header_of(gaussians)
    if (size := payload_size(header, bits)) > MAX_PAYLOAD:
        raise ValueError(f"the Gaussians take {size} bytes, a file holds at most {MAX_PAYLOAD}")
    payloads = {"HEAD": write_header(header)}
    if metadata is not None:
        payloads["mETA"] = write_metadata(metadata)
    payloads["GAUS"] = write_gaussians(gaussians, bits)
    return write_chunks(payloads)


def decode(data: bytes | bytearray | memoryview, size_limit: int = DEFAULT_SIZE_LIMIT) -> Gaussians:
    """The Gaussians in the bytes of a .gsimg file.

    Memory is bounded by the size of data (at most about 40 times it, and 16 MiB), whatever the file declares.

    Raises FormatError when data is not a valid .gsimg file, LimitError when its canvas has more than
    size_limit pixels.
    """
    contents = _read(data)
    pixels = contents.header.width * contents.header.height
    if pixels > size_limit:
        sides = f"{contents.header.width} x {contents.header.height}"
        raise LimitError(f"the canvas of {sides} pixels is over the limit of {size_limit} pixels")
    return dequantized(contents.stored, contents.header)


def read_info(data: bytes | bytearray | memoryview) -> FileInfo:
    """What the bytes of a .gsimg file say about themselves, checked in full but not dequantised.

    Raises FormatError when data is not a valid .gsimg file.
    """
    contents = _read(data)
    header, stored = contents.header, contents.stored
    sizes = {name: CHUNK_BYTES + len(payload) for name, payload in contents.chunks.items()}
    return FileInfo(
        version=VERSION,
        width=header.width,
        height=header.height,
        n_gaussians=header.n_gaussians,
        channels=header.channels,
        blend=header.blend,
        bit_depth=header.bit_depth,
        bits=stored.bits,
        n_bytes=len(memoryview(data).cast("B")),
        bytes_by_chunk={"frame": FRAME_BYTES, **sizes},
        bytes_by_attribute={a.name: a.size(header.n_gaussians) for a in stored.attributes},
        metadata=contents.metadata,
    )


def _read(data: bytes | bytearray | memoryview) -> _Contents:
    chunks = read_chunks(memoryview(data).cast("B"))
    header = read_header(chunks["HEAD"])
    metadata = read_metadata(chunks["mETA"]) if "mETA" in chunks else None
    return _Contents(header, read_stored(chunks["GAUS"], header), metadata, chunks)


def save(
    path: PathLike,
    gaussians: Gaussians,
    bits: Bits = DEFAULT_BITS,
    metadata: dict[str, Any] | None = None,
) -> int:
    """Write a .gsimg file whole or not at all; returns its size in bytes.

    Raises what `encode` raises, and OSError; an existing file is then as it was.
    """
    data = encode(gaussians, bits, metadata)
    write_atomically(path, data)
    return len(data)


def load(path: PathLike, size_limit: int = DEFAULT_SIZE_LIMIT) -> Gaussians:
    """The Gaussians in a .gsimg file. Raises what `decode` raises, and OSError."""
    with Path(path).open("rb") as file:
        return decode(read_file(file), size_limit)


def read_file(file: BinaryIO) -> bytes:
    """The bytes of an open .gsimg file, for `decode` and `read_info`.

    Raises FormatError, before the rest is read, when it does not start as a .gsimg file does: what a pipe or
    a device would go on to give may have no end.
    """
    start = file.read(len(SIGNATURE))
    if start != SIGNATURE:
        read_chunks(memoryview(start))  # it says what is wrong with this start
    return start + file.read()
