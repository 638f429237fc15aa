"""TIFF is read by its tags: what each says is what counts, not what a library makes of it."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from conftest import FAST, Run
from imagegs.errors import FormatError, LimitError
from imagegs.pictures.pixels import IntegerPixels, Picture
from imagegs.pictures.reading import read_picture
from picture_files import tiff_file

RNG = np.random.default_rng(5)
THUMBNAIL = np.full((4, 6, 3), 77, np.uint8)


def read(data: bytes, **options: Any) -> Picture:
    return read_picture(io.BytesIO(data), **options)


def samples(bits: int, channels: int, shape: tuple[int, int] = (9, 13)) -> NDArray[Any]:
    values = RNG.integers(0, 1 << bits, (*shape, channels))
    values.flat[:2] = 0, (1 << bits) - 1
    return values


def full_range(values: NDArray[Any], bits: int) -> IntegerPixels:
    full = 255 if bits <= 8 else 65535
    scaled = np.floor(values * (full / ((1 << bits) - 1)) + 0.5)
    return scaled.astype(np.uint8 if bits <= 8 else np.uint16)


@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_number_of_bits_fills_the_range(bits: int, channels: int) -> None:
    values = samples(bits, channels)
    expected = full_range(values, bits)
    for layout in (
        {}, {"order": ">"}, {"deflated": True}, {"planar": True}, {"planar": True, "deflated": True},
        {"big": True}, {"big": True, "order": ">", "deflated": True},
    ):  # fmt: skip
        if channels == 1 and "planar" in layout:
            continue
        picture = read(tiff_file(values, bits, **layout))  # type: ignore[arg-type]
        assert picture.bit_depth == (8 if bits <= 8 else 16)
        np.testing.assert_array_equal(picture.pixels, expected)


@pytest.mark.parametrize("bits", [1, 4, 8, 10, 16])
def test_white_may_be_zero(bits: int) -> None:
    values = samples(bits, 1)
    pixels = read(tiff_file(values, bits, photometric=0)).pixels
    np.testing.assert_array_equal(pixels, full_range((1 << bits) - 1 - values, bits))


@pytest.mark.parametrize("compression", ["lzw", "zlib", "packbits", "lzma", "zstd"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_compressions_tiles_and_predictors(
    compression: Any, predictor: bool, tile: Any, dtype: Any, byteorder: Any
) -> None:
    pixels, file = samples(8 * np.dtype(dtype).itemsize, 4, (37, 41)).astype(dtype), io.BytesIO()
    if predictor and compression == "packbits":
        pytest.skip("PackBits has no predictor")
    kind = {"tile": tile} if tile else {"rowsperstrip": 5}
    try:
        tifffile.imwrite(
            file, pixels, photometric="rgb", extrasamples=["unassalpha"], compression=compression,
            predictor=2 if predictor else None, byteorder=byteorder, **kind,
        )  # fmt: skip
    except (ImportError, ValueError, KeyError, RuntimeError) as error:
        pytest.skip(f"tifffile cannot write it here: {error}")
    np.testing.assert_array_equal(read(file.getvalue()).pixels, pixels)


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("channels", [2, 4])
def test_associated_alpha_is_divided_out(bits: int, planar: bool, channels: int) -> None:
    most = (1 << bits) - 1
    plain = samples(bits, channels)
    plain[..., -1:] = RNG.integers(most // 2, most, plain[..., -1:].shape)
    plain[0, 0, -1] = 0
    stored = plain.copy()
    stored[..., :-1] = np.round(plain[..., :-1] * (plain[..., -1:] / most))
    data = tiff_file(stored, bits, planar=planar, tags={338: [1]})
    pixels, expected = read(data).pixels.astype(int), full_range(plain, bits).astype(int)
    step = (255 if bits == 8 else 65535) / most
    assert np.abs(pixels - expected)[1:].max() <= 2 * step + 1
    assert pixels[0, 0].tolist() == [0] * channels


def test_samples_that_are_no_alpha_are_left_out_and_said() -> None:
    values = samples(8, 4)
    picture = read(tiff_file(values, tags={338: [0]}))
    assert picture.left_out == ("1 extra samples a pixel that are no alpha",)
    np.testing.assert_array_equal(picture.pixels, values[..., :3])
    values = samples(12, 6)  # the second of three extra samples is alpha
    for planar in (False, True):
        picture = read(tiff_file(values, 12, planar=planar, tags={338: [0, 2, 0]}))
        assert picture.left_out == ("2 extra samples a pixel that are no alpha",)
        np.testing.assert_array_equal(picture.pixels, full_range(values[..., [0, 1, 2, 4]], 12))
    assert read(tiff_file(samples(8, 4))).left_out == ()  # one of which nothing is said is alpha


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(bits: int) -> None:
    index, deep = samples(bits, 1), RNG.integers(0, 65536, (3, 1 << bits))
    high = deep >> 8
    deep[:, 0] = 65535, 0, 1  # no 8 bits, whatever was drawn
    for stored, expected in (
        (deep, deep.astype(np.uint16)),
        (high << 8, high.astype(np.uint8)),
        (high * 257, high.astype(np.uint8)),
    ):
        data = tiff_file(index, bits, photometric=3, tags={320: stored.ravel().tolist()})
        np.testing.assert_array_equal(read(data).pixels, expected.T[index[:, :, 0]])
    gray = [i * 257 for i in np.linspace(3, 250, 1 << bits).astype(int)] * 3
    assert read(tiff_file(index, bits, photometric=3, tags={320: gray})).channels == ("Y",)
    with pytest.raises(FormatError, match="palette is too short"):
        read(tiff_file(index, bits, photometric=3, tags={320: gray[:-1]}))


def test_inks_become_rgb() -> None:
    for bits in (8, 16):
        most = (1 << bits) - 1
        inks = np.array([[[0, most, most, 0], [0, 0, 0, most], [0, 0, 0, 0]]])
        for planar in (False, True):
            data = tiff_file(inks, bits, photometric=5, planar=planar)
            assert read(data).pixels[0].tolist() == [[255, 0, 0], [0, 0, 0], [255, 255, 255]]
    with_alpha = np.array([[[0, 255, 255, 0, 100]]])
    assert read(tiff_file(with_alpha, photometric=5, tags={338: [2]})).pixels[0, 0].tolist() == [
        255,
        0,
        0,
        100,
    ]
    with pytest.raises(FormatError, match="other inks"):
        read(tiff_file(inks, 16, photometric=5, tags={332: [2]}))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("sub", [False, True])
@pytest.mark.parametrize("bits", [8, 12])
def test_a_thumbnail_is_not_the_picture(order: str, big: bool, sub: bool, bits: int) -> None:
    values = samples(bits, 3)
    data = tiff_file(values, bits, order=order, big=big, smaller=THUMBNAIL, sub=sub)
    np.testing.assert_array_equal(read(data).pixels, full_range(values, bits))


def test_a_jpeg_behind_a_thumbnail_is_read_by_pillow() -> None:
    file = io.BytesIO()
    small, large = Image.new("RGB", (6, 4), "red"), Image.new("RGB", (48, 32), (10, 200, 30))
    small.save(file, "TIFF", compression="jpeg", save_all=True, append_images=[large], tiffinfo={254: 1})
    data = bytearray(file.getvalue())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * count)
    for i in range(struct.unpack_from("<H", data, second)[0]):  # the other is no thumbnail
        if struct.unpack_from("<H", data, second + 2 + 12 * i)[0] == 254:
            struct.pack_into("<I", data, second + 2 + 12 * i + 8, 0)
    pixels = read(bytes(data)).pixels
    assert pixels.shape == (32, 48, 3)
    assert np.abs(pixels.astype(int) - [10, 200, 30]).max() <= 3


def test_raw_data_and_thumbnails_alone_are_refused() -> None:
    raw = tiff_file(samples(12, 1), 12, photometric=32803, smaller=THUMBNAIL, sub=True)
    with pytest.raises(FormatError, match="the first one is a thumbnail and it is raw data of a camera"):
        read(raw)
    with pytest.raises(FormatError, match="raw data of a camera"):
        read(tiff_file(samples(12, 1), 12, photometric=32803))
    with pytest.raises(FormatError, match="the first picture of this TIFF is a thumbnail"):
        read(tiff_file(samples(8, 3), smaller=THUMBNAIL, tags={254: [1]}))
    values = samples(8, 3)
    np.testing.assert_array_equal(read(tiff_file(values, tags={254: [1]})).pixels, values)  # the only picture


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tags": {339: [2]}}, "signed samples"),
        ({"tags": {339: [4]}}, "untyped"),
        ({"tags": {339: [3]}}, "floating-point samples"),
        ({"tags": {258: [32]}}, "32-bit samples"),
        ({"tags": {258: [24]}}, "24-bit samples"),
        ({"tags": {258: [0]}}, "0-bit samples"),
        ({"channels": 3, "tags": {258: [5, 6, 5]}}, "different numbers of bits"),
        ({"photometric": 2}, "too few for its colours"),
        ({"photometric": 32845}, "HDR"),
        ({"photometric": 9}, "ICC L"),
        ({"photometric": 4}, "mask"),
        ({"tags": {256: [0]}}, "no size"),
        ({"tags": {278: [0]}}, "strips or tiles have no size"),
        ({"tags": {273: [1 << 30]}}, "ends early"),
        ({"tags": {273: []}}, "missing"),
        ({"tags": {322: [1], 323: [1], 324: [8], 325: [1]}}, "missing"),
        ({"deflated": True, "tags": {317: [3]}}, "predictor 3"),
        ({"bits": 10, "deflated": True, "tags": {317: [2]}}, "predictor 2 with 10 bits"),
        ({"tags": {259: [50001]}}, "compressed with WebP"),
        ({"tags": {259: [9]}}, "compressed with number 9"),
        ({"bits": 12, "tags": {259: [7]}}, "12 bits a sample is not supported with compression 7"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    channels, bits = options.pop("channels", 1), options.pop("bits", 8)
    values = samples(bits, channels)
    read(tiff_file(values, bits))
    with pytest.raises(FormatError, match=message) as caught:
        read(tiff_file(values, bits, **options))
    assert "\n" not in str(caught.value)


def test_limits_come_before_memory() -> None:
    with pytest.raises(LimitError):
        read(tiff_file(samples(8, 1), tags={256: [60_000], 257: [60_000]}))
    with pytest.raises(LimitError):
        read(tiff_file(samples(8, 1), tags={322: [1 << 20], 323: [1 << 20], 324: [8], 325: [1]}))
    with pytest.raises(LimitError):  # a pixel of many samples
        read(tiff_file(samples(8, 1), tags={277: [60_000], 258: [8], 256: [9000], 257: [9000], 278: [9000]}))


@pytest.mark.parametrize("tile", [{}, {"tile": (16, 16)}])
def test_the_limit_counts_pixels_not_bytes(tile: Any) -> None:
    file, before = io.BytesIO(), Image.MAX_IMAGE_PIXELS
    tifffile.imwrite(file, np.zeros((32, 32, 3), np.uint16), photometric="rgb", compression="zlib", **tile)
    assert read(file.getvalue(), max_pixels=1024).pixels.shape == (32, 32, 3)
    with pytest.raises(LimitError):
        read(file.getvalue(), max_pixels=1023)
    assert before == Image.MAX_IMAGE_PIXELS


def test_no_cut_and_no_changed_byte_is_more_than_an_error() -> None:
    data = tiff_file(samples(10, 3), 10, deflated=True, smaller=THUMBNAIL, sub=True)
    for size in range(1, len(data) - 4, 5):  # the last four say that no directory follows
        with pytest.raises(FormatError):
            read(data[:size])
    rng = np.random.default_rng(1)
    for _ in range(100):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 2):
            changed[place] = rng.integers(0, 256)
        try:
            read(bytes(changed), max_pixels=1 << 20)
        except FormatError as error:
            assert "\n" not in str(error)


def test_directories_in_a_circle_end() -> None:
    data = bytearray(tiff_file(samples(8, 3), smaller=THUMBNAIL, tags={254: [1]}))
    (first,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, len(data) - 4, first)
    with pytest.raises(FormatError, match="thumbnail"):
        read(bytes(data))


def test_bits_may_be_in_the_other_order() -> None:
    values = samples(4, 3)
    plain = tiff_file(values, 4)
    start, size = 8, 9 * 20
    table = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
    turned = tiff_file(values, 4, tags={266: [2]})
    assert turned[start : start + size] == plain[start : start + size]
    turned = turned[:start] + turned[start : start + size].translate(table) + turned[start + size :]
    np.testing.assert_array_equal(read(turned).pixels, read(plain).pixels)


def test_the_orientation_of_deep_pictures() -> None:
    values = samples(12, 3)
    turned = read(tiff_file(values, 12, tags={274: [6]})).pixels
    np.testing.assert_array_equal(turned, np.rot90(full_range(values, 12), -1))


def test_encode_says_what_is_left_out(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.tif").write_bytes(tiff_file(samples(8, 4), tags={338: [0]}))
    outcome = run("encode", tmp_path / "a.tif", "-o", tmp_path / "a.gsimg", *FAST)
    assert outcome.code == 0
    assert "a.tif: left out: 1 extra samples a pixel that are no alpha" in outcome.err
