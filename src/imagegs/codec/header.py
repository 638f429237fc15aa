"""Chunk HEAD: the canvas, the number of Gaussians, the blend, the bit depth, flags and the channels."""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imagegs.errors import FormatError
from imagegs.gaussians import BLENDS, MAX_CHANNELS, BlendName, Gaussians

MAX_GAUSSIANS = 2**32 - 1
MAX_NAME_BYTES = 255

WRAPS = 1  # a bit of the flags

_FIXED = struct.Struct("<HHIBBBB")


@dataclass(frozen=True)
class Header:
    """What chunk HEAD holds; fields as in `Gaussians`."""

    width: int
    height: int
    n_gaussians: int
    blend: BlendName
    bit_depth: Literal[8, 16]
    channels: tuple[str, ...]
    wrap: bool = False


def header_of(gaussians: Gaussians) -> Header:
    """The header of a file with these Gaussians."""
    return Header(
        width=operator.index(gaussians.width),
        height=operator.index(gaussians.height),
        n_gaussians=len(gaussians),
        blend=gaussians.blend,
        bit_depth=gaussians.bit_depth,
        channels=tuple(gaussians.channels),
        wrap=gaussians.wrap,
    )


def write_header(header: Header) -> bytes:
    """The payload of chunk HEAD. Raises ValueError when the file format cannot hold the header."""
    if header.n_gaussians > MAX_GAUSSIANS:
        raise ValueError(f"a file holds at most {MAX_GAUSSIANS} Gaussians, not {header.n_gaussians}")
    fixed = _FIXED.pack(
        header.width,
        header.height,
        header.n_gaussians,
        BLENDS.index(header.blend),
        header.bit_depth,
        WRAPS if header.wrap else 0,
        len(header.channels),
    )
    return fixed + write_names(header.channels)


def write_names(channels: Sequence[str]) -> bytes:
    """The channel names, each behind its length in bytes. Raises TypeError, ValueError for a bad name."""
    parts = []
    for name in channels:
        if not isinstance(name, str):
            raise TypeError(f"a channel name must be a string, not {name!r}")
        if problem := _problem_of_name(name):
            raise ValueError(f"channel name {name!r} {problem}")
        encoded = name.encode("utf-8")
        parts.append(bytes([len(encoded)]) + encoded)
    if len(set(channels)) != len(channels):
        raise ValueError("channel names must be unique")
    return b"".join(parts)


def _problem_of_name(name: str) -> str | None:
    if not name:
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "has lone surrogates, which UTF-8 cannot hold"
    if len(name.encode("utf-8")) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in name):
        return "has control characters"
    return None


def read_header(payload: memoryview) -> Header:
    """The header in the payload of chunk HEAD. Raises FormatError."""
    if len(payload) < _FIXED.size:
        raise FormatError(f"chunk HEAD: {len(payload)} bytes, at least {_FIXED.size} are needed")
    width, height, n_gaussians, blend, bit_depth, flags, n_channels = _FIXED.unpack(payload[: _FIXED.size])
    if width == 0 or height == 0:
        raise FormatError(f"chunk HEAD: the canvas of {width} x {height} pixels is empty")
    if n_gaussians == 0:
        raise FormatError("chunk HEAD: zero Gaussians")
    if blend >= len(BLENDS):
        raise FormatError(f"chunk HEAD: unknown blend {blend}")
    if bit_depth not in (8, 16):
        raise FormatError(f"chunk HEAD: bit depth {bit_depth}, only 8 and 16 are possible")
    if flags & ~WRAPS:
        raise FormatError(f"chunk HEAD: unknown flags {flags}")
    if flags and BLENDS[blend] != "softmax":
        raise FormatError(f"chunk HEAD: only the softmax blend wraps, not the {BLENDS[blend]} blend")
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise FormatError(f"chunk HEAD: {n_channels} channels, only 1 to {MAX_CHANNELS} are possible")
    names = _read_names(bytes(payload[_FIXED.size :]), n_channels)
    return Header(width, height, n_gaussians, BLENDS[blend], bit_depth, names, bool(flags))


def _read_names(data: bytes, count: int) -> tuple[str, ...]:
    names: list[str] = []
    for number in range(1, count + 1):
        end = 1 + data[0] if data else 0
        if not data or len(data) < end:
            raise FormatError(f"chunk HEAD: ends within the name of channel {number}")
        names.append(_read_name(data[1:end], number))
        data = data[end:]
    if data:
        raise FormatError(f"chunk HEAD: {len(data)} bytes after the last channel name")
    if len(set(names)) != count:
        raise FormatError("chunk HEAD: two channels have the same name")
    return tuple(names)


def _read_name(encoded: bytes, number: int) -> str:
    try:
        name = encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"chunk HEAD: the name of channel {number} is not UTF-8") from None
    if problem := _problem_of_name(name):
        raise FormatError(f"chunk HEAD: the name of channel {number} {problem}")
    return name
