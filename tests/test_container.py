from __future__ import annotations

import re
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunks import FRAME, SIGNATURE, chunk
from gsimg_samples import chunks_of, file_of, same, sample_gaussians
from gsimg_samples import encode_fixed as encode
from imagegs.codec import decode, read_info
from imagegs.codec.container import MAX_CHUNKS
from imagegs.errors import FormatError

SMALL = encode(sample_gaussians(3), metadata={"seed": 1})
PARTS = chunks_of(SMALL)
HEAD, META, GAUS = PARTS[b"HEAD"], PARTS[b"mETA"], PARTS[b"GAUS"]


def check_rejected(data: bytes, message: str) -> None:
    for read in (decode, read_info):
        with pytest.raises(FormatError, match=re.escape(message)):
            read(data)


def test_the_unharmed_file_is_accepted() -> None:
    assert file_of(PARTS) == SMALL
    assert len(decode(SMALL)) == 3


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_every_truncation_is_rejected(length: int) -> None:
    for read in (decode, read_info):
        with pytest.raises(FormatError):
            read(SMALL[:length])


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x20, 0x80])
@pytest.mark.parametrize("offset", range(len(SMALL)))
def test_every_flipped_byte_is_rejected(offset: int, mask: int) -> None:
    damaged = bytearray(SMALL)
    damaged[offset] ^= mask
    for read in (decode, read_info):
        with pytest.raises(FormatError):
            read(damaged)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_rejected(data: bytes) -> None:
    for start in (b"", FRAME, FRAME + chunk(b"HEAD", HEAD)):
        with pytest.raises(FormatError):
            decode(start + data)


@settings(deadline=None)
@given(st.sampled_from((b"HEAD", b"mETA", b"GAUS")), st.data())
def test_damage_behind_a_right_checksum_never_raises_anything_else(name: bytes, data: st.DataObject) -> None:
    payload = bytearray(PARTS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    damaged = file_of({**PARTS, name: bytes(payload)})
    try:
        info = read_info(damaged)
    except FormatError:
        with pytest.raises(FormatError):
            decode(damaged)
    else:
        assert len(decode(damaged, size_limit=2**32)) == info.n_gaussians


def test_not_a_gsimg_file() -> None:
    check_rejected(b"\x89PNG\r\n\x1a\n" + SMALL[8:], "not a gsimg file")
    check_rejected(b"x", "not a gsimg file")


def test_empty_file() -> None:
    check_rejected(b"", "the file is empty")


def test_seven_bit_transfer() -> None:
    check_rejected(bytes(byte & 0x7F for byte in SMALL), "damaged signature: a 7-bit transfer")


@pytest.mark.parametrize(
    ("old", "new"), [(b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r\n", b"\r"), (b"\n", b"\r")]
)
def test_newline_conversion(old: bytes, new: bytes) -> None:
    check_rejected(SMALL.replace(old, new), "damaged signature: a text-mode transfer")


def test_truncated_signature_and_version() -> None:
    check_rejected(SIGNATURE[:5], "truncated in the signature: 5 of 8 bytes")
    check_rejected(SIGNATURE + b"\x01", "truncated in the version: 1 of 2 bytes")


@pytest.mark.parametrize("version", [0, 1, 2, 5, 0x0300])
def test_other_versions(version: int) -> None:
    data = SIGNATURE + struct.pack("<H", version) + SMALL[10:]
    check_rejected(data, f"version {version} is not supported, only versions 3 and 4")


def test_truncated_chunks() -> None:
    gaus = chunk(b"GAUS", GAUS)
    start = FRAME + chunk(b"HEAD", HEAD)
    check_rejected(start + gaus[:5], "truncated in the head of chunk 2: 5 of 8 bytes")
    check_rejected(start + gaus[:20], f"chunk GAUS: {len(GAUS)} bytes declared, 12 left")
    check_rejected(start + gaus[:-3], "chunk GAUS: truncated in the checksum: 1 of 4 bytes")


def test_a_giant_length() -> None:
    data = FRAME + b"HEAD" + struct.pack("<I", 2**32 - 1) + b"\0" * 100
    check_rejected(data, "chunk HEAD: 4294967295 bytes declared, 100 left")


def test_type_that_is_not_letters() -> None:
    data = FRAME + chunk(b"HEAD", HEAD) + chunk(b"GAU\0", GAUS)
    check_rejected(data, "chunk 2: its type 47 41 55 00 is not four ASCII letters")
    check_rejected(FRAME + chunk(b"\xc3\xa4AB"), "not four ASCII letters")


def test_the_checksum_covers_type_and_payload() -> None:
    wrong = GAUS[:-1] + bytes([GAUS[-1] ^ 1])
    damaged = SMALL.replace(GAUS, wrong)
    check_rejected(damaged, "chunk GAUS: checksum mismatch")
    payload_only = b"GAUS" + struct.pack("<I", len(GAUS)) + GAUS + struct.pack("<I", zlib.crc32(GAUS))
    check_rejected(FRAME + chunk(b"HEAD", HEAD) + payload_only, "chunk GAUS: checksum mismatch")


def test_unknown_critical_chunk() -> None:
    parts = {b"HEAD": HEAD, b"ABCD": b"", b"GAUS": GAUS, b"TAIL": b""}
    check_rejected(file_of(parts), "unknown critical chunk ABCD")


@pytest.mark.parametrize("name", [b"aBCD", b"abcd", b"zZZZ"])
def test_unknown_skippable_chunks_are_skipped(name: bytes) -> None:
    between = file_of({b"HEAD": HEAD, name: b"what", b"mETA": META, b"GAUS": GAUS, b"TAIL": b""})
    before_end = file_of({b"HEAD": HEAD, b"mETA": META, b"GAUS": GAUS, name: b"", b"TAIL": b""})
    for data in (between, before_end):
        assert same(decode(data), decode(SMALL))
        assert name.decode() in read_info(data).bytes_by_chunk
    damaged = between.replace(b"what", b"that")
    check_rejected(damaged, f"chunk {name.decode()}: checksum mismatch")


@pytest.mark.parametrize("name", [b"HEAD", b"mETA", b"GAUS", b"nEXT"])
def test_duplicates(name: bytes) -> None:
    parts = {b"HEAD": HEAD, b"mETA": META, b"GAUS": GAUS, b"nEXT": b""}
    start = file_of(parts)
    check_rejected(start + chunk(name, parts[name]) + chunk(b"TAIL"), f"chunk {name.decode()} occurs twice")


def test_the_first_chunk_must_be_head() -> None:
    check_rejected(file_of({b"aBCD": b"", **PARTS}), "the first chunk must be HEAD, not aBCD")
    check_rejected(file_of({b"mETA": META, b"HEAD": HEAD}), "chunk HEAD is missing before chunk mETA")


def test_wrong_order() -> None:
    data = file_of({b"HEAD": HEAD, b"GAUS": GAUS, b"mETA": META, b"TAIL": b""})
    check_rejected(data, "chunk mETA is out of order")


def test_missing_chunks() -> None:
    check_rejected(FRAME, "the file ends without chunk HEAD")
    check_rejected(file_of({b"HEAD": HEAD}), "the file ends without chunk GAUS")
    check_rejected(file_of({b"HEAD": HEAD, b"GAUS": GAUS}), "the file ends without chunk TAIL")
    check_rejected(file_of({b"HEAD": HEAD, b"TAIL": b""}), "chunk GAUS is missing before chunk TAIL")
    check_rejected(file_of({b"GAUS": GAUS, b"TAIL": b""}), "chunk HEAD is missing before chunk GAUS")


def test_end_chunk_with_a_payload() -> None:
    check_rejected(file_of({**PARTS, b"TAIL": b"more"}), "chunk TAIL: must be empty, has 4 bytes")


def test_trailing_bytes() -> None:
    check_rejected(SMALL + b"\0\0\0", "3 bytes after the end chunk")
    check_rejected(SMALL + SMALL, f"{len(SMALL)} bytes after the end chunk")


def test_bytes_like_objects_are_read_and_others_are_not() -> None:
    for data in (SMALL, bytearray(SMALL), memoryview(SMALL)):
        assert same(decode(data), decode(SMALL))
    with pytest.raises(TypeError):
        decode("text")  # type: ignore[arg-type]


def test_a_file_has_at_most_1024_chunks() -> None:
    names = [bytes([97 + i // 676, 65 + i // 26 % 26, 65 + i % 26, 65]) for i in range(MAX_CHUNKS - 3)]
    parts = {b"HEAD": HEAD, **dict.fromkeys(names, b""), b"GAUS": GAUS, b"TAIL": b""}
    assert len(parts) == MAX_CHUNKS == 1024
    assert len(decode(file_of(parts))) == 3
    more = {b"HEAD": HEAD, b"zYXW": b"", **parts}
    check_rejected(file_of(more), "more than 1024 chunks")
    check_rejected(file_of(more)[:-8], "more than 1024 chunks")
    del more[b"TAIL"]
    check_rejected(file_of(more), "the file ends without chunk TAIL")
