"""Chunk gRAN: how strong the grain is that a decoder adds, on a coarse grid of cells over the canvas."""

from __future__ import annotations

import operator
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.byte_source import Memory
from imagegs.codec.container import REPEATED, read_chunks, write_chunks
from imagegs.codec.header import Header, read_header
from imagegs.codec.packing import pack, packed_size, padding_is_zero, unpack_blocks
from imagegs.errors import FormatError

LEVEL_BITS = 3  # of a cell
WHOLE = 2**16  # deviation that stands for the full range of a sample
# Deviations of the levels in units of strength / WHOLE: nothing, then steps of half an octave.
UNITS = (0, 4, 6, 8, 11, 16, 23, 32)
MOST_CELLS = 255  # along a side
MOST_STRENGTH = 255

_FIXED = struct.Struct("<BBB")
FIXED_BYTES = _FIXED.size


@dataclass(frozen=True)
class Grain:
    """The strength of the grain that belongs to a picture; docs/format.md, section 12, tells how it is added.

    A cell of level l has grain of the standard deviation strength * UNITS[l] / WHOLE, in shares of the full
    range of a sample; cells are row by row.

    Raises ValueError for numbers out of range, and TypeError for those that are no integers.

    >>> grain = imagegs.Grain(columns=2, rows=1, strength=64, levels=(0, 7))
    >>> [float(deviation) for deviation in 255 * grain.deviations()[0] / 65536]
    [0.0, 7.96875]
    """

    columns: int  # cells across the canvas, 1..255
    rows: int
    strength: int  # 1..255: the deviation of level 7, in 1/2048 of the full range
    levels: tuple[int, ...]  # rows * columns of them, 0..7, not all 0

    def __post_init__(self) -> None:
        if problem := self._problem():
            raise ValueError(f"grain: {problem}")

    def _problem(self) -> str | None:
        columns, rows, strength = map(operator.index, (self.columns, self.rows, self.strength))
        if not (1 <= columns <= MOST_CELLS and 1 <= rows <= MOST_CELLS):
            return f"a grid of {columns} x {rows} cells, only 1 to {MOST_CELLS} a side are possible"
        if not 1 <= strength <= MOST_STRENGTH:
            return f"a strength of {strength}, only 1 to {MOST_STRENGTH} is possible"
        if len(self.levels) != rows * columns:
            return f"{len(self.levels)} levels of {rows * columns} cells"
        if not all(0 <= operator.index(level) < len(UNITS) for level in self.levels):
            return f"a level is 0 to {len(UNITS) - 1}"
        return None if any(self.levels) else "all levels are 0"

    def deviations(self) -> NDArray[np.int32]:
        """(rows, columns) standard deviations of the cells, in 1 / WHOLE of the full range of a sample."""
        units = np.array(UNITS, np.int32)[np.array(self.levels)]
        deviations: NDArray[np.int32] = (self.strength * units).reshape(self.rows, self.columns)
        return deviations

    @property
    def n_bytes(self) -> int:
        """Bytes of the chunk's payload."""
        return FIXED_BYTES + packed_size(len(self.levels), LEVEL_BITS)


def write_grain(grain: Grain, header: Header) -> bytes:
    """The payload of chunk gRAN. Raises ValueError for more cells than the canvas has pixels."""
    if problem := _too_fine(grain.columns, grain.rows, header):
        raise ValueError(f"grain: {problem}")
    fixed = _FIXED.pack(grain.columns, grain.rows, grain.strength)
    return fixed + pack(np.array(grain.levels, np.uint32), LEVEL_BITS)


def read_grain(payload: memoryview, header: Header) -> Grain:
    """The grain in the payload of chunk gRAN. Raises FormatError."""
    if len(payload) < FIXED_BYTES:
        raise FormatError(f"chunk gRAN: {len(payload)} bytes, at least {FIXED_BYTES} are needed")
    columns, rows, strength = _FIXED.unpack(payload[:FIXED_BYTES])
    if problem := _too_fine(columns, rows, header):
        raise FormatError(f"chunk gRAN: {problem}")
    n, stream = rows * columns, payload[FIXED_BYTES:]
    if len(stream) != (size := packed_size(n, LEVEL_BITS)):
        raise FormatError(f"chunk gRAN: {len(payload)} bytes, {FIXED_BYTES + size} are needed")
    if not padding_is_zero(stream, n, LEVEL_BITS):
        raise FormatError("chunk gRAN: padding bits after the levels are not zero")
    levels = np.concatenate([part for _, part in unpack_blocks(stream, n, LEVEL_BITS)])
    try:
        return Grain(columns, rows, strength, tuple(levels.tolist()))
    except ValueError as error:
        raise FormatError(f"chunk gRAN: {str(error).removeprefix('grain: ')}") from None


def _too_fine(columns: int, rows: int, header: Header) -> str | None:
    if 1 <= columns <= header.width and 1 <= rows <= header.height:
        return None
    return f"a grid of {columns} x {rows} cells on a canvas of {header.width} x {header.height} pixels"


def grain_in(data: bytes | bytearray | memoryview) -> Grain | None:
    """The grain in the bytes of a .gsimg file, None without any; the Gaussians are not looked at.

    Raises FormatError for damaged chunks.
    """
    single = read_chunks(Memory(data)).single
    return read_grain(single["gRAN"], read_header(single["HEAD"])) if "gRAN" in single else None


def with_grain(data: bytes, grain: Grain) -> bytes:
    """A file without grain, with this grain added. Raises ValueError for a file that has some."""
    chunks = read_chunks(Memory(data))
    if "gRAN" in chunks.single:
        raise ValueError("the file has grain already")
    payloads: list[tuple[str, bytes]] = []
    for name, payload in chunks.single.items():
        if name in ("GAUS", "LATT"):
            payloads.append(("gRAN", write_grain(grain, read_header(chunks.single["HEAD"]))))
        if name != "TAIL":
            payloads.append((name, bytes(payload)))
    return write_chunks([*payloads, *((REPEATED, bytes(layer.all())) for layer in chunks.layers)])
