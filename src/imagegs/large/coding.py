"""The Gaussians of a block to its streams, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagegs.codec.blocks import BlockGrid
from imagegs.codec.lattice import Lattice, Table, from_table, to_table
from imagegs.codec.layer_coders import LayerCoders
from imagegs.large.block_gaussians import BlockGaussians

Size = tuple[int, int]  # width and height, pixels


@dataclass(frozen=True)
class CodedBlock:
    """A block as the file has it."""

    table: Table  # (N, FIRST_COLOR + C), layer by layer in the order of the file; cells are of the block
    counts: list[int]  # Gaussians of each layer
    streams: list[bytes]  # of each layer

    @property
    def n_bytes(self) -> int:
        """The bytes of all streams."""
        return sum(map(len, self.streams))


def coded_block(
    gaussians: BlockGaussians, size: Size, lattice: Lattice, layers: int, threads: int | None
) -> CodedBlock:
    """The nearest on the lattice, coded. size: of the block; layers: of the file."""
    table = to_table(gaussians, lattice)
    ends = np.searchsorted(gaussians.layer, np.arange(1, layers))
    coders = LayerCoders(lattice, BlockGrid(*size), gaussians.color.shape[1], True, threads)
    counts, streams = coders.encode(np.split(table, ends))
    # A byte a Gaussian at least: see `write_layers` of the codec.
    padded = [stream.ljust(n, b"\0") for (n,), (stream,) in zip(counts, streams, strict=True)]
    return CodedBlock(table, [n for (n,) in counts], padded)


def decoded_block(table: Table, counts: list[int], size: Size, lattice: Lattice) -> BlockGaussians:
    """The Gaussians that a decoder makes of the table of a block."""
    width, height = size
    arrays = from_table(table, lattice, height, width)
    layer = np.repeat(np.arange(len(counts)), counts)
    return BlockGaussians(
        arrays["xy"], arrays["scale"], arrays["angle"], arrays["log_weight"], arrays["color"], layer
    )
