"""Files of blocks that are written piece by piece, so that they may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from imagegs.codec.blocks import COUNT_BYTES, BlockIndex, index_bytes
from imagegs.codec.coded import LATTICE_BYTES, lattice_chunks
from imagegs.codec.container import CHUNK_BYTES, FRAME_BYTES, MAX_PAYLOAD, NEWEST, chunk_pieces, frame_start
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
    chunks = _about_the_file(header, metadata) + lattice_chunks(lattice, True)
    chunks.append(("BLKS", index.to_bytes()))
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
    header: Header, n_blocks: int, layers: int, metadata: dict[str, Any] | None = None
) -> int:
    """The most bytes that such a file has beside its streams."""
    n = len(header.channels)
    sizes = [len(payload) for _, payload in _about_the_file(header, metadata)]
    sizes += [LATTICE_BYTES, n * (n + 1), index_bytes(n_blocks, layers), *[COUNT_BYTES] * layers, 0]
    return FRAME_BYTES + sum(CHUNK_BYTES + size for size in sizes)


def _about_the_file(header: Header, metadata: dict[str, Any] | None) -> list[tuple[str, bytes]]:
    chunks = [("HEAD", write_header(header))]
    if metadata is not None:
        chunks.append(("mETA", write_metadata(metadata)))
    return chunks
