"""Files of blocks that are written piece by piece, so that they may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from imagegs.codec.blocks import BlockIndex
from imagegs.codec.coded import COUNT_BYTES, lattice_chunks
from imagegs.codec.container import CHUNK_BYTES, MAX_PAYLOAD, NEWEST, chunk_pieces, frame_start
from imagegs.codec.header import Header, write_header
from imagegs.codec.lattice import Lattice
from imagegs.codec.metadata import write_metadata


def block_file_pieces(
    header: Header,
    lattice: Lattice,
    index: BlockIndex,
    streams: Callable[[int], Iterable[bytes]],
    metadata: dict[str, Any] | None = None,
) -> Iterator[bytes]:
    """The bytes of a file whose streams are made already, in pieces.

    streams: gives those of a layer, counted from 0, in the order of the blocks.
    Raises ValueError where a layer has 2^32 bytes or more.
    """
    chunks = _small_chunks(header, lattice, index, metadata)
    yield frame_start(NEWEST)
    for name, payload in chunks:
        yield from chunk_pieces(name, len(payload), [payload])
    for layer in range(len(index.n)):
        n_bytes = COUNT_BYTES + int(index.n_bytes[layer].sum(dtype="int64"))
        if n_bytes > MAX_PAYLOAD:
            raise ValueError(f"layer {layer + 1} takes {n_bytes} bytes, a chunk holds at most {MAX_PAYLOAD}")
        count = int(index.n[layer].sum(dtype="int64")).to_bytes(COUNT_BYTES, "little")
        yield from chunk_pieces("LAYR", n_bytes, chain([count], streams(layer)))
    yield from chunk_pieces("TAIL", 0, [])


def block_file_frame(
    header: Header, lattice: Lattice, n_blocks: int, layers: int, metadata: dict[str, Any] | None = None
) -> int:
    """The bytes of such a file beside its streams."""
    chunks = _small_chunks(header, lattice, None, metadata)
    index = 2 + n_blocks * (2 + 12 * layers)
    small = sum(CHUNK_BYTES + len(payload) for _, payload in chunks)
    of_layers = layers * (CHUNK_BYTES + COUNT_BYTES)
    return len(frame_start(NEWEST)) + small + CHUNK_BYTES + index + of_layers + CHUNK_BYTES


def _small_chunks(
    header: Header, lattice: Lattice, index: BlockIndex | None, metadata: dict[str, Any] | None
) -> list[tuple[str, bytes]]:
    chunks = [("HEAD", write_header(header))]
    if metadata is not None:
        chunks.append(("mETA", write_metadata(metadata)))
    chunks += lattice_chunks(lattice, True)
    if index is not None:
        chunks.append(("BLKS", index.to_bytes()))
    return chunks
