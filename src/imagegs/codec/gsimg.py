"""Gaussians to the bytes of a .gsimg file, in memory and on disk.

The encoder never emits bytes that its decoder rejects.
"""

from __future__ import annotations

import os
from typing import Any

from imagegs.codec.attributes import payload_size, write_gaussians
from imagegs.codec.bits import Bits
from imagegs.codec.blocks import block_grid
from imagegs.codec.coded import write_layers
from imagegs.codec.container import MAX_PAYLOAD, write_chunks
from imagegs.codec.grain import Grain, write_grain
from imagegs.codec.header import header_of, write_header
from imagegs.codec.lattice import Lattice
from imagegs.codec.metadata import write_metadata
from imagegs.files import write_atomically
from imagegs.gaussians import Gaussians

# For Gaussians that nobody has quantised: finer than what files of pictures have, so that rounding costs less
# than 0.1 dB; a third to a half of the bytes of fixed point.
DEFAULT_LATTICE = Lattice.of_fineness(4)


def encode(
    gaussians: Gaussians,
    coding: Bits | Lattice | None = None,
    *,
    metadata: dict[str, Any] | None = None,
    grain: Grain | None = None,
    block_side: int | None = None,
    threads: int | None = None,
) -> bytes:
    """The bytes of a .gsimg file with these Gaussians.

    coding: a `Lattice` (softmax blend only) stores the nearest points of the lattice, entropy-coded, layer by
    layer in an order of their own; Gaussians that `quantise` has put on it lose nothing. `Bits` stores every
    number with so many bits, in the order given, in two to three times the size. None: a fine lattice, or 16
    bits of the paper blend. The softmax blend is brought to its canonical form first: longer axis first,
    angle in [0, pi). metadata is any small JSON object. grain: what `decompress` adds to the picture that the
    Gaussians paint; none by default.

    block_side: the side of the blocks on a lattice that are decoded each by itself, a power of 2 in pixels,
    at most 32768 and at least that of a cell; 0: no blocks. None: such that a block has at most 32,768
    Gaussians, where there are 65,536 or more.

    threads: that encode blocks side by side; one for each processor by default.

    Raises ValueError for another side, and for what the file format cannot hold: in the paper blend
    log-weights other than 0 and angles beyond 1,024 radians; log-weights with 0 bits; on a lattice the paper
    blend, centres off the canvas and numbers too large for it; control characters in channel names or more
    than 255 bytes; metadata that is not JSON or larger than 65,535 bytes; grain of more cells than pixels;
    2^32 bytes or more. TypeError for arguments of the wrong type.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> small = imagegs.encode(gaussians, metadata={"title": "noise"})
    >>> large = imagegs.encode(gaussians, imagegs.Bits(position=20))
    >>> len(small) < len(large)
    True
    """
    if coding is None:
        coding = Bits() if gaussians.blend == "paper" else DEFAULT_LATTICE
    header = header_of(gaussians)
    chunks = [("HEAD", write_header(header))]
    if metadata is not None:
        chunks.append(("mETA", write_metadata(metadata)))
    if grain is not None:
        chunks.append(("gRAN", write_grain(grain, header)))
    if isinstance(coding, Lattice):
        grid = block_grid(block_side, header.n_gaussians, header.width, header.height, coding.cell)
        return write_chunks([*chunks, *write_layers(gaussians, coding, header, grid, threads)])
    if block_side:
        raise ValueError("only Gaussians on a lattice are stored in blocks, not those in fixed point")
    if (size := payload_size(header, coding)) > MAX_PAYLOAD:
        raise ValueError(f"the Gaussians take {size} bytes, a file holds at most {MAX_PAYLOAD}")
    return write_chunks([*chunks, ("GAUS", write_gaussians(gaussians, coding))])


def save(
    path: str | os.PathLike[str],
    gaussians: Gaussians,
    coding: Bits | Lattice | None = None,
    *,
    metadata: dict[str, Any] | None = None,
    grain: Grain | None = None,
    block_side: int | None = None,
    threads: int | None = None,
) -> int:
    """Write a .gsimg file whole or not at all; returns its size in bytes.

    The keywords are those of `encode`. Raises what `encode` raises, and OSError; an existing file is
    then as it was.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> imagegs.save("a.gsimg", gaussians) == len(imagegs.encode(gaussians))
    True
    """
    data = encode(gaussians, coding, metadata=metadata, grain=grain, block_side=block_side, threads=threads)
    write_atomically(path, data)
    return len(data)
