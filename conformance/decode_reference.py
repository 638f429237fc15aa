"""A second .gsimg decoder, written from docs/format.md alone, to prove that the page says enough.

Shares no code with imagegs and keeps to the words of the page, not to speed. To see what is in a file:

    python conformance/decode_reference.py FILE.gsimg            a summary, and the first Gaussians
    python conformance/decode_reference.py --dump FILE.gsimg     every byte, annotated
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np


class InvalidFileError(Exception):
    """The file breaks a rule of docs/format.md."""


def require(condition: bool, rule: str) -> None:
    if not condition:
        raise InvalidFileError(rule)


class Reader:
    """Takes fields off a byte string in order and keeps a record of them for the dump."""

    def __init__(self, data: bytes) -> None:
        self.data, self.offset, self.fields = data, 0, []

    def take(self, size: int, meaning: str) -> bytes:
        require(len(self.data) - self.offset >= size, f"truncated in: {meaning}")
        field = self.data[self.offset : self.offset + size]
        self.fields.append((self.offset, field, meaning))
        self.offset += size
        return field

    def number(self, code: str, meaning: str) -> int | float:
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code), meaning))
        self.annotate(f"{value:.9g}" if isinstance(value, float) else str(value))
        return value

    def text(self, size: int, meaning: str) -> str:
        try:
            value = self.take(size, meaning).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidFileError(f"{meaning}: not UTF-8") from None
        self.annotate(value)
        return value

    def annotate(self, value: str) -> None:
        offset, field, meaning = self.fields[-1]
        self.fields[-1] = (offset, field, f"{meaning}: {value}")


def crc32(data: bytes) -> int:
    """Bit by bit, reflected polynomial 0xEDB88320."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def decode(data: bytes, fields: list | None = None) -> dict:
    """The header's values, "metadata" (dict or None) and the float32 arrays of the Gaussians, by name."""
    reader = Reader(data)
    require(reader.take(8, "signature") == bytes.fromhex("89 47 53 49 0d 0a 1a 0a"), "signature")
    require(reader.number("H", "version") == 2, "version")
    result, seen = {"metadata": None}, []
    while not seen or seen[-1] != "TAIL":
        name, length, start = read_head(reader)
        body = data[start : start + 4] + data[start + 8 : start + 8 + length]
        stored = int.from_bytes(data[start + 8 + length :][:4], "little")
        require(stored == crc32(body), f"{name}: checksum")
        check_order(name, seen)
        read_payload(reader, name, length, result)
        require(reader.offset == start + 8 + length, f"{name}: length")
        reader.take(4, "CRC-32 of type and payload")
        seen.append(name)
    require(reader.offset == len(data), "bytes after TAIL")
    if fields is not None:
        fields.extend(reader.fields)
    return result


def read_head(reader: Reader) -> tuple[str, int, int]:
    start = reader.offset
    kind = reader.take(4, "type")
    require(kind.isalpha() and kind.isascii(), "type of a chunk")
    name = kind.decode()
    reader.annotate(name)
    length = reader.number("I", "length of the payload")
    require(len(reader.data) - reader.offset >= length + 4, f"{name}: truncated")
    return name, length, start


def check_order(name: str, seen: list[str]) -> None:
    require(name not in seen, f"{name}: twice")
    require((name == "HEAD") == (not seen), "HEAD comes first")
    if name not in ("HEAD", "mETA", "GAUS", "TAIL"):
        require(name[0].islower(), f"{name}: unknown and critical")
    require(name != "mETA" or "GAUS" not in seen, "mETA after GAUS")
    require(name != "TAIL" or "GAUS" in seen, "TAIL before GAUS")


def read_payload(reader: Reader, name: str, length: int, result: dict) -> None:
    if name == "HEAD":
        read_header(reader, result)
    elif name == "GAUS":
        read_gaussians(reader, length, result)
    elif name == "mETA":
        require(length <= 65535, "mETA: size")
        result["metadata"] = read_metadata(reader.text(length, "metadata"))
    elif name != "TAIL":
        reader.take(length, "skipped")


def read_metadata(text: str) -> dict:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidFileError("metadata: not JSON") from None
    require(isinstance(value, dict), "metadata: not an object")
    return value


def read_header(reader: Reader, result: dict) -> None:
    result["width"] = reader.number("H", "canvas width")
    result["height"] = reader.number("H", "canvas height")
    result["n_gaussians"] = reader.number("I", "number of Gaussians")
    require(result["width"] > 0 and result["height"] > 0, "an empty canvas")
    require(result["n_gaussians"] > 0, "no Gaussians")
    blend = reader.number("B", "blend")
    require(blend in (0, 1), "blend")
    result["blend"] = ("paper", "softmax")[blend]
    result["bit_depth"] = reader.number("B", "bit depth")
    require(result["bit_depth"] in (8, 16), "bit depth")
    names = []
    count = reader.number("B", "number of channels")
    require(1 <= count <= 32, "number of channels")
    for number in range(1, count + 1):
        length = reader.number("B", f"bytes of the name of channel {number}")
        names.append(reader.text(length, f"name of channel {number}"))
        require(names[-1] != "" and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in names[-1]), "name")
    require(len(set(names)) == count, "two channels have the same name")
    result["channels"] = tuple(names)


def read_gaussians(reader: Reader, length: int, result: dict) -> None:
    paper, n = result["blend"] == "paper", result["n_gaussians"]
    channels = len(result["channels"])
    names = ("position", "scale", "angle", "weight", "color")
    bits = {name: reader.number("B", f"bits of the {name}") for name in names}
    for name in names:
        require((0 if name == "weight" else 1) <= bits[name] <= 24, f"bits of the {name}")
    require(not paper or bits["weight"] == 0, "paper blend with log-weights")
    stored = [name for name in names if bits[name] > 0]
    columns = {"position": 2, "scale": 2, "angle": 1, "weight": 1, "color": channels}
    limits = {
        "position": (-(2.0**20), 2.0**20),
        "scale": (2.0**-20, 2.0**10) if paper else (-10.0, 20.0),
        "angle": (-1024.0, 1024.0),
        "weight": (-128.0, 128.0),
        "color": (-(2.0**20), 2.0**20),
    }
    ranges = {name: 1 if paper else columns[name] for name in stored}
    size = 5 + sum(8 * ranges[name] + columns[name] * ((n * bits[name] + 7) // 8) for name in stored)
    require(length == size, "GAUS: length")
    found = {name: [read_range(reader, name, limits[name]) for _ in range(ranges[name])] for name in stored}
    for name in stored:
        table = []
        for column in range(columns[name]):
            low, high = found[name][column if ranges[name] > 1 else 0]
            table.append(read_column(reader, name, n, bits[name], low, high))
        result[name] = np.stack(table, axis=1)
    result["scale"] = np.float32(1 / result["scale"].astype(float)) if paper else exp2(result["scale"])
    result.setdefault("weight", np.zeros((n, 1), np.float32))


def read_range(reader: Reader, name: str, limits: tuple[float, float]) -> tuple[float, float]:
    low, high = reader.number("f", f"{name}, low"), reader.number("f", f"{name}, high")
    require(limits[0] <= low <= high <= limits[1], f"range of the {name}")
    return low, high


def read_column(reader: Reader, name: str, n: int, bits: int, low: float, high: float) -> np.ndarray:
    stream = np.frombuffer(reader.take((n * bits + 7) // 8, f"{name}, {n} x {bits} bits"), np.uint8)
    single = (stream[:, None] >> np.arange(8) & 1).reshape(-1)
    require(not single[n * bits :].any(), f"padding after the {name}")
    q = single[: n * bits].reshape(n, bits) @ (1 << np.arange(bits))
    if n == 1:
        reader.annotate(f"q = {q[0]}")
    levels = 2**bits - 1
    return ((low * (levels - q) + high * q) / levels).astype(np.float32)


def exp2(stored: np.ndarray) -> np.ndarray:
    v = stored.astype(float)
    k = np.floor(v + 0.5)
    t = (v - k) * float.fromhex("0x1.62e42fefa39efp-1")
    p = np.ones_like(v)
    for n in range(13, 0, -1):
        p = 1 + p * t / n
    return (p * 2.0**k).astype(np.float32)


def dump(fields: list) -> str:
    """One line for each eight bytes: offset, bytes, and what they mean."""
    lines = []
    for offset, field, meaning in fields:
        for start in range(0, max(len(field), 1), 8):
            text = field[start : start + 8].hex(" ")
            lines.append(f"{offset + start:5d}  {text:23s}  {'' if start else meaning}".rstrip())
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    fields: list = []
    try:
        result = decode(Path(arguments[-1]).read_bytes(), fields)
    except InvalidFileError as error:
        print(f"invalid: {error}", file=sys.stderr)
        return 3
    if "--dump" in arguments:
        print(dump(fields))
        return 0
    for name, value in result.items():
        print(f"{name}: {value[:5].tolist() if isinstance(value, np.ndarray) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
