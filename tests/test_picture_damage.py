"""Damaged, unsupported and too large pictures are refused in one line."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from imagegs.errors import FormatError, LimitError
from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import write_picture
from picture_files import noise, png_file, saved


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
