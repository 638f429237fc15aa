"""The JavaScript decoder pauses: no file keeps a page from what else it has to do."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

import chunks
from gsimg_samples import on_canvas, sample_gaussians
from imagegs.codec import Bits, Lattice, encode
from imagegs.web.module import module_text
from node_decoder import NODE
from requirements import missing

SCRIPT = """
import { readFileSync } from "node:fs";
const { Decoder } = await import(process.argv[1]);
const decoder = new Decoder(), counts = {};
decoder.push(readFileSync(process.argv[2]));
decoder.end();
for (const { type } of decoder.events()) counts[type] = (counts[type] ?? 0) + 1;
console.log(JSON.stringify(counts));
"""
BYTES, NUMBERS = 2**16, 2**14  # of a checksum and of a column, between two pauses


def events_of(data: bytes, folder: Path) -> dict[str, int]:
    """How many events of each type the decoder gives."""
    if NODE is None:
        missing("Node.js")
    text = module_text().replace("return { decode:", "return { Decoder: decoder.Decoder, decode:")
    text = text.replace("export const { decode,", "export const { Decoder, decode,")
    (folder / "imagegs.mjs").write_text(text, encoding="utf-8")
    (folder / "a.gsimg").write_bytes(data)
    command = [NODE, "--input-type=module", "-e", SCRIPT, "--", folder / "imagegs.mjs", folder / "a.gsimg"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    return found


def with_skippable(data: bytes, payloads: list[bytes]) -> bytes:
    """With chunks that no decoder knows, before the last one."""
    *parts, tail = chunks.split(data)
    types = [bytes([97, 65 + i // 676, 65 + i // 26 % 26, 65 + i % 26]) for i in range(len(payloads))]
    return chunks.join([*parts, *zip(types, payloads, strict=True), tail])


def test_between_chunks(tmp_path: Path) -> None:
    data = encode(sample_gaussians(5), Bits())
    few = events_of(data, tmp_path)
    many = events_of(with_skippable(data, [b""] * 1000), tmp_path)
    assert many["pause"] == few["pause"] + 1000


def test_within_checksums(tmp_path: Path) -> None:
    data = encode(sample_gaussians(5), Bits())
    few = events_of(data, tmp_path)
    large = events_of(with_skippable(data, [bytes(20 * BYTES)]), tmp_path)
    assert large["pause"] == few["pause"] + 20 + 1


def test_within_columns(tmp_path: Path) -> None:
    n = 20 * NUMBERS
    head, gaus, tail = chunks.split(encode(sample_gaussians(8), Bits.parse("1")))
    columns = 9
    payload = gaus[1][: 5 + 8 * columns] + bytes(n // 8 * columns)
    head = head[0], head[1][:4] + struct.pack("<I", n) + head[1][8:]
    found = events_of(chunks.join([head, (b"GAUS", payload), tail]), tmp_path)
    reading, values, scales = 20 * columns, 20 * columns, 40
    checksum = -(-len(payload) // BYTES) + 1  # and that of HEAD
    assert found["pause"] == reading + values + scales + checksum + 3  # between the chunks
    assert found["layer"] == 1


@pytest.mark.parametrize("extra", [0, 30 * BYTES])
def test_within_what_is_left_of_a_stream(tmp_path: Path, extra: int) -> None:
    """Zero bytes behind it are looked at, one by one."""
    *parts, (name, payload), tail = chunks.split(
        encode(on_canvas(sample_gaussians(1)), Lattice.of_fineness(4))
    )
    found = events_of(chunks.join([*parts, (name, payload + bytes(extra)), tail]), tmp_path)
    assert found["layer"] == 1
    assert (found["pause"] > 60) == (extra > 0)  # 30 for the checksum, too


def test_between_blocks(tmp_path: Path) -> None:
    gaussians = on_canvas(sample_gaussians(40))
    few = events_of(encode(gaussians, Lattice.of_fineness(4), block_side=0), tmp_path)
    many = events_of(encode(gaussians, Lattice.of_fineness(4), block_side=4), tmp_path)
    assert many["layer"] == few["layer"] == 1
    assert many["pause"] > few["pause"] + 40


@pytest.mark.parametrize("extra", [0, 30 * BYTES])
def test_within_the_stream_of_a_block(tmp_path: Path, extra: int) -> None:
    """Zero bytes behind it are looked at, one by one; and twice for a checksum."""
    data = encode(on_canvas(sample_gaussians(1)), Lattice.of_fineness(4), block_side=4)
    *parts, (_, index), (name, payload), tail = chunks.split(data)
    stream, index = payload[4:] + bytes(extra), bytearray(index)
    (place,) = (at for at in range(2, len(index), 14) if index[at])
    struct.pack_into("<II", index, place + 4, len(stream), zlib.crc32(stream))
    found = events_of(
        chunks.join([*parts, (b"BLKS", bytes(index)), (name, payload[:4] + stream), tail]), tmp_path
    )
    assert found["layer"] == 1
    assert (found["pause"] > 90) == (extra > 0)
