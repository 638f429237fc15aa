"""Pictures of every layout and depth come out as they were written; damaged ones are refused."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imagegs.errors import FormatError, ImageGSError, LimitError
from imagegs.pictures import profiles as color_profiles
from imagegs.pictures.pixels import CHANNEL_NAMES, Picture, as_pixels, to_float, to_integers
from imagegs.pictures.png import encode_png
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import WRITABLE_SUFFIXES, check_picture_path, write_picture

RNG = np.random.default_rng(7)


def noise(channels: int, dtype: Any = np.uint16, shape: tuple[int, int] = (13, 21)) -> NDArray[Any]:
    return RNG.integers(0, np.iinfo(dtype).max, (*shape, channels), dtype=dtype, endpoint=True)


def png_file(
    pixels: NDArray[Any], *, interlaced: bool = False, extra: dict[bytes, bytes] | None = None, bits: int = 0
) -> bytes:
    """A PNG without filters, written plainly; with `bits`, gray samples packed into as many bits."""
    height, width, channels = pixels.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8),
            (0, 4, 8, 8),
            (4, 0, 8, 4),
            (0, 2, 4, 4),
            (2, 0, 4, 2),
            (0, 1, 2, 2),
            (1, 0, 2, 1),
        ]
    data = b""
    for y, x, dy, dx in passes:
        for row in pixels[y::dy, x::dx]:
            if bits:
                planes = np.unpackbits(row.astype(np.uint8), axis=1)[:, 8 - bits :]
                data += b"\0" + np.packbits(planes.ravel()).tobytes()
            elif row.size:
                data += b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes()
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    depth = bits or 8 * pixels.dtype.itemsize
    header = struct.pack(">2I5B", width, height, depth, color_type, 0, 0, interlaced)
    chunks = {b"IHDR": header, **(extra or {}), b"IDAT": zlib.compress(data), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    )


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_of_every_layout(tmp_path: Path, channels: int, dtype: Any, interlaced: bool) -> None:
    pixels = noise(channels, dtype)
    (tmp_path / "a.png").write_bytes(png_file(pixels, interlaced=interlaced))
    picture = read_picture(tmp_path / "a.png")
    assert picture.channels == CHANNEL_NAMES[channels]
    assert picture.bit_depth == 8 * pixels.dtype.itemsize
    assert picture.pixels.flags.c_contiguous
    np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"rowsperstrip": 3}, {"tile": (16, 16)}])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_of_every_layout(
    tmp_path: Path, channels: int, byteorder: Any, options: dict[str, Any], dtype: Any
) -> None:
    pixels = noise(channels, dtype, (37, 21))
    kind = {"photometric": "minisblack" if channels < 3 else "rgb", "planarconfig": "contig"}
    if channels in (2, 4):
        kind["extrasamples"] = ["unassalpha"]
    data = pixels[:, :, 0] if channels == 1 else pixels
    if channels == 1:
        del kind["planarconfig"]
    tifffile.imwrite(tmp_path / "a.tif", data, byteorder=byteorder, **kind, **options)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.channels == CHANNEL_NAMES[channels]
    np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planar_tiff(tmp_path: Path, compression: Any) -> None:
    pixels = noise(3)
    planes = np.moveaxis(pixels, 2, 0)
    tifffile.imwrite(
        tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", compression=compression
    )
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


def test_premultiplied_alpha_is_divided_out(tmp_path: Path) -> None:
    pixels = noise(4)
    pixels[..., 3] |= 0x8000
    pixels[0, 0, 3] = 0
    stored = pixels.copy()
    stored[..., :3] = np.round(pixels[..., :3] * (pixels[..., 3:] / 65535))
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["assocalpha"])
    read = read_picture(tmp_path / "a.tif").pixels.astype(int)
    assert np.abs(read - pixels)[1:].max() <= 1
    assert read[0, 0].tolist() == [0, 0, 0, 0]


def test_white_is_zero_is_inverted(tmp_path: Path) -> None:
    pixels = noise(1)
    tifffile.imwrite(tmp_path / "a.tif", 65535 - pixels[:, :, 0], photometric="miniswhite", byteorder="<")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


def test_sixteen_bit_pgm(tmp_path: Path) -> None:
    pixels = noise(1)
    (tmp_path / "a.pgm").write_bytes(b"P5 21 13 65535\n" + pixels.astype(">u2").tobytes())
    np.testing.assert_array_equal(read_picture(tmp_path / "a.pgm").pixels, pixels)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_gray_of_few_bits_with_a_transparent_gray(tmp_path: Path, bits: int) -> None:
    levels = RNG.integers(0, 1 << bits, (5, 9, 1))
    gray = np.uint8(levels * (255 // ((1 << bits) - 1)))
    (tmp_path / "a.png").write_bytes(png_file(levels, bits=bits))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, gray)
    (tmp_path / "b.png").write_bytes(png_file(levels, bits=bits, extra={b"tRNS": b"\0\1"}))
    picture = read_picture(tmp_path / "b.png")
    assert picture.channels == ("Y", "A")
    np.testing.assert_array_equal(picture.pixels[..., :1], gray)
    np.testing.assert_array_equal(picture.pixels[..., 1:], np.where(levels == 1, 0, 255))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_color_becomes_alpha(tmp_path: Path, channels: int, dtype: Any) -> None:
    pixels = noise(channels, dtype)
    pixels[2:5, 3] = pixels[0, 0]
    # A near miss: it differs in the low byte of one channel alone.
    pixels[7, 7] = pixels[0, 0]
    pixels[7, 7, -1] ^= 1
    key = b"".join(struct.pack(">H", value) for value in pixels[0, 0])
    (tmp_path / "a.png").write_bytes(png_file(pixels, extra={b"tRNS": key}))
    picture = read_picture(tmp_path / "a.png")
    opaque = (pixels != pixels[0, 0]).any(axis=2)
    assert picture.channels == CHANNEL_NAMES[channels + 1]
    np.testing.assert_array_equal(picture.pixels[..., :-1], pixels)
    np.testing.assert_array_equal(picture.pixels[..., -1], opaque * np.iinfo(dtype).max)


@pytest.mark.parametrize("suffix", ["png", "gif"])
@pytest.mark.parametrize(("colors", "transparency", "channels"), [
    ([(10, 10, 10), (90, 90, 90), (250, 250, 250)], None, "Y"),
    ([(10, 10, 10), (90, 90, 90), (250, 250, 250)], 1, "YA"),
    ([(10, 20, 30), (90, 90, 90), (250, 0, 250)], None, "RGB"),
    ([(10, 20, 30), (90, 90, 90), (250, 0, 250)], 1, "RGBA"),
])  # fmt: skip
def test_palettes(
    tmp_path: Path, colors: list[Any], transparency: int | None, channels: str, suffix: str
) -> None:
    index = RNG.integers(0, 3, (8, 9)).astype(np.uint8)
    image = Image.fromarray(index).convert("P")
    image.putpalette([value for color in colors for value in color])
    options = {} if transparency is None else {"transparency": transparency}
    picture = read_picture(saved(image, tmp_path / f"a.{suffix}", **options))
    assert "".join(picture.channels) == channels
    rgb = picture.pixels[..., : 3 if "R" in channels else 1]
    shown = index != transparency
    np.testing.assert_array_equal(rgb[shown], np.uint8(colors)[index][..., : rgb.shape[2]][shown])
    if "A" in channels:
        np.testing.assert_array_equal(picture.pixels[..., -1], np.where(shown, 255, 0))


def test_an_opaque_alpha_channel_is_kept(tmp_path: Path) -> None:
    picture = read_picture(saved(Image.new("RGBA", (4, 4), (1, 2, 3, 255)), tmp_path / "a.png"))
    assert picture.pixels[0, 0].tolist() == [1, 2, 3, 255]


def test_other_modes_become_gray_or_rgb(tmp_path: Path) -> None:
    one = read_picture(saved(Image.new("1", (9, 5), 1), tmp_path / "a.png"))
    assert (one.channels, one.pixels.min()) == (("Y",), 255)
    cmyk = read_picture(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "a.tif"))
    assert cmyk.pixels[0, 0].tolist() == [255, 0, 0]
    lab = read_picture(saved(Image.new("LAB", (8, 8), (255, 128, 128)), tmp_path / "b.tif"))
    assert lab.pixels.min() >= 253
    gray = read_picture(saved(Image.new("L", (8, 8), 77), tmp_path / "a.jpg"))
    assert (gray.channels, gray.pixels[0, 0, 0]) == (("Y",), 77)


def test_the_first_frame_or_page_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (6, 4), color) for color in ("red", "blue")]
    for name in ("a.gif", "a.tif", "a.webp", "a.png"):
        saved(frames[0], tmp_path / name, save_all=True, append_images=frames[1:])
        pixels = read_picture(tmp_path / name).pixels
        assert pixels.shape[:2] == (4, 6)
        np.testing.assert_allclose(pixels[0, 0, :3], [255, 0, 0], atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """8 bits against Pillow's own turning, 16 bits against 8."""
    pixels = noise(3, np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    low = saved(Image.fromarray(pixels), tmp_path / "low.png", exif=exif)
    expected = [(0, 1), (0, 1), (0, 1), (0, 1), (1, 0), (1, 0), (1, 0), (1, 0)][orientation - 1]
    upright = read_picture(low).pixels
    assert upright.shape[:2] == tuple(pixels.shape[i] for i in expected)
    corners = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    np.testing.assert_array_equal(upright[corners[orientation]], pixels[0, 0])
    np.testing.assert_array_equal(upright[::-1, ::-1][corners[orientation]], pixels[-1, -1])

    deep = pixels.astype(np.uint16) * 256 + 9
    (tmp_path / "deep.png").write_bytes(png_file(deep, extra={b"eXIf": exif.tobytes()[6:]}))
    extratags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb", extratags=extratags)
    tifffile.imwrite(tmp_path / "low.tif", pixels, photometric="rgb", extratags=extratags)
    with_alpha = deep[..., :2]
    tifffile.imwrite(tmp_path / "ya.tif", with_alpha, photometric="minisblack", planarconfig="contig",
                     extrasamples=["unassalpha"], extratags=extratags)  # fmt: skip
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").pixels >> 8, upright)
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.tif").pixels >> 8, upright)
    np.testing.assert_array_equal(read_picture(tmp_path / "low.tif").pixels, upright)
    np.testing.assert_array_equal(read_picture(tmp_path / "ya.tif").pixels >> 8, upright[..., :2])


@pytest.mark.parametrize(
    ("kind", "values", "orientation"),
    [
        ("H", [6], 6),
        ("H", [6, 1], 6),
        ("H", [9], 1),
        ("H", [0], 1),
        ("B", [6, 1], 1),
        ("2s", [b"6"], 1),
        ("H", [], 1),
    ],
)
def test_odd_orientations_are_none(
    tmp_path: Path, kind: str, values: list[Any], orientation: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """The tag is about the picture, not part of it: two numbers, text or nonsense do not refuse it."""
    body = b"".join(struct.pack(f"<{kind}", value) for value in values)
    number = {"H": 3, "B": 1, "2s": 2}[kind]
    count = len(body) // struct.calcsize(f"<{kind[-1]}")
    exif = (
        b"Exif\0\0II*\0" + struct.pack("<IHHHI", 8, 1, 274, number, count) + body.ljust(4, b"\0") + bytes(4)
    )
    for name in ("a.jpg", "a.png", "a.webp"):
        path = saved(Image.new("RGB", (6, 4)), tmp_path / name, exif=exif)
        assert read_picture(path).pixels.shape[:2] == ((6, 4) if orientation == 6 else (4, 6))
    assert capfd.readouterr().err == ""


def matrix_profile(gamma: float, swap: bool = False, kind: str = "curv", gray: bool = False) -> bytes:
    """A small ICC profile: sRGB's primaries (red and green exchanged with `swap`) and a power curve."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curves = {
        "curv": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0",
        "table": b"curv\0\0\0\0" + struct.pack(">I", 1024)
        + (np.linspace(0, 1, 1024) ** gamma * 65535).round().astype(">u2").tobytes(),
        "para": b"para\0\0\0\0\0\0\0\0" + fixed(gamma),
        "srgb": b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    }  # fmt: skip
    primaries = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)]
    if swap:
        primaries[:2] = primaries[1::-1]
    white = b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249)
    text = "probe".encode("utf-16-be")
    description = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text + b"\0\0"
    tags = {b"desc": description, b"wtpt": white, b"cprt": description}
    if gray:
        tags[b"kTRC"] = curves[kind]
    else:
        for name, color in zip((b"r", b"g", b"b"), primaries, strict=True):
            tags[name + b"XYZ"] = b"XYZ \0\0\0\0" + fixed(*color)
            tags[name + b"TRC"] = curves[kind]
    table, body, offset = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    space = b"GRAY" if gray else b"RGB "
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"\0\0\0\0", 0x04200000, b"mntr", space, b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def icc_chunk(profile: bytes) -> dict[bytes, bytes]:
    return {b"iCCP": b"icc\0\0" + zlib.compress(profile)}


@pytest.mark.parametrize("kind", ["curv", "table", "para"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_profiles_are_converted_alike_at_both_depths(tmp_path: Path, kind: str, channels: int) -> None:
    profile = matrix_profile(1.8, swap=True, kind=kind, gray=channels < 3)
    low = noise(channels, np.uint8, (40, 40))
    for name, pixels in (("low", low), ("deep", low.astype(np.uint16) * 257)):
        (tmp_path / f"{name}.png").write_bytes(png_file(pixels, extra=icc_chunk(profile)))
    converted, deep = (read_picture(tmp_path / f"{name}.png").pixels for name in ("low", "deep"))
    assert np.abs(converted[..., : min(channels, 3)].astype(int) - low[..., : min(channels, 3)]).max() > 10
    # LittleCMS rounds on the way, which shows in dark grays.
    assert np.abs(deep / 257 - converted).max() <= 2
    assert np.abs(deep / 257 - converted).mean() <= 0.3
    if channels in (2, 4):
        np.testing.assert_array_equal(converted[..., -1], low[..., -1])
        np.testing.assert_array_equal(deep[..., -1] % 257 + deep[..., -1] // 257, low[..., -1])


def test_a_profile_swaps_what_it_says_it_swaps(tmp_path: Path) -> None:
    pixels = np.uint16([[[50_000, 20_001, 7]]])
    profile = matrix_profile(0, swap=True, kind="srgb")
    (tmp_path / "a.png").write_bytes(png_file(pixels, extra=icc_chunk(profile)))
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").pixels[0, 0], [20_001, 50_000, 7], atol=30)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile(0, kind="srgb"),
        matrix_profile(1.8).replace("probe".encode("utf-16-be"), "sRGB2".encode("utf-16-be")),
        matrix_profile(1.8, gray=True),
        matrix_profile(1.8)[:150],
        matrix_profile(1.8).replace(b"rTRC", b"xTRC"),
        b"not a profile",
    ],
    ids=["littlecms", "own", "name", "gray", "cut", "incomplete", "text"],
)
def test_srgb_and_useless_profiles_change_nothing(tmp_path: Path, profile: bytes, dtype: Any) -> None:
    pixels = noise(3, dtype)
    (tmp_path / "a.png").write_bytes(png_file(pixels, extra=icc_chunk(profile)))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, pixels)


def test_a_profile_of_tables_is_refused_for_16_bits(tmp_path: Path) -> None:
    for feature in ((b"cprt", b"A2B0"), (b"RGB XYZ ", b"RGB Lab ")):
        profile = matrix_profile(1.8).replace(*feature)
        (tmp_path / "a.png").write_bytes(png_file(noise(3), extra=icc_chunk(profile)))
        with pytest.raises(FormatError, match="table-based ICC profile"):
            read_picture(tmp_path / "a.png")


def test_a_parametric_curve_of_each_kind() -> None:
    x = np.linspace(0, 1, 65536)

    def curve(kind: int, *values: float) -> NDArray[Any]:
        fixed = b"".join(struct.pack(">i", round(value * 65536)) for value in values)
        return color_profiles._curve(b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed)

    np.testing.assert_allclose(curve(0, 2), x**2, atol=1e-4)
    np.testing.assert_allclose(curve(1, 2, 2, -0.5), np.clip(2 * x - 0.5, 0, None) ** 2, atol=1e-4)
    np.testing.assert_allclose(curve(2, 2, 1, -0.25, 0.1), np.clip(x - 0.25, 0, None) ** 2 + 0.1, atol=1e-4)
    low = x < 16384 / 65536
    np.testing.assert_allclose(curve(3, 2, 1, 0, 0.25, 0.25), np.where(low, x / 4, x**2), atol=1e-4)
    np.testing.assert_allclose(
        curve(4, 2, 1, 0, 0.25, 0.25, 0.125, 0.0625), np.where(low, x / 4 + 0.0625, x**2 + 0.125), atol=1e-4
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "int16", "float16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_sample_types_are_refused(tmp_path: Path, dtype: str, channels: int) -> None:
    pixels = np.zeros((5, 5, channels) if channels > 1 else (5, 5), dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb" if channels > 1 else "minisblack")
    with pytest.raises(FormatError, match="not supported"):
        read_picture(tmp_path / "a.tif")


GOOD_PNG = png_file(noise(3, np.uint8, (64, 64)))


@pytest.mark.parametrize(("data", "message"), [
    (b"", "empty"),
    (b"just text, no picture\n", "no picture in a known format"),
    (b"\x89PNG\r\n\x1a\n", "damaged"),
    (b"II*\0", "not supported|damaged"),
    (GOOD_PNG[:40], "damaged"),
    (GOOD_PNG[:-2000], "damaged"),
    (GOOD_PNG[:300] + b"\xff" * 100 + GOOD_PNG[400:], "damaged"),
    (png_file(noise(3))[:-400], "damaged"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, data: bytes, message: str, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        read_picture(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value)[0].islower()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp"])
def test_a_cut_anywhere_is_refused_or_read(tmp_path: Path, suffix: str) -> None:
    write_picture(tmp_path / f"a{suffix}", noise(3, np.uint8), CHANNEL_NAMES[3])
    data = (tmp_path / f"a{suffix}").read_bytes()
    for size in range(1, len(data) - 20, max(1, len(data) // 50)):
        (tmp_path / "cut").write_bytes(data[:size])
        with pytest.raises(FormatError):
            read_picture(tmp_path / "cut")


def test_libraries_are_silent_about_damage_and_reasons_are_words(tmp_path: Path) -> None:
    """In a process of its own: pytest sets up logging, which silences by itself."""
    tifffile.imwrite(tmp_path / "a.tif", noise(1))
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:8])
    code = "import sys; from imagegs.pictures.reading import read_picture\n"
    code += "try: read_picture(sys.argv[1])\nexcept Exception as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.tif")], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (
        "the picture is damaged: it ends early, or its tags point beyond its end\n",
        "",
    )


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(IsADirectoryError):
        read_picture(tmp_path)


def test_pixel_limit_and_pillow_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    path = saved(Image.new("RGB", (20, 10)), tmp_path / "a.png")
    assert read_picture(path).pixels.shape == (10, 20, 3)
    assert read_picture(path, max_pixels=200).pixels.shape == (10, 20, 3)
    for limit in (199, 99, 1):  # Pillow warns of the first and raises at the others
        with pytest.raises(LimitError, match="limit"):
            read_picture(path, max_pixels=limit)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_a_header_that_claims_too_much_is_refused_at_once(tmp_path: Path) -> None:
    header = struct.pack(">2I5B", 60_000, 60_000, 16, 2, 0, 0, 0)
    data = GOOD_PNG[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + GOOD_PNG[33:]
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(LimitError):
        read_picture(tmp_path / "a.png")


def test_a_large_picture_needs_no_permission_of_pillow(tmp_path: Path) -> None:
    path = saved(Image.new("1", (19_000, 10_000)), tmp_path / "a.png")  # over Pillow's error limit
    assert read_picture(path, max_pixels=2**28).pixels.shape == (10_000, 19_000, 1)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".webp", ".jp2", ".bmp", ".npy"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossless_formats_come_back_as_they_were(
    tmp_path: Path, suffix: str, channels: int, dtype: Any
) -> None:
    pixels, path = noise(channels, dtype), tmp_path / f"a{suffix}"
    try:
        check_picture_path(path, CHANNEL_NAMES[channels], 8 * pixels.dtype.itemsize, (21, 13))
    except ValueError:
        with pytest.raises(ValueError, match=r"no alpha|8 bits"):
            write_picture(path, pixels, CHANNEL_NAMES[channels])
        assert not path.exists()
        return
    write_picture(path, pixels, CHANNEL_NAMES[channels])
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load(path), pixels)
        return
    read = read_picture(path).pixels
    if suffix == ".webp" and channels < 3:  # WebP knows RGB only
        read = read[..., [0, 3][:channels]]
    np.testing.assert_array_equal(read, pixels)


def test_what_each_format_refuses(tmp_path: Path) -> None:
    rgba, rgb = CHANNEL_NAMES[4], CHANNEL_NAMES[3]
    for name, channels, depth, message in [
        ("a.jpg", rgba, 8, "no alpha channel"), ("a.bmp", ("Y", "A"), 8, "no alpha channel"),
        ("a.jpg", rgb, 16, "8 bits a sample"), ("a.webp", rgb, 16, "8 bits a sample"),
        ("a.xyz", rgb, 8, r"cannot write \.xyz: possible are \.png"), ("a", rgb, 8, "without a suffix"),
        ("a.png", ("a", "b", "c"), 8, "write .npy"), ("a.png", tuple("abcde"), 8, "write .npy"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            check_picture_path(tmp_path / name, channels, depth, (8, 8))
    check_picture_path(tmp_path / "a.npy", tuple("abcde"), 16, (8, 8))
    check_picture_path(tmp_path / "a.webp", rgba, 8, (8, 8))
    with pytest.raises(TypeError):
        write_picture(tmp_path / "a.png", np.zeros((4, 4, 3)), rgb)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="do not fit"):
        write_picture(tmp_path / "a.png", noise(4), rgb)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".jpg", ".avif"])
def test_lossy_formats_come_near(tmp_path: Path, suffix: str) -> None:
    y, x = np.mgrid[:40, :50]
    pixels = np.stack([4 * x, 5 * y, 100 + x], axis=2).astype(np.uint8)
    write_picture(tmp_path / f"a{suffix}", pixels, CHANNEL_NAMES[3])
    assert np.abs(read_picture(tmp_path / f"a{suffix}").pixels.astype(int) - pixels).mean() < 2
    assert suffix in WRITABLE_SUFFIXES


@pytest.mark.parametrize(("suffix", "most"), [(".jpg", 65500), (".webp", 16383), (".avif", 32768)])
def test_sides_that_a_format_does_not_hold(
    tmp_path: Path, suffix: str, most: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path, pixels = tmp_path / f"a{suffix}", np.zeros((1, most + 1, 3), np.uint8)
    size = write_picture(path, pixels[:, :most], CHANNEL_NAMES[3])
    assert size == path.stat().st_size
    assert read_picture(path).pixels.shape == (1, most, 3)
    path.unlink()
    with pytest.raises(ValueError, match=f"at most {most} pixels a side, not {most + 1} x 1"):
        write_picture(path, pixels, CHANNEL_NAMES[3])
    with pytest.raises(ValueError, match=f"at most {most} pixels a side, not 1 x {most + 1}"):
        check_picture_path(path, CHANNEL_NAMES[3], 8, (1, most + 1))
    assert not path.exists() and capfd.readouterr().err == ""


def test_a_pillow_without_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_picture_path(tmp_path / "a.avif", CHANNEL_NAMES[3], 8, (8, 8))
    monkeypatch.delitem(Image.SAVE, "AVIF")
    with pytest.raises(ImageGSError, match=r"cannot write \.avif"):
        write_picture(tmp_path / "a.avif", noise(3, np.uint8), CHANNEL_NAMES[3])


def test_without_tifffile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(tmp_path / "ya.tif", noise(2), CHANNEL_NAMES[2])
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(ImageGSError, match=r"pip install imagegs\[tiff\]"):
        write_picture(tmp_path / "a.tif", noise(3), CHANNEL_NAMES[3])
    assert read_picture(tmp_path / "ya.tif").channels == CHANNEL_NAMES[2]  # only writing needs it
    write_picture(tmp_path / "a.tif", noise(1), CHANNEL_NAMES[1])
    write_picture(tmp_path / "a.tif", noise(3, np.uint8), CHANNEL_NAMES[3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (900, 1), (3, 5), (1100, 801)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_png_writer_is_read_alike_by_pillow(shape: tuple[int, int], channels: int) -> None:
    """The largest is cut into several strips."""
    for pixels in (noise(channels, np.uint8, shape), np.zeros((*shape, channels), np.uint8)):
        with Image.open(io.BytesIO(b"".join(encode_png(pixels)))) as image:
            image.verify()  # the checksums of the chunks
        with Image.open(io.BytesIO(b"".join(encode_png(pixels)))) as image:
            np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)
            assert image.info["srgb"] == 0


def test_the_png_writer_makes_one_valid_zlib_stream() -> None:
    """Pillow does not look at the Adler-32 checksum; zlib does."""
    data, stream, position = b"".join(encode_png(noise(3, np.uint16, (700, 801)))), b"", 8
    n_chunks = 0
    while position < len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        if name == b"IDAT":
            stream += data[position + 8 : position + 8 + size]
            n_chunks += 1
        position += size + 12
    assert n_chunks > 3
    assert len(zlib.decompress(stream)) == 700 * (1 + 6 * 801)


def test_the_png_writer_refuses_what_png_cannot_hold() -> None:
    with pytest.raises(ValueError, match="1 to 4 channels"):
        encode_png(noise(5))
    with pytest.raises(TypeError):
        encode_png(np.zeros((2, 2, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [8, 16])
def test_integers_survive_the_way_to_floats_and_back(bits: int) -> None:
    pixels = np.arange(1 << bits, dtype=f"uint{bits}").reshape(-1, 16, 1)
    values = to_float(pixels)
    assert (values.dtype, values.min(), values.max()) == (np.float32, 0.0, 1.0)
    back = to_integers(values, bits)
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)


def test_floats_are_clipped_and_halves_rounded_up() -> None:
    values = np.array([[-0.5, 0.0, 0.5, 1.0, 1.5, np.inf]])
    assert to_integers(values, 8).tolist() == [[0, 0, 128, 255, 255, 255]]
    assert to_integers(values.astype(np.float16), 16).tolist() == [[0, 0, 32768, 65535, 65535, 65535]]
    assert to_float(values).tolist() == [[0.0, 0.0, 0.5, 1.0, 1.0, 1.0]]
    tall = np.linspace(0, 1, 3_000_000).reshape(-1, 3)
    np.testing.assert_array_equal(to_integers(tall, 16), np.floor(tall.astype(np.float32) * 65535 + 0.5))
    with pytest.raises(ValueError, match="not a number"):
        to_integers(np.array([[np.nan]]), 8)
    with pytest.raises(ValueError, match="8 or 16"):
        to_integers(values, 12)
    with pytest.raises(TypeError):
        to_integers(np.zeros((2, 2), np.uint8), 8)


def test_the_check_of_a_user_s_array() -> None:
    for dtype in (np.uint8, np.uint16, np.float16, np.float32, np.float64, ">u2"):
        pixels = as_pixels(np.ones((3, 4), dtype))
        assert pixels.shape == (3, 4, 1)
        assert pixels.dtype == np.dtype(dtype).newbyteorder("=")
    assert as_pixels(np.ones((3, 4, 32))).shape == (3, 4, 32)
    wrong: list[tuple[Any, Any]] = [
        (TypeError, np.ones((3, 4), np.int32)), (TypeError, np.ones((3, 4), bool)), (TypeError, "text"),
        (ValueError, np.ones(3)), (ValueError, np.ones((2, 3, 4, 5))), (ValueError, np.ones((3, 4, 33))),
        (ValueError, np.ones((0, 4))), (ValueError, np.ones((3, 4, 0))), (ValueError, np.ones((1, 65_536))),
        (ValueError, np.array([[np.nan]])), (ValueError, np.array([[np.inf]])),
    ]  # fmt: skip
    for kind, array in wrong:
        with pytest.raises(kind):
            as_pixels(array)
    with pytest.raises(TypeError):
        Picture(np.ones((3, 4, 1)), ("Y",))  # type: ignore[arg-type]


class FakeImage:
    """What tells a PIL image apart: this module does not need PIL to refuse one."""

    def getbands(self) -> None: ...

    def getpalette(self) -> None: ...


@pytest.mark.parametrize("image", [Image.new("P", (4, 4)), Image.new("RGB", (4, 4)), FakeImage()])
def test_images_of_pillow_are_no_arrays(image: Any) -> None:
    with pytest.raises(TypeError, match=r"give np\.asarray\(image\.convert\('RGB'\)\)"):
        as_pixels(image)


def test_masks_are_not_lost_in_silence() -> None:
    with pytest.raises(TypeError, match=r"give array\.filled\(0\)"):
        as_pixels(np.ma.masked_array(np.zeros((3, 4)), np.ones((3, 4))))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 255.0], r"in 0\.\.1, not 0\.\.255: divide"),
        ([-1.5, 1.0], r"not -1\.5\.\.1: divide"),
        ([-1.0, 1.0], r"not -1\.\.1: give \(x \+ 1\) / 2 of data in -1\.\.1 such as normals"),
        ([-0.003, 0.5], r"not -0\.003\.\.0\.5: .*such as normals, or x\.clip\(0, 1\)"),
        ([0.0, 1.003], r"not 0\.\.1\.003: give x\.clip\(0, 1\) of what a filter overshot"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_outside_of_0_to_1_are_refused(values: list[float], message: str, dtype: Any) -> None:
    with pytest.raises(ValueError, match=message):
        as_pixels(np.array([values], dtype))


def test_what_rounding_leaves_outside_of_0_to_1_is_let_through() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        half_a_step = np.array([[-1, 511]], dtype) / dtype(510)
        assert (as_pixels(half_a_step)[:, :, 0] == half_a_step).all()


def test_what_is_measured_may_overshoot() -> None:
    assert as_pixels(np.array([[-1.0, 2.0]]), overshoot=True).shape == (1, 2, 1)
    with pytest.raises(ValueError, match=r"in about 0\.\.1, not 0\.\.255: divide"):
        as_pixels(np.array([[0.0, 255.0]]), overshoot=True)
    with pytest.raises(ValueError, match=r"not -1\.5\.\.1: divide"):
        as_pixels(np.array([[-1.5, 1.0]]), overshoot=True)


def test_reading_leaves_the_warning_filters_alone(tmp_path: Path) -> None:
    before = list(warnings.filters)
    read_picture(saved(Image.new("L", (2, 2)), tmp_path / "a.png"))
    assert warnings.filters == before


def test_an_open_file_can_be_read(tmp_path: Path) -> None:
    pixels = noise(3)
    np.testing.assert_array_equal(read_picture(io.BytesIO(png_file(pixels))).pixels, pixels)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX systems")
def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    pixels = noise(3)
    os.mkfifo(tmp_path / "a.png")
    writer = threading.Thread(target=(tmp_path / "a.png").write_bytes, args=[png_file(pixels)])
    writer.start()
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, pixels)
    writer.join()


def test_cmyk_with_a_useless_profile_is_still_read(tmp_path: Path) -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for profile in (b"not a profile", matrix_profile(1.8), matrix_profile(1.8).replace(b"RGB ", b"CMYK")):
        path = saved(image, tmp_path / "a.tif", icc_profile=profile)
        assert read_picture(path).pixels[0, 0].tolist() == [255, 0, 0]
