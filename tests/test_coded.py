"""Coded files: chunks LATT and LAYR."""

from __future__ import annotations

import contextlib
import struct
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chunks import chunk
from gsimg_samples import chunks_of, file_of, on_canvas, sample_gaussians
from imagegs import FormatError, LimitError, decode, encode, read_info
from imagegs._native import LayerCoder
from imagegs.codec import Bits
from imagegs.codec.lattice import (
    FIRST_COLOR,
    RATIO,
    SHORTER,
    WEIGHT,
    Lattice,
    from_table,
    native_lattice,
    to_table,
)
from imagegs.gaussians import Gaussians

NAMES = "xy", "scale", "angle", "log_weight", "color"
USUAL = Lattice.of_fineness(1)


def sorted_rows(table: Any) -> Any:
    return table[np.lexsort(table.T)]


def clustered(n: int, channels: int, seed: int = 0, height: int = 700, width: int = 1000) -> Gaussians:
    """Gaussians as fits have them: in clusters, sizes and colours alike next to each other."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, (width, height), (max(1, n // 20), 2))
    xy = middle[rng.integers(len(middle), size=n)] + rng.normal(0, 30, (n, 2))
    return Gaussians(
        xy=xy.clip(0, (width, height)),
        scale=np.exp(rng.normal(1 + xy[:, :1] / 500, 0.6, (n, 2))).clip(0.01, 999),
        angle=rng.uniform(-4, 4, n),
        log_weight=rng.normal(1, 2, n),
        color=rng.normal(0.5 + xy[:, :1] / 4000, 0.05, (n, channels)),
        height=height,
        width=width,
        channels=tuple(f"C{i}" for i in range(channels)),
    )


@pytest.mark.parametrize("n", [1, 2, 7, 8, 300, 3000])
@pytest.mark.parametrize("channels", [1, 3, 5, 32])
@pytest.mark.parametrize("fineness", [0.25, 1.0, 4.0])
def test_every_number_comes_back(n: int, channels: int, fineness: float) -> None:
    g, lattice = clustered(n, channels), Lattice.of_fineness(fineness)
    data = encode(g, lattice)
    back = decode(data)
    found = to_table(back, lattice)
    np.testing.assert_array_equal(sorted_rows(found), sorted_rows(to_table(g, lattice)))
    for name, values in from_table(found, lattice, g.height, g.width).items():
        np.testing.assert_array_equal(getattr(back, name), values)
    assert (back.channels, back.bit_depth, back.blend) == (g.channels, g.bit_depth, g.blend)
    assert encode(back, lattice) == data


@example(1, 468, 1, 1, Lattice(1, 0, 0, 57, 0, cell=0))  # a step of weights beyond their range
@given(
    st.integers(1, 40),
    st.integers(0, 2**20),
    st.integers(1, 65535),
    st.integers(1, 4000),
    st.builds(Lattice, st.integers(1, 64), *[st.integers(-60, 60)] * 4, st.integers(0, 15)),
)
@settings(max_examples=150, deadline=None)
def test_any_numbers_come_back(n: int, seed: int, height: int, width: int, lattice: Lattice) -> None:
    rng = np.random.default_rng(seed)
    spread = 10.0 ** rng.uniform(-3, 2)
    g = Gaussians(
        xy=rng.choice([0, 0.3, 1], (n, 2)) * (width, height),
        scale=np.exp2(rng.uniform(-10, 20, (n, 2))),
        angle=rng.uniform(-9, 9, n),
        log_weight=rng.choice([-120, 0, 1.5, 120], n),
        color=rng.normal(0, spread, (n, 3)),
        height=height,
        width=width,
    )
    try:
        data = encode(g, lattice)
    except ValueError as error:
        assert "too large for the lattice" in str(error)
        return
    back = to_table(decode(data), lattice)
    np.testing.assert_array_equal(sorted_rows(back), sorted_rows(to_table(g, lattice)))


def test_a_coded_file_is_smaller() -> None:
    g = clustered(3000, 3)
    coded, fixed = len(encode(g, USUAL)), len(encode(g, Bits()))
    assert coded < 0.4 * fixed


def test_what_is_alike_is_told_in_little() -> None:
    rng = np.random.default_rng(0)
    one = sample_gaussians(1, xy=[[0, 0]], height=512, width=512)
    many = Gaussians(
        **{name: np.repeat(getattr(one, name), 2000, axis=0) for name in NAMES[1:]},
        xy=rng.uniform(0, 512, (2000, 2)),
        height=512,
        width=512,
    )
    bits = read_info(encode(many, USUAL)).bits_by_attribute
    assert bits["scale"] < 2.5  # the last digits of a ratio are never expected
    assert bits["weight"] < 0.1 and bits["color"] < 0.2


def test_log_weights_of_0_are_not_stored() -> None:
    g = clustered(500, 3).replace(log_weight=np.zeros(500))
    info = read_info(encode(g, USUAL))
    assert info.bits_by_attribute["weight"] == 0 and not decode(encode(g, USUAL)).log_weight.any()


def test_info() -> None:
    data = encode(clustered(1000, 3), USUAL, metadata={"seed": 1})
    info = read_info(data)
    assert info.coding == USUAL and info.version == 3 and info.n_gaussians == 1000
    (layer,) = info.layers
    assert layer.n_gaussians == 1000 and layer.n_bytes == info.bytes_by_chunk["LAYR"] - 12
    assert sum(info.bytes_by_chunk.values()) == info.n_bytes == len(data)
    assert sum(info.bits_by_attribute.values()) == pytest.approx(8 * layer.n_bytes / 1000, rel=0.01)


def test_gaussians_that_have_no_place() -> None:
    with pytest.raises(ValueError, match="paper blend"):
        encode(on_canvas(sample_gaussians(2, "paper")), USUAL)
    with pytest.raises(ValueError, match="off the canvas"):
        encode(sample_gaussians(1, xy=[[-0.1, 3]]), USUAL)


def test_damage_is_no_early_end() -> None:
    data = bytearray(encode(clustered(600, 3).replace(layers=(50, 550)), USUAL))
    data[-40] ^= 1
    with pytest.raises(FormatError, match="chunk LAYR: checksum mismatch"):
        decode(data, allow_partial=True)


def test_gaussians_that_are_not_there_take_no_memory() -> None:
    data = chunks_of(encode(clustered(300, 3, height=2000, width=2000), USUAL))
    giant = bytearray(data[b"HEAD"])
    struct.pack_into("<HHI", giant, 0, 65535, 65535, 2**32 - 1)
    with pytest.raises(LimitError, match="4294967295 Gaussians are over the limit"):
        decode(file_of({**data, b"HEAD": bytes(giant)}))
    with pytest.raises(FormatError, match="the layers have 300 of 4294967295 Gaussians"):
        decode(file_of({**data, b"HEAD": bytes(giant)}), size_limit=2**45)


def test_numbers_that_only_rounding_lets_pass_are_clipped() -> None:
    """Log-weights beyond 128 nats where steps are finest, colours beyond 2^20 after their transform."""
    lattice = Lattice(1, 0, 0, weight=-128, color=127, cell=2)
    head = chunks_of(encode(sample_gaussians(1, xy=[[9, 9]]), lattice))
    heavy = np.zeros((1, FIRST_COLOR + 3), np.int32)
    heavy[0, [SHORTER, RATIO, WEIGHT]] = 24, 1, 2**23 - 1
    bright = np.zeros_like(heavy)
    bright[0, SHORTER], bright[0, FIRST_COLOR:] = 10, 4000
    for table, name, limit in ((heavy, "log_weight", 128), (bright, "color", 2**20)):
        stream, _ = LayerCoder(native_lattice(lattice), 48, 32, 3, True).encode(table)
        data = file_of({**head, b"LAYR": count(1) + stream})
        assert getattr(decode(data), name).max() == limit and read_info(data).n_gaussians == 1


G = clustered(12, 3)
FILE = encode(G, USUAL)
CHUNKS = chunks_of(FILE)
HEAD, LATT, LAYR = CHUNKS[b"HEAD"], CHUNKS[b"LATT"], CHUNKS[b"LAYR"]
STREAM = LAYR[4:]


def count(n: int) -> bytes:
    return struct.pack("<I", n)


@pytest.mark.parametrize(
    ("lattice", "layer", "message"),
    [
        (LATT[:-1], LAYR, "chunk LATT: 6 bytes, 7 are needed"),
        (LATT + b"\0", LAYR, "chunk LATT: 8 bytes, 7 are needed"),
        (LATT[:-1] + b"\2", LAYR, "chunk LATT: unknown flags 2"),
        (b"\0" + LATT[1:], LAYR, "chunk LATT: a number is out of its range"),
        (b"\x41" + LATT[1:], LAYR, "chunk LATT: a number is out of its range"),
        (LATT[:5] + b"\x10" + LATT[6:], LAYR, "chunk LATT: a number is out of its range"),
        (LATT, LAYR[:3], "layer 1: 3 bytes, at least 4 are needed"),
        (LATT, count(0) + STREAM, "layer 1: it has no Gaussians"),
        (LATT, count(13) + STREAM, "layer 1: 13 Gaussians, 12 are left"),
        (LATT, count(12), "layer 1: 12 Gaussians in 0 bytes"),
        (LATT, count(5) + STREAM, "the layers have 5 of 12 Gaussians"),
        (LATT, LAYR + b"\0\0\0\0\1", "layer 1: bytes are left over"),
        (LATT, count(1) + b"\xff" * 4, "the layers have 1 of 12 Gaussians"),
    ],
)
def test_bad_layers(lattice: bytes, layer: bytes, message: str) -> None:
    for read in (decode, read_info):
        with pytest.raises(FormatError) as caught:
            read(file_of({b"HEAD": HEAD, b"LATT": lattice, b"LAYR": layer, b"TAIL": b""}))
        assert str(caught.value) == message


def test_streams_of_anything_give_gaussians_or_say_why() -> None:
    """Each reason is met, and nothing takes long."""
    rng = np.random.default_rng(0)
    reasons = set()
    for i in range(300):
        n = int(10 ** rng.uniform(0, 5))
        head = HEAD[:4] + count(n) + HEAD[8:]
        stream = bytes(rng.integers(0, 256, -(-n // 64) + int(rng.integers(0, 2000)), np.uint8))
        stream = rng.choice([b"", b"\0", b"\xff"]) * 40 + stream
        lattice = LATT if i % 2 else bytes(rng.integers(0, 128, 5, np.uint8)) + bytes([i % 16, 1])
        start = time.perf_counter()
        try:
            decode(file_of({b"HEAD": head, b"LATT": lattice, b"LAYR": count(n) + stream, b"TAIL": b""}))
        except FormatError as error:
            reasons.add(str(error).partition(": ")[2] or str(error)[:10])
        assert time.perf_counter() - start < 2
    assert {
        "a number is out of its range",
        "a part of the canvas holds more Gaussians than the whole",
        "bytes are left over",
    } <= reasons


def test_mutations_of_a_stream_give_gaussians_or_say_why() -> None:
    rng = np.random.default_rng(1)
    for _ in range(400):
        stream = bytearray(STREAM)
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(len(stream)))
            change = rng.integers(3)
            if change == 0:
                stream[at] ^= 1 << int(rng.integers(8))
            elif change == 1:
                del stream[at : at + 1 + int(rng.integers(4))]
            else:
                stream[at:at] = bytes(rng.integers(0, 256, 3, np.uint8))
            stream = stream or bytearray(1)
        with contextlib.suppress(FormatError):
            decode(file_of({b"HEAD": HEAD, b"LATT": LATT, b"LAYR": count(12) + bytes(stream), b"TAIL": b""}))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["HEAD", "LAYR", "TAIL"], "chunk LATT is missing before chunk LAYR"),
        (["HEAD", "LATT", "TAIL"], "chunk LAYR is missing before chunk TAIL"),
        (["HEAD", "LATT"], "the file ends without chunk LAYR"),
        (["HEAD", "LATT", "LAYR"], "the file ends without chunk TAIL"),
        (["HEAD", "GAUS", "LATT", "LAYR", "TAIL"], "chunk LATT: the numbers are in chunk GAUS already"),
        (["HEAD", "LATT", "LAYR", "GAUS", "TAIL"], "chunk GAUS is out of order"),
        (["HEAD", "LATT", "LATT", "LAYR", "TAIL"], "chunk LATT occurs twice"),
        (["HEAD", "GAUS", "LAYR", "TAIL"], "chunk LATT is missing before chunk LAYR"),
    ],
)
def test_chunks_out_of_place(names: list[str], message: str) -> None:
    payloads = {**CHUNKS, b"GAUS": chunks_of(encode(G, Bits()))[b"GAUS"]}
    parts = [chunk(name.encode(), payloads[name.encode()]) for name in names]
    with pytest.raises(FormatError) as caught:
        decode(file_of({}) + b"".join(parts))
    assert str(caught.value) == message


def test_the_paper_blend_is_not_coded() -> None:
    head = HEAD[:8] + b"\0" + HEAD[9:]
    with pytest.raises(FormatError, match="chunk LATT: the paper blend is stored in chunk GAUS"):
        decode(file_of({**CHUNKS, b"HEAD": head}))


def test_the_native_module_checks_tables() -> None:
    coder = LayerCoder(native_lattice(USUAL), 48, 32, 3, True)
    with pytest.raises(ValueError, match="columns"):
        coder.encode(np.zeros((2, FIRST_COLOR), np.int32))
    with pytest.raises(ValueError, match="columns"):
        coder.decode(b"", np.zeros((0, FIRST_COLOR + 3), np.int32), False)
    with pytest.raises(ValueError, match="canvas"):
        LayerCoder(native_lattice(USUAL), 0, 32, 3, True)
    with pytest.raises(ValueError, match="nothing to code"):
        LayerCoder(native_lattice(USUAL), 48, 32, 33, True)
