"""Pictures of every layout and depth are read as they were written."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.reading import read_picture
from picture_files import noise, png_file, saved


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
    levels = np.random.default_rng(7).integers(0, 1 << bits, (5, 9, 1))
    gray = np.uint8(levels * (255 // ((1 << bits) - 1)))
    (tmp_path / "a.png").write_bytes(png_file(levels, bits=bits))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, gray)
    (tmp_path / "b.png").write_bytes(png_file(levels, bits=bits, chunks={b"tRNS": b"\0\1"}))
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
    (tmp_path / "a.png").write_bytes(png_file(pixels, chunks={b"tRNS": key}))
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
    index = np.random.default_rng(8).integers(0, 3, (8, 9)).astype(np.uint8)
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
