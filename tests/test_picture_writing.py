"""Each format holds what it can hold, and refuses the rest before anything is written."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagegs.errors import ImageGSError
from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.png import encode_png
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import WRITABLE_SUFFIXES, check_picture_path, write_picture
from picture_files import noise


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
