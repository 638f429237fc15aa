"""Chunk GAUS: the numbers of all Gaussians, attribute by attribute, uniformly quantised and packed.

What is stored, and over which range, depends on the blend (docs/format.md, "Chunk GAUS"):

- "paper": as Image-GS quantises in training, so that a fit trained with the quantiser loses nothing: one
  range for each attribute, scales as 1/scale, the axes and the angle exactly as they are.
- "softmax": one range for each column, scales as log2(scale), in canonical form: longer axis first, angle
  in [0, pi).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.bits import Bits
from imagegs.codec.header import Header
from imagegs.codec.packing import pack, packed_size, padding_is_zero, unpack_blocks
from imagegs.codec.quantization import UniformQuantizer, exp2
from imagegs.errors import FormatError
from imagegs.gaussians import (
    MAX_COLOR,
    MAX_LOG_WEIGHT,
    MAX_POSITION,
    MAX_SCALE,
    MIN_SCALE,
    BlendName,
    Gaussians,
    canonical_axes,
)

MAX_ANGLE = 2.0**10  # radians, either way; the other limits are those of Gaussians

_BITS = struct.Struct("<5B")
_RANGE = struct.Struct("<2f")


@dataclass(frozen=True)
class Attribute:
    """One attribute as it is stored: bits of a number, columns (numbers of a Gaussian), their ranges."""

    name: str
    bits: int
    columns: int
    ranges: int  # 1 (shared by all columns) or one for each column
    lowest: float  # the ranges must lie within lowest..highest
    highest: float

    def size(self, n_gaussians: int) -> int:
        """Bytes of the ranges and the packed columns together."""
        return self.ranges * _RANGE.size + self.columns * packed_size(n_gaussians, self.bits)


@dataclass(frozen=True)
class FixedPoint:
    """A checked GAUS payload, not yet dequantised."""

    bits: Bits
    attributes: tuple[Attribute, ...]
    quantizers: tuple[UniformQuantizer, ...]  # one for each column
    columns: tuple[memoryview, ...]  # packed
    n_gaussians: int

    def bits_by_attribute(self) -> dict[str, float]:
        """Bits a Gaussian, ranges included."""
        return {a.name: 8 * a.size(self.n_gaussians) / self.n_gaussians for a in self.attributes}


def attributes_of(blend: BlendName, bits: Bits, n_channels: int) -> tuple[Attribute, ...]:
    """The stored attributes in file order."""
    paper = blend == "paper"
    scales = (1 / MAX_SCALE, 1 / MIN_SCALE) if paper else (math.log2(MIN_SCALE), math.log2(MAX_SCALE))
    attributes = [
        Attribute("position", bits.position, 2, 1 if paper else 2, -MAX_POSITION, MAX_POSITION),
        Attribute("scale", bits.scale, 2, 1 if paper else 2, *scales),
        Attribute("angle", bits.angle, 1, 1, -MAX_ANGLE, MAX_ANGLE),
        Attribute("weight", bits.weight, 1, 1, -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT),
        Attribute("color", bits.color, n_channels, 1 if paper else n_channels, -MAX_COLOR, MAX_COLOR),
    ]
    return tuple(a for a in attributes if a.name != "weight" or (bits.weight and not paper))


def payload_size(header: Header, bits: Bits) -> int:
    """Bytes of the GAUS payload of a file with this header."""
    attributes = attributes_of(header.blend, bits, len(header.channels))
    return _BITS.size + sum(a.size(header.n_gaussians) for a in attributes)


def canonical(gaussians: Gaussians) -> Gaussians:
    """The same Gaussians in the same order, with the longer axis first and the angle in [0, pi)."""
    scale, angle = canonical_axes(gaussians.scale, gaussians.angle)
    return gaussians.replace(scale=scale, angle=angle)


def write_gaussians(gaussians: Gaussians, bits: Bits) -> bytes:
    """The GAUS payload. Raises ValueError when the file format cannot hold a value."""
    _check_weights(gaussians, bits)
    attributes = attributes_of(gaussians.blend, bits, len(gaussians.channels))
    values = _stored_values(gaussians)
    if np.abs(values["angle"]).max() > MAX_ANGLE:
        raise ValueError(f"angle has values beyond {MAX_ANGLE:g} radians")
    ranges, columns = [], []
    for attribute in attributes:
        table = values[attribute.name]
        for part in np.split(table, attribute.ranges, axis=1):
            quantizer = UniformQuantizer.over(part, attribute.bits)
            ranges.append(_RANGE.pack(quantizer.low, quantizer.high))
            columns += [pack(quantizer.quantize(column), attribute.bits) for column in part.T]
    weight = bits.weight if gaussians.blend == "softmax" else 0
    counts = _BITS.pack(bits.position, bits.scale, bits.angle, weight, bits.color)
    return b"".join([counts, *ranges, *columns])


def _check_weights(gaussians: Gaussians, bits: Bits) -> None:
    if not gaussians.log_weight.any():
        return
    if gaussians.blend == "paper":
        raise ValueError("the paper blend has no log-weights: log_weight must be all zero")
    if bits.weight == 0:
        raise ValueError("log_weight is not zero, so it needs at least 1 bit")


def _stored_values(gaussians: Gaussians) -> dict[str, NDArray[np.floating[Any]]]:
    """The (N, columns) tables that are rounded to float32 and quantised, by attribute."""
    if gaussians.blend == "softmax":
        gaussians = canonical(gaussians)
    scale = gaussians.scale.astype(np.float64)
    return {
        "position": gaussians.xy,
        "scale": 1.0 / scale if gaussians.blend == "paper" else np.log2(scale),
        "angle": gaussians.angle[:, None],
        "weight": gaussians.log_weight[:, None],
        "color": gaussians.color,
    }


def read_fixed_point(payload: memoryview, header: Header) -> FixedPoint:
    """The checked contents of the GAUS payload; nothing of the header's sizes is allocated.

    Raises FormatError.
    """
    bits = _read_bits(payload, header.blend)
    attributes = attributes_of(header.blend, bits, len(header.channels))
    if len(payload) != (size := payload_size(header, bits)):
        raise FormatError(f"chunk GAUS: {len(payload)} bytes, but the header implies {size}")
    offset = _BITS.size
    quantizers: list[UniformQuantizer] = []
    for attribute in attributes:
        for _ in range(attribute.ranges):
            quantizer = _read_range(attribute, payload[offset : offset + _RANGE.size])
            quantizers += [quantizer] * (attribute.columns // attribute.ranges)
            offset += _RANGE.size
    columns = []
    for attribute in attributes:
        for _ in range(attribute.columns):
            end = offset + packed_size(header.n_gaussians, attribute.bits)
            columns.append(payload[offset:end])
            offset = end
            if not padding_is_zero(columns[-1], header.n_gaussians, attribute.bits):
                raise FormatError(f"chunk GAUS: padding bits after the {attribute.name} are not zero")
    return FixedPoint(bits, attributes, tuple(quantizers), tuple(columns), header.n_gaussians)


def _read_bits(payload: memoryview, blend: BlendName) -> Bits:
    if len(payload) < _BITS.size:
        raise FormatError(f"chunk GAUS: {len(payload)} bytes, at least {_BITS.size} are needed")
    try:
        bits = Bits(*_BITS.unpack(payload[: _BITS.size]))
    except ValueError as error:
        raise FormatError(f"chunk GAUS: {error}") from None
    if blend == "paper" and bits.weight:
        raise FormatError("chunk GAUS: the paper blend has no log-weights, so their bits must be 0")
    return bits


def _read_range(attribute: Attribute, field: memoryview) -> UniformQuantizer:
    low, high = _RANGE.unpack(field)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise FormatError(f"chunk GAUS: a range of the {attribute.name} is not finite")
    if low > high:
        raise FormatError(f"chunk GAUS: a range of the {attribute.name} ends before it starts")
    if low < attribute.lowest or high > attribute.highest:
        limits = f"{_text(attribute.lowest)} to {_text(attribute.highest)}"
        raise FormatError(f"chunk GAUS: a range of the {attribute.name} is not within {limits}")
    return UniformQuantizer(attribute.bits, low, high)


def _text(limit: float) -> str:
    return str(int(limit)) if limit.is_integer() else f"{limit:g}"


def dequantized(numbers: FixedPoint, header: Header) -> Gaussians:
    """The Gaussians of a checked payload."""
    count, values, columns = header.n_gaussians, {}, zip(numbers.quantizers, numbers.columns, strict=True)
    for attribute in numbers.attributes:
        table = np.empty((count, attribute.columns), dtype=np.float32)
        for number, (quantizer, packed) in enumerate(islice(columns, attribute.columns)):
            for part, integers in unpack_blocks(packed, count, attribute.bits):
                block = quantizer.dequantize(integers)
                table[part, number] = _scale_of(block, header) if attribute.name == "scale" else block
        values[attribute.name] = table
    return Gaussians(
        xy=values["position"],
        scale=values["scale"],
        angle=values["angle"][:, 0],
        log_weight=values["weight"][:, 0] if "weight" in values else np.zeros(count, np.float32),
        color=values["color"],
        height=header.height,
        width=header.width,
        channels=header.channels,
        blend=header.blend,
        bit_depth=header.bit_depth,
        wrap=header.wrap,
    )


def _scale_of(stored: NDArray[np.float32], header: Header) -> NDArray[np.float32]:
    values = stored.astype(np.float64)
    return (1.0 / values if header.blend == "paper" else exp2(values)).astype(np.float32)
