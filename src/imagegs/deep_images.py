"""Sixteen-bit samples out of Pillow, which keeps them for gray only and cuts colour down to 8 bits.

Pillow's decoders do see all 16 bits and hand them to an unpacker that keeps the high byte of each
sample. Asked to unpack with the other byte order, it keeps the low byte. So a file is opened twice, once
for the high and once for the low bytes, and gray with alpha, (16, 16) bits, is unpacked as if it were
RGBA with 8 bits. What Pillow cannot open at all (gray + alpha and planar 16-bit TIFF) needs tifffile.
"""

from __future__ import annotations

import re
import sys
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from imagegs.errors import FormatError, LimitError

_DEEP_RAW_MODE = re.compile(r"(RGB|RGBA|RGBa|RGBX|LA);16[BLN]")
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _PLANAR_CONFIGURATION, _ICC_PROFILE = 258, 262, 274, 284, 34675

DeepPixels = NDArray[np.uint16]


def is_deep_gray(image: ImageFile.ImageFile) -> bool:
    """Does Pillow hold this picture as 16-bit gray?"""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))


def is_deep_color(image: ImageFile.ImageFile) -> bool:
    """Does the file of this picture, not loaded yet, hold more than one 16-bit channel?"""
    return _DEEP_RAW_MODE.fullmatch(_raw_mode(image)) is not None


def is_deep_planar(image: ImageFile.ImageFile) -> bool:
    """Is this a TIFF of several 16-bit channels, one plane after the other?"""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE, (8,))
    return tags.get(_PLANAR_CONFIGURATION) == 2 and len(bits) > 1 and max(bits) > 8


def is_tiff(start: bytes) -> bool:
    """Is this the start of a TIFF file?"""
    return start.startswith(_TIFF_STARTS)


def read_deep_gray(image: ImageFile.ImageFile) -> DeepPixels:
    """(H, W, 1) of a picture for which `is_deep_gray`."""
    twelve_bits = _raw_mode(image) == "I;12"
    white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    pixels: DeepPixels = np.asarray(image).astype(np.uint16)[:, :, np.newaxis]
    if twelve_bits:
        pixels = pixels << np.uint16(4) | pixels >> np.uint16(8)
    return ~pixels if white_is_zero else pixels


def read_deep_color(image: ImageFile.ImageFile, file: BinaryIO) -> DeepPixels:
    """(H, W, 2..4) of a picture for which `is_deep_color`, opened from `file` and not loaded yet."""
    raw_mode = _raw_mode(image)
    layout, order = raw_mode.split(";16")
    if layout == "LA":
        # The bytes of a pixel are high gray, low gray, high alpha, low alpha.
        pairs = _unpacked(image, "RGBA").astype(np.uint16)
        return pairs[:, :, 0::2] << np.uint16(8) | pairs[:, :, 1::2]
    plain = layout.replace("a", "A")  # RGBa is premultiplied alpha, which Pillow would divide out in 8 bits
    pixels = _unpacked(image, f"{plain};16{order}").astype(np.uint16) << np.uint16(8)
    file.seek(0)
    again = Image.open(file)
    pixels |= _unpacked(again, f"{plain};16{_OTHER_ORDER[order]}")
    return _unpremultiplied(pixels) if layout == "RGBa" else pixels


def read_with_tifffile(file: BinaryIO, max_pixels: int) -> tuple[NDArray[Any], int, bytes | None]:
    """The first page of a TIFF that Pillow does not know: pixels (H, W, C), orientation, ICC profile.

    Raises FormatError without tifffile, and for other than 8 or 16 bits or 1 to 4 channels.
    """
    try:
        import tifffile
    except ImportError:
        raise FormatError("this kind of TIFF needs tifffile: pip install imagegs[tiff]") from None
    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        if page.imagewidth * page.imagelength > max_pixels:
            raise LimitError(
                f"{page.imagewidth} x {page.imagelength} pixels, the limit is {max_pixels} pixels"
            )
        if page.dtype not in (np.uint8, np.uint16):
            raise FormatError(f"{page.dtype} samples are not supported: save it with 8 or 16 bits")
        if page.photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
            raise FormatError(f"this kind of TIFF is not supported ({page.photometric.name.lower()})")
        pixels = page.asarray()
        if page.axes == "SYX":
            pixels = np.moveaxis(pixels, 0, -1)
        pixels = pixels.reshape(page.imagelength, page.imagewidth, -1)
        tags = page.tags
        orientation, profile = valid_orientation(tags.valueof(_ORIENTATION)), tags.valueof(_ICC_PROFILE)
    if pixels.shape[2] > 4:
        raise FormatError(f"a picture of {pixels.shape[2]} channels is not supported")
    return pixels, orientation, profile


def valid_orientation(value: object) -> int:
    """The EXIF orientation, 1 to 8, that a tag's value means; 1 for none: no reason to refuse a picture."""
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _raw_mode(image: ImageFile.ImageFile) -> str:
    if not image.tile:
        return ""
    args = image.tile[0].args
    name = args[0] if isinstance(args, tuple) and args else args
    return name if isinstance(name, str) else ""


def _unpacked(image: ImageFile.ImageFile, raw_mode: str) -> NDArray[np.uint8]:
    """Load the picture with another raw mode than the one that Pillow chose."""
    for i, tile in enumerate(image.tile):
        args = (raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode
        image.tile[i] = tile._replace(args=args)
    return np.asarray(image)


def _unpremultiplied(pixels: DeepPixels) -> DeepPixels:
    """(H, W, 4) with the colours divided by alpha; black where alpha is 0."""
    alpha = np.maximum(pixels[:, :, 3:], 1).astype(np.float32)
    color = pixels[:, :, :3] * (np.float32(65535.0) / alpha)
    pixels[:, :, :3] = np.minimum(color + np.float32(0.5), 65535.0)
    return pixels
