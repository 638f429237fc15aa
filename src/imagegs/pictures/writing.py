"""Pictures into files, atomically: PNG by our own fast writer, everything else by Pillow and tifffile.

Apart from reading (imagegs.pictures.reading), so that writing a PNG does not load Pillow.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagegs.errors import ImageGSError
from imagegs.files import PathLike, write_atomically
from imagegs.pictures.pixels import CHANNEL_NAMES, IntegerPixels, Picture

if TYPE_CHECKING:
    from PIL.Image import Image

# What Pillow writes with 8 bits a sample, as near to lossless as the format goes.
_EIGHT_BIT_WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".jpg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".webp": ("WEBP", {"lossless": True, "exact": True}),
    ".avif": ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    ".jp2": ("JPEG2000", {}),
    ".bmp": ("BMP", {}),
}
# Pixels a side: of libjpeg, of the WebP format, and of what libavif reads again (it writes up to 65536).
_LARGEST_SIDE = {".jpg": 65500, ".jpeg": 65500, ".webp": 16383, ".avif": 32768}
_WITHOUT_ALPHA = (".jpg", ".jpeg", ".bmp")
_TIFF_SUFFIXES = (".tif", ".tiff")
WRITABLE_SUFFIXES = (".png", *_TIFF_SUFFIXES, *_EIGHT_BIT_WRITERS, ".npy")


def check_picture_path(
    path: PathLike, channels: tuple[str, ...], bit_depth: int, size: tuple[int, int]
) -> None:
    """Raise the ValueError or ImageGSError that `write_picture` would for such a picture; write nothing.

    size: (width, height) in pixels.

    ValueError: the suffix is unknown, or its format does not hold these channels, depth or size.
    ImageGSError: 16-bit colour TIFF without tifffile, or a format that this Pillow was built without.
    """
    check_picture_format(Path(path).suffix, channels, bit_depth, size)


def check_picture_format(
    suffix: str, channels: tuple[str, ...], bit_depth: int, size: tuple[int, int]
) -> None:
    """Raise what `check_picture_path` does for a file of this suffix."""
    suffix = suffix.lower()
    if suffix not in WRITABLE_SUFFIXES:
        possible = ", ".join(WRITABLE_SUFFIXES)
        raise ValueError(f"cannot write {suffix or 'a file without a suffix'}: possible are {possible}")
    if suffix == ".npy":
        return
    if tuple(channels) not in CHANNEL_NAMES.values():
        raise ValueError(f"{suffix} does not hold the channels {', '.join(channels)}: write .npy")
    if bit_depth == 16 and suffix in _EIGHT_BIT_WRITERS:
        raise ValueError(f"{suffix} holds 8 bits a sample, not 16: write .png, .tif or .npy")
    if "A" in channels and suffix in _WITHOUT_ALPHA:
        raise ValueError(f"{suffix} has no alpha channel: write .png, .tif, .webp or .npy")
    most = _LARGEST_SIDE.get(suffix)
    if most is not None and max(size) > most:
        width, height = size
        raise ValueError(f"{suffix} holds at most {most} pixels a side, not {width} x {height}: write .png")
    if bit_depth == 16 and suffix in _TIFF_SUFFIXES and len(channels) > 1:
        _tifffile()
    if suffix in _EIGHT_BIT_WRITERS:
        from PIL import Image

        Image.init()  # loads all of Pillow's formats
        if _EIGHT_BIT_WRITERS[suffix][0] not in Image.SAVE:
            raise ImageGSError(f"this installation of Pillow cannot write {suffix}")


def write_picture(path: PathLike, pixels: IntegerPixels, channels: tuple[str, ...]) -> int:
    """Write pixels, (H, W, C) uint8 or uint16, in the format that the suffix of `path` names, atomically.

    Returns the size of the file in bytes.

    .png, .tif and .tiff hold 8 and 16 bits (16-bit colour TIFF needs tifffile), .webp, .jp2, .bmp, .jpg,
    .jpeg and .avif 8 bits (the last three with some loss), each with the channels Y, Y A, R G B or R G B A
    (.jpg and .bmp without A); .npy holds any channels, without their names. The samples are sRGB-encoded.

    Raises TypeError and ValueError for pixels that are no `Picture`; ValueError and ImageGSError as
    `check_picture_path` does; OSError where the file cannot be written.
    """
    return write_atomically(path, encode_picture(Path(path).suffix, pixels, channels))


def encode_picture(
    suffix: str, pixels: IntegerPixels, channels: tuple[str, ...], *, is_srgb: bool = True
) -> bytes | memoryview | Iterable[bytes | memoryview]:
    """The bytes, or their pieces in order, that `write_picture` writes to a file of this suffix.

    is_srgb: the samples are colours, and a PNG says that they are sRGB-encoded; else they are data, of whose
    colour space nothing is told. AVIF and JPEG 2000 tell sRGB of both: their files have to name one.

    Raises what `write_picture` does, OSError aside.
    """
    picture, suffix = Picture(pixels, tuple(channels)), suffix.lower()
    height, width, _ = picture.pixels.shape
    check_picture_format(suffix, picture.channels, picture.bit_depth, (width, height))
    if suffix == ".png":
        from imagegs.pictures.png import encode_png

        return encode_png(pixels, is_srgb=is_srgb)
    if suffix == ".npy":
        return _npy(pixels)
    buffer = io.BytesIO()
    if suffix not in _TIFF_SUFFIXES:
        name, options = _EIGHT_BIT_WRITERS[suffix]
        _image(pixels).save(buffer, name, **options)
    elif picture.bit_depth == 8 or len(channels) == 1:
        _image(pixels).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    else:
        photometric = "minisblack" if len(channels) == 2 else "rgb"
        extra = ["unassalpha"] if "A" in channels else []
        _tifffile().imwrite(
            buffer, pixels, photometric=photometric, planarconfig="contig", extrasamples=extra, metadata=None
        )
    return buffer.getbuffer()


def _npy(pixels: IntegerPixels) -> list[bytes | memoryview]:
    """The bytes that np.save writes, in two pieces, so that a large picture is not copied."""
    head, plain = io.BytesIO(), np.ascontiguousarray(pixels)
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(plain))
    return [head.getvalue(), plain.data]


def _image(pixels: IntegerPixels) -> Image:
    from PIL import Image

    return Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)


def _tifffile() -> Any:
    try:
        import tifffile
    except ImportError:
        raise ImageGSError("16-bit colour TIFF needs tifffile: pip install imagegs[tiff]") from None
    return tifffile
