"""Chunks LATT, TURN, BLKS and LAYR: Gaussians on a lattice, entropy-coded layer by layer.

layer_coders.py and native/entropy/ have the coder.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import COUNT_BYTES, BlockGrid, BlockIndex, read_blocks
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.container import Chunks, Payload
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
from imagegs.codec.wanted import WHOLE, Wanted
from imagegs.errors import FormatError
from imagegs.gaussians import MAX_LAYERS, Gaussians, faded
from imagegs.limits import NO_LIMITS, Limits

_LATT = struct.Struct("<BbbbbBB")
_COUNT = struct.Struct("<I")
LATTICE_BYTES = _LATT.size
_HAS_WEIGHTS = 1
Counts = NDArray[np.int64]


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
    last_share: float = 0.0  # of the last layer that was read, where it is between two levels

    def bits_by_attribute(self) -> dict[str, float]:
        """Bits a Gaussian."""
        names = self.layers[0].bits
        return {name: sum(v.bits[name] for v in self.layers) / len(self.table) for name in names}

    def gaussians(self, header: Header, threads: int | None = None) -> Gaussians:
        """The Gaussians themselves."""
        arrays: dict[str, Any] = from_table(self.table, self.lattice, header.height, header.width, threads)
        found = Gaussians(
            **arrays,
            height=header.height,
            width=header.width,
            channels=header.channels,
            blend=header.blend,
            bit_depth=header.bit_depth,
            wrap=header.wrap,
            layers=tuple(layer.n_gaussians for layer in self.layers if layer.n_gaussians),
        )
        return faded(found, self.last_share, self.layers[-1].n_gaussians) if self.last_share else found


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
    gaussians = Coded(lattice, table, layers).gaussians(header, threads)
    reach = reach_of_blocks(gaussians, grid.blocks_of(table, lattice.cell), grid, threads)
    return BlockIndex.of(grid, reach, counts, streams)


def read_layers(
    chunks: Chunks,
    header: Header,
    *,
    wanted: Wanted = WHOLE,
    limits: Limits = NO_LIMITS,
    count_bits: bool = False,
    threads: int | None = None,
) -> Coded:
    """The Gaussians that are wanted. Raises FormatError; LimitError where they are over the limits."""
    lattice, weights = _lattice_of(chunks, header)
    sizes = _read_sizes(chunks, header.n_gaussians)
    index = _index_of(chunks, header, lattice, sizes)
    grid = BlockGrid(header.width, header.height) if index is None else index.grid
    counts, blocks = _where(index, sizes, wanted, header)
    whole, share = wanted.layers(counts.sum(axis=1).tolist(), header, limits)
    counts = counts[: whole + (share > 0)]
    if not counts.sum():
        raise FormatError("chunk BLKS: no block reaches the region")
    limits.check_gaussians(int(counts.sum()), len(header.channels))
    streams = _streams(index, chunks.layers[: len(counts)], blocks, counts)
    coders = _coders(lattice, header, grid, weights, threads)
    tables, bits, problem = coders.decode(blocks.tolist(), counts.tolist(), streams, count_bits)
    if problem is not None:
        block = "" if index is None else f", block {problem.block + 1}"
        raise FormatError(f"layer {problem.layer + 1}{block}: {problem.text}")
    layers = tuple(
        LayerInfo(len(table), payload.size, _by_attribute(bits[number]) if count_bits else {})
        for number, (table, payload) in enumerate(zip(tables, chunks.layers, strict=False))
    )
    return Coded(lattice, np.concatenate(tables), layers, _side_of(index), share)


def read_layer_facts(chunks: Chunks, header: Header) -> Coded:
    """Reads what a file says of its layers, without their Gaussians. Raises FormatError."""
    lattice, _ = _lattice_of(chunks, header)
    sizes = _read_sizes(chunks, header.n_gaussians)
    index = _index_of(chunks, header, lattice, sizes)
    layers = tuple(LayerInfo(n, payload.size, {}) for n, payload in zip(sizes, chunks.layers, strict=True))
    nothing = np.empty((0, FIRST_COLOR + len(header.channels)), np.int32)
    return Coded(lattice, nothing, layers, _side_of(index))


def _lattice_of(chunks: Chunks, header: Header) -> tuple[Lattice, bool]:
    """The lattice of a file, and whether it has log-weights."""
    lattice, weights = _read_lattice(chunks.single["LATT"])
    if (color_transform := chunks.single.get("TURN")) is not None:
        own = _read_color_transform(color_transform, len(header.channels))
        lattice = replace(lattice, color_transform=own)
    return lattice, weights


def _index_of(chunks: Chunks, header: Header, lattice: Lattice, sizes: Sequence[int]) -> BlockIndex | None:
    """The index of a file in blocks. Raises FormatError where the layers are not those that it tells of."""
    if (blocks := chunks.single.get("BLKS")) is None:
        return None
    index = read_blocks(blocks, header.width, header.height, lattice.cell)
    declared = len(index.n)
    if len(sizes) > declared or (len(sizes) < declared and "TAIL" in chunks):
        raise FormatError(f"{len(sizes)} layers, chunk BLKS tells of {declared}")
    for number, size in enumerate(sizes):
        if (n := int(index.n[number].sum(dtype=np.int64))) != size:
            raise FormatError(f"layer {number + 1}: its blocks have {n} of {size} Gaussians")
    return index


def _side_of(index: BlockIndex | None) -> int | None:
    return None if index is None else 1 << index.grid.side


def _where(
    index: BlockIndex | None, sizes: Sequence[int], wanted: Wanted, header: Header
) -> tuple[Counts, Counts]:
    """The numbers of Gaussians (L, B) of each layer in each block that is wanted, and these blocks (B,).

    A layer that is not wanted of a block has 0 there.
    """
    if index is None:
        return np.array(sizes, np.int64)[:, None], np.zeros(1, np.int64)
    boxes, counts = wanted.boxes(index.grid, header), index.n[: len(sizes)].astype(np.int64)
    if boxes is not None:
        number = np.arange(len(sizes))[:, None]
        counts[number >= index.layers_near(boxes, header.wrap)] = 0
    blocks = np.flatnonzero(counts.any(axis=0))
    return counts[:, blocks], blocks


def _streams(
    index: BlockIndex | None, layers: Sequence[Payload], blocks: Counts, counts: Counts
) -> list[list[bytes]]:
    """The streams of some blocks in each layer; empty ones where nothing of a layer is wanted."""
    if index is None:
        return [[bytes(payload.read(COUNT_BYTES, payload.size - COUNT_BYTES))] for payload in layers]
    streams = []
    for number, payload in enumerate(layers):
        wanted = counts[number] > 0
        found = iter(index.streams(number, payload, blocks[wanted]))
        streams.append([next(found) if has else b"" for has in wanted.tolist()])
    return streams


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


def _read_sizes(chunks: Chunks, declared: int) -> list[int]:
    """Number of Gaussians of each layer, checked before anything of the declared sizes is made."""
    if len(chunks.layers) > MAX_LAYERS:
        raise FormatError(f"{len(chunks.layers)} layers, at most {MAX_LAYERS} are possible")
    sizes: list[int] = []
    left = declared
    for number, payload in enumerate(chunks.layers, 1):
        sizes.append(_read_size(payload, number, left))
        left -= sizes[-1]
    if left and "TAIL" in chunks:
        raise FormatError(f"the layers have {declared - left} of {declared} Gaussians")
    return sizes


def _read_size(payload: Payload, number: int, left: int) -> int:
    if payload.size < COUNT_BYTES:
        raise FormatError(f"layer {number}: {payload.size} bytes, at least {COUNT_BYTES} are needed")
    size: int = _COUNT.unpack(payload.read(0, COUNT_BYTES))[0]
    stream = payload.size - COUNT_BYTES
    if not size:
        raise FormatError(f"layer {number}: it has no Gaussians")
    if size > left:
        raise FormatError(f"layer {number}: {size} Gaussians, {left} are left")
    if size > stream:
        raise FormatError(f"layer {number}: {size} Gaussians in {stream} bytes")
    return size


def _by_attribute(bits: Numbers) -> dict[str, float]:
    return {
        "position": float(bits[:2].sum() + bits[PLACE_X:FIRST_COLOR].sum()),
        "scale": float(bits[2 : RATIO + 1].sum()),
        "angle": float(bits[ANGLE]),
        "weight": float(bits[WEIGHT]),
        "color": float(bits[FIRST_COLOR:].sum()),
    }
