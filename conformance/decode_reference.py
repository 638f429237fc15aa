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

    def note(self, meaning: str) -> None:
        """A line of the dump without bytes of its own."""
        self.fields.append((None, b"", meaning))

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
    """Returns by name: the header's values, "metadata" (dict or None), "grain" (that of section 12, or
    None), the stored "integers" (N, columns), and the float32 arrays of the Gaussians.
    """
    reader = Reader(data)
    require(reader.take(8, "signature") == bytes.fromhex("89 47 53 49 0d 0a 1a 0a"), "signature")
    version = reader.number("H", "version")
    require(version in (3, 4), "version")
    result, seen = {"metadata": None, "grain": None}, []
    while not seen or seen[-1] != "TAIL":
        require(len(seen) < 1024 or reader.offset == len(data), "more than 1024 chunks")
        name, length, start = read_head(reader)
        body = data[start : start + 4] + data[start + 8 : start + 8 + length]
        stored = int.from_bytes(data[start + 8 + length :][:4], "little")
        require(stored == crc32(body), f"{name}: checksum")
        require(name != "BLKS" or version == 4, "BLKS in version 3")
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
    order = ("HEAD", "mETA", "gRAN", "GAUS", "LATT", "TURN", "BLKS", "LAYR", "TAIL")
    require(name == "LAYR" or name not in seen, f"{name}: twice")
    require((name == "HEAD") == (not seen), "HEAD comes first")
    require(name in order or name[0].islower(), f"{name}: unknown and critical")
    for later in order[order.index(name) + 1 :] if name in order else ():
        require(later not in seen, f"{name} after {later}")
    require(name != "LATT" or "GAUS" not in seen, "LATT beside GAUS")
    require(name not in ("TURN", "BLKS", "LAYR") or "LATT" in seen, f"{name} without LATT")
    require(name != "TAIL" or "GAUS" in seen or "LAYR" in seen, "TAIL before GAUS or LAYR")


def read_payload(reader: Reader, name: str, length: int, result: dict) -> None:
    if name == "HEAD":
        read_header(reader, result)
    elif name == "GAUS":
        read_gaussians(reader, length, result)
    elif name == "LATT":
        result["layers"] = Layers(reader, length, result)
    elif name == "gRAN":
        read_grain(reader, length, result)
    elif name == "TURN":
        result["layers"].read_color_transform(reader, length)
    elif name == "BLKS":
        result["layers"].read_blocks(reader, length)
    elif name == "LAYR":
        result["layers"].read(reader, length)
    elif name == "mETA":
        require(length <= 65535, "mETA: size")
        result["metadata"] = read_metadata(reader.text(length, "metadata"))
    elif name != "TAIL":
        reader.take(length, "skipped")
    elif "layers" in result:
        result.update(result.pop("layers").dequantised())


def read_metadata(text: str) -> dict:
    try:
        value = json.loads(text, parse_constant=refuse, parse_float=finite, object_pairs_hook=unique)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates have no UTF-8
    except (ValueError, RecursionError):  # Python's own limit of integers is that of the page
        raise InvalidFileError("metadata: not JSON") from None
    require(isinstance(value, dict), "metadata: not an object")
    require(depth_of(value) <= 16, "metadata: nested too deep")
    return value


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not in RFC 8259")


def finite(text: str) -> float:
    require(np.isfinite(float(text)), "metadata: a number beyond the range of float64")
    return float(text)


def unique(pairs: list[tuple]) -> dict:
    require(len(dict(pairs)) == len(pairs), "metadata: a key occurs twice")
    return dict(pairs)


def depth_of(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((depth_of(v) for v in inner), default=0)


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
    flags = reader.number("B", "flags")
    require(flags <= 1, "HEAD: unknown flags")
    result["wrap"] = flags == 1
    require(not (result["wrap"] and result["blend"] == "paper"), "the paper blend wraps")
    names = []
    count = reader.number("B", "number of channels")
    require(1 <= count <= 32, "number of channels")
    for number in range(1, count + 1):
        length = reader.number("B", f"bytes of the name of channel {number}")
        names.append(reader.text(length, f"name of channel {number}"))
        require(names[-1] != "" and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in names[-1]), "name")
    require(len(set(names)) == count, "two channels have the same name")
    result["channels"] = tuple(names)


def read_grain(reader: Reader, length: int, result: dict) -> None:
    require(length >= 3, "gRAN: length")
    columns = reader.number("B", "columns of cells")
    rows = reader.number("B", "rows of cells")
    require(1 <= columns <= result["width"] and 1 <= rows <= result["height"], "gRAN: grid of cells")
    strength = reader.number("B", "deviation of level 7, in 1/2048")
    require(strength > 0, "gRAN: strength")
    require(length == 3 + (3 * columns * rows + 7) // 8, "gRAN: length")
    levels = read_column(reader, "levels", columns * rows, 3)
    require(levels.any(), "gRAN: no level above 0")
    units = [0, 4, 6, 8, 11, 16, 23, 32]
    deviations = [strength * units[level] for level in levels]
    result["grain"] = [deviations[columns * row :][:columns] for row in range(rows)]


class Grained:
    """The grain of section 12, of a canvas with these deviations of cells."""

    def __init__(self, result: dict) -> None:
        self.cells, self.wraps = result["grain"], result["wrap"]
        self.sides = (result["width"], result["height"])

    def strength(self, x: int, y: int) -> int:
        i, f, j, g = *self.cell(x, 0), *self.cell(y, 1)
        parts = ((i, j, (256 - f) * (256 - g)), (i + 1, j, f * (256 - g)))
        parts += ((i, j + 1, (256 - f) * g), (i + 1, j + 1, f * g))
        return sum(share * self.deviation(i, j) for i, j, share in parts) + 2**15 >> 16

    def cell(self, pixel: int, axis: int) -> tuple[int, int]:
        cells = len(self.cells) if axis else len(self.cells[0])
        u = (2 * pixel + 1) * cells * 128 // self.sides[axis] - 128
        return u >> 8, u & 255

    def deviation(self, i: int, j: int) -> int:
        columns, rows = len(self.cells[0]), len(self.cells)
        if self.wraps:
            return self.cells[j % rows][i % columns]
        return self.cells[clip(j, 0, rows - 1)][clip(i, 0, columns - 1)]

    def number(self, x: int, y: int) -> int:
        if self.wraps:
            x, y = x % self.sides[0], y % self.sides[1]
        v = (x * 0x9E3779B1 + y * 0x85EBCA77) % 2**32
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
            v = (v ^ v >> shift) * factor % 2**32
        return sum(v.to_bytes(4, "little")) - 510

    def at_pixel(self, x: int, y: int) -> int:
        around = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        m = sum((1, 4, 1)[a + 1] * (1, 4, 1)[b + 1] * self.number(x + a, y + b) for a, b in around)
        return (197 * m + 2**10 >> 11) * self.strength(x, y) + 128 >> 8

    def picture(self, width: int, height: int, q: int, r: int) -> list[list[int]]:
        """The grain of a picture of this size whose pixels have q x r samples, row by row."""
        if max(self.sides[0] / width, self.sides[1] / height) > 8:
            return [[0] * width for _ in range(height)]
        return [[self.mean(x, y, (width, height), (q, r)) for x in range(width)] for y in range(height)]

    def mean(self, x: int, y: int, size: tuple[int, int], samples: tuple[int, int]) -> int:
        across, down = (
            [(2 * (n * pixel + k) + 1) * side * 128 // (n * whole) - 128 for k in range(n)]
            for pixel, n, side, whole in zip((x, y), samples, self.sides, size, strict=True)
        )
        total = sum(self.at_sample(p, o) for p in across for o in down)
        return (total + 2**15 * len(across) * len(down)) // (2**16 * len(across) * len(down))

    def at_sample(self, p: int, o: int) -> int:
        i, f, j, g = p >> 8, p & 255, o >> 8, o & 255
        upper = (256 - f) * self.at_pixel(i, j) + f * self.at_pixel(i + 1, j)
        lower = (256 - f) * self.at_pixel(i, j + 1) + f * self.at_pixel(i + 1, j + 1)
        return (256 - g) * upper + g * lower


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
    integers = []
    for name in stored:
        table = []
        for column in range(columns[name]):
            low, high = found[name][column if ranges[name] > 1 else 0]
            integers.append(read_column(reader, name, n, bits[name]))
            table.append(dequantised(integers[-1], bits[name], low, high))
        result[name] = np.stack(table, axis=1)
    result["integers"] = np.stack(integers, axis=1)
    v = result["scale"].astype(float)
    result["scale"] = np.float32(1 / v if paper else exp2(v))
    result.setdefault("weight", np.zeros((n, 1), np.float32))


def read_range(reader: Reader, name: str, limits: tuple[float, float]) -> tuple[float, float]:
    low, high = reader.number("f", f"{name}, low"), reader.number("f", f"{name}, high")
    require(limits[0] <= low <= high <= limits[1], f"range of the {name}")
    return low, high


def read_column(reader: Reader, name: str, n: int, bits: int) -> np.ndarray:
    stream = np.frombuffer(reader.take((n * bits + 7) // 8, f"{name}, {n} x {bits} bits"), np.uint8)
    single = (stream[:, None] >> np.arange(8) & 1).reshape(-1)
    require(not single[n * bits :].any(), f"padding after the {name}")
    q = single[: n * bits].reshape(n, bits) @ (1 << np.arange(bits))
    if n == 1:
        reader.annotate(f"q = {q[0]}")
    return q


def dequantised(q: np.ndarray, bits: int, low: float, high: float) -> np.ndarray:
    levels = 2**bits - 1
    return ((low * (levels - q) + high * q) / levels).astype(np.float32)


def exp2(v: np.ndarray) -> np.ndarray:
    k = np.floor(v + 0.5)
    t = (v - k) * float.fromhex("0x1.62e42fefa39efp-1")
    p = np.ones_like(v)
    for n in range(13, 0, -1):
        p = 1 + p * t / n
    return p * 2.0**k


def clip(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def quotient(a: int, b: int) -> int:
    """The page's a / b, which rounds towards zero; Python's a // b is its floor(a / b)."""
    return a // b if a >= 0 else -(-a // b)


def rounded(a: int, b: int) -> int:
    return (2 * a + b) // (2 * b)


def mean(values: list[int]) -> int:
    return rounded(sum(values), len(values)) if values else 0


def power(x: int) -> int:
    x = clip(x, -256, 320)
    mantissa, shift = POWERS[x & 15], x >> 4
    return mantissa << shift if shift >= 0 else mantissa >> -shift


def squash(x: int) -> int:
    k, r = x + 2048 >> 7, x + 2048 & 127
    return SQUASHED[k] * (128 - r) + SQUASHED[k + 1] * r + 64 >> 7


def integers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


SQUASHED = integers(
    "1 2 4 6 10 17 27 45 74 120 194 311 488 747 1102 1546 2048 2550 2994 3349 3608 3785 3902 3976 4022 4051 "
    "4069 4079 4086 4090 4092 4094 4095"
)
STRETCHED = [next((x for x in range(-2047, 2048) if squash(x) >= p), 2047) for p in range(4096)]
POWERS = integers(
    "65536 68438 71468 74632 77936 81386 84990 88752 92682 96785 101070 105545 110218 115098 120194 125515"
)
ELONGATIONS = integers("-64 -24 -8 2 9 16 21 26 31 35 39 43 48")
COSINES = integers(
    "0 0 -1 -1 -2 -4 -5 -7 -9 -12 -15 -20 -25 -33 -44 -64 "
    "-64 -44 -33 -25 -20 -15 -12 -9 -7 -5 -4 -2 -1 -1 0 0"
)


class Stream:
    """The arithmetic decoder of one layer."""

    def __init__(self, data: bytes) -> None:
        self.data, self.offset, self.low, self.high, self.value = data, 0, 0, 2**32 - 1, 0
        for _ in range(4):
            self.value = self.value << 8 | self.byte()

    def byte(self) -> int:
        self.offset += 1
        return self.data[self.offset - 1] if self.offset <= len(self.data) else 0

    def bit(self, p: int) -> int:
        middle = self.low + ((self.high - self.low) * p >> 16)
        bit = int(self.value <= middle)
        self.low, self.high = (self.low, middle) if bit else (middle + 1, self.high)
        while self.low >> 24 == self.high >> 24:
            self.low = (self.low & 0xFFFFFF) << 8
            self.high = (self.high & 0xFFFFFF) << 8 | 255
            self.value = (self.value & 0xFFFFFF) << 8 | self.byte()
        return bit

    def uniform(self, n: int) -> int:
        low = 0
        while n > 1:
            h = n // 2
            if self.bit((n - h) * 2**16 // n):
                low, n = low + h, n - h
            else:
                n = h
        return low


class Model:
    """The counters and mixers of every family of decisions."""

    def __init__(self) -> None:
        self.counters: dict[tuple, list[int]] = {}
        self.mixers: dict[tuple, list[int]] = {}

    def decide(self, stream: Stream, family: str, node: int, f: int, s: int) -> int:
        keys = ((family, "", 0, node), (family, "f", f, node), (family, "s", s, node))
        counters = [self.counters.setdefault(key, [32768, 0]) for key in keys]
        weights = self.mixers.setdefault((family, node), [20000] * 3)
        x = [STRETCHED[one >> 4] for one, _ in counters]
        p = squash(clip(sum(w * v for w, v in zip(weights, x, strict=True)) >> 16, -2047, 2047))
        bit = stream.bit(16 * p)
        error = (4096 * bit - p) * 10
        for i, counter in enumerate(counters):
            weights[i] = clip(weights[i] + (x[i] * error + 8192 >> 14), -(2**20), 2**20)
            one, seen = counter
            one += quotient(65535 * bit - one, seen + 2)
            counter[:] = clip(one, 32, 65503), min(seen + 1, 120)
        return bit


class Number:
    """Reads one number of a family, in the contexts f and s."""

    def __init__(self, model: Model, stream: Stream, family: str, f: int, s: int) -> None:
        self.stream = stream
        self.decide = lambda node: model.decide(stream, family, node, f, s)

    def symbol(self, n: int) -> int:
        low, node = 0, 1
        while n > 1:
            h, bit = n // 2, self.decide(node)
            low, n = (low + h, n - h) if bit else (low, h)
            node = 2 * node + bit
        return low

    def natural(self) -> int:
        return self.magnitude() if self.decide(0) else 0

    def integer(self) -> int:
        if not self.decide(0):
            return 0
        return -self.magnitude() if self.decide(1) else self.magnitude()

    def magnitude(self) -> int:
        n = 1
        while n < 24 and self.decide(1 + n):
            n += 1
        value = 1
        for digit in range(2, n + 1):
            node = {2: 26 + min(n, 12), 3: 38 + 2 * min(n, 12) + (value & 1)}.get(digit)
            value = 2 * value + (self.stream.uniform(2) if node is None else self.decide(node))
        return value


class Guess:
    """What a channel's colours are likely to be."""

    def __init__(self) -> None:
        self.usual, self.seen, self.costs = 0, 0, [0] * 5

    def best(self, around: int) -> int:
        self.values = [self.usual + ((around - self.usual) * k >> 2) for k in range(5)]
        return self.values[self.costs.index(min(self.costs))]

    def learn(self, v: int, unit: int) -> None:
        for k, value in enumerate(self.values):
            off = abs(v - value) + unit
            cost = 16 * off.bit_length() + (off << 5 >> off.bit_length())
            self.costs[k] += 1024 * cost - self.costs[k] >> 8
        self.seen += 1
        self.usual += quotient(v - self.usual, min(self.seen, 64))


class Coded:
    """The integers of one coded Gaussian: first its cell, then what the steps of section 6 find."""

    def __init__(self, cell: tuple[int, int]) -> None:
        self.cell = cell
        self.color: list[int] = []

    def integers(self) -> list[int]:
        return [*self.cell, self.shorter, self.ratio, self.weight, self.angle, *self.offset, *self.color]

    def distance(self, place: tuple[int, int]) -> int:
        """The square of it, between a place and this one's."""
        return (self.place[0] - place[0]) ** 2 + (self.place[1] - place[1]) ** 2


class Layers:
    """Chunks LATT, TURN, BLKS and LAYR."""

    def __init__(self, reader: Reader, length: int, result: dict) -> None:
        require(result["blend"] == "softmax", "LATT: paper blend")
        require(length == 7, "LATT: length")
        self.q = reader.number("B", "steps of a scale in an octave")
        names = ("position", "angle", "weight", "color")
        self.steps = {name: reader.number("b", f"step of the {name}, exponent x 16") for name in names}
        self.cell = reader.number("B", "cell, log2 of its side")
        self.flags = reader.number("B", "flags")
        require(1 <= self.q <= 64 and self.cell <= 15, "LATT: a number is out of its range")
        require(self.flags <= 1, "LATT: unknown flags")
        self.sides = (result["width"], result["height"])
        self.total, self.n_channels = result["n_gaussians"], len(result["channels"])
        self.gaussians: list[Coded] = []
        self.number_of_layer = 0
        self.blocks = [Block(self, (0, 0), self.sides)]
        # Gaussians, bytes and CRC-32, of each layer, of each block.
        self.streams: list[list[tuple[int, int, int]]] | None = None
        self.color_transform: tuple[np.ndarray, np.ndarray] | None = None

    def read_color_transform(self, reader: Reader, length: int) -> None:
        n = self.n_channels
        require(length == n * (n + 1), "TURN: length")
        scales = np.frombuffer(reader.take(n, "exponents of the channels"), np.int8)
        rows = [np.frombuffer(reader.take(n, f"row {i} of the matrix"), np.int8) for i in range(1, n + 1)]
        self.color_transform = scales, np.stack(rows)

    def read_blocks(self, reader: Reader, length: int) -> None:
        require(length >= 2, "BLKS: length")
        exponent = reader.number("B", "side of a block, log2")
        layers = reader.number("B", "number of layers")
        require(self.cell <= exponent <= 15, "BLKS: side of a block")
        require(1 <= layers <= 64, "BLKS: number of layers")
        side = 2**exponent
        columns, rows = (-(-whole // side) for whole in self.sides)
        count = columns * rows
        require(count <= 16384, "BLKS: number of blocks")
        require(length == 2 + 14 * layers * count, "BLKS: length")
        corners = [(side * x, side * y) for y in range(rows) for x in range(columns)]
        self.blocks = []
        for x, y in corners:
            size = (min(side, self.sides[0] - x), min(side, self.sides[1] - y))
            self.blocks.append(Block(self, (x, y), size))
        self.streams = []
        for layer in range(1, layers + 1):
            self.streams.append([])
            for block in range(1, count + 1):
                where = f"of layer {layer}, block {block}"
                fields = [reader.number("I", f"{name} {where}") for name in ("Gaussians", "bytes", "CRC-32")]
                reader.number("H", f"reach {where}, in 16 pixels")
                require(fields[0] <= fields[1], f"BLKS: too many Gaussians for the bytes {where}")
                require(fields[0] > 0 or fields[1] == 0, f"BLKS: bytes without Gaussians {where}")
                self.streams[-1].append(tuple(fields))

    def read(self, reader: Reader, length: int) -> None:
        self.number_of_layer += 1
        where = f"layer {self.number_of_layer}"
        require(self.number_of_layer <= 64, f"{where}: more than 64 layers")
        require(length >= 4, f"{where}: length")
        n = reader.number("I", "number of Gaussians of the layer")
        require(n > 0, f"{where}: no Gaussians")
        require(n <= self.total - len(self.gaussians), f"{where}: more Gaussians than are left")
        require(n <= length - 4, f"{where}: too many Gaussians for its bytes")
        if self.streams is None:
            self.read_stream(self.blocks[0], n, reader.take(length - 4, "stream"), where)
        else:
            self.read_streams(reader, n, length - 4, where)
        if n == 1:
            self.explain(reader, self.gaussians[-1])

    def read_streams(self, reader: Reader, n: int, size: int, where: str) -> None:
        require(self.number_of_layer <= len(self.streams), "more layers than BLKS tells of")
        parts = self.streams[self.number_of_layer - 1]
        require(sum(part[0] for part in parts) == n, f"{where}: Gaussians of its blocks")
        require(sum(part[1] for part in parts) == size, f"{where}: bytes of its blocks")
        for number, (block, part) in enumerate(zip(self.blocks, parts, strict=True), 1):
            stream = reader.take(part[1], f"stream of block {number}")
            require(crc32(stream) == part[2], f"{where}, block {number}: checksum")
            if part[0]:
                self.read_stream(block, part[0], stream, f"{where}, block {number}")

    def read_stream(self, block: Block, n: int, data: bytes, where: str) -> None:
        self.gaussians += block.read(n, Stream(data), where)

    def explain(self, reader: Reader, g: Coded) -> None:
        """The numbers of a Gaussian, in the order of section 6, and what they stand for."""
        stands_for = {name: values[0] for name, values in self.arrays([g]).items()}
        parts = [f"{offset} of {2**digits}" for offset, digits in zip(g.offset, g.digits, strict=True)]
        lines = (
            (f"cell: column {g.cell[0]}, row {g.cell[1]}", ""),
            (f"S = {g.shorter}, E = {g.ratio}", "scale"),
            (f"W = {g.weight} steps of 2^({g.weight_step}/16)", "weight"),
            (f"A = {g.angle} of {g.directions}", "angle"),
            (f"place in the cell = {parts[0]} across, {parts[1]} down", "position"),
            (f"C = {' '.join(map(str, g.color))} steps of 2^({g.color_step}/16)", "color"),
        )
        for text, name in lines:
            value = " ".join(f"{v:.9g}" for v in stands_for[name]) if name else ""
            reader.note(f"  {text}: {name} {value}" if name else f"  {text}")

    def dequantised(self) -> dict[str, np.ndarray]:
        found = len(self.gaussians)
        declared = self.number_of_layer if self.streams is None else len(self.streams)
        require(self.number_of_layer == declared, f"{self.number_of_layer} layers, BLKS tells of {declared}")
        require(found == self.total, f"the layers have {found} of {self.total} Gaussians")
        return self.arrays(self.gaussians)

    def arrays(self, gaussians: list[Coded]) -> dict[str, np.ndarray]:
        names = ("cell", "offset", "digits", "shorter", "ratio", "angle", "directions", "weight", "color")
        table = {name: np.array([getattr(g, name) for g in gaussians], float) for name in names}
        weight_step = np.array([g.weight_step for g in gaussians])
        color_step = np.array([[g.color_step] for g in gaussians])
        position = (table["cell"] + (table["offset"] + 0.5) / 2.0 ** table["digits"]) * 2.0**self.cell
        longer = table["shorter"] + table["ratio"]
        color = table["color"] * exp2(color_step / 16)
        if self.color_transform is not None:
            color = transformed_by(color, *self.color_transform)
        elif self.n_channels in (3, 4):
            color = transformed_by_default(color)
        return {
            "integers": np.array([g.integers() for g in gaussians]),
            "position": np.float32(np.minimum(position, self.sides)),
            "scale": np.float32(exp2(np.stack([longer, table["shorter"]], axis=1) / self.q - 10)),
            "angle": np.float32((table["angle"] + 0.5) * np.pi / table["directions"])[:, None],
            "weight": np.float32((table["weight"] * exp2(weight_step / 16)).clip(-128, 128))[:, None],
            "color": np.float32(color.clip(-(2.0**20), 2.0**20)),
        }


class Block:
    """A block, or the whole canvas: what lives on from layer to layer in it."""

    def __init__(self, lattice: Layers, corner: tuple[int, ...], sides: tuple[int, ...]) -> None:
        self.q, self.steps, self.cell, self.flags = lattice.q, lattice.steps, lattice.cell, lattice.flags
        self.corner, self.sides, self.n_channels = corner, sides, lattice.n_channels
        self.grid = [(side >> self.cell) + 1 for side in sides]
        self.model, self.gaussians = Model(), []
        self.guesses = [Guess() for _ in range(self.n_channels)]

    def read(self, n: int, stream: Stream, where: str) -> list[Coded]:
        """The next n Gaussians, with the cells of the canvas."""
        self.stream, self.where, before = stream, where, len(self.gaussians)
        self.make_bins(before + n)
        earlier = [self.cell_of(gaussian.place) for gaussian in self.gaussians]
        cells: list[tuple[int, int]] = []
        self.split(((0, self.grid[0]), (0, self.grid[1])), n, earlier, cells)
        for cell in cells:
            self.read_gaussian(Coded(cell))
        self.require(not any(stream.data[stream.offset :]), "bytes are left over")
        found = self.gaussians[before:]
        for g in found:
            g.cell = tuple(c + (p >> self.cell) for c, p in zip(g.cell, self.corner, strict=True))
        return found

    def require(self, condition: bool, rule: str) -> None:
        require(condition, f"{self.where}: {rule}")

    def number(self, family: str, f: int, s: int) -> Number:
        return Number(self.model, self.stream, family, f, s)

    def cell_of(self, place: tuple[int, int]) -> list[int]:
        return [min(p >> self.cell + 2, last - 1) for p, last in zip(place, self.grid, strict=True)]

    def split(self, part: tuple, n: int, earlier: list, cells: list[tuple[int, int]]) -> None:
        """Appends the cells of the part's n Gaussians; `earlier` are those of earlier layers in it."""
        (left, right), (top, bottom) = part
        width, height = right - left, bottom - top
        if n == 0 or width * height == 1:
            cells.extend([(left, top)] * n)
            return
        axis = 0 if width >= height else 1
        start, end = part[axis]
        cut = start + (end - start + 1) // 2
        before = [cell for cell in earlier if cell[axis] < cut]
        count = self.count(n, len(earlier), len(before), width * height)
        first, second = ((start, cut), part[1]), ((cut, end), part[1])
        if axis == 1:
            first, second = (part[0], (start, cut)), (part[0], (cut, end))
        self.split(first, count, before, cells)
        self.split(second, n - count, [cell for cell in earlier if cell[axis] >= cut], cells)

    def count(self, n: int, m: int, m_first: int, size: int) -> int:
        f = 1 + (4 * m_first + m // 2) // m + (5 if m >= 8 else 0) if m else 0
        s = min(15, size.bit_length())
        if n < 8:
            return self.number(f"count {n}", f, s).symbol(n + 1)
        count = n * (m_first + 1) // (m + 2)
        count += self.number(f"count of {min(15, n.bit_length())} bits", f, s).integer()
        self.require(0 <= count <= n, "a part of the canvas holds more Gaussians than the whole")
        return count

    def read_gaussian(self, g: Coded) -> None:
        middle = ((2 * g.cell[0] + 1) << self.cell + 1, (2 * g.cell[1] + 1) << self.cell + 1)
        near = self.neighbours(middle)
        self.read_scales(g, near, middle)
        self.read_weight(g, near)
        self.read_angle(g, near)
        self.read_place(g)
        self.read_colors(g, near)
        self.gaussians.append(g)
        self.add_to_bin(g)

    def make_bins(self, n: int) -> None:
        enough = 4 * self.sides[0] * self.sides[1]
        self.h = next((h for h in range(2, 16) if n * 4**h >= enough), 16)
        self.bins: dict[tuple, list[Coded]] = {}
        for g in self.gaussians:
            self.add_to_bin(g)

    def add_to_bin(self, g: Coded) -> None:
        self.bins[self.bin_of(g.place)] = [*self.bins.get(self.bin_of(g.place), [])[-7:], g]

    def bin_of(self, place: tuple[int, int]) -> tuple[int, int]:
        x, y = (min(p >> self.h + 2, side >> self.h) for p, side in zip(place, self.sides, strict=True))
        return x, y

    def neighbours(self, middle: tuple[int, int]) -> list[Coded]:
        """The nearest first."""
        x, y = self.bin_of(middle)
        around = [(column, row) for row in (y - 1, y, y + 1) for column in (x - 1, x, x + 1)]
        found = [g for place in around for g in self.bins.get(place, [])]
        return sorted(found, key=lambda g: (g.distance(middle), -g.index))[:4]

    def read_scales(self, g: Coded, near: list[Coded], middle: tuple[int, int]) -> None:
        g.index, q = len(self.gaussians), self.q
        shorter, f, s = [a.shorter for a in near], 0, 0
        if near:
            f = 1 + clip(2 * (max(shorter) - min(shorter)) // q, 0, 14)
            s = min(15, near[0].distance(middle).bit_length())
        g.shorter = (mean(shorter) if near else 10 * q) + self.number("shorter", f, s).integer()
        f = clip(quotient(2 * g.shorter, q) - 16, 0, 15)
        s = clip(4 * mean([a.ratio for a in near]) // q, 0, 15)
        g.ratio = self.number("ratio", f, s).natural()
        self.require(g.shorter >= 0 and g.shorter + g.ratio <= 30 * q, "a scale is out of its range")
        g.l0 = (16 * (g.shorter + g.ratio) + q // 2) // q - 160
        g.l1 = (16 * g.shorter + q // 2) // q - 160
        k = (4 * g.ratio + q // 2) // q
        g.elongation = ELONGATIONS[k] if k < 13 else 4 * k

    def read_weight(self, g: Coded, near: list[Coded]) -> None:
        g.weight, g.nats = 0, 0
        g.weight_step = self.steps["weight"] - (g.l0 + g.l1 >> 2)
        if self.flags:
            f = clip(quotient(g.l0 + g.l1, 16) + 4, 0, 15)
            s = clip(mean([a.nats for a in near]) // 16 + 5, 0, 15)
            g.weight = self.number("weight", f, s).integer()
            g.nats = g.weight * power(g.weight_step) >> 12
            self.require(abs(g.nats) <= 2048, "a weight is out of its range")

    def read_angle(self, g: Coded, near: list[Coded]) -> None:
        step = self.steps["angle"] - (13 * (g.l0 + g.l1) >> 6) - (30 * g.nats >> 8)
        n = g.directions = clip(power(g.elongation - step) >> 16, 1, 65536)
        if n < 8:
            g.angle = self.stream.uniform(n)
            g.sector = 8 * g.angle // n
            return
        f = 1 + near[0].sector if near else 0
        s = clip(4 * g.ratio // self.q, 0, 15)
        g.sector = self.number("sector", f, s).symbol(8)
        a, b = -(-g.sector * n // 8), -(-(g.sector + 1) * n // 8)
        g.angle = a + self.stream.uniform(b - a)

    def read_place(self, g: Coded) -> None:
        j = (2 * g.angle + 1) * 16 // g.directions
        cosine, sine = COSINES[j], COSINES[(j + 16) % 32]
        along = self.steps["position"] + (45 * g.l0 - 10 * g.l1 >> 6) - (11 * g.nats >> 8)
        across = self.steps["position"] + (48 * g.l1 - 13 * g.l0 >> 6) - (11 * g.nats >> 8)
        finest = (max(cosine - along, sine - across), max(sine - along, cosine - across))
        g.digits = [clip(16 * self.cell + fine + 8 >> 4, 0, 20) for fine in finest]
        g.offset = [self.stream.uniform(2**digits) for digits in g.digits]
        x, y = (
            ((cell << digits + 1) + 2 * offset + 1 << self.cell + 2) >> digits + 1
            for cell, digits, offset in zip(g.cell, g.digits, g.offset, strict=True)
        )
        g.place = (x, y)

    def read_colors(self, g: Coded, near: list[Coded]) -> None:
        g.color_step = self.steps["color"] - (28 * (g.l0 + g.l1) >> 6) - (59 * g.nats >> 8)
        g.unit = max(1, power(g.color_step) >> 4)
        shares = [max(1, 2**20 // (16 + a.distance(g.place))) for a in near]
        s, off = clip(g.color_step // 16 + 12, 0, 15), 0
        for channel in range(self.n_channels):
            values, spread, guess = [a.color[channel] * a.unit for a in near], 7, self.guesses[channel]
            average = guess.usual
            if near:
                average = sum(share * v for share, v in zip(shares, values, strict=True)) // sum(shares)
                spread = min(6, ((max(values) - min(values)) // g.unit).bit_length())
            expected = rounded(guess.best(average), g.unit)
            f = 4 * min(3, off.bit_length()) + min(3, spread // 2) if channel else spread
            off = self.number(f"color {channel}", f, s).integer()
            g.color.append(expected + off)
            guess.learn(g.color[-1] * g.unit, g.unit)
            inside = abs(g.color[-1]) < 2**24 and abs(g.color[-1] * g.unit) < 2**32
            self.require(inside, "a color is out of its range")


def transformed_by(color: np.ndarray, scales: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    result = np.zeros_like(color)
    for k, row in enumerate(matrix):
        for j, entry in enumerate(row):
            result[:, k] += color[:, j] * float(entry)
    return result * exp2(scales / 16) / 127


def transformed_by_default(color: np.ndarray) -> np.ndarray:
    c0, c1, c2 = color[:, 0] / np.sqrt(3), color[:, 1] / np.sqrt(2), color[:, 2] / np.sqrt(6)
    return np.column_stack([c0 + c1 + c2, c0 - 2 * c2, c0 - c1 + c2, color[:, 3:]])


def dump(fields: list) -> str:
    """One line for each eight bytes: offset, bytes, and what they mean."""
    lines = []
    for offset, field, meaning in fields:
        for start in range(0, max(len(field), 1), 8):
            text = field[start : start + 8].hex(" ")
            place = "" if offset is None else offset + start
            lines.append(f"{place:>5}  {text:23s}  {'' if start else meaning}".rstrip())
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
