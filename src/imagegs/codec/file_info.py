"""What a .gsimg file says about itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imagegs.codec.bits import Bits
from imagegs.codec.byte_source import ByteSource, Memory
from imagegs.codec.coded import Coded, LayerInfo
from imagegs.codec.container import CHUNK_BYTES, FRAME_BYTES, REPEATED
from imagegs.codec.contents import read_all_facts
from imagegs.codec.grain import Grain
from imagegs.codec.lattice import Lattice
from imagegs.codec.opening import source_of
from imagegs.gaussians import BlendName
from imagegs.limits import DEFAULT_SIZE_LIMIT, Limits


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself; fields up to wrap as in `Gaussians`. `read_info` gives it.

    >>> data = imagegs.compress(np.zeros((16, 24), np.uint8), n_gaussians=4, effort=1)
    >>> info = imagegs.read_info(data)
    >>> info.bpp == 8 * len(data) / (16 * 24), sum(info.bytes_by_chunk.values()) == len(data)
    (True, True)
    """

    version: int
    width: int
    height: int
    n_gaussians: int
    channels: tuple[str, ...]
    blend: BlendName
    bit_depth: Literal[8, 16]
    wrap: bool
    coding: Bits | Lattice  # in fixed point (weight is 0 when the file has no log-weights), or coded
    n_bytes: int  # the whole file
    bytes_by_chunk: dict[str, int]  # chunk type -> bytes with length and checksum; "frame" is the rest
    bits_by_attribute: dict[str, float]  # stored attribute -> bits a Gaussian, its ranges included; or empty
    layers: tuple[LayerInfo, ...]  # of a coded file
    metadata: dict[str, Any] | None
    grain: Grain | None = None  # that decoders add to what is painted
    block_side: int | None = None  # pixels, of the blocks that are decoded each by itself

    @property
    def bpp(self) -> float:
        """Bits of the whole file per canvas pixel."""
        return 8 * self.n_bytes / (self.width * self.height)


def read_info(
    data: bytes | bytearray | memoryview | str | os.PathLike[str],
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
) -> FileInfo:
    """What a .gsimg file, its bytes or its path, says about itself, checked in full but not dequantised.

    Of a file in blocks that has more bytes, Gaussians or colour values than go with size_limit pixels the
    layers are not read: `bits_by_attribute` and the layers' `bits` are empty then.

    Raises FormatError when data is not a valid .gsimg file, LimitError when another one has more than goes
    with size_limit pixels (its canvas may have more: nothing is painted), OSError where a path cannot be
    read; allow_partial as in `decode`.

    >>> data = imagegs.compress(np.zeros((16, 24, 3), np.uint8), n_gaussians=4, effort=1)
    >>> info = imagegs.read_info(data)
    >>> info.width, info.height, info.n_gaussians, info.channels
    (24, 16, 4, ('R', 'G', 'B'))
    """
    if isinstance(data, (str, os.PathLike)):
        with Path(data).open("rb") as file:
            return info_of(source_of(file, size_limit), size_limit, allow_partial)
    return info_of(Memory(data), size_limit, allow_partial)


def info_of(source: ByteSource, size_limit: int | None = None, allow_partial: bool = False) -> FileInfo:
    """`read_info` of bytes from anywhere."""
    contents = read_all_facts(source, Limits.of(size_limit), allow_partial)
    header, numbers, chunks = contents.header, contents.numbers, contents.chunks
    sizes = {name: CHUNK_BYTES + len(payload) for name, payload in chunks.single.items()}
    if chunks.layers:
        sizes[REPEATED] = sum(CHUNK_BYTES + payload.size for payload in chunks.layers)
    coded = numbers if isinstance(numbers, Coded) else None
    return FileInfo(
        version=chunks.version,
        width=header.width,
        height=header.height,
        n_gaussians=header.n_gaussians if coded is None else sum(layer.n_gaussians for layer in coded.layers),
        channels=header.channels,
        blend=header.blend,
        bit_depth=header.bit_depth,
        wrap=header.wrap,
        coding=numbers.lattice if isinstance(numbers, Coded) else numbers.bits,
        n_bytes=source.size,
        bytes_by_chunk={"frame": FRAME_BYTES, **sizes},
        bits_by_attribute=numbers.bits_by_attribute(),
        layers=() if coded is None else coded.layers,
        metadata=contents.metadata,
        grain=contents.grain,
        block_side=contents.block_side,
    )
