"""Damage to .gsimg files, from bit flips to forged fields behind right checksums. All of it follows from the
random numbers given.
"""

from __future__ import annotations

import json
import struct
import zlib
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
TYPES = (b"HEAD", b"mETA", b"gRAN", b"GAUS", b"LATT", b"TURN", b"BLKS", b"LAYR", b"TAIL")
TYPES += (b"aBCD", b"ABCD", b"GAU\0")
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


def change_block(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """A stream of a block becomes another one, perhaps of other Gaussians; chunk BLKS and the layer agree."""
    names = [name for name, _ in parts]
    if names.count(b"BLKS") != 1 or len(parts[names.index(b"BLKS")][1]) < 2:
        return None
    at = names.index(b"BLKS")
    index, layers = bytearray(parts[at][1]), [i for i, name in enumerate(names) if name == b"LAYR"]
    blocks, rest = divmod(len(index) - 2, max(1, 14 * index[1]))
    if rest or not blocks or len(layers) != index[1]:
        return None
    number, block = random.randrange(len(layers)), random.randrange(blocks)
    first = 2 + 14 * blocks * number  # of the layer's entries
    sizes = [struct.unpack_from("<I", index, first + 14 * k + 4)[0] for k in range(blocks)]
    payload = parts[layers[number]][1]
    start = 4 + sum(sizes[:block])
    stream = payload[start : start + sizes[block]]
    new = random.choice(
        (flip(stream or b"\0", random), random.randbytes(len(stream) + random.choice((0, 1, 20))))
    )
    (n,) = struct.unpack_from("<I", index, first + 14 * block)
    more = random.choice((0, 0, 1, -1)) if 0 < n < len(new) else 0
    struct.pack_into("<III", index, first + 14 * block, n + more, len(new), zlib.crc32(new))
    (of_layer,) = struct.unpack_from("<I", payload.ljust(4, b"\0"))
    parts = list(parts)
    parts[at] = (b"BLKS", bytes(index))
    count = struct.pack("<I", (of_layer + more) % 2**32)
    parts[layers[number]] = (b"LAYR", count + payload[4:start] + new + payload[start + len(stream) :])
    return parts


def forge_field(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """A number of HEAD, LATT, GAUS (a range), BLKS or LAYR (its count) becomes one at a limit."""
    at = random.randrange(len(parts))
    name, payload = parts[at]
    ranges = tuple((offset, "f") for offset in range(5, min(80, len(payload) - 3), 4))
    bits = tuple((offset, "B") for offset in range(5))
    fields = {b"HEAD": HEAD_FIELDS, b"LATT": LATT_FIELDS, b"GAUS": bits + ranges, b"LAYR": ((0, "I"),)}
    fields[b"BLKS"] = (
        (0, "B"),
        (1, "B"),
        *((offset, "I") for offset in range(2, max(3, len(payload) - 3), 2)),
    )
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


def change_channels(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """Other names, more or fewer of them; the rest of the file may then be that of other channels."""
    name, payload = parts[0]
    if len(payload) < 12:
        return None
    names = random.choice(
        (
            [b"Y"],
            [b"R", b"G", b"B", b"A"],
            [b"R", b"G", b"R"],
            [bytes([65 + i]) for i in range(random.choice((2, 5, 31, 32, 33)))],
            [b"Color.R", b"Color.G", b"Color.B"],
            ["\u00e4".encode(), b"a\xcc\x88"],  # two names for those who compare code points
            [b"\xff"],
            [b"x" * 255],
            [b"a\0b"],
            [b""],
        )
    )
    n = random.choice((len(names), len(names), random.randrange(256)))
    told = b"".join(bytes([len(each)]) + each for each in names)
    return [(name, payload[:11] + bytes([n]) + told), *parts[1:]]


def new_fixed_point(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """A chunk GAUS of another number of Gaussians and other bits that fits the header; valid but for its
    ranges and padding, sometimes.
    """
    at = next((i for i, (name, _) in enumerate(parts) if name == b"GAUS"), None)
    head = bytearray(parts[0][1])
    if at is None or len(head) < 12:
        return None
    n, paper, channels = random.choice((1, 2, 7, 8, 9, 40, 300)), head[8] == 0, head[11]
    struct.pack_into("<I", head, 4, n)
    bits = [random.choice((1, 2, 7, 8, 13, 24)) for _ in range(5)]
    bits[3] = 0 if paper or random.random() < 0.3 else bits[3]
    columns = [2, 2, 1, 1 if bits[3] else 0, channels]
    payload = bytes(bits)
    for columns_of, (low, high) in zip(columns, RANGES, strict=True):
        ends = PAPER_SCALE if paper and (low, high) == RANGES[1] else (low, high)
        payload += struct.pack("<2f", *sorted(random.choice((ends, random.choices(ends, k=2))))) * (
            min(columns_of, 1) if paper else columns_of
        )
    for b, columns_of in zip(bits, columns, strict=True):
        for _ in range(columns_of):
            column = bytearray(random.randbytes((n * b + 7) // 8))
            if n * b % 8 and random.random() < 0.98:
                column[-1] &= (1 << n * b % 8) - 1
            payload += bytes(column)
    parts = list(parts)
    parts[0], parts[at] = (parts[0][0], bytes(head)), (b"GAUS", payload)
    return parts


RANGES = ((-40.0, 90.0), (-10.0, 20.0), (-1024.0, 1024.0), (-128.0, 128.0), (-2.0, 3.0))
PAPER_SCALE = (2.0**-20, 2.0**10)


def new_layers(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """Other numbers of layers and of their Gaussians, in noise: counts are right, most of the time."""
    first = next((i for i, (name, _) in enumerate(parts) if name == b"LAYR"), None)
    if first is None or len(parts[0][1]) < 12:
        return None
    counts = [random.choice((1, 1, 2, 3, 9)) for _ in range(random.choice((1, 2, 3, 64, 65)))]
    streams = [random.randbytes(n + random.choice((0, 2, 30))) for n in counts]
    if random.random() < 0.5:  # what a stream of zeros says is mostly in range, and nothing is left over
        streams = [random.randbytes(random.randrange(6)).ljust(n, b"\0") for n in counts]
    head = bytearray(parts[0][1])
    struct.pack_into("<I", head, 4, sum(counts) + random.choice((0, 0, 0, 0, 1, -1)) & 0xFFFFFFFF)
    layers = [(b"LAYR", struct.pack("<I", n) + data) for n, data in zip(counts, streams, strict=True)]
    rest = [part for part in parts[first:] if part[0] != b"LAYR"]
    return [(parts[0][0], bytes(head)), *parts[1:first], *layers, *rest]


def new_color_transform(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk] | None:
    """A chunk TURN of the right length, most of the time, in place of the file's or behind LATT."""
    at = next((i for i, (name, _) in enumerate(parts) if name == b"LATT"), None)
    if at is None or len(parts[0][1]) < 12:
        return None
    n = parts[0][1][11]
    size = n * (n + 1) if random.random() < 0.9 else random.choice((0, 1, n, n * n))
    payload = random.choice((bytes(size), b"\x7f" * size, b"\x80" * size, random.randbytes(size)))
    rest = [part for part in parts[at + 1 :] if part[0] != b"TURN"]
    return [*parts[: at + 1], (b"TURN", payload), *rest]


def new_metadata(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk]:
    """A list of maps that fits the channels Color.R, Color.G and Color.B, or fails to in one field; or other
    JSON."""
    entry: dict[str, object] = {
        "name": "Color",
        "file": "Color.png",
        "kind": "color",
        "bit_depth": 8,
        "channels": 3,
    }
    entry |= {"color_space": "srgb", "unit_length": False}
    field = random.choice((*entry, None))
    if field is not None:
        entry[field] = random.choice((None, "", "../x", 0, 3, 3.0, 16, True, [], {}, 1e300))
    maps = random.choice(([entry], [entry, entry], [], entry, [7]))
    text = random.choice(
        (json.dumps({"maps": maps}), json.dumps(maps), '{"a":' + "[" * 15 + "]" * 15 + "}", "{}")
    )
    without = [part for part in parts if part[0] != b"mETA"]
    if field is None and random.random() < 0.8 and len(without[0][1]) >= 12:
        names = b"".join(bytes([7]) + b"Color." + c for c in (b"R", b"G", b"B"))
        without[0] = without[0][0], without[0][1][:11] + b"\3" + names
    return [without[0], (b"mETA", text.encode()), *without[1:]] if without else parts


WITHIN_CHUNKS = (
    change_payload,
    change_stream,
    change_stream,
    change_block,
    change_block,
    forge_field,
    forge_field,
    forge_canvas,
    agree_on_counts,
    change_channels,
    new_fixed_point,
    new_fixed_point,
    new_layers,
    new_color_transform,
    new_metadata,
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


def add_skippable(parts: list[Chunk], random: Random, _: Sequence[bytes]) -> list[Chunk]:
    """So many that the file has about as many chunks as it may."""
    wanted = random.choice((3, 3, 3, 1023, 1024, 1025)) - len(parts)
    letters = b"abcdefghijklmnopqrstuvwxyz"
    added = [
        (bytes([letters[i // 26 % 26], 88, letters[i // 676], letters[i % 26]]), b"") for i in range(wanted)
    ]
    at = random.randint(0, len(parts))
    return [*parts[:at], *added, *parts[at:]]


AMONG_CHUNKS: tuple[Callable[..., list[Chunk] | None], ...] = (
    drop,
    repeat,
    move,
    rename,
    splice,
    add_skippable,
)
