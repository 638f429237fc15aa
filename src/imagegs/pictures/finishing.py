"""From the samples of a file to a picture: colours to sRGB, a transparent colour to alpha, turned upright.

Each pixel comes from that pixel of the file alone, so a part of a picture gives a part of the result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.pictures.cicp import Cicp
from imagegs.pictures.pixels import CHANNEL_NAMES, IntegerPixels, Picture, gray_if_gray
from imagegs.pictures.samples import with_dtype
from imagegs.pictures.tiff import Samples


def of_tiff(samples: Samples, as_data: bool) -> Picture:
    """The picture of samples of a TIFF. as_data: colours are not converted to sRGB.

    Raises FormatError for a profile that is not supported.
    """
    color, profile = samples.color, None if as_data else samples.profile
    if samples.space == "cmyk":
        inks = with_dtype(color, np.dtype(np.uint8))
        image = Image.frombytes("CMYK", inks.shape[1::-1], inks.tobytes())
        color, profile = in_srgb(image, profile) if profile else as_array(image.convert("RGB")), None
    pixels = color
    if samples.alpha is not None:
        pixels = np.concatenate([color, with_dtype(samples.alpha, color.dtype)], axis=2)
    picture = finished(pixels, valid_orientation(samples.orientation), profile)
    if samples.space == "palette":
        picture = gray_if_gray(picture)
    n = samples.n_left_out
    return replace(picture, left_out=(f"{n} extra samples a pixel that are no alpha",)) if n else picture


def finished(pixels: IntegerPixels, orientation: int = 1, color: bytes | Cicp | None = None) -> Picture:
    """Upright, and colours in sRGB. color: what they are, an ICC profile or numbers; None for sRGB."""
    n_colors = 1 if pixels.shape[2] < 3 else 3
    if color:
        converted = _converted(pixels[:, :, :n_colors], color)
        pixels = np.concatenate([converted, pixels[:, :, n_colors:]], axis=2)
    pixels = np.ascontiguousarray(upright(pixels, orientation))
    return Picture(pixels, CHANNEL_NAMES[pixels.shape[2]])


def _converted(pixels: IntegerPixels, color: bytes | Cicp) -> IntegerPixels:
    """(H, W, 1) or (H, W, 3) in sRGB."""
    from imagegs.pictures.profiles import check_not_hdr, cicp_pixels, srgb_pixels

    if isinstance(color, Cicp):
        return cicp_pixels(pixels, color)
    if pixels.dtype == np.uint16:
        check_not_hdr(color)
        return srgb_pixels(cast(NDArray[np.uint16], pixels), color)
    plain = np.ascontiguousarray(pixels)
    return in_srgb(Image.fromarray(plain.squeeze(2) if plain.shape[2] == 1 else plain), color)


def in_srgb(image: Image.Image, profile: bytes) -> NDArray[np.uint8]:
    """(H, W, C) of an L, LA, RGB, RGBA or CMYK picture; alpha is left as it is."""
    from imagegs.pictures.profiles import check_not_hdr, srgb_image

    check_not_hdr(profile)
    if image.mode not in ("LA", "RGBA"):
        return as_array(srgb_image(image, profile))
    color = srgb_image(image.convert(image.mode[:-1]), profile)
    return np.concatenate([as_array(color), as_array(image.getchannel("A"))], axis=2)


def as_array(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, C) of a picture of 8 bits, as Pillow holds it."""
    pixels: NDArray[np.uint8] = np.asarray(image)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def with_keyed_alpha(pixels: IntegerPixels, key: object) -> IntegerPixels:
    """Add an alpha channel that is 0 where all channels equal the transparent colour (PNG's tRNS).

    key: a number for gray, three for RGB; anything else is none.
    """
    numbers = [key] if isinstance(key, int) else list(key) if isinstance(key, (tuple, list)) else []
    if len(numbers) != pixels.shape[2] or len(numbers) not in (1, 3):
        return pixels
    opaque = (pixels != np.array(numbers, dtype=np.int64)).any(axis=2, keepdims=True)
    alpha = opaque * np.array(np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.concatenate([pixels, alpha], axis=2)


def valid_orientation(value: object) -> int:
    """The EXIF orientation, 1 to 8, that a tag's value means; 1 for none: no reason to refuse a picture."""
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(pixels: IntegerPixels, orientation: int) -> IntegerPixels:
    """Undo an EXIF orientation (TIFF 6.0 and EXIF 2.3, tag 274)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
