"""Pictures are turned upright as their EXIF or TIFF orientation says."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from imagegs.pictures.reading import read_picture
from picture_files import noise, png_file, saved


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
    (tmp_path / "deep.png").write_bytes(png_file(deep, chunks={b"eXIf": exif.tobytes()[6:]}))
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
