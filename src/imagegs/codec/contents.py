"""The contents of a .gsimg file: header, small chunks, and the numbers of the Gaussians that are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imagegs.codec.attributes import FixedPoint, dequantized, read_fixed_point
from imagegs.codec.byte_source import ByteSource
from imagegs.codec.coded import Coded, read_layer_facts, read_layers
from imagegs.codec.container import Chunks, read_chunks
from imagegs.codec.grain import Grain, read_grain
from imagegs.codec.header import Header, read_header
from imagegs.codec.metadata import read_metadata
from imagegs.codec.wanted import WHOLE, Wanted
from imagegs.errors import FormatError
from imagegs.gaussians import Gaussians
from imagegs.limits import Limits


@dataclass(frozen=True)
class Contents:
    """A file that has been read, as far as it was wanted."""

    header: Header
    numbers: FixedPoint | Coded
    metadata: dict[str, Any] | None
    grain: Grain | None
    chunks: Chunks

    @property
    def block_side(self) -> int | None:
        """The side of the blocks in pixels; None without any."""
        return self.numbers.block_side if isinstance(self.numbers, Coded) else None

    def gaussians(self, threads: int | None = None) -> Gaussians:
        """The Gaussians."""
        if isinstance(self.numbers, FixedPoint):
            return dequantized(self.numbers, self.header)
        return self.numbers.gaussians(self.header, threads)


def read_contents(
    source: ByteSource,
    limits: Limits,
    *,
    allow_partial: bool = False,
    wanted: Wanted = WHOLE,
    threads: int | None = None,
) -> Contents:
    """Reads what is wanted of a file. Layers of a file in blocks are read in part where a part is wanted.

    Raises FormatError, LimitError, and ValueError as `Wanted.check`.
    """
    if not (wanted.is_part or wanted.has_size):
        source.check_whole()

    def in_part(chunks: Chunks) -> bool:
        too_large = wanted.has_size and _is_too_large(source, chunks, limits)
        if found := "BLKS" in chunks and (wanted.is_part or too_large):
            return found
        source.check_whole()
        return False

    chunks = read_chunks(source, allow_partial, in_part)
    header, metadata, grain = _small_chunks(chunks)
    wanted.check(header)
    numbers: FixedPoint | Coded
    if chunks.layers:
        _check_blend(header)
        if not (chunks.in_part or wanted.lod < 1):
            _check_numbers(header, limits)
        numbers = read_layers(chunks, header, wanted=wanted, limits=limits, threads=threads)
    else:
        numbers = read_fixed_point(chunks.single["GAUS"], header)
        _check_numbers(header, limits)
    return Contents(header, numbers, metadata, grain, chunks)


def read_all_facts(source: ByteSource, limits: Limits, allow_partial: bool = False) -> Contents:
    """All of a file, its bits counted; of one in blocks that is over the limits the index alone, so that
    `numbers` are without a table. Raises FormatError, LimitError.
    """
    chunks = read_chunks(
        source, allow_partial, lambda chunks: "BLKS" in chunks and _is_too_large(source, chunks, limits)
    )
    header, metadata, grain = _small_chunks(chunks)
    numbers: FixedPoint | Coded
    if not chunks.layers:
        numbers = read_fixed_point(chunks.single["GAUS"], header)
        _check_numbers(header, limits)
        return Contents(header, numbers, metadata, grain, chunks)
    _check_blend(header)
    if chunks.in_part:
        numbers = read_layer_facts(chunks, header)
    else:
        _check_numbers(header, limits)
        numbers = read_layers(chunks, header, count_bits=True)
    return Contents(header, numbers, metadata, grain, chunks)


def read_index(source: ByteSource, allow_partial: bool = False) -> Contents | None:
    """Reads the index of a file in blocks, so that `numbers` are without a table; None without blocks.

    Raises FormatError, LimitError.
    """
    chunks = read_chunks(source, allow_partial, lambda _: True)
    if "BLKS" not in chunks:
        return None
    header, metadata, grain = _small_chunks(chunks)
    _check_blend(header)
    return Contents(header, read_layer_facts(chunks, header), metadata, grain, chunks)


def _small_chunks(chunks: Chunks) -> tuple[Header, dict[str, Any] | None, Grain | None]:
    single = chunks.single
    header = read_header(single["HEAD"])
    metadata = read_metadata(single["mETA"]) if "mETA" in single else None
    grain = read_grain(single["gRAN"], header) if "gRAN" in single else None
    return header, metadata, grain


def _is_too_large(source: ByteSource, chunks: Chunks, limits: Limits) -> bool:
    """Whether all of a file is over the limits, its canvas aside.

    A damaged header does not tell. The file is then read as a whole, so that a wrong checksum of a later
    chunk is reported first, as it is everywhere else.
    """
    if source.size > limits.max_bytes:
        return True
    try:
        header = read_header(chunks.single["HEAD"])
    except FormatError:
        return False
    return not limits.hold(header.n_gaussians, len(header.channels), 0)


def _check_blend(header: Header) -> None:
    if header.blend != "softmax":
        raise FormatError(f"chunk LATT: the {header.blend} blend is stored in chunk GAUS")


def _check_numbers(header: Header, limits: Limits) -> None:
    limits.check_gaussians(header.n_gaussians, len(header.channels))
