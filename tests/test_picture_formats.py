"""Which files are opened at all, deep PGM, PPM and JPEG 2000, and colours that are named by numbers."""

from __future__ import annotations

import io
import re
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import imagegs
from conftest import Run
from icc_profiles import display_p3, icc_chunk
from imagegs.errors import FormatError, LimitError
from imagegs.pictures.formats import FORMATS
from imagegs.pictures.pixels import IntegerPixels, Picture
from imagegs.pictures.reading import read_picture
from picture_files import box, png_file
from requirements import need

RNG = np.random.default_rng(11)
P3_GREEN, AS_SRGB = (60, 200, 90), (0, 203, 73)
HDR, P3, BT2020 = (9, 16), (12, 13), (9, 13)


def read(data: bytes, **options: Any) -> Picture:
    return read_picture(io.BytesIO(data), **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1" + bytes(20), "Photoshop"),
        (b"\0\0\1\0\1\0\x20\x20", "an icon"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"\xd7\xcd\xc6\x9a" + bytes(30), "WMF"),
        (b"\1\0\0\0" + bytes(36) + b" EMF", "EMF"),
        (b"v/1\1\2\0\0\0", "OpenEXR"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "Radiance HDR"),
        (b"#?RGBE\n", "Radiance HDR"),
        (b"PF\n4 4\n-1.0\n", "PFM"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"II*\0\x10\0\0\0CR\2\0", "Canon CR2"),
        (b"gimp xcf file\0", "GIMP"),
    ],
)
@pytest.mark.parametrize("name_of_file", ["a.png", "a.jpg", "a.tga"])
def test_other_kinds_are_refused_by_name(
    tmp_path: Path, start: bytes, name: str, name_of_file: str, run: Run
) -> None:
    path = tmp_path / name_of_file
    path.write_bytes(start + bytes(200_000))
    with pytest.raises(FormatError, match=f"this seems to be {re.escape(name)}") as caught:
        read_picture(path)
    assert ";" in str(caught.value) and "\n" not in str(caught.value)
    outcome = run("encode", path, "-o", tmp_path / "a.gsimg")
    assert outcome.code == 3 and f"{name_of_file}: this seems to be {name}" in outcome.err


def test_pillow_opens_nothing_beyond_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a file looks like: readers of other formats may start programs."""
    Image.init()
    asked = []
    for name, (factory, accept) in list(Image.OPEN.items()):
        if name not in FORMATS:

            def told(*_: Any, name: str = name) -> bool:
                asked.append(name)
                return False

            monkeypatch.setitem(Image.OPEN, name, (factory, told if accept else None))
    for start in (b"%!PS", b"SIMPLE", b"8BPS", b"\0\0\1\0", b"GRIB", b"nothing at all"):
        with pytest.raises(FormatError):
            read(start + bytes(1000))
    assert asked == [] and not {"EPS", "PSD", "ICO", "FITS", "WMF"} & set(FORMATS)


def test_pictures_are_opened_by_name_of_format() -> None:
    root = Path(imagegs.__file__).parent
    opened = [
        (path.name, call)
        for path in root.rglob("*.py")
        if path.name != "pillow.py"  # it speaks of it to users
        for call in re.findall(r"Image\.open\([^\n]*", path.read_text())
    ]
    assert ("formats.py", "Image.open(file, formats=FORMATS)") in opened
    assert all("formats=" in call for _, call in opened)


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "PPM", "TIFF", "JPEG2000", "TGA"]
)
def test_the_formats_of_the_list_are_read(kind: str) -> None:
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {kind}")
    pixels = read(saved(Image.new("RGB", (8, 6), (200, 100, 50)), kind)).pixels
    assert np.abs(pixels.astype(int) - [200, 100, 50]).max() <= 4


def test_jpegs_of_other_depths_are_named() -> None:
    data = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 4] = 12
    with pytest.raises(FormatError, match="a JPEG of 12 bits is not supported"):
        read(bytes(data))


def test_textures_that_are_no_single_picture_are_refused() -> None:
    plain = saved(Image.new("RGBA", (8, 8), (200, 100, 50, 255)), "DDS")
    assert read(plain).pixels[0, 0].tolist() == [200, 100, 50, 255]
    cube = bytearray(plain)
    struct.pack_into("<I", cube, 112, 0xFE00)
    with pytest.raises(FormatError, match="cube map"):
        read(bytes(cube))
    light = bytearray(plain[:128])
    light[80:88] = struct.pack("<I", 4) + b"DX10"
    with pytest.raises(FormatError, match="BC6H"):
        read(bytes(light) + struct.pack("<5I", 95, 3, 0, 1, 0) + bytes(64))


@pytest.mark.parametrize("largest", [1, 15, 100, 254, 256, 1023, 4095, 65534, 65535])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("plain", [False, True])
def test_pnm_fills_the_range(largest: int, channels: int, plain: bool) -> None:
    values = RNG.integers(0, largest + 1, (5, 7, channels))
    values.flat[:2] = 0, largest
    magic = {(1, False): "P5", (3, False): "P6", (1, True): "P2", (3, True): "P3"}[channels, plain]
    header = f"{magic}\n# made here\n7 5\n# and here\n{largest}\n".encode()
    if plain:
        data = header + " ".join(map(str, values.ravel())).replace(" 0 ", " 0 # none\n ").encode()
    else:
        data = header + values.astype(">u2" if largest > 255 else np.uint8).tobytes()
    full, kind = (255, np.uint8) if largest < 256 else (65535, np.uint16)
    expected = ((2 * full * values + largest) // (2 * largest)).astype(kind)
    pixels = read(data).pixels
    assert pixels.dtype == kind
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"P5 2 2 1023 " + bytes(7), "cut short: 7 of 8 bytes"),
        (b"P2 2 2 9 1 2 3", "cut short: 3 of 4 samples"),
        (b"P2 2 2 9 1 2 3 x", "no number"),
        (b"P2 2 2 9 1 2 3 10", "10, above the largest"),
        (b"P2 2 2 9 1 2 3 99999", "99999, above the largest"),
        (b"P5 2 2 100 " + bytes([1, 2, 3, 101]), "101, above the largest"),
        (b"P5 0 2 100 ", "not valid"),
        (b"P5 2 2 65536 " + bytes(8), "not valid"),
        (b"P5 2 2 0 " + bytes(8), "not valid"),
    ],
)
def test_damaged_pnm(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(data)


def test_a_large_pnm_is_refused_at_once() -> None:
    with pytest.raises(LimitError):
        read(b"P5 60000 60000 1023 " + bytes(8))


def jpeg2000(
    values: NDArray[Any], bits: int, *, color: bytes | None = None, types: list[int] | None = None
) -> bytes:
    """A lossless JP2 of (H, W, C) samples of so many bits, with another colour box and types of channels."""
    imagecodecs = need("imagecodecs")
    dtype = np.uint8 if bits <= 8 else np.uint16
    data: bytes = imagecodecs.jpeg2k_encode(
        values.astype(dtype).squeeze(),
        level=0,
        bitspersample=bits,
        codecformat="jp2",
        reversible=True,
        mct=False,
    )
    start = data.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", data, start)
    inner, parts = data[start + 8 : start + size], []
    while inner:
        (length,) = struct.unpack_from(">I", inner)
        if inner[4:8] != b"colr" or color is None:
            parts.append(inner[:length])
        inner = inner[length:]
    if color is not None:
        parts.append(box(b"colr", color))
    if types is not None:
        listed = b"".join(struct.pack(">3H", i, kind, 0 if kind else i + 1) for i, kind in enumerate(types))
        parts.append(box(b"cdef", struct.pack(">H", len(types)) + listed))
    return data[:start] + box(b"jp2h", b"".join(parts)) + data[start + size :]


@pytest.mark.parametrize("bits", [1, 4, 8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_jpeg_2000_fills_the_range(bits: int, channels: int) -> None:
    values = RNG.integers(0, 1 << bits, (20, 24, channels))
    values[:2] = (1 << bits) - 1  # white
    full, kind = (255, np.uint8) if bits <= 8 else (65535, np.uint16)
    expected = np.floor(values * (full / ((1 << bits) - 1)) + 0.5).astype(kind)
    data = jpeg2000(values, bits)
    for file in (data, data[data.index(b"\xff\x4f\xff\x51") :]):  # and the bare codestream
        pixels = read(file).pixels
        assert pixels.dtype == kind
        np.testing.assert_array_equal(pixels, expected)


def test_deep_jpeg_2000_in_colour_needs_imagecodecs(monkeypatch: pytest.MonkeyPatch) -> None:
    data, gray = jpeg2000(np.full((8, 8, 3), 65535), 16), jpeg2000(np.full((8, 8, 1), 4095), 12)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(FormatError, match=r"16 bits in colour .* pip install imagegs\[jpeg2000\]"):
        read(data)
    assert (read(gray).pixels == 65535).all()


def test_signed_and_mixed_jpeg_2000_are_refused() -> None:
    data = bytearray(jpeg2000(np.zeros((8, 8, 3), int), 8))
    size = data.index(b"\xff\x4f\xff\x51") + 42
    for depths, message in (([0x87] * 3, "signed"), ([7, 7, 6], "different numbers"), ([18] * 3, "19-bit")):
        data[size : size + 9 : 3] = bytes(depths)
        with pytest.raises(FormatError, match=message):
            read(bytes(data))


@pytest.mark.parametrize("bits", [8, 16])
def test_the_codestream_is_as_large_as_the_header_says(bits: int) -> None:
    """What decodes it would take the codestream's size, which nothing has compared with the limit."""
    data = bytearray(jpeg2000(np.zeros((8, 8, 3), int), bits))
    struct.pack_into(">2I", data, data.index(b"\xff\x4f\xff\x51") + 8, 60_000, 60_000)
    with pytest.raises(FormatError, match="differ in size"):
        read(bytes(data))


@pytest.mark.parametrize("bits", [8, 16])
def test_associated_alpha_in_jpeg_2000_is_divided_out(bits: int) -> None:
    most = (1 << bits) - 1
    stored = np.array([[[most // 4, most // 2, 0, most // 2]]]).repeat(8, 0).repeat(8, 1)
    pixels = read(jpeg2000(stored, bits, types=[0, 0, 0, 2])).pixels.astype(int)
    assert np.abs(pixels[3, 3] - [most // 2, most, 0, most // 2]).max() <= 3


def test_the_colours_of_jpeg_2000() -> None:
    pixels = np.full((8, 8, 3), P3_GREEN)
    profile = display_p3()
    for color in (b"\2\0\0" + profile, b"\3\0\0" + profile, b"\5\0\0" + struct.pack(">3HB", 12, 13, 0, 128)):
        for values, bits, scale in ((pixels, 8, 1), (pixels * 257, 16, 257)):
            data = jpeg2000(values, bits, color=color)
            assert np.abs(read(data).pixels[0, 0] / scale - AS_SRGB).max() <= 1.5
            np.testing.assert_array_equal(read(data, as_data=True).pixels, values)
    wide = jpeg2000(pixels, 8, color=b"\1\0\0" + struct.pack(">I", 21))
    with pytest.raises(FormatError, match="colour space number 21"):
        read(wide)
    np.testing.assert_array_equal(read(wide, as_data=True).pixels, pixels)


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> dict[bytes, bytes]:
    return {b"cICP": bytes([primaries, transfer, matrix, full])}


def linear(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


# From linear BT.2020 to linear BT.709, as ITU-R BT.2407 has it.
FROM_BT2020 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


@pytest.mark.parametrize("scale", [1, 257])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("transfer", [1, 13, 14])
def test_numbered_colours_of_png(scale: int, alpha: bool, transfer: int) -> None:
    rest = [77] if alpha else []
    pixels = (np.array([[[*P3_GREEN, *rest], [128, 128, 128, *rest]]]) * scale).astype(f"u{1 + (scale > 1)}")
    read_pixels = read(png_file(pixels, cicp(12, transfer))).pixels
    assert read_pixels.dtype == pixels.dtype
    assert np.abs(read_pixels / scale - [[[*AS_SRGB, *rest], [128, 128, 128, *rest]]]).max() <= 0.6
    np.testing.assert_array_equal(read(png_file(pixels, cicp(12, transfer)), as_data=True).pixels, pixels)
    wide = np.array([[[150, 120, 90, *rest]]]) * scale
    light = FROM_BT2020 @ linear(wide[0, 0, :3] / (255 * scale))
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    found = read(png_file(wide.astype(pixels.dtype), cicp(9, transfer))).pixels[0, 0] / scale
    assert np.abs(found[:3] - expected).max() <= 0.6


def test_numbers_that_say_srgb_change_nothing() -> None:
    pixels = RNG.integers(0, 256, (9, 9, 3)).astype(np.uint8)
    for primaries, transfer in ((1, 13), (1, 1), (2, 13), (1, 2), (2, 2), (1, 6)):
        found = read(png_file(pixels, cicp(primaries, transfer))).pixels
        np.testing.assert_array_equal(found, pixels)


def test_gray_knows_no_primaries() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_allclose(read(png_file(gray, cicp(*P3))).pixels, gray, atol=0)
    light = read(png_file(gray, cicp(1, 8))).pixels  # linear
    assert abs(int(light[8, 0, 0]) - 188) <= 1


def test_numbers_come_before_a_profile_in_png() -> None:
    pixels = np.full((4, 4, 3), P3_GREEN, np.uint8)
    both = {**icc_chunk(display_p3()), **cicp(1, 13)}
    np.testing.assert_array_equal(read(png_file(pixels, both)).pixels, pixels)
    nothing = {**icc_chunk(display_p3()), **cicp(2, 2)}
    assert np.abs(read(png_file(pixels, nothing)).pixels.astype(int) - AS_SRGB).max() <= 1


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (cicp(9, 16), r"HDR \(PQ\)"),
        (cicp(9, 18), r"HDR \(HLG\)"),
        (cicp(1, 9), "transfer characteristics 9"),
        (cicp(10, 13), "primaries 10"),
        (cicp(1, 13, matrix=1), "not valid"),
        (cicp(1, 13, full=0), "limited range"),
        ({b"cICP": b"\1\1"}, "not valid"),
    ],
)
def test_colours_that_are_refused(chunk: dict[bytes, bytes], message: str) -> None:
    for dtype in (np.uint8, np.uint16):
        with pytest.raises(FormatError, match=message):
            read(png_file(np.zeros((2, 2, 3), dtype), chunk))
        assert not read(png_file(np.zeros((2, 2, 3), dtype), chunk), as_data=True).pixels.any()


def test_a_profile_that_says_hdr_is_refused() -> None:
    profile = bytearray(display_p3())
    tag = profile.index(b"cprt")
    (place,) = struct.unpack_from(">I", profile, tag + 4)
    profile[tag : tag + 4], profile[place : place + 12] = b"cicp", b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])
    for dtype in (np.uint8, np.uint16):
        with pytest.raises(FormatError, match=r"HDR \(PQ\)"):
            read(png_file(np.zeros((2, 2, 3), dtype), icc_chunk(bytes(profile))))


def avif(color: tuple[int, int], **options: Any) -> bytes:
    """A flat AVIF of the green whose nclx box has other primaries and transfer characteristics."""
    if "AVIF" not in Image.SAVE:
        pytest.skip("a Pillow without AVIF")
    data = bytearray(saved(Image.new("RGB", (16, 16), P3_GREEN), "AVIF", quality=100, **options))
    place = data.index(b"nclx") + 4
    struct.pack_into(">2H", data, place, *color)
    return bytes(data)


def test_numbered_colours_of_avif() -> None:
    plain = read(avif((1, 13))).pixels.astype(int)
    assert np.abs(plain - P3_GREEN).max() <= 3
    assert np.abs(read(avif(P3)).pixels.astype(int) - AS_SRGB).max() <= 4
    np.testing.assert_array_equal(read(avif(P3), as_data=True).pixels, plain)
    for transfer, name in ((16, "PQ"), (18, "HLG")):
        with pytest.raises(FormatError, match=name):
            read(avif((9, transfer)))
        read(avif((9, transfer)), as_data=True)


def test_a_profile_comes_before_numbers_in_avif() -> None:
    """The numbers beside it are about YCbCr."""
    data = bytearray(avif((1, 13), icc_profile=display_p3()))
    assert np.abs(read(bytes(data)).pixels.astype(int) - AS_SRGB).max() <= 4


def test_data_with_profiles_are_left_alone() -> None:
    inks = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        data = saved(inks, kind, icc_profile=display_p3().replace(b"RGB ", b"CMYK"))
        found = read(data, as_data=True).pixels
        assert found.shape == (8, 8, 3) and np.abs(found[4, 4].astype(int) - [255, 0, 0]).max() <= 3
    pixels: IntegerPixels = np.full((4, 4, 3), P3_GREEN, np.uint8)
    data = png_file(pixels, icc_chunk(display_p3()))
    np.testing.assert_array_equal(read(data, as_data=True).pixels, pixels)
    assert np.abs(read(data).pixels.astype(int) - AS_SRGB).max() <= 1
