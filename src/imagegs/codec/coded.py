"""Chunks LATT, TURN and LAYR: Gaussians on a lattice, entropy-coded layer by layer (native/entropy/)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imagegs._native import LayerCoder
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
    native_lattice,
    to_table,
)
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
            layers=tuple(layer.n_gaussians for layer in self.layers),
        )


def write_layers(gaussians: Gaussians, lattice: Lattice, header: Header) -> list[tuple[str, bytes]]:
    """The chunks of some Gaussians, in their layers. Raises ValueError for what the lattice cannot hold."""
    if gaussians.blend != "softmax":
        raise ValueError(f"only the softmax blend is stored on a lattice, not the {gaussians.blend} blend")
    if (gaussians.xy < 0).any() or (gaussians.xy > (gaussians.width, gaussians.height)).any():
        raise ValueError("a centre lies off the canvas, where a lattice has no place: give Bits as coding")
    table = to_table(gaussians, lattice)
    weights = bool(table[:, WEIGHT].any())
    fields = (lattice.scales_an_octave, lattice.position, lattice.angle, lattice.weight, lattice.color)
    chunks = [("LATT", _LATT.pack(*fields, lattice.cell, _HAS_WEIGHTS * weights))]
    if lattice.color_transform is not None:
        chunks.append(("TURN", lattice.color_transform.to_bytes()))
    coder = _coder(lattice, header, weights)
    for rows in np.split(table, np.cumsum(gaussians.layers)[:-1]):
        stream, _ = coder.encode(rows)
        # A byte a Gaussian at least, so that no small file orders much work; the stream's end reads as zeros.
        chunks.append(("LAYR", _COUNT.pack(len(rows)) + stream.ljust(len(rows), b"\0")))
    return chunks


def read_layers(
    lattice: memoryview,
    layers: Sequence[memoryview],
    header: Header,
    *,
    color_transform: memoryview | None = None,
    partial: bool,
    wanted: int | None = None,
    count_bits: bool = False,
) -> Coded:
    """The Gaussians of all layers, or of the first `wanted`. Raises FormatError; `partial`: layers may be
    missing.
    """
    steps, weights = _read_lattice(lattice)
    if color_transform is not None:
        steps = replace(steps, color_transform=_read_color_transform(color_transform, len(header.channels)))
    streams = _read_sizes(layers, header.n_gaussians, partial)
    coder = _coder(steps, header, weights)
    columns = FIRST_COLOR + len(header.channels)
    tables: list[Table] = []
    found: list[LayerInfo] = []
    for number, (size, stream) in enumerate(streams[:wanted], 1):
        rows = np.empty((size, columns), np.int32)
        problem, bits = coder.decode(stream, rows, count_bits)
        if problem:
            raise FormatError(f"layer {number}: {problem}")
        tables.append(rows)
        found.append(LayerInfo(size, COUNT_BYTES + len(stream), _by_attribute(bits) if count_bits else {}))
    return Coded(steps, np.concatenate(tables), tuple(found))


def _coder(lattice: Lattice, header: Header, weights: bool) -> LayerCoder:
    return LayerCoder(native_lattice(lattice), header.width, header.height, len(header.channels), weights)


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


def _by_attribute(bits: Sequence[float]) -> dict[str, float]:
    return {
        "position": sum(bits[:2]) + sum(bits[PLACE_X:FIRST_COLOR]),
        "scale": sum(bits[2 : RATIO + 1]),
        "angle": bits[ANGLE],
        "weight": bits[WEIGHT],
        "color": sum(bits[FIRST_COLOR:]),
    }
