"""Chunks LATT, TURN, BLKS and LAYR: Gaussians on a lattice, entropy-coded layer by layer.

layer_coders.py and native/entropy/ have the coder.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imagegs.codec.blocks import BlockGrid, BlockIndex, read_blocks
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.header import Header
from imagegs.codec.lattice import (
    ANGLE,
    FIRST_COLOR,
    PLACE_X,
    RATIO,
    WEIGHT,
    Lattice,
    Table,
    from_table,
    to_table,
)
from imagegs.codec.layer_coders import LayerCoders, Numbers
from imagegs.codec.reach import reach_of_blocks
from imagegs.errors import FormatError
from imagegs.gaussians import MAX_LAYERS, Gaussians

_LATT = struct.Struct("<BbbbbBB")
_COUNT = struct.Struct("<I")
LATTICE_BYTES, COUNT_BYTES = _LATT.size, _COUNT.size
_HAS_WEIGHTS = 1


@dataclass(frozen=True)
class LayerInfo:
    """What one layer of a coded file took; in `FileInfo.layers`.

    >>> data = imagegs.compress(np.zeros((16, 24), np.uint8), n_gaussians=4, effort=1)
    >>> [layer.n_gaussians for layer in imagegs.read_info(data).layers]
    [4]
    """

    n_gaussians: int
    n_bytes: int  # of the chunk's payload
    bits: dict[str, float]  # of each attribute; empty where nobody asked


@dataclass(frozen=True)
class Coded:
    """Checked LATT and LAYR payloads, not yet dequantised."""

    lattice: Lattice
    table: Table
    layers: tuple[LayerInfo, ...]
    block_side: int | None = None  # of its blocks, pixels; None without any

    def bits_by_attribute(self) -> dict[str, float]:
        """Bits a Gaussian."""
        names = self.layers[0].bits
        return {name: sum(v.bits[name] for v in self.layers) / len(self.table) for name in names}

    def gaussians(self, header: Header) -> Gaussians:
        """The Gaussians themselves."""
        arrays: dict[str, Any] = from_table(self.table, self.lattice, header.height, header.width)
        return Gaussians(
            **arrays,
            height=header.height,
            width=header.width,
            channels=header.channels,
            blend=header.blend,
            bit_depth=header.bit_depth,
            wrap=header.wrap,
            layers=tuple(layer.n_gaussians for layer in self.layers if layer.n_gaussians),
        )


def write_layers(
    gaussians: Gaussians, lattice: Lattice, header: Header, grid: BlockGrid, threads: int | None = None
) -> list[tuple[str, bytes]]:
    """The chunks of some Gaussians, in their layers.

    Raises ValueError for what the lattice cannot hold.
    """
    if gaussians.blend != "softmax":
        raise ValueError(f"only the softmax blend is stored on a lattice, not the {gaussians.blend} blend")
    if (gaussians.xy < 0).any() or (gaussians.xy > (gaussians.width, gaussians.height)).any():
        raise ValueError("a centre lies off the canvas, where a lattice has no place: give Bits as coding")
    table = to_table(gaussians, lattice)
    weights = bool(table[:, WEIGHT].any())
    chunks = lattice_chunks(lattice, weights)
    layers = np.split(table, np.cumsum(gaussians.layers)[:-1])
    counts, found = _coders(lattice, header, grid, weights, threads).encode(layers)
    # A byte a Gaussian at least, so that no small file orders much work; the stream's end reads as zeros.
    streams = [
        [s.ljust(n, b"\0") for n, s in zip(*each, strict=True)] for each in zip(counts, found, strict=True)
    ]
    if len(grid) > 1:
        index = _block_index(grid, table, lattice, header, counts, streams, threads)
        chunks.append(("BLKS", index.to_bytes()))
    for n, of_blocks in zip(counts, streams, strict=True):
        chunks.append(("LAYR", _COUNT.pack(sum(n)) + b"".join(of_blocks)))
    return chunks


def lattice_chunks(lattice: Lattice, weights: bool) -> list[tuple[str, bytes]]:
    """The chunks that tell the lattice. weights: whether Gaussians have log-weights."""
    fields = (lattice.scales_an_octave, lattice.position, lattice.angle, lattice.weight, lattice.color)
    chunks = [("LATT", _LATT.pack(*fields, lattice.cell, _HAS_WEIGHTS * weights))]
    if lattice.color_transform is not None:
        chunks.append(("TURN", lattice.color_transform.to_bytes()))
    return chunks


def _block_index(
    grid: BlockGrid,
    table: Table,
    lattice: Lattice,
    header: Header,
    counts: list[list[int]],
    streams: list[list[bytes]],
    threads: int | None,
) -> BlockIndex:
    layers = tuple(LayerInfo(sum(n), 0, {}) for n in counts)
    gaussians = Coded(lattice, table, layers).gaussians(header)
    reach = reach_of_blocks(gaussians, grid.blocks_of(table, lattice.cell), grid, threads)
    return BlockIndex.of(grid, reach, counts, streams)


def read_layers(
    lattice: memoryview,
    layers: Sequence[memoryview],
    header: Header,
    *,
    color_transform: memoryview | None = None,
    blocks: memoryview | None = None,
    partial: bool,
    wanted: int | None = None,
    region: tuple[int, int, int, int] | None = None,
    count_bits: bool = False,
    threads: int | None = None,
) -> Coded:
    """The Gaussians of all layers, or of the first `wanted`; with a region those of the blocks that matter in
    it. Raises FormatError; `partial`: layers may be missing.
    """
    steps, weights = _read_lattice(lattice)
    if color_transform is not None:
        steps = replace(steps, color_transform=_read_color_transform(color_transform, len(header.channels)))
    payloads = _read_sizes(layers, header.n_gaussians, partial)
    index = None
    if blocks is not None:
        index = read_blocks(blocks, header.width, header.height, steps.cell)
        _check_layers(index, payloads, partial)
    counts, streams = _streams(index, payloads[:wanted], region, header.wrap)
    grid = BlockGrid(header.width, header.height) if index is None else index.grid
    if not any(map(sum, counts)):
        raise FormatError("chunk BLKS: no block reaches the region")
    coders = _coders(steps, header, grid, weights, threads)
    tables, bits, problem = coders.decode(counts, streams, count_bits)
    if problem is not None:
        block = "" if index is None else f", block {problem.block + 1}"
        raise FormatError(f"layer {problem.layer + 1}{block}: {problem.text}")
    found = []
    for number, table in enumerate(tables):
        size = COUNT_BYTES + len(payloads[number][1])
        found.append(LayerInfo(len(table), size, _by_attribute(bits[number]) if count_bits else {}))
    return Coded(steps, np.concatenate(tables), tuple(found), None if index is None else 1 << grid.side)


def _check_layers(index: BlockIndex, payloads: Sequence[tuple[int, bytes]], partial: bool) -> None:
    """Raises FormatError where the layers are not those that chunk BLKS tells of."""
    declared = len(index.n)
    if len(payloads) > declared or (len(payloads) < declared and not partial):
        raise FormatError(f"{len(payloads)} layers, chunk BLKS tells of {declared}")
    for number, (size, _) in enumerate(payloads):
        if (n := int(index.n[number].sum(dtype=np.int64))) != size:
            raise FormatError(f"layer {number + 1}: its blocks have {n} of {size} Gaussians")


def _streams(
    index: BlockIndex | None,
    payloads: Sequence[tuple[int, bytes]],
    region: tuple[int, int, int, int] | None,
    wrap: bool,
) -> tuple[list[list[int]], list[list[bytes]]]:
    """The number of Gaussians and the stream of each layer, of each block; 0 of blocks that do not matter."""
    if index is None:
        return [[size] for size, _ in payloads], [[stream] for _, stream in payloads]
    wanted = [True] * len(index.grid) if region is None else index.near(region, wrap)
    counts = [np.where(wanted, index.n[number], 0).tolist() for number in range(len(payloads))]
    return counts, [index.streams(number, stream, wanted) for number, (_, stream) in enumerate(payloads)]


def _coders(
    lattice: Lattice, header: Header, grid: BlockGrid, weights: bool, threads: int | None = None
) -> LayerCoders:
    return LayerCoders(lattice, grid, len(header.channels), weights, threads)


def _read_lattice(payload: memoryview) -> tuple[Lattice, bool]:
    if len(payload) != _LATT.size:
        raise FormatError(f"chunk LATT: {len(payload)} bytes, {_LATT.size} are needed")
    scales, position, angle, weight, color, cell, flags = _LATT.unpack(payload)
    if flags & ~_HAS_WEIGHTS:
        raise FormatError(f"chunk LATT: unknown flags {flags}")
    try:
        return Lattice(scales, position, angle, weight, color, cell), bool(flags)
    except ValueError:
        raise FormatError("chunk LATT: a number is out of its range") from None


def _read_color_transform(payload: memoryview, n_channels: int) -> ColorTransform:
    if len(payload) != (size := n_channels * (n_channels + 1)):
        raise FormatError(f"chunk TURN: {len(payload)} bytes, {size} are needed")
    return ColorTransform.from_bytes(bytes(payload), n_channels)


def _read_sizes(layers: Sequence[memoryview], declared: int, partial: bool) -> list[tuple[int, bytes]]:
    """Number of Gaussians and stream of each layer, checked before anything of the declared sizes is made."""
    if len(layers) > MAX_LAYERS:
        raise FormatError(f"{len(layers)} layers, at most {MAX_LAYERS} are possible")
    streams: list[tuple[int, bytes]] = []
    left = declared
    for number, payload in enumerate(layers, 1):
        streams.append(_read_size(payload, number, left))
        left -= streams[-1][0]
    if left and not partial:
        raise FormatError(f"the layers have {declared - left} of {declared} Gaussians")
    return streams


def _read_size(payload: memoryview, number: int, left: int) -> tuple[int, bytes]:
    if len(payload) < _COUNT.size:
        raise FormatError(f"layer {number}: {len(payload)} bytes, at least {_COUNT.size} are needed")
    (size,) = _COUNT.unpack(payload[: _COUNT.size])
    stream = bytes(payload[_COUNT.size :])
    if not size:
        raise FormatError(f"layer {number}: it has no Gaussians")
    if size > left:
        raise FormatError(f"layer {number}: {size} Gaussians, {left} are left")
    if size > len(stream):
        raise FormatError(f"layer {number}: {size} Gaussians in {len(stream)} bytes")
    return size, stream


def _by_attribute(bits: Numbers) -> dict[str, float]:
    return {
        "position": float(bits[:2].sum() + bits[PLACE_X:FIRST_COLOR].sum()),
        "scale": float(bits[2 : RATIO + 1].sum()),
        "angle": float(bits[ANGLE]),
        "weight": float(bits[WEIGHT]),
        "color": float(bits[FIRST_COLOR:].sum()),
    }
