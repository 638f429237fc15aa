"""Pictures in blocks: every block of a file has the integers that the file read whole has."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from icc_profiles import display_p3, icc_chunk, matrix_profile
from imagegs.pictures.huge import PictureSource, open_source, picture_size, source_of
from imagegs.pictures.opening import read_picture_file
from picture_files import noise, png_file, tiff_file
from requirements import need_packages

SHAPE = 53, 71  # no multiple of a tile or strip


def check_blocks(path: Path) -> PictureSource:
    """The source of a file, after its blocks were held against the file read whole."""
    source, whole = open_source(path), read_picture_file(path)
    height, width, _ = whole.pixels.shape
    assert (source.height, source.width) == (height, width)
    assert source.channels == whole.channels and source.bit_depth == whole.bit_depth
    assert source.left_out == whole.left_out and source.n_frames == whole.n_frames
    assert set(picture_size(path)) == {height, width}
    regions = [(0, 0, width, height), (width - 1, height - 1, 1, 1)]
    for x in range(0, width, 19):
        for y in range(0, height, 23):
            regions.append((x, y, min(25, width - x), min(31, height - y)))
    for x, y, w, h in regions:
        block = source.read(x, y, w, h)
        assert block.flags.c_contiguous
        np.testing.assert_array_equal(block, whole.pixels[y : y + h, x : x + w])
    again = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(again.read(3, 5, 20, 20), whole.pixels[5:25, 3:23])
    return source


def write_tiff(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    if options.get("compression") not in (None, "zlib") or options.get("predictor"):
        need_packages("imagecodecs")  # by which tifffile writes it
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    usual = {"photometric": "minisblack" if channels < 3 else "rgb"}
    if channels in (2, 4):
        usual["extrasamples"] = ["unassalpha"]
    if options.get("planarconfig") == "separate":
        pixels = np.moveaxis(pixels, 2, 0)
    tifffile.imwrite(path, pixels, **usual | options)
    return path


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("layout", [{"tile": (16, 16)}, {"tile": (32, 16)}, {"rowsperstrip": 7}, {}])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_tiff_of_tiles_and_strips(
    tmp_path: Path, channels: int, dtype: Any, layout: Any, compression: Any
) -> None:
    pixels = noise(channels, dtype, SHAPE)
    if channels == 1:
        pixels = pixels[:, :, 0]
    check_blocks(write_tiff(tmp_path / "a.tif", pixels, compression=compression, **layout))


@pytest.mark.parametrize("compression", ["packbits", "lzma", "zstd", "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_of_each_compression_and_order(
    tmp_path: Path, compression: Any, byteorder: Any, big: bool
) -> None:
    predictor = None if compression == "packbits" else 2
    check_blocks(
        write_tiff(
            tmp_path / "a.tif", noise(3, np.uint16, SHAPE), compression=compression, tile=(16, 32),
            byteorder=byteorder, bigtiff=big, predictor=predictor,
        )
    )  # fmt: skip


@pytest.mark.parametrize("layout", [{"tile": (16, 16)}, {"rowsperstrip": 9}])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_in_planes(tmp_path: Path, layout: Any, compression: Any) -> None:
    pixels = noise(4, np.uint8, SHAPE)
    check_blocks(
        write_tiff(tmp_path / "a.tif", pixels, planarconfig="separate", compression=compression, **layout)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_with_associated_alpha(tmp_path: Path, dtype: Any) -> None:
    pixels = noise(4, dtype, SHAPE)
    pixels[:, :, :3] = np.minimum(pixels[:, :, :3], pixels[:, :, 3:])
    check_blocks(write_tiff(tmp_path / "a.tif", pixels, extrasamples=["assocalpha"], tile=(16, 16)))


@pytest.mark.parametrize("subsampling", [None, (1, 1), (2, 2)])
@pytest.mark.parametrize("layout", [{"tile": (16, 16)}, {"rowsperstrip": 16}])
def test_tiff_of_jpeg(tmp_path: Path, subsampling: Any, layout: Any) -> None:
    pixels = np.ascontiguousarray(noise(3, np.uint8, SHAPE) // 3)
    options = {"subsampling": subsampling, "photometric": "ycbcr"} if subsampling else {}
    check_blocks(write_tiff(tmp_path / "a.tif", pixels, compression="jpeg", **layout, **options))
    gray = noise(1, np.uint8, SHAPE)[:, :, 0]
    check_blocks(write_tiff(tmp_path / "b.tif", gray, compression="jpeg", **layout))


def test_tiff_of_inks_fax_and_odd_depths(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, noise(4, np.uint8, SHAPE), photometric="separated", extrasamples=[], tile=(16, 16))
    check_blocks(path)
    Image.fromarray(noise(1, np.uint8, SHAPE)[:, :, 0] > 127).save(path, compression="group4")
    check_blocks(path)
    path.write_bytes(tiff_file(noise(3, np.uint16, SHAPE) >> 4, 12))
    check_blocks(path)
    path.write_bytes(tiff_file(noise(1, np.uint8, SHAPE) >> 7, 1, photometric=0, deflated=True))
    check_blocks(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "a.tif"
    extra = [(274, "H", 1, orientation, True)]
    write_tiff(path, noise(3, np.uint8, SHAPE), tile=(16, 16), extratags=extra)
    check_blocks(path)
    exif = Image.Exif()
    exif[274] = orientation
    png = tmp_path / "a.png"
    png.write_bytes(png_file(noise(3, np.uint8, SHAPE), {b"eXIf": exif.tobytes()[6:]}))
    check_blocks(png)
    jpeg = tmp_path / "a.jpg"
    Image.fromarray(noise(3, np.uint8, SHAPE)).save(jpeg, exif=exif)
    check_blocks(jpeg)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_profiles_are_converted(tmp_path: Path, dtype: Any, channels: int) -> None:
    profile = matrix_profile(1.8, gray=True) if channels == 1 else display_p3()
    path = tmp_path / "a.tif"
    pixels = noise(channels, dtype, SHAPE)
    write_tiff(path, pixels, tile=(16, 16), iccprofile=profile)
    check_blocks(path)
    assert (open_source(path).read(0, 0, 70, 50) != pixels[:50, :70]).any()
    path = tmp_path / "a.png"
    path.write_bytes(png_file(pixels, icc_chunk(profile)))
    check_blocks(path)


def test_pyramids_and_pages(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a.ome.tif", noise(3, np.uint8, SHAPE)
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(pixels, subifds=1, tile=(16, 16), photometric="rgb")
        file.write(pixels[::2, ::2], subfiletype=1, tile=(16, 16), photometric="rgb")
    assert check_blocks(path).n_frames == 1
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, tile=(16, 16), photometric="rgb")
        file.write(pixels, tile=(16, 16), photometric="rgb")
    assert check_blocks(path).n_frames == 2
    path = tmp_path / "c.tif"
    write_tiff(path, noise(5, np.uint8, SHAPE), tile=(16, 16), extrasamples=["unassalpha", "unspecified"])
    assert "1 extra samples" in check_blocks(path).left_out[0]
    path.write_bytes(tiff_file(pixels, smaller=pixels[::4, ::4], sub=True))
    check_blocks(path)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_with_each_filter(tmp_path: Path, channels: int, dtype: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("imagegs.pictures.huge.png_rows._STRIP_BYTES", 2000)
    monkeypatch.setattr("imagegs.pictures.huge.png_head._PIECE_BYTES", 100)
    path = tmp_path / "a.png"
    path.write_bytes(filtered_png(noise(channels, dtype, SHAPE)))
    check_blocks(path)


def filtered_png(pixels: NDArray[Any]) -> bytes:
    """A PNG whose bytes are noise, so that all five filters can be taken for those of its rows."""
    plain = png_file(pixels)
    at = plain.index(b"IDAT") - 4
    (size,) = struct.unpack_from(">I", plain, at)
    import zlib

    rows = (
        np.frombuffer(zlib.decompress(plain[at + 8 : at + 8 + size]), np.uint8)
        .reshape(len(pixels), -1)
        .copy()
    )
    rows[:, 0] = np.arange(len(pixels)) % 5
    body = zlib.compress(rows.tobytes())
    pieces = [body[i : i + 777] for i in range(0, len(body), 777)]
    chunk = b"".join(
        struct.pack(">I", len(piece)) + b"IDAT" + piece + struct.pack(">I", zlib.crc32(b"IDAT" + piece))
        for piece in pieces
    )
    return plain[:at] + chunk + plain[at + 12 + size :]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["color", "gray", "alpha", "icc", "partly gray"])
def test_png_with_a_palette(tmp_path: Path, bits: int, kind: str) -> None:
    rng = np.random.default_rng(bits)
    n = min(200, 1 << bits)
    palette = rng.integers(0, 256, (n, 3), dtype=np.uint8)
    if kind == "gray":
        palette[:] = palette[:, :1]
    image = Image.fromarray(rng.integers(0, n, SHAPE, dtype=np.uint8))
    if kind == "partly gray":  # the colour is not used
        palette[:-1] = palette[:-1, :1]
        image = Image.fromarray(rng.integers(0, n - 1, SHAPE, dtype=np.uint8))
    image = image.convert("P") if image.mode != "P" else image
    image.putpalette(palette.tobytes())
    options: dict[str, Any] = {"transparency": bytes([0, 128])} if kind == "alpha" else {}
    if kind == "icc":
        options["icc_profile"] = display_p3()
    path = tmp_path / "a.png"
    image.save(path, bits=bits, **options)
    source = check_blocks(path)
    assert len(source.channels) == {"color": 3, "gray": 1, "alpha": 4, "icc": 3, "partly gray": 1}[kind]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_with_a_transparent_color(tmp_path: Path, channels: int, dtype: Any) -> None:
    pixels = noise(channels, dtype, SHAPE)
    key = struct.pack(f">{channels}H", *pixels[7, 9].tolist())
    path = tmp_path / "a.png"
    path.write_bytes(png_file(pixels, {b"tRNS": key}))
    source = check_blocks(path)
    assert source.channels[-1] == "A" and source.read(9, 7, 1, 1)[0, 0, -1] == 0


@pytest.mark.parametrize("bits", [2, 4])
def test_png_of_few_bits_of_gray(tmp_path: Path, bits: int) -> None:
    pixels = noise(1, np.uint8, SHAPE) >> (8 - bits)
    path = tmp_path / "a.png"
    path.write_bytes(png_file(pixels, {b"tRNS": b"\0\1"}, bits=bits))
    assert check_blocks(path).channels == ("Y", "A")


def test_colors_by_numbers(tmp_path: Path) -> None:
    for dtype in (np.uint8, np.uint16):
        path = tmp_path / "a.png"
        path.write_bytes(png_file(noise(3, dtype, SHAPE), {b"cICP": bytes([12, 13, 0, 1])}))
        check_blocks(path)


def other_kinds() -> dict[str, Callable[[Path], Any]]:
    pixels = noise(3, np.uint8, SHAPE)
    image = Image.fromarray(pixels)
    return {
        "a.jpg": image.save,
        "gray.jpg": image.convert("L").save,
        "inks.jpg": image.convert("CMYK").save,
        "profile.jpg": lambda path: image.save(path, icc_profile=display_p3()),
        "a.webp": image.save,
        "a.gif": image.save,
        "a.bmp": image.save,
        "a.ppm": image.save,
        "a.npy": lambda path: np.save(path, pixels),
        "b.npy": lambda path: np.save(path, noise(5, np.uint16, SHAPE).astype(">u2")),
        "c.npy": lambda path: np.save(path, np.asfortranarray(pixels[:, :, 0])),
    }


@pytest.mark.parametrize("name", other_kinds())
def test_other_files(tmp_path: Path, name: str) -> None:
    other_kinds()[name](tmp_path / name)
    check_blocks(tmp_path / name)


def test_arrays() -> None:
    pixels = noise(3, np.uint16, SHAPE)
    source = source_of(pixels)
    assert (source.height, source.width, source.channels, source.bit_depth) == (53, 71, ("R", "G", "B"), 16)
    np.testing.assert_array_equal(source.read(5, 7, 11, 13), pixels[7:20, 5:16])
    np.testing.assert_array_equal(source_of(pixels[:, :, 0]).read(5, 7, 11, 13), pixels[7:20, 5:16, :1])
    again = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(again.read(0, 0, 71, 53), pixels)


def test_dask_arrays() -> None:
    need_packages("dask")
    import dask.array as dask_array

    pixels = noise(2, np.uint8, SHAPE)
    source = pickle.loads(pickle.dumps(source_of(dask_array.from_array(pixels, chunks=(16, 16, 2)))))
    assert source.channels == ("Y", "A")
    np.testing.assert_array_equal(source.read(5, 7, 41, 33), pixels[7:40, 5:46])


def test_segments_stay_for_the_next_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks beside each other do not decompress their common strips again; old ones go."""
    from imagegs.pictures.huge import tiff_segments

    path = write_tiff(tmp_path / "a.tif", noise(3, np.uint8, SHAPE), compression="zlib", rowsperstrip=8)
    source, n_read = open_source(path), []
    usual = tiff_segments.BlockPlanes._decompressed
    monkeypatch.setattr(
        tiff_segments.BlockPlanes, "_decompressed", lambda *a: n_read.append(len(a[1])) or usual(*a)
    )
    for x in (0, 20, 40):
        source.read(x, 8, 20, 16)
    assert n_read == [2]
    monkeypatch.setattr(tiff_segments, "KEPT_BYTES", 3 * 71 * 8)
    for x in (0, 20):
        source.read(x, 32, 20, 16)
    assert n_read == [2, 2, 1]


def test_read_from_many_threads(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = write_tiff(tmp_path / "a.tif", noise(3, np.uint8, SHAPE), compression="zlib", tile=(16, 16))
    source, whole = open_source(path), read_picture_file(path).pixels
    with ThreadPoolExecutor(8) as threads:
        blocks = list(threads.map(lambda i: source.read(i % 50, i % 30, 20, 20), range(200)))
    for i, block in enumerate(blocks):
        np.testing.assert_array_equal(block, whole[i % 30 :, i % 50 :][:20, :20])


def test_no_temporary_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "a.png"
    path.write_bytes(png_file(noise(3, np.uint8, SHAPE)))
    source = open_source(path)
    data = pickle.dumps(source)
    (spill,) = (tmp_path / "temporary").iterdir()
    pixels = pickle.loads(data).read(0, 0, 71, 53)
    assert spill.exists()  # a copy is not its owner
    del source
    assert not spill.exists()
    again = pickle.loads(data)  # as on another machine
    np.testing.assert_array_equal(again.read(0, 0, 71, 53), pixels)
    del again
    assert not list((tmp_path / "temporary").iterdir())


def test_the_example_of_the_package(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, noise(3, np.uint8, SHAPE))
    (tmp_path / "a.npy").write_bytes(buffer.getvalue())
    assert open_source(str(tmp_path / "a.npy")).read(x=1, y=2, width=3, height=4).shape == (4, 3, 3)
