"""How many pictures a file holds: animations, pages, multi-picture JPEGs."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from imagegs.errors import FormatError
from imagegs.pictures.reading import read_picture


def frames(n: int) -> list[Image.Image]:
    return [Image.new("RGB", (24, 16), (60 * i, 9, 200)) for i in range(n)]


def saved(n: int, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    first, *rest = frames(n)
    first.save(buffer, kind, save_all=True, append_images=rest, **options)
    return buffer.getvalue()


def as_bmp() -> bytes:
    buffer = io.BytesIO()
    frames(1)[0].save(buffer, "BMP")
    return buffer.getvalue()


def tiff_chain(types: list[int], order: str = "<", big: bool = False) -> bytes:
    """Directories of 1 x 1 gray pixels with these NewSubfileTypes; the pixel is the file's first byte."""
    tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1), (278, 1), (279, 1)]
    entry, count, offset = (order + "HHQQ", order + "Q", order + "Q") if big else (
        order + "HHII", order + "H", order + "I"
    )  # fmt: skip
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HH", 8, 0) if big else b""
    place = len(head) + struct.calcsize(offset)
    data = head + struct.pack(offset, place)
    size = struct.calcsize(count) + 10 * struct.calcsize(entry) + struct.calcsize(offset)
    for i, kind in enumerate(types):
        data += struct.pack(count, 10)
        for tag, value in [(254, kind), *tags]:
            data += struct.pack(entry, tag, 4, 1, value << 32 * (order == ">" and big))
        last = i == len(types) - 1
        data += struct.pack(offset, 0 if last else place + (i + 1) * size)
    return data


@pytest.mark.parametrize(
    ("kind", "n"), [("GIF", 5), ("GIF", 1), ("PNG", 3), ("WEBP", 4), ("TIFF", 3), ("MPO", 2), ("AVIF", 3)]
)
def test_frames_are_counted(kind: str, n: int) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = saved(n, kind)
    picture = read_picture(io.BytesIO(data))
    assert picture.n_frames == n and picture.pixels.shape[:2] == (16, 24)


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "PPM", "TGA"])
def test_other_files_hold_one(kind: str) -> None:
    buffer = io.BytesIO()
    frames(1)[0].save(buffer, kind)
    buffer.seek(0)
    assert read_picture(buffer).n_frames == 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("types", "n"), [([0, 0, 2], 3), ([0, 1, 1, 4, 5], 1), ([0, 2, 1], 2)])
def test_smaller_versions_and_masks_are_no_pages(order: str, types: list[int], n: int) -> None:
    assert read_picture(io.BytesIO(tiff_chain(types, order))).n_frames == n


def test_big_tiff() -> None:
    assert read_picture(io.BytesIO(tiff_chain([0, 0, 1, 0], big=True))).n_frames == 3


def test_a_thumbnail_in_a_photo_is_no_frame() -> None:
    data = bytearray(saved(2, "MPO"))
    second = data.index(b"MPF\0II") + 4 + 50 + 16  # behind the first entry of the index that Pillow writes
    assert read_picture(io.BytesIO(bytes(data))).n_frames == 2
    data[second : second + 4] = struct.pack("<I", 0x010001)  # Large Thumbnail (VGA Equivalent)
    assert read_picture(io.BytesIO(bytes(data))).n_frames == 1


def test_a_chain_in_a_circle_ends() -> None:
    data = bytearray(tiff_chain([0, 0]))
    data[-4:] = struct.pack("<I", 8)
    assert read_picture(io.BytesIO(bytes(data))).n_frames == 2
    next_of_first = 8 + 2 + 10 * 12
    data[next_of_first : next_of_first + 4] = struct.pack("<I", 2**31)  # leads out of the file
    assert read_picture(io.BytesIO(bytes(data))).n_frames == 1


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "MPO", "BMP", "TIFF"])
def test_a_file_is_opened_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are counted in what the first one was read from; the strips of this TIFF need no Pillow."""
    data, opened, real = saved(3, kind) if kind != "BMP" else as_bmp(), [], Image.open

    def spied(file: Any, *arguments: Any, **options: Any) -> Any:
        opened.append(file)
        return real(file, *arguments, **options)

    monkeypatch.setattr(Image, "open", spied)
    assert read_picture(io.BytesIO(data)).n_frames == (1 if kind == "BMP" else 3)
    assert len(opened) == (0 if kind == "TIFF" else 1)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "MPO", "TIFF"])
def test_counting_leaves_the_first_frame_as_it_is(kind: str) -> None:
    several = read_picture(io.BytesIO(saved(3, kind)))
    np.testing.assert_allclose(several.pixels[0, 0, :3], (0, 9, 200), atol=3)


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_damage_behind_the_first_frame_is_no_reason_to_refuse_it(kind: str) -> None:
    whole = saved(4, kind)
    counts = set()
    for size in range(len(whole) // 2, len(whole)):
        try:
            counts.add(read_picture(io.BytesIO(whole[:size])).n_frames)
        except FormatError:  # the first frame is cut
            assert kind == "TIFF"
    assert counts <= {1, 2, 3, 4} and len(counts) > 1
