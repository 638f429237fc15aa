"""Files whose frame is right and whose contents are not: one message per cause, one test per message."""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import pytest

from gsimg_samples import chunks_of, file_of, sample_gaussians
from gsimg_samples import encode_fixed as encode
from imagegs.codec import Bits, decode, read_info
from imagegs.errors import FormatError

PARTS = {blend: chunks_of(encode(sample_gaussians(3, blend))) for blend in ("paper", "softmax")}
HEAD, GAUS = PARTS["softmax"][b"HEAD"], PARTS["softmax"][b"GAUS"]


def check_rejected(name: bytes, payload: bytes, message: str, blend: str = "softmax") -> None:
    parts = {b"HEAD": b"", b"mETA": b"{}", **PARTS[blend]}
    decode(file_of(parts))  # right until the payload is replaced
    for read in (decode, read_info):
        with pytest.raises(FormatError, match="^" + re.escape(f"chunk {name.decode()}: {message}")):
            read(file_of({**parts, name: payload}))


def head(**changes: Any) -> bytes:
    """A HEAD payload of a 48 x 32 canvas with some fields changed."""
    fields: dict[str, Any] = {
        "width": 48,
        "height": 32,
        "n": 3,
        "blend": 1,
        "depth": 8,
        "flags": 0,
        "channels": 3,
    }
    names = changes.pop("names", b"\1R\1G\1B")
    return struct.pack("<HHIBBBB", *{**fields, **changes}.values()) + names


def test_the_unchanged_header_is_right() -> None:
    assert head() == HEAD


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "0 bytes, at least 12 are needed"),
        (head()[:11], "11 bytes, at least 12 are needed"),
        (head(width=0), "the canvas of 0 x 32 pixels is empty"),
        (head(height=0), "the canvas of 48 x 0 pixels is empty"),
        (head(n=0), "zero Gaussians"),
        (head(blend=2), "unknown blend 2"),
        (head(depth=9), "bit depth 9, only 8 and 16 are possible"),
        (head(flags=2), "unknown flags 2"),
        (head(blend=0, flags=1), "only the softmax blend wraps, not the paper blend"),
        (head(channels=0), "0 channels, only 1 to 32 are possible"),
        (head(channels=33), "33 channels, only 1 to 32 are possible"),
        (head(channels=4), "ends within the name of channel 4"),
        (head(names=b"\1R\1G\2B"), "ends within the name of channel 3"),
        (head(names=b""), "ends within the name of channel 1"),
        (head() + b"xy", "2 bytes after the last channel name"),
        (head(names=b"\1R\0\1B"), "the name of channel 2 is empty"),
        (head(names=b"\1R\1\xff\1B"), "the name of channel 2 is not UTF-8"),
        (head(names=b"\1R\2\xc0\x80\1B"), "the name of channel 2 is not UTF-8"),
        (head(names=b"\1R\3\xed\xa0\x80\1B"), "the name of channel 2 is not UTF-8"),
        (head(names=b"\1R\1\x1b\1B"), "the name of channel 2 has control characters"),
        (head(names=b"\1R\1G\1R"), "two channels have the same name"),
    ],
)
def test_bad_headers(payload: bytes, message: str) -> None:
    check_rejected(b"HEAD", payload, message)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"a":"' + b"x" * 65530 + b'"}', "65538 bytes, at most 65535 are possible"),
        (b"", "not valid JSON in UTF-8"),
        (b"{", "not valid JSON in UTF-8"),
        (b'{"a":NaN}', "not valid JSON in UTF-8"),
        (b'{"a":1e999}', "not valid JSON in UTF-8"),
        (b'{"a":1,"a":2}', "not valid JSON in UTF-8"),
        (b'{"a":"\xff"}', "not valid JSON in UTF-8"),
        (b'{"a":"\\ud800"}', "not valid JSON in UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON in UTF-8"),
        ("{}".encode("utf-16"), "not valid JSON in UTF-8"),
        (b'{"a":' + b"9" * 5000 + b"}", "not valid JSON in UTF-8"),
        (b"[" * 65535, "not valid JSON in UTF-8"),
        (b"[]", "not a JSON object"),
        (
            json.dumps({"a": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}).encode(),
            "nested 17 deep, at most 16 is possible",
        ),
    ],
)
def test_bad_metadata(payload: bytes, message: str) -> None:
    check_rejected(b"mETA", payload, message)


def gaus(offset: int, code: str, value: float, blend: str = "softmax") -> bytes:
    """A GAUS payload with one field overwritten. Bits are at 0..4, ranges from 5 on, 8 bytes each."""
    payload = bytearray(PARTS[blend][b"GAUS"])
    struct.pack_into("<" + code, payload, offset, value)
    return bytes(payload)


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "0 bytes, at least 5 are needed"),
        (GAUS[:4], "4 bytes, at least 5 are needed"),
        (gaus(0, "B", 0), "bits of the position must be 1 to 24, not 0"),
        (gaus(1, "B", 30), "bits of the scale must be 1 to 24, not 30"),
        (gaus(2, "B", 25), "bits of the angle must be 1 to 24, not 25"),
        (gaus(3, "B", 25), "bits of the weight must be 0 to 24, not 25"),
        (gaus(4, "B", 0), "bits of the color must be 1 to 24, not 0"),
        (GAUS[:-1], f"{len(GAUS) - 1} bytes, but the header implies {len(GAUS)}"),
        (GAUS[:5], f"5 bytes, but the header implies {len(GAUS)}"),
        (GAUS + b"\0", f"{len(GAUS) + 1} bytes, but the header implies {len(GAUS)}"),
        (gaus(3, "B", 0), f"{len(GAUS)} bytes, but the header implies {len(GAUS) - 14}"),
        (gaus(5, "f", NAN), "a range of the position is not finite"),
        (gaus(9, "f", INFINITY), "a range of the position is not finite"),
        (gaus(21, "f", -INFINITY), "a range of the scale is not finite"),
        (gaus(17, "f", -1e6), "a range of the position ends before it starts"),
        (gaus(5, "f", -1048577), "a range of the position is not within -1048576 to 1048576"),
        (gaus(25, "f", 20.001), "a range of the scale is not within -10 to 20"),
        (gaus(33, "f", 20.001), "a range of the scale is not within -10 to 20"),
        (gaus(37, "f", -1025), "a range of the angle is not within -1024 to 1024"),
        (gaus(49, "f", 129), "a range of the weight is not within -128 to 128"),
        (gaus(73, "f", 1048577), "a range of the color is not within -1048576 to 1048576"),
    ],
)
def test_bad_gaussians(payload: bytes, message: str) -> None:
    check_rejected(b"GAUS", payload, message)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (gaus(3, "B", 8, "paper"), "the paper blend has no log-weights, so their bits must be 0"),
        (gaus(13, "f", 0.0, "paper"), "a range of the scale is not within 9.53674e-07 to 1024"),
        (gaus(13, "f", -1.0, "paper"), "a range of the scale is not within"),
        (gaus(17, "f", 1025.0, "paper"), "a range of the scale is not within"),
    ],
)
def test_bad_gaussians_of_the_paper_blend(payload: bytes, message: str) -> None:
    check_rejected(b"GAUS", payload, message, "paper")


def test_padding_bits_of_every_column() -> None:
    parts = chunks_of(encode(sample_gaussians(1), Bits.parse("7")))
    names = ["position"] * 2 + ["scale"] * 2 + ["angle", "weight"] + ["color"] * 3
    for column, name in enumerate(names):
        payload = bytearray(parts[b"GAUS"])
        payload[5 + 8 * 9 + column] |= 0x80
        with pytest.raises(FormatError, match=f"chunk GAUS: padding bits after the {name} are not zero"):
            decode(file_of({**parts, b"GAUS": bytes(payload)}))


@pytest.mark.parametrize("n", [4, 2**31, 2**32 - 1])
def test_giant_declarations_allocate_nothing(n: int) -> None:
    giant = head(n=n, width=65535, height=65535)
    with pytest.raises(FormatError, match=f"chunk GAUS: {len(GAUS)} bytes, but the header implies"):
        decode(file_of({**PARTS["softmax"], b"HEAD": giant}))
