"""How many Gaussians fit into a number of bytes, the whole file counted."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from imagegs.codec.attributes import payload_size
from imagegs.codec.bits import Bits
from imagegs.codec.blocks import COUNT_BYTES
from imagegs.codec.coded import LATTICE_BYTES
from imagegs.codec.container import CHUNK_BYTES, FRAME_BYTES, MAX_PAYLOAD
from imagegs.codec.header import MAX_GAUSSIANS, Header, write_header
from imagegs.codec.metadata import write_metadata
from imagegs.gaussians import BlendName


def file_size(
    n_gaussians: int,
    channels: Sequence[str],
    blend: BlendName,
    bits: Bits,
    metadata: dict[str, Any] | None = None,
) -> int:
    """len(encode(...)) of n_gaussians with these channels, exactly, without encoding them."""
    header = Header(1, 1, n_gaussians, blend, 8, tuple(channels))
    size = FRAME_BYTES + 3 * CHUNK_BYTES + len(write_header(header)) + payload_size(header, bits)
    return size if metadata is None else size + CHUNK_BYTES + len(write_metadata(metadata))


def coded_frame_size(channels: Sequence[str], metadata: dict[str, Any] | None = None, layers: int = 1) -> int:
    """The bytes that a coded file of so many layers has beside its streams, without blocks."""
    header = len(write_header(Header(1, 1, 1, "softmax", 8, tuple(channels))))
    size = FRAME_BYTES + 3 * CHUNK_BYTES + header + LATTICE_BYTES + layers * (CHUNK_BYTES + COUNT_BYTES)
    return size if metadata is None else size + CHUNK_BYTES + len(write_metadata(metadata))


def gaussians_for_bytes(
    n_bytes: int,
    channels: Sequence[str],
    blend: BlendName,
    bits: Bits,
    metadata: dict[str, Any] | None = None,
) -> int:
    """The largest number of Gaussians whose whole file has at most n_bytes bytes.

    channels are the names, as in `Gaussians`. Raises ValueError when not even one Gaussian fits.
    """
    header = Header(1, 1, 1, blend, 8, tuple(channels))
    least = file_size(1, channels, blend, bits, metadata)
    if least > n_bytes:
        raise ValueError(f"{n_bytes} bytes are too few: a file with one Gaussian has {least}")
    payload = min(n_bytes - least + payload_size(header, bits), MAX_PAYLOAD)
    # Every Gaussian takes at least one bit, so one more than these never fits.
    most = min(8 * payload, MAX_GAUSSIANS)
    counts = range(1, most + 1)
    return bisect.bisect_right(
        counts, payload, key=lambda n: payload_size(replace(header, n_gaussians=n), bits)
    )


def bytes_for_bpp(bpp: float, height: int, width: int) -> int:
    """The largest number of bytes of a file whose `FileInfo.bpp` is at most bpp, 2^40 at most.

    Raises ValueError when bpp is not finite.
    """
    if not math.isfinite(bpp):
        raise ValueError(f"bits per pixel must be finite, not {bpp}")
    n_bytes = math.floor(min(bpp * height * width / 8, 2.0**40)) + 1
    while 8 * n_bytes / (width * height) > bpp:  # in the arithmetic of FileInfo.bpp, so that it agrees
        n_bytes -= 1
    return n_bytes
