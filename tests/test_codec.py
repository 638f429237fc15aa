from __future__ import annotations

import ast
import errno
import io
import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imagegs.codec
from gsimg_samples import any_gaussians, chunks_of, on_canvas, same, sample_gaussians
from gsimg_samples import encode_fixed as encode
from gsimg_samples import save_fixed as save
from imagegs.codec import (
    Bits,
    bytes_for_bpp,
    coded_frame_size,
    decode,
    file_size,
    gaussians_for_bytes,
    load,
    read_info,
)
from imagegs.codec.attributes import canonical
from imagegs.codec.gsimg import read_file
from imagegs.codec.lattice import Lattice
from imagegs.codec.quantization import exp2, round_trip
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import (
    MAX_COLOR,
    MAX_LOG_WEIGHT,
    MAX_POSITION,
    MAX_SCALE,
    MIN_SCALE,
    Gaussians,
)
from imagegs.limits import DEFAULT_LIMITS
from imagegs.rendering import most_pairs

bits_of_any_size = st.builds(
    Bits,
    position=st.integers(1, 24),
    scale=st.integers(1, 24),
    angle=st.integers(1, 24),
    weight=st.integers(1, 24),
    color=st.integers(1, 24),
)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)  # lone surrogates are no text
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def covariance(g: Gaussians) -> Any:
    c, s = np.cos(g.angle.astype(float)), np.sin(g.angle.astype(float))
    rotation = np.array([[c, -s], [s, c]]).transpose(2, 0, 1)
    return rotation @ (np.eye(2) * g.scale.astype(float)[:, None] ** 2) @ rotation.transpose(0, 2, 1)


@settings(max_examples=200, deadline=None)
@given(any_gaussians(), bits_of_any_size, st.none() | st.dictionaries(st.text("ab"), json_values, max_size=3))
def test_the_encoder_never_emits_what_the_decoder_rejects(
    gaussians: Gaussians, bits: Bits, metadata: Any
) -> None:
    data = encode(gaussians, bits, metadata=metadata)
    decoded, info = decode(data, size_limit=2**32), read_info(data)
    assert decoded.channels == info.channels == gaussians.channels
    assert (info.width, info.height, info.n_gaussians) == (gaussians.width, gaussians.height, len(gaussians))
    assert (info.blend, info.bit_depth) == (decoded.blend, decoded.bit_depth)
    assert info.metadata == metadata
    assert len(data) == info.n_bytes == sum(info.bytes_by_chunk.values())
    assert len(data) == file_size(len(gaussians), gaussians.channels, gaussians.blend, bits, metadata)
    again = encode(decoded, bits, metadata=metadata)
    assert len(again) == len(data)


@settings(max_examples=200, deadline=None)
@given(any_gaussians(), bits_of_any_size)
def test_paper_values_that_were_quantised_come_back(gaussians: Gaussians, bits: Bits) -> None:
    gaussians = gaussians.replace(blend="paper", log_weight=np.zeros(len(gaussians)))
    inverse = round_trip(1 / gaussians.scale.astype(float), bits.scale)
    trained = gaussians.replace(
        xy=round_trip(gaussians.xy, bits.position),
        scale=(1 / inverse.astype(float)).astype(np.float32),
        angle=round_trip(gaussians.angle, bits.angle),
        color=round_trip(gaussians.color, bits.color),
    )
    decoded = decode(encode(trained, bits), size_limit=2**32)
    for name in ("xy", "angle", "color"):
        assert np.array_equal(getattr(decoded, name), getattr(trained, name))
    np.testing.assert_array_max_ulp(decoded.scale, trained.scale, maxulp=4)


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("bits", [8, 12, 16, 24])
def test_values_come_back_within_half_a_step(blend: str, bits: int) -> None:
    gaussians = sample_gaussians(200, blend)
    expected = gaussians if blend == "paper" else canonical(gaussians)
    decoded = decode(encode(gaussians, Bits.parse(str(bits))))
    stored = np.reciprocal if blend == "paper" else np.log2
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        a, b = (getattr(g, name).astype(float) for g in (expected, decoded))
        if name == "scale":
            a, b = stored(a), stored(b)
        half_step = (a.max() - a.min()) / (2**bits - 1) / 2
        assert np.abs(a - b).max() <= half_step + 1e-6 * np.abs(a).max()


def test_softmax_ranges_are_per_column_and_paper_ranges_per_attribute() -> None:
    for blend, exact in (("softmax", True), ("paper", False)):
        wide = sample_gaussians(50, blend)
        xy = wide.xy * np.float32([1, 0.01])
        decoded = decode(encode(wide.replace(xy=xy), Bits(position=4)))
        assert (np.abs(decoded.xy[:, 1] - xy[:, 1]).max() < 0.05) == exact


def test_softmax_files_hold_the_canonical_form_in_the_same_order() -> None:
    gaussians = sample_gaussians(100)
    decoded = decode(encode(gaussians, Bits.parse("24")))
    assert (decoded.scale[:, 0] >= decoded.scale[:, 1]).all()
    assert (decoded.angle >= 0).all() and (decoded.angle < np.pi).all()
    np.testing.assert_allclose(covariance(decoded), covariance(gaussians), rtol=1e-4, atol=1e-4)


def test_canonical_angles_stay_below_pi() -> None:
    angle = np.float32(
        [-1e-9, 0, np.pi, 2 * np.pi, -np.pi / 2, np.nextafter(np.float32(np.pi), np.float32(0))]
    )
    gaussians = sample_gaussians(6, scale=np.full((6, 2), 2.0), angle=angle)
    result = canonical(gaussians).angle
    assert (result >= 0).all() and (result < np.pi).all()
    assert result[4] == pytest.approx(np.pi / 2)


def test_paper_files_hold_axes_and_angles_as_they_are() -> None:
    gaussians = sample_gaussians(100, "paper")
    decoded = decode(encode(gaussians, Bits.parse("24")))
    np.testing.assert_allclose(decoded.scale, gaussians.scale, rtol=1e-4)
    np.testing.assert_allclose(decoded.angle, gaussians.angle, atol=1e-5)


def test_decoded_scales_are_two_to_the_stored_value() -> None:
    stored = np.linspace(-10, 20, 10_001)
    np.testing.assert_allclose(exp2(stored), np.exp2(stored), rtol=4e-16)
    assert exp2(np.array([-10.0, 0.0, 20.0])).tolist() == [2.0**-10, 1.0, 2.0**20]


def test_one_gaussian_with_equal_columns_comes_back_exactly() -> None:
    one = sample_gaussians(1, "paper", scale=[[2.0, 2.0]], xy=[[0.3, 0.3]], color=[[0.7, 0.7, 0.7]])
    assert same(decode(encode(one, Bits.parse("1"))), one)


def test_zero_weight_bits_leave_the_weights_out() -> None:
    gaussians = sample_gaussians(9, log_weight=np.zeros(9))
    data = encode(gaussians, Bits(weight=0))
    assert "weight" not in read_info(data).bits_by_attribute
    assert not decode(data).log_weight.any()
    assert len(encode(gaussians)) - len(data) == 8 + 2 * 9


def test_angles_out_of_the_limits() -> None:
    with pytest.raises(ValueError, match="angle has values beyond 1024 radians"):
        encode(sample_gaussians(1, "paper", angle=[1025]))
    encode(sample_gaussians(1, angle=[1025]))  # the canonical form brings it back


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("bits", [1, 2, 7, 24])
def test_the_extremes_of_gaussians_come_back_exactly(blend: str, bits: int) -> None:
    extreme = sample_gaussians(
        2,
        blend,
        xy=[[MAX_POSITION, -MAX_POSITION], [-MAX_POSITION, MAX_POSITION]],
        scale=[[MAX_SCALE, MAX_SCALE], [MIN_SCALE, MIN_SCALE]],
        angle=[0, 1],
        log_weight=[0, 0] if blend == "paper" else [-MAX_LOG_WEIGHT, MAX_LOG_WEIGHT],
        color=[[MAX_COLOR] * 3, [-MAX_COLOR] * 3],
    )
    assert same(decode(encode(extreme, Bits.parse(str(bits)))), extreme)


def test_weights_that_have_no_place() -> None:
    with pytest.raises(ValueError, match="the paper blend has no log-weights"):
        encode(sample_gaussians(2, "paper", log_weight=[0, 1]))
    with pytest.raises(ValueError, match="at least 1 bit"):
        encode(sample_gaussians(2), Bits(weight=0))


@pytest.mark.parametrize(
    ("name", "message"),
    [("a\n", "control"), ("\x9b", "control"), ("é" * 128, "longer than 255 bytes"), ("\ud800", "surrogates")],
)
def test_channel_names_that_a_file_cannot_hold(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(sample_gaussians(1, channels=(name, "G", "B")))


def test_channel_names_must_be_text() -> None:
    with pytest.raises(TypeError, match="names"):
        encode(sample_gaussians(1, channels=(1, "G", "B")))


def test_canvas_sides_must_be_integers() -> None:
    with pytest.raises(TypeError):
        encode(sample_gaussians(1, width=48.0))


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth > 1 else {}


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {1: 0, "1": 0},
        {"a": "\ud800"},
        {"a": "x" * 65536},
        nested(17),
    ],
)
def test_metadata_that_a_file_cannot_hold(metadata: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode(sample_gaussians(1), metadata=metadata)


@pytest.mark.parametrize("metadata", [[1], "text", {"a": object()}])
def test_metadata_of_the_wrong_type(metadata: Any) -> None:
    with pytest.raises(TypeError):
        encode(sample_gaussians(1), metadata=metadata)


@pytest.mark.parametrize("metadata", [None, {}, nested(16), {"seed": 1, "recipe": "paper", "x": [0.1, None]}])
def test_metadata_comes_back(metadata: dict[str, Any] | None) -> None:
    assert read_info(encode(sample_gaussians(1), metadata=metadata)).metadata == metadata


def test_info() -> None:
    gaussians = sample_gaussians(10, bit_depth=16)
    info = read_info(encode(gaussians, Bits.parse("12,8,7,6,5")))
    assert info.version == 3
    assert info.coding == Bits(12, 8, 7, 6, 5) and info.layers == ()
    assert info.bits_by_attribute == {
        "position": 8 * 2 * (8 + 15) / 10,
        "scale": 8 * 2 * (8 + 10) / 10,
        "angle": 8 * (8 + 9) / 10,
        "weight": 8 * (8 + 8) / 10,
        "color": 8 * 3 * (8 + 7) / 10,
    }
    assert info.bytes_by_chunk == {"frame": 10, "HEAD": 30, "GAUS": 12 + 5 + 160, "TAIL": 12}
    assert info.bpp == 8 * 229 / (48 * 32)


def test_the_size_limit() -> None:
    data = encode(sample_gaussians(1))
    assert len(decode(data, size_limit=48 * 32)) == 1
    with pytest.raises(LimitError, match="48 x 32 pixels is over the limit of 1535 pixels"):
        decode(data, size_limit=48 * 32 - 1)
    with pytest.raises(LimitError):
        decode(encode(sample_gaussians(1, width=65535, height=65535)))


def test_the_limit_of_work() -> None:
    """Some bytes that put all Gaussians on every tile: either all are large, or all are equally far off."""
    n, places = 1100, np.full((1100, 2), 9.0)
    for scale in (1.0, 2.0**19):
        scales, weights = np.full((n, 2), scale), np.zeros(n)
        g = sample_gaussians(n, xy=places, scale=scales, log_weight=weights, height=2**14, width=2**14)
        data = encode(g, Bits.parse("1"))
        with pytest.raises(LimitError, match="on more than 1073741824 tiles, all counted: over the limit"):
            decode(data)
        assert read_info(data).n_gaussians == len(decode(data, size_limit=2**29)) == n
    small = encode(g.replace(height=16, width=16))
    assert len(decode(small)) == len(decode(small, size_limit=275)) == n
    with pytest.raises(LimitError, match="more than 1096 tiles"):
        decode(small, size_limit=274)


def test_no_sensible_file_is_over_the_limit_of_work() -> None:
    """Ten times below it: as many Gaussians as the largest fits have, larger than they are far apart."""
    rng, n, side = np.random.default_rng(0), 100_000, 8192
    g = sample_gaussians(
        n,
        xy=rng.uniform(0, side, (n, 2)),
        scale=rng.uniform(0.2, 1.3, (n, 2)) * 1.5 * side / np.sqrt(n),
        height=side,
        width=side,
    )
    limit = DEFAULT_LIMITS.max_pairs // 10
    assert most_pairs(g, limit) <= limit


def test_memory_is_bounded_by_the_size_of_the_file() -> None:
    data = encode(sample_gaussians(200_000), Bits.parse("1"))
    tracemalloc.start()
    decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * len(data) + 2**24


@pytest.mark.parametrize("blend", ["paper", "softmax"])
@pytest.mark.parametrize("metadata", [None, {"seed": 1}])
@pytest.mark.parametrize("bits", ["16", "11,7,5,3,9", "1"])
def test_the_budget_is_used_to_the_last_gaussian(blend: Any, metadata: Any, bits: str) -> None:
    bits_ = Bits.parse(bits)
    for budget in (230, 231, 500, 5003):
        n = gaussians_for_bytes(budget, ("R", "G", "B"), blend, bits_, metadata)
        sizes = [len(encode(sample_gaussians(m, blend), bits_, metadata=metadata)) for m in (n, n + 1)]
        assert sizes[0] <= budget < sizes[1]


@settings(max_examples=500, deadline=None)
@given(st.integers(1, 10**8), st.integers(1, 5000), st.integers(1, 5000))
def test_the_bpp_of_a_file_buys_that_file_and_less_does_not(n_bytes: int, width: int, height: int) -> None:
    bpp = 8 * n_bytes / (width * height)
    assert bytes_for_bpp(bpp, height, width) == n_bytes
    assert bytes_for_bpp(math.nextafter(bpp, 0), height, width) == n_bytes - 1


@pytest.mark.parametrize("metadata", [None, {"seed": 1}])
def test_what_a_coded_file_has_beside_its_stream(metadata: Any) -> None:
    data = encode(on_canvas(sample_gaussians(9)), Lattice.of_fineness(1), metadata=metadata)
    (layer,) = read_info(data).layers
    frame = coded_frame_size(("R", "G", "B"), metadata)
    assert len(data) == frame + layer.n_bytes - 4


def test_budgets_without_room_or_end() -> None:
    least = len(encode(sample_gaussians(1)))
    assert gaussians_for_bytes(least, "RGB", "softmax", Bits()) == 1
    with pytest.raises(
        ValueError, match=f"{least - 1} bytes are too few: a file with one Gaussian has {least}"
    ):
        gaussians_for_bytes(least - 1, "RGB", "softmax", Bits())
    for bpp in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            bytes_for_bpp(bpp, 32, 48)
    most = gaussians_for_bytes(bytes_for_bpp(1e300, 32, 48), "RGB", "softmax", Bits())
    assert file_size(most, "RGB", "softmax", Bits()) < 2**32 + 1000


def test_bits_parse() -> None:
    assert Bits.parse("12") == Bits(12, 12, 12, 12, 12)
    assert Bits.parse("12, 8,7,0,5") == Bits(12, 8, 7, 0, 5)
    assert Bits() == Bits.parse("16") == Bits.parse("0016")


@pytest.mark.parametrize(
    "text", ["", "x", "12,8", "1,2,3,4,5,6", "12,,8,8,8", "-1", "²", "1.5", "0", "25", "9" * 5000]
)
def test_bits_that_do_not_parse(text: str) -> None:
    with pytest.raises(ValueError, match="bits"):
        Bits.parse(text)


@pytest.mark.parametrize("value", [1.0, True, "8", None])
def test_bits_of_the_wrong_type(value: Any) -> None:
    with pytest.raises(TypeError, match="bits of the angle"):
        Bits(angle=value)


def test_bits_per_gaussian() -> None:
    assert Bits().bits_per_gaussian(3, "paper") == 128  # the published 16-bit Gaussian
    assert Bits(12, 8, 7, 6, 5).bits_per_gaussian(4, "softmax") == 24 + 16 + 7 + 6 + 20


def test_save_and_load(tmp_path: Path) -> None:
    path, gaussians = tmp_path / "a.gsimg", sample_gaussians(20)
    size = save(path, gaussians, Bits.parse("12"), metadata={"seed": 3})
    assert size == path.stat().st_size
    assert path.read_bytes() == encode(gaussians, Bits.parse("12"), metadata={"seed": 3})
    assert same(load(path), decode(path.read_bytes()))
    with pytest.raises(LimitError):
        load(str(path), size_limit=1)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.gsimg")


def test_a_file_without_end_is_refused_at_its_start() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size >= 0, "all of it was asked for"
            return bytes(size)

    with pytest.raises(FormatError, match="not a gsimg file"):
        read_file(Endless())
    for start, message in ((b"", "empty"), (b"\x89GSI", "truncated in the signature: 4 of 8 bytes")):
        with pytest.raises(FormatError, match=message):
            read_file(io.BytesIO(start))


def test_a_failed_save_leaves_an_existing_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.gsimg"
    save(path, sample_gaussians(3))
    before = path.read_bytes()
    with pytest.raises(ValueError):
        save(path, sample_gaussians(3), Bits(weight=0))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("imagegs.staging.temporaries.Temporary.replace_target", full)
    with pytest.raises(OSError, match="no space left"):
        save(path, sample_gaussians(4))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_encoding_twice_gives_the_same_bytes() -> None:
    assert encode(sample_gaussians(50)) == encode(sample_gaussians(50))
    assert list(chunks_of(encode(sample_gaussians(2)))) == [b"HEAD", b"GAUS", b"TAIL"]


def test_more_than_a_chunk_can_hold() -> None:
    huge = np.broadcast_to(np.float32(1), (2**27, 32))

    class Many(Gaussians):
        def __post_init__(self) -> None:
            pass

    many = Many(huge, huge, huge, huge, huge, 1, 1, tuple(map(str, range(32))))
    with pytest.raises(ValueError, match="at most 4294967295"):
        encode(many)


def test_the_codec_imports_little() -> None:
    allowed = {"__future__", "bisect", "collections", "dataclasses", "itertools", "json", "math", "numpy"}
    allowed |= {"operator", "os", "pathlib", "re", "struct", "typing", "zlib"}
    inside = {
        "_native",
        "codec",
        "errors",
        "files",
        "gaussians",
        "limits",
        "rendering",
    }
    for path in Path(imagegs.codec.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top, _, rest = str(name).partition(".")
                assert rest.split(".")[0] in inside if top == "imagegs" else top in allowed, (path.name, name)
