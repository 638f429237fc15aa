"""The frame of a .gsimg file: signature, version, and chunks with a length and a checksum each.

docs/format.md is the specification. A chunk is a type of four ASCII letters, the length of its payload
(u32), the payload, and the CRC-32 of type and payload (u32), all little endian. A type whose first letter
is lower case may be skipped by a reader that does not know it. This module knows the names and the order
of the chunks, not what is in them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from imagegs.codec.byte_source import ByteSource, Memory
from imagegs.errors import FormatError

# 0x89: not ASCII, and damaged by a transfer that strips the eighth bit; "GSI": for people; CR LF and LF:
# damaged by newline conversion either way; 0x1A: stops an old text viewer.
SIGNATURE = b"\x89GSI\r\n\x1a\n"
OLDEST, NEWEST = 3, 4  # versions; the newest one has chunk BLKS
# A file has its numbers in fixed point, in one GAUS, or coded, in one LATT, perhaps a TURN and BLKS, and
# LAYR.
ORDER = ("HEAD", "mETA", "gRAN", "GAUS", "LATT", "TURN", "BLKS", "LAYR", "TAIL")
REPEATED = "LAYR"
MAX_PAYLOAD = 2**32 - 1
MAX_CHUNKS = 1024  # of a file; 64 layers are possible, so there is room for many of kinds to come
FRAME_BYTES = len(SIGNATURE) + 2
CHUNK_BYTES = 12  # around each payload

_HEAD = struct.Struct("<4sI")
_CRC = struct.Struct("<I")


@dataclass(frozen=True)
class Payload:
    """The payload of a chunk, wherever it lies."""

    source: ByteSource
    start: int
    size: int

    def read(self, start: int, size: int) -> memoryview:
        """`size` bytes from `start` on, both within the payload."""
        return self.source.read(self.start + start, size)

    def all(self) -> memoryview:
        """All bytes."""
        return self.read(0, self.size)


@dataclass
class Chunks:
    """The payloads of a file: those that occur once by their type, unknown skippable ones included, and the
    layers.
    """

    version: int
    single: dict[str, memoryview] = field(default_factory=dict)
    layers: list[Payload] = field(default_factory=list)
    in_part: bool = False  # the layers have not been read, and their checksums not been compared

    def __contains__(self, name: str) -> bool:
        return name in self.single or (name == REPEATED and bool(self.layers))

    def __len__(self) -> int:
        return len(self.single) + len(self.layers)


class _TruncatedError(FormatError):
    """The data end too early."""


def chunk_pieces(name: str, n_bytes: int, payload: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a chunk whose payload of n_bytes comes in pieces."""
    kind = name.encode("ascii")
    yield _HEAD.pack(kind, n_bytes)
    checksum, left = zlib.crc32(kind), n_bytes
    for piece in payload:
        checksum, left = zlib.crc32(piece, checksum), left - len(piece)
        yield piece
    if left:
        raise ValueError(f"chunk {name} lacks {left} of {n_bytes} bytes")
    yield _CRC.pack(checksum)


def frame_start(version: int) -> bytes:
    """The bytes before the first chunk."""
    return SIGNATURE + struct.pack("<H", version)


def write_chunks(payloads: Iterable[tuple[str, bytes]]) -> bytes:
    """A file of these chunks, in the order given, closed by the end chunk. Its version is the least that has
    them.
    """
    chunks = [*payloads, ("TAIL", b"")]
    version = NEWEST if any(name == "BLKS" for name, _ in chunks) else OLDEST
    parts = [frame_start(version)]
    for name, payload in chunks:
        parts += chunk_pieces(name, len(payload), [payload])
    return b"".join(parts)


def whole(chunks: Chunks) -> bool:
    """A choice for `read_chunks`: the layers are read."""
    return False


def read_chunks(
    source: ByteSource, allow_partial: bool = False, in_part: Callable[[Chunks], bool] = whole
) -> Chunks:
    """The chunks of a file.

    Raises FormatError unless the whole frame is right: signature, version, every checksum, the required
    chunks, in order, and nothing after the end chunk. With allow_partial the data may end anywhere after the
    first layer: then the whole layers count.

    in_part: tells, of the chunks before the first layer, whether the layers are to be left unread.
    """
    _check_signature(bytes(_up_to(source, 0, len(SIGNATURE))))
    chunks = Chunks(_read_version(_up_to(source, len(SIGNATURE), FRAME_BYTES - len(SIGNATURE))))
    try:
        _read_all(source, chunks, in_part)
    except _TruncatedError:
        if not (allow_partial and chunks.layers):
            raise
    return chunks


def _up_to(source: ByteSource, start: int, size: int) -> memoryview:
    """Bytes of the source: fewer where it ends."""
    return source.read(start, max(0, min(size, source.size - start)))


def _read_all(source: ByteSource, chunks: Chunks, in_part: Callable[[Chunks], bool]) -> None:
    offset = FRAME_BYTES
    while "TAIL" not in chunks:
        if offset == source.size:
            raise _TruncatedError(f"the file ends without chunk {_missing(chunks, 'TAIL') or 'TAIL'}")
        if len(chunks) == MAX_CHUNKS:
            raise FormatError(f"more than {MAX_CHUNKS} chunks")
        kind, payload = _read_head(source, offset, len(chunks) + 1)
        _take(kind, payload, chunks, in_part)
        offset += CHUNK_BYTES + payload.size
    if size := len(chunks.single["TAIL"]):
        raise FormatError(f"chunk TAIL: must be empty, has {size} bytes")
    if offset != source.size:
        raise FormatError(f"{source.size - offset} bytes after the end chunk")


def _take(kind: bytes, payload: Payload, chunks: Chunks, in_part: Callable[[Chunks], bool]) -> None:
    """Adds the next chunk of a file to those before it."""
    name = kind.decode("ascii")
    if name == REPEATED and not chunks.layers:
        chunks.in_part = in_part(chunks)
    if name == REPEATED and chunks.in_part:
        _check_place(name, chunks)
        chunks.layers.append(payload)
        return
    data = _checked(kind, payload)
    _check_place(name, chunks)
    if name == REPEATED:
        chunks.layers.append(Payload(Memory(data), 0, len(data)))
    else:
        chunks.single[name] = data


def _check_signature(start: bytes) -> None:
    if start == SIGNATURE:
        return
    if not start:
        raise FormatError("the file is empty")
    if SIGNATURE.startswith(start):
        raise FormatError(f"truncated in the signature: {len(start)} of {len(SIGNATURE)} bytes")
    if start[:4] == bytes(byte & 0x7F for byte in SIGNATURE[:4]):
        raise FormatError("damaged signature: a 7-bit transfer stripped the top bit of every byte")
    if start[:4] == SIGNATURE[:4]:
        raise FormatError("damaged signature: a text-mode transfer converted the newlines")
    raise FormatError("not a gsimg file")


def _read_version(field: memoryview) -> int:
    if len(field) < 2:
        raise FormatError(f"truncated in the version: {len(field)} of 2 bytes")
    version = int.from_bytes(field, "little")
    if not OLDEST <= version <= NEWEST:
        raise FormatError(f"version {version} is not supported, only versions {OLDEST} and {NEWEST}")
    return version


def _read_head(source: ByteSource, offset: int, number: int) -> tuple[bytes, Payload]:
    """The type of a chunk, and where its payload lies, which the source has with its checksum."""
    head = _up_to(source, offset, _HEAD.size)
    if len(head) < _HEAD.size:
        raise _TruncatedError(f"truncated in the head of chunk {number}: {len(head)} of {_HEAD.size} bytes")
    kind, length = _HEAD.unpack(head)
    if not (kind.isascii() and kind.isalpha()):
        raise FormatError(f"chunk {number}: its type {kind.hex(' ')} is not four ASCII letters")
    name, start = kind.decode("ascii"), offset + _HEAD.size
    left = source.size - start - length
    if left < 0:
        raise _TruncatedError(f"chunk {name}: {length} bytes declared, {source.size - start} left")
    if left < _CRC.size:
        raise _TruncatedError(f"chunk {name}: truncated in the checksum: {left} of {_CRC.size} bytes")
    return kind, Payload(source, start, length)


def _checked(kind: bytes, payload: Payload) -> memoryview:
    """The bytes of a payload. Raises FormatError where they have another checksum."""
    both = payload.read(0, payload.size + _CRC.size)
    data, checksum = both[: payload.size], both[payload.size :]
    if _CRC.unpack(checksum)[0] != zlib.crc32(data, zlib.crc32(kind)):
        raise FormatError(f"chunk {kind.decode('ascii')}: checksum mismatch")
    return data


def _check_place(name: str, before: Chunks) -> None:
    if name in before and name != REPEATED:
        raise FormatError(f"chunk {name} occurs twice")
    if name not in ORDER:
        if name[0].isupper():
            raise FormatError(f"unknown critical chunk {name}")
        if not len(before):
            raise FormatError(f"the first chunk must be HEAD, not {name}")
        return
    if missing := _missing(before, name):
        raise FormatError(f"chunk {missing} is missing before chunk {name}")
    if any(later in before for later in ORDER[ORDER.index(name) + 1 :]):
        raise FormatError(f"chunk {name} is out of order")
    if name == "BLKS" and before.version < NEWEST:
        raise FormatError(f"chunk BLKS is not part of version {before.version}")
    if name == "LATT" and "GAUS" in before:
        raise FormatError("chunk LATT: the numbers are in chunk GAUS already")


def _missing(before: Chunks, name: str) -> str | None:
    """The chunk that must come first, if it has not."""
    needs: dict[str, Sequence[str]] = {
        "HEAD": (),
        "TURN": ("HEAD", "LATT"),
        "BLKS": ("HEAD", "LATT"),
        "LAYR": ("HEAD", "LATT"),
        "TAIL": ("HEAD", "LAYR" if "LATT" in before else "GAUS"),
    }
    return next((n for n in needs.get(name, ("HEAD",)) if n not in before), None)
