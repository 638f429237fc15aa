"""The invalid files of the conformance set: one for each cause of an error on the page, each with the message
of imagegs. All are valid ones with one thing changed.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from chunks import SIGNATURE, Chunk, chunk, join, replaced, split
from decode_reference import InvalidFileError
from decode_reference import decode as decode_by_the_page
from imagegs import FormatError, decode, encode
from imagegs.codec import Bits
from valid_files import coded, drawn

BITS = Bits.parse("12,7,8,8,8")
FIXED = split(encode(drawn(3), BITS, metadata={"seed": 1}))
PAPER = split(encode(drawn(3, blend="paper"), BITS))
CODED = split(coded(drawn(12), layers=(5, 7)))
BLOCKS = split(coded(drawn(40, seed=47), layers=(3, 37), block_side=32))  # of four blocks
HEAD, META, GAUS, TAIL = FIXED
LATT, FIRST, SECOND = CODED[1:4]
FILE = join(FIXED)


def files() -> dict[str, bytes]:
    """By the name of the cause."""
    parts = (
        frame(),
        chunk_heads(),
        order(),
        header(),
        metadata(),
        fixed_point(),
        grain(),
        lattices(),
        layers(),
        blocks(),
    )
    return {name: data for part in parts for name, data in part}


def message(data: bytes) -> str:
    """What imagegs says about an invalid file."""
    try:
        decode(data)
    except FormatError as error:
        return str(error)
    raise AssertionError("the file is valid")


def patched(payload: bytes, offset: int, code: str, value: float) -> bytes:
    """The payload with one field overwritten."""
    result = bytearray(payload)
    struct.pack_into("<" + code, result, offset, value)
    return bytes(result)


def frame() -> Iterator[tuple[str, bytes]]:
    yield "frame-empty-file", b""
    yield "frame-other-signature", b"\x89PNG" + FILE[4:]
    yield "frame-seven-bit-transfer", bytes(byte & 0x7F for byte in FILE)
    yield "frame-text-mode-transfer", FILE.replace(b"\r\n", b"\n")
    yield "frame-cut-in-the-signature", FILE[:5]
    yield "frame-cut-in-the-version", FILE[:9]
    yield "frame-version-1", SIGNATURE + b"\1\0" + FILE[10:]
    yield "frame-too-many-chunks", join([HEAD, *skippable(1022), GAUS, TAIL])


def skippable(n: int) -> list[Chunk]:
    """So many empty chunks of types that no decoder knows."""
    letters = range(65, 91)
    types = itertools.product(range(97, 123), letters, letters, letters)
    return [(bytes(each), b"") for each in itertools.islice(types, n)]


def chunk_heads() -> Iterator[tuple[str, bytes]]:
    start, gaus = join(FIXED[:2]), chunk(*GAUS)
    yield "chunk-type-not-letters", start + chunk(b"GAU\0", GAUS[1]) + chunk(*TAIL)
    yield "chunk-cut-in-the-head", start + gaus[:5]
    yield "chunk-cut-in-the-payload", start + gaus[:-12]
    yield "chunk-cut-in-the-checksum", start + gaus[:-3]
    yield "chunk-checksum", start + gaus[:-1] + bytes([gaus[-1] ^ 1]) + chunk(*TAIL)


def order() -> Iterator[tuple[str, bytes]]:
    head, lattice = CODED[:2]
    yield "order-unknown-critical-chunk", join([HEAD, (b"ABCD", b""), GAUS, TAIL])
    yield "order-first-is-not-head", join([(b"aBCD", b""), HEAD, GAUS, TAIL])
    yield "order-no-gaussians", join([HEAD, TAIL])
    yield "order-no-end", join([HEAD, GAUS])
    yield "order-fixed-point-twice", join([HEAD, GAUS, GAUS, TAIL])
    yield "order-metadata-late", join([HEAD, GAUS, META, TAIL])
    yield "order-fixed-point-and-coded", join([HEAD, GAUS, lattice, FIRST, SECOND, TAIL])
    yield "order-layer-without-lattice", join([head, FIRST, SECOND, TAIL])
    yield "order-lattice-without-layer", join([head, lattice, TAIL])
    yield "order-end-not-empty", join([HEAD, GAUS, (b"TAIL", b"\0\0\0\0")])
    yield "order-bytes-after-the-end", FILE + b"xyz"


def header() -> Iterator[tuple[str, bytes]]:
    payload = HEAD[1]
    changes = {
        "head-too-short": payload[:11],
        "head-empty-canvas": patched(payload, 0, "H", 0),
        "head-no-gaussians": patched(payload, 4, "I", 0),
        "head-unknown-blend": patched(payload, 8, "B", 7),
        "head-bit-depth": patched(payload, 9, "B", 9),
        "head-unknown-flags": patched(payload, 10, "B", 3),
        "head-no-channels": patched(payload, 11, "B", 0),
        "head-33-channels": payload[:11] + bytes([33]) + b"".join(bytes([1, 65 + i]) for i in range(33)),
        "head-ends-within-a-name": payload[:-1],
        "head-empty-name": payload[:12] + b"\1R\0\1B",
        "head-name-not-utf-8": payload[:12] + b"\1R\1\xff\1B",
        "head-name-with-control-characters": payload[:12] + b"\1R\2\xc2\x80\1B",
        "head-name-twice": payload[:12] + b"\1R\1G\1R",
        "head-bytes-after-the-names": payload + b"xy",
    }
    for name, changed in changes.items():
        yield name, join(replaced(FIXED, b"HEAD", changed))
    yield "head-wrap-of-the-paper-blend", join(replaced(PAPER, b"HEAD", patched(PAPER[0][1], 10, "B", 1)))


def metadata() -> Iterator[tuple[str, bytes]]:
    changes = {
        "meta-too-long": b'{"a":"' + b"x" * 65528 + b'"}',
        "meta-not-json": b'{"seed":1',
        "meta-not-utf-8": b'{"seed":"\xff"}',
        "meta-byte-order-mark": b"\xef\xbb\xbf{}",
        "meta-key-twice": b'{"a":1,"a":2}',
        "meta-not-a-number": b'{"a":NaN}',
        "meta-number-beyond-float64": b'{"a":1e999}',
        "meta-integer-too-long": b'{"a":' + b"9" * 4301 + b"}",
        "meta-lone-surrogate": b'{"a":"\\ud800"}',
        "meta-not-an-object": b"[]",
        "meta-nested-17-deep": b'{"a":' + b"[" * 16 + b"]" * 16 + b"}",
    }
    for name, changed in changes.items():
        yield name, join(replaced(FIXED, b"mETA", changed))


def fixed_point() -> Iterator[tuple[str, bytes]]:
    """Bits are at 0..4, ranges from 5 on, 8 bytes each; padding follows the 3 x 7 bits of a scale."""
    payload, paper = GAUS[1], PAPER[1][1]
    scale = 5 + 8 * 9 + 2 * 5 + 2  # the last byte of the first scale
    changes = {
        "gaus-too-short": payload[:3],
        "gaus-bits-of-the-scale": patched(payload, 1, "B", 30),
        "gaus-bits-of-the-weight": patched(payload, 3, "B", 25),
        "gaus-length": payload + b"\0",
        "gaus-range-not-finite": patched(payload, 5, "f", float("nan")),
        "gaus-range-ends-before-it-starts": patched(payload, 21, "f", 19.0),
        "gaus-range-beyond-the-limits": patched(payload, 25, "f", 20.5),
        "gaus-padding": patched(payload, scale, "B", payload[scale] | 0x80),
    }
    for name, changed in changes.items():
        yield name, join(replaced(FIXED, b"GAUS", changed))
    yield "gaus-weights-of-the-paper-blend", join(replaced(PAPER, b"GAUS", patched(paper, 3, "B", 8)))
    yield "gaus-paper-scale-of-0", join(replaced(PAPER, b"GAUS", patched(paper, 13, "f", 0.0)))


def grain() -> Iterator[tuple[str, bytes]]:
    """Four columns and three rows of cells, of 3 bits each in 5 bytes, on a canvas of 48 x 36 pixels."""
    payload = bytes([4, 3, 60]) + b"\x11\x22\x33\x44\x05"
    changes = {
        "too-short": payload[:2],
        "no-columns": patched(payload, 0, "B", 0),
        "more-columns-than-pixels": bytes([49, 1, 60]) + bytes(18) + b"\x01",
        "no-rows": patched(payload, 1, "B", 0),
        "more-rows-than-pixels": bytes([1, 37, 60]) + bytes(13) + b"\x01",
        "no-strength": patched(payload, 2, "B", 0),
        "length": payload + b"\0",
        "length-of-another-grid": patched(payload, 0, "B", 5),
        "padding": patched(payload, 7, "B", 0x15),
        "all-levels-0": payload[:3] + bytes(5),
    }
    for name, changed in changes.items():
        yield f"gran-{name}", join([HEAD, META, (b"gRAN", changed), GAUS, TAIL])
    chunk = (b"gRAN", payload)
    yield "gran-twice", join([HEAD, chunk, chunk, GAUS, TAIL])
    yield "gran-before-metadata", join([HEAD, chunk, META, GAUS, TAIL])
    yield "gran-after-the-gaussians", join([HEAD, GAUS, chunk, TAIL])


def lattices() -> Iterator[tuple[str, bytes]]:
    payload = LATT[1]
    changes = {
        "latt-length": payload + b"\0",
        "latt-no-steps-of-the-scale": patched(payload, 0, "B", 0),
        "latt-65-steps-of-the-scale": patched(payload, 0, "B", 65),
        "latt-cell": patched(payload, 5, "B", 16),
        "latt-unknown-flags": patched(payload, 6, "B", 6),
    }
    for name, changed in changes.items():
        yield name, join(replaced(CODED, b"LATT", changed))
    yield "latt-paper-blend", join(replaced(CODED, b"HEAD", patched(CODED[0][1], 8, "B", 0)))


def layers() -> Iterator[tuple[str, bytes]]:
    first, second = FIRST[1], SECOND[1]

    def with_second(payload: bytes) -> bytes:
        return join([*CODED[:3], (b"LAYR", payload), TAIL])

    yield "layer-too-short", with_second(second[:3])
    yield "layer-without-gaussians", with_second(patched(second, 0, "I", 0))
    yield "layer-more-than-are-left", with_second(patched(second, 0, "I", 8))
    yield "layer-too-many-for-its-bytes", with_second(second[:4])
    yield "layer-bytes-left-over", with_second(second + b"\0\0\0\0\1")
    yield "layer-missing", join([*CODED[:2], (b"LAYR", first), TAIL])
    for name, size in (("too-short", 11), ("too-long", 13)):
        yield f"turn-{name}", join([*CODED[:2], (b"TURN", bytes(size)), *CODED[2:]])
    transform = (b"TURN", bytes(12))
    yield "turn-twice", join([*CODED[:2], transform, transform, *CODED[2:]])
    yield "turn-after-a-layer", join([*CODED[:3], transform, *CODED[3:]])
    yield "turn-without-lattice", join([CODED[0], transform, *CODED[2:]])
    *many, tail = split(coded(drawn(64), layers=[1] * 64))
    head = (b"HEAD", patched(many[0][1], 4, "I", 65))
    yield "layer-65-of-them", join([head, *many[1:], many[-1], tail])
    yield "layer-count-beyond-the-whole", stream("holds more Gaussians than the whole", 300)
    yield "layer-scale-out-of-range", stream("a scale is out of its range", 3)
    yield "layer-weight-out-of-range", stream("a weight is out of its range", 3)
    yield "layer-color-out-of-range", stream("a color is out of its range", 3)


def blocks() -> Iterator[tuple[str, bytes]]:
    """Chunk BLKS has its side at 0, the number of layers at 1, and 14 bytes a layer and block from 2 on:
    Gaussians, bytes, CRC-32, reach.
    """
    head, lattice, index, first, second, tail = BLOCKS
    payload, start = index[1], 2 + 14 * 4  # of the second layer
    n, size = struct.unpack_from("<II", payload, start)
    empty = next(2 + 14 * block for block in range(4) if not any(payload[2 + 14 * block :][:14]))
    changes = {
        "too-short": payload[:1],
        "side-below-a-cell": patched(payload, 0, "B", 1),
        "side-too-large": patched(payload, 0, "B", 16),
        "no-layers": patched(payload, 1, "B", 0),
        "65-layers": payload[:1] + bytes([65]) + bytes(14 * 4 * 65),
        "length": payload + b"\0",
        "length-of-other-blocks": patched(payload, 0, "B", 4),
        "fewer-layers": patched(payload[:start], 1, "B", 1),
        "more-layers": patched(payload + payload[start:], 1, "B", 3),
        "too-many-for-the-bytes": patched(payload, start, "I", size + 1),
        "bytes-without-gaussians": patched(payload, empty + 4, "I", 3),
        "gaussians-of-a-layer": patched(payload, start, "I", n - 1),
        "bytes-of-a-layer": patched(payload, start + 4, "I", size + 1),
        "checksum-of-a-stream": patched(payload, start + 8, "I", 0),
    }
    for name, changed in changes.items():
        yield f"blks-{name}", join(replaced(BLOCKS, b"BLKS", changed))
    large = patched(patched(head[1], 0, "H", 16384), 2, "H", 16384)  # within the usual limits
    parts = [(b"HEAD", large), lattice, (b"BLKS", patched(payload, 0, "B", 6)), first, second, tail]
    yield "blks-too-many-blocks", join(parts)
    yield "blks-in-version-3", join(BLOCKS, version=3)
    yield "blks-twice", join([head, lattice, index, index, first, second, tail])
    # Its first layer is valid without blocks: a decoder that reads from the start finds no other fault.
    yield "blks-after-a-layer", join([*CODED[:3], index, *CODED[3:]])
    yield "blks-without-lattice", join([head, index, first, second, tail])
    stream = second[1][4 : 4 + size] + b"\0\0\0\0\1"
    changed = patched(patched(payload, start + 4, "I", len(stream)), start + 8, "I", zlib.crc32(stream))
    layer = (second[0], second[1][:4] + stream + second[1][4 + size :])
    yield "blks-bytes-left-over-in-a-block", join([head, lattice, (b"BLKS", changed), first, layer, tail])


def stream(rule: str, n: int) -> bytes:
    """A file of n Gaussians whose stream breaks this rule: the first that does, of seeded noise."""
    head, lattice = split(coded(drawn(n)))[:2]
    for seed in range(10_000):
        noise = np.random.default_rng(seed).bytes(max(12, n))
        data = join([head, lattice, (b"LAYR", struct.pack("<I", n) + noise), TAIL])
        try:
            decode_by_the_page(data)
        except InvalidFileError as error:
            if rule in str(error):
                return data
    raise AssertionError(f"no stream found: {rule}")
