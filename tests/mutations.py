"""Damage to .gsimg files, from bit flips to forged fields behind right checksums. All of it follows from the
random numbers given.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

import chunks
from chunks import Chunk

BYTES = (0, 1, 2, 7, 8, 16, 24, 25, 31, 32, 33, 63, 64, 65, 127, 128, 200, 255)
COUNTS = (0, 1, 2, 3, 5, 12, 63, 64, 65, 1000, 2**16, 2**20, 2**31 - 1, 2**31, 2**32 - 1)
SIDES = (0, 1, 2, 7, 15, 16, 17, 255, 4096, 32768, 65535)
FLOATS = (
    0.0,
    -0.0,
    1e-30,
    -1.0,
    19.99,
    20.0,
    127.9,
    1024.0,
    2.0**20,
    2.0**21,
    3e38,
    float("inf"),
    float("nan"),
)
TYPES = (b"HEAD", b"mETA", b"GAUS", b"LATT", b"TURN", b"LAYR", b"TAIL", b"aBCD", b"ABCD", b"GAU\0")
# The fields of HEAD and LATT: offset and format.
HEAD_FIELDS = ((0, "H"), (2, "H"), (4, "I"), (8, "B"), (9, "B"), (10, "B"), (11, "B"), (12, "B"))
LATT_FIELDS = tuple((offset, "B") for offset in range(7))


def mutated(corpus: Sequence[bytes], random: Random) -> bytes:
    """One of the files with some damage; three times in four checksums and lengths are right nevertheless."""
    parts = chunks.split(random.choice(corpus))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutate = random.choice(WITHIN_CHUNKS if random.random() < 0.8 else AMONG_CHUNKS)
        parts = mutate(parts, random, corpus) or parts
    data = chunks.join(parts)
    return random.choice(ON_BYTES)(data, random) if random.random() < 0.25 else data


def flip(data: bytes, random: Random) -> bytes:
    """A single bit."""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def overwrite(data: bytes, random: Random) -> bytes:
    """A byte becomes one at a limit."""
    at = random.randrange(len(data))
    return data[:at] + bytes([random.choice(BYTES)]) + data[at + 1 :]


def cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice((bytes(4), b"\xff" * 4, random.randbytes(3))) + data[at:]


def remove(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randint(1, 4) :]


def forge_length(data: bytes, random: Random) -> bytes:
    """The length of a chunk becomes another one."""
    at = random.choice([i for i in range(len(data) - 8) if data[i : i + 4] in TYPES] or [10])
    return data[: at + 4] + struct.pack("<I", random.choice(COUNTS)) + data[at + 8 :]


ON_BYTES = (flip, overwrite, cut, cut, insert, remove, forge_length)


def change_payload(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """One of the above, within a payload."""
    at = random.randrange(len(parts))
    name, payload = parts[at]
    if not payload:
        return None
    return [*parts[:at], (name, random.choice(ON_BYTES[:6])(payload, random)), *parts[at + 1 :]]


def change_stream(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """Behind the count of a layer: the longest payload of them."""
    layers = [i for i, (name, payload) in enumerate(parts) if name == b"LAYR" and len(payload) > 4]
    if not layers:
        return None
    at = random.choice(layers)
    stream = parts[at][1][4:]
    new = random.choice(
        (flip(stream, random), overwrite(stream, random), remove(stream, random), random.randbytes(20))
    )
    return [*parts[:at], (b"LAYR", parts[at][1][:4] + new), *parts[at + 1 :]]


def forge_field(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """A number of HEAD, LATT, GAUS (a range) or LAYR (its count) becomes one at a limit."""
    at = random.randrange(len(parts))
    name, payload = parts[at]
    ranges = tuple((offset, "f") for offset in range(5, min(80, len(payload) - 3), 4))
    bits = tuple((offset, "B") for offset in range(5))
    fields = {b"HEAD": HEAD_FIELDS, b"LATT": LATT_FIELDS, b"GAUS": bits + ranges, b"LAYR": ((0, "I"),)}
    if name not in fields:
        return None
    offset, code = random.choice(fields[name])
    if offset + struct.calcsize(code) > len(payload):
        return None
    values = {"B": BYTES, "H": SIDES, "I": COUNTS, "f": FLOATS}[code]
    field = struct.pack("<" + code, random.choice(values))
    return [*parts[:at], (name, payload[:offset] + field + payload[offset + len(field) :]), *parts[at + 1 :]]


def forge_canvas(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """All three numbers at once: a huge canvas, with as many Gaussians as can be declared or as there are."""
    name, payload = parts[0]
    if len(payload) < 11:
        return None
    (n,) = struct.unpack_from("<I", payload, 4)
    sides = random.choice(SIDES), random.choice(SIDES[-3:])
    return [(name, struct.pack("<HHI", *sides, random.choice((n, *COUNTS))) + payload[8:]), *parts[1:]]


def agree_on_counts(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """The last layer has as many Gaussians as its bytes may, and HEAD says so; or any number."""
    layers = [i for i, (name, payload) in enumerate(parts) if name == b"LAYR" and len(payload) > 4]
    if not layers or len(parts[0][1]) < 11:
        return None
    payload = parts[layers[-1]][1]
    n = len(payload) - 4 if random.random() < 0.5 else random.randint(1, 100)
    others = sum(struct.unpack_from("<I", parts[i][1])[0] for i in layers[:-1])
    head = bytearray(parts[0][1])
    struct.pack_into("<I", head, 4, (others + n) % 2**32)
    parts = list(parts)
    parts[0], parts[layers[-1]] = (parts[0][0], bytes(head)), (b"LAYR", struct.pack("<I", n) + payload[4:])
    return parts


WITHIN_CHUNKS = (
    change_payload,
    change_stream,
    change_stream,
    forge_field,
    forge_field,
    forge_canvas,
    agree_on_counts,
)


def drop(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    at = random.randrange(len(parts))
    return parts[:at] + parts[at + 1 :] if len(parts) > 1 else None


def repeat(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk]:
    at = random.randrange(len(parts))
    return parts[:at] + [parts[at]] * random.choice((2, 2, 3, 70)) + parts[at + 1 :]


def move(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk]:
    parts = list(parts)
    taken = parts.pop(random.randrange(len(parts)))
    parts.insert(random.randint(0, len(parts)), taken)
    return parts


def rename(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk]:
    at = random.randrange(len(parts))
    return [*parts[:at], (random.choice(TYPES), parts[at][1]), *parts[at + 1 :]]


def splice(parts: list[Chunk], random: Random, corpus: Sequence[bytes]) -> list[Chunk]:
    """A chunk of another file in place of one, or before it."""
    at = random.randrange(len(parts))
    return [
        *parts[:at],
        random.choice(chunks.split(random.choice(corpus))),
        *parts[at + random.randint(0, 1) :],
    ]


AMONG_CHUNKS: tuple[Callable[..., list[Chunk] | None], ...] = (drop, repeat, move, rename, splice)
