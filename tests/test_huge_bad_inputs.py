"""Huge pictures that are damaged, change, or ask for too much: the error says where, no memory is taken."""

from __future__ import annotations

import errno
import os
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from icc_profiles import icc_chunk
from imagegs.errors import FormatError, ImageGSError, LimitError
from imagegs.limits import Limits
from imagegs.pictures.huge import open_source, picture_size, source_of
from imagegs.pictures.opening import read_picture_file
from picture_files import noise, png_file, tiff_file
from requirements import need_packages

SHAPE = 53, 71
HUGE = 60_000  # pixels a side, that the heads below say


@pytest.fixture
def tiff(tmp_path: Path) -> Path:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3, np.uint8, SHAPE), photometric="rgb", tile=(16, 16), compression="zlib")
    return path


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(png_file(noise(3, np.uint8, SHAPE)))
    return path


def places(path: Path) -> list[tuple[int, int]]:
    """Where the tiles of a TIFF lie."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        return list(zip(page.dataoffsets, page.databytecounts, strict=True))


@pytest.mark.parametrize("compression", ["zlib", "lzw", "jpeg"])
@pytest.mark.parametrize("layout", [{"tile": (16, 16)}, {"rowsperstrip": 16}])
def test_a_tile_that_does_not_decompress_is_named(tmp_path: Path, compression: Any, layout: Any) -> None:
    if compression != "zlib":
        need_packages("imagecodecs")  # by which tifffile writes it
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3, np.uint8, SHAPE), photometric="rgb", compression=compression, **layout)
    data = bytearray(path.read_bytes())
    is_tiled = "tile" in layout
    offset, count = places(path)[7 if is_tiled else 1]  # 5 tiles across
    data[offset : offset + count] = bytes(count)
    path.write_bytes(data)
    source = open_source(path)
    x = 32 if is_tiled else 0
    with pytest.raises(FormatError, match=rf"strip or tile at \({x}, 16\) cannot be decoded"):
        source.read(20, 10, 30, 30)
    source.read(0, 0, 71, 16)


def test_a_tile_that_is_missing(tiff: Path) -> None:
    offset, count = places(tiff)[3]
    with tifffile.TiffFile(tiff, mode="r+b") as file:
        counts = list(file.pages[0].databytecounts)
        counts[7] = 0
        file.pages[0].tags["TileByteCounts"].overwrite(counts)
    source = open_source(tiff)
    source.read(0, 0, 30, 16)
    with pytest.raises(FormatError, match="missing"):
        source.read(32, 16, 16, 16)
    tiff.write_bytes(tiff.read_bytes()[: offset + count // 2])
    with pytest.raises(FormatError, match="damaged"):
        open_source(tiff)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["tif", "png", "npy", "jpg", "bmp"])
def test_files_that_are_cut(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"a.{kind}"
    pixels = noise(3, np.uint8, SHAPE)
    if kind == "tif":
        tifffile.imwrite(path, pixels, photometric="rgb", tile=(16, 16), compression="zlib")
    elif kind == "npy":
        np.save(path, pixels)
    elif kind == "png":
        path.write_bytes(png_file(pixels))
    else:
        Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: max(1, int(share * len(data)))])
    with pytest.raises(FormatError):
        open_source(path).read(0, 0, 71, 53)


def test_empty_files_folders_and_links(tmp_path: Path, tiff: Path) -> None:
    for name in ("a.png", "b.tif", "c.npy"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(FormatError):
            open_source(tmp_path / name)
    (tmp_path / "nowhere.tif").symlink_to(tmp_path / "not there.tif")
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "nowhere.tif")
    (tmp_path / "link.tif").symlink_to(tiff)
    assert open_source(tmp_path / "link.tif").read(0, 0, 71, 53).shape == (53, 71, 3)


@pytest.mark.parametrize("kind", ["tif", "png", "npy"])
def test_a_file_that_changes(tmp_path: Path, tiff: Path, png: Path, kind: str) -> None:
    path = {"tif": tiff, "png": png, "npy": tmp_path / "a.npy"}[kind]
    np.save(tmp_path / "a.npy", noise(3, np.uint8, SHAPE))
    source = open_source(path)
    data = pickle.dumps(source)
    os.utime(path, ns=(0, 0))
    with pytest.raises(ImageGSError, match="has changed"):
        source.read(0, 0, 1, 1)
    with pytest.raises(ImageGSError, match="has changed"):
        pickle.loads(data)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        source.read(0, 0, 1, 1)


@pytest.mark.parametrize(
    "array, part",
    [
        (np.zeros((8, 8), np.float32), "float32 samples"),
        (np.zeros((8, 8), np.uint32), "uint32 samples"),
        (np.zeros((8, 8), np.int8), "int8 samples"),
        (np.zeros((8, 8), bool), "bool samples"),
        (np.zeros((8, 8, 33), np.uint8), "at most 32 channels"),
        (np.zeros((8, 8, 0), np.uint8), "at least one channel"),
        (np.zeros((0, 8), np.uint8), "at least one pixel"),
        (np.zeros(8, np.uint8), "shape"),
        (np.zeros((1, 1, 1, 1), np.uint8), "shape"),
        (np.zeros((70000, 1), np.uint8), "65535 pixels a side"),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path: Path, array: Any, part: str) -> None:
    with pytest.raises(FormatError, match=part):
        source_of(array)
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(FormatError, match=part):
        open_source(tmp_path / "a.npy")


def test_arrays_of_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(FormatError):
        open_source(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "region", [(0, 0, 0, 1), (-1, 0, 2, 2), (70, 0, 2, 1), (0, 53, 1, 1), (0, 0, 71, 54)]
)
def test_blocks_outside_of_the_picture(tiff: Path, region: Any) -> None:
    with pytest.raises(ValueError, match="not within a picture of 71 x 53"):
        open_source(tiff).read(*region)


def refused_tiffs() -> dict[str, Callable[[Path], Any]]:
    pixels = noise(1, np.uint8, SHAPE)

    def write(**options: Any) -> Callable[[Path], Any]:
        return lambda path: path.write_bytes(tiff_file(pixels, **options))

    palette = {320: list(range(3 * 256))}
    floats = np.zeros(SHAPE, np.float32)
    return {
        "with a palette": write(photometric=3, tags=palette),
        "32-bit samples": write(tags={258: [32]}),
        "floating-point": lambda path: tifffile.imwrite(path, floats),
        "JPEG of the old kind": write(tags={259: [6]}),
        "JPEG 2000": write(tags={259: [34712]}),
        "WebP": write(tags={259: [50001]}),
        "in planes": lambda path: path.write_bytes(
            tiff_file(noise(3, np.uint8, SHAPE), planar=True, tags={259: [7]})
        ),
        "no size": write(tags={256: [0]}),
        "65535 pixels a side": write(tags={256: [65536]}),
    }


@pytest.mark.parametrize("part", refused_tiffs())
def test_tiffs_that_are_refused(tmp_path: Path, part: str) -> None:
    refused_tiffs()[part](tmp_path / "a.tif")
    with pytest.raises(FormatError, match=part):
        open_source(tmp_path / "a.tif")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_pngs_that_are_refused(tmp_path: Path, png: Path) -> None:
    path, plain = tmp_path / "b.png", png.read_bytes()
    pixels = noise(3, np.uint8, SHAPE)
    at = plain.index(b"IDAT") - 4
    wrong_filter = zlib.compress(b"\7" + bytes(3 * 71) + bytes(52 * (1 + 3 * 71)))
    palette_of_two = Image.fromarray(np.full(SHAPE, 200, np.uint8)).convert("P")
    palette_of_two.save(path, bits=8)
    indexed = path.read_bytes()
    start = indexed.index(b"PLTE") - 4
    (size,) = struct.unpack_from(">I", indexed, start)
    for data, part in (
        (png_file(pixels, interlaced=True), "interlaced"),
        (plain[:at] + chunk(b"IDAT", wrong_filter) + chunk(b"IEND", b""), "rows 0 to 52 cannot be decoded"),
        (plain[:at] + chunk(b"IDAT", zlib.compress(bytes(214 * 9))) + chunk(b"IEND", b""), "9 of 53 rows"),
        (plain[:at] + chunk(b"IDAT", b"no zlib") + chunk(b"IEND", b""), "damaged"),
        (plain[:at] + chunk(b"IEND", b""), "0 of 53 rows"),
        (plain[:-13] + bytes([plain[-13] ^ 1]) + plain[-12:], "checksum"),
        (plain[:24] + b"\5" + plain[25:], "checksum"),
        (plain[:8] + chunk(b"IHDR", plain[16:24] + bytes([5, 2, 0, 0, 0])) + plain[33:], "with 5 bits"),
        (plain[:8] + plain[33:], "no chunk IHDR"),
        (indexed[:start] + indexed[start + 12 + size :], "palette is missing"),
        (indexed[:start] + chunk(b"PLTE", bytes(6)) + indexed[start + 12 + size :], "palette lacks"),
        (png_file(pixels, {b"cICP": bytes([9, 16, 0, 1])}), "HDR"),
    ):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=part):
            open_source(path)
    path.write_bytes(png_file(pixels, icc_chunk(b"no profile")))  # it counts for nothing, as ever
    np.testing.assert_array_equal(open_source(path).read(0, 0, 71, 53), pixels)


def test_a_disk_without_room(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage)
    with pytest.raises(OSError, match="TMPDIR") as raised:
        open_source(png)
    assert raised.value.errno == errno.ENOSPC


def test_a_decoder_that_fails_leaves_no_temporary_file(png: Path, tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    png.write_bytes(png.read_bytes()[:-3000])
    with pytest.raises(FormatError):
        open_source(png)
    assert not list(folder.iterdir())


def hostile(name: str, side: int = HUGE) -> bytes:
    """A file whose head says that it is side x side pixels, with next to nothing behind it."""
    small = noise(3, np.uint8, (8, 8))
    two = struct.pack(">2I", side, side)
    if name == "a.png":
        plain = png_file(small)
        return plain[:8] + chunk(b"IHDR", two + plain[24:29]) + plain[33:]
    if name.startswith("tiled"):
        tags = {256: [side], 257: [side], 322: [256], 323: [256], 324: [8] * 4, 325: [64] * 4}
        return tiff_file(small, tags=tags, big="big" in name, deflated="deflated" in name)
    if name == "strip.tif":
        return tiff_file(small, tags={256: [side], 257: [side], 278: [side]}, deflated=True)
    if name == "jpeg.tif":
        return tiff_file(small, tags={256: [side], 257: [side], 278: [side], 259: [7]})
    if name == "a.npy":
        head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({side}, {side}, 3), }}".encode()
        return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head
    if name == "a.bmp":
        return (
            b"BM" + struct.pack("<4I2i2H6I", 200, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(99)
        )
    if name == "a.ppm":
        return f"P6 {side} {side} 255\n".encode() + bytes(99)
    if name == "deep.ppm":
        return f"P6 {side} {side} 65535\n".encode() + bytes(99)
    if name == "a.gif":
        place = struct.pack("<4HB", 0, 0, side, side, 0)
        return b"GIF89a" + struct.pack("<2H3B", side, side, 0, 0, 0) + b"," + place + b"\2\0;"
    if name == "a.jpg":
        frame = struct.pack(">HB2HB9B", 17, 8, side, side, 3, 1, 17, 0, 2, 17, 0, 3, 17, 0)
        return b"\xff\xd8\xff\xc0" + frame + b"\xff\xd9"
    if name == "a.qoi":
        return b"qoif" + two + b"\3\0" + bytes(99)
    if name == "a.tga":
        return struct.pack("<3B2HB4H2B", 0, 0, 2, 0, 0, 0, 0, 0, side, side, 24, 0) + bytes(99)
    assert name == "a.jp2"
    siz = struct.pack(">2H8IH9B", 47, 0, side, side, 0, 0, side, side, 0, 0, 3, 7, 1, 1, 7, 1, 1, 7, 1, 1)
    return b"\xff\x4f\xff\x51" + siz + b"\xff\x90" + bytes(99)


HOSTILE = (
    *("a.png", "tiled.tif", "tiled big.tif", "tiled deflated.tif", "strip.tif", "jpeg.tif", "a.npy", "a.bmp"),
    *("a.ppm", "deep.ppm", "a.gif", "a.jpg", "a.qoi", "a.tga", "a.jp2"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_head_that_lies_costs_nothing(tmp_path: Path, name: str) -> None:
    """The limit is held to before pixels are read; a file below it fails before memory is taken."""
    path = tmp_path / name
    path.write_bytes(hostile(name))
    if name != "a.npy":  # numpy looks at the size of the file first
        assert picture_size(path) == (HUGE, HUGE)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as raised:
            open_source(path, size_limit=10_000)
        assert isinstance(raised.value, LimitError) or name == "a.npy"
        with pytest.raises(FormatError):
            open_source(path)
        with pytest.raises(FormatError) as raised:
            read_picture_file(path, limits=Limits.of(10_000))
        assert isinstance(raised.value, LimitError) or name == "a.npy"
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_a_segment_that_is_too_large_for_a_block(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(hostile("strip.tif"))
    with pytest.raises(FormatError, match="make a TIFF with tiles"):
        open_source(path)
