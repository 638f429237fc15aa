"""Pictures as a user of Python hands them in: arrays, and pictures of Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.pictures.pixels import Picture, Pixels, as_pixels, channel_names, to_integers

ImageLike = NDArray[Any] | Image.Image
"""A picture that a call takes: an array, or a picture of Pillow.

An array is (H, W) or (H, W, C) with 1 to 32 channels: uint8, uint16, or floats in 0..1. A picture of Pillow
is read as the command reads a file: palettes and CMYK become RGB, a transparent colour becomes an alpha
channel, colours become sRGB by the ICC profile, and the EXIF orientation is applied. The modes I;16 and I,
gray of 0..65535, keep their 16 bits; mode F, values of 0..1, becomes 16 bits.
"""


def picture_from(
    image: ImageLike, channels: tuple[str, ...] | None = None, *, as_data: bool = False
) -> Picture:
    """A picture of integers; floats become 16 bits.

    channels: their names; by default Y, YA, RGB or RGBA, else C0, C1, ... as_data: see `read_picture`.

    Raises what `as_pixels`, `picture_of_pillow` and `Picture` raise.
    """
    if isinstance(image, Image.Image):
        picture = picture_of_pillow(image, as_data=as_data)
        return picture if channels is None else replace(picture, channels=channels)
    pixels = as_pixels(image)
    integers = to_integers(pixels, 16) if pixels.dtype.kind == "f" else np.ascontiguousarray(pixels)
    return Picture(integers, channel_names(pixels.shape[2]) if channels is None else channels)


def pixels_from(image: ImageLike) -> Pixels:
    """(H, W, C) pixels, those of an array in the array's own type. Raises what `picture_from` raises."""
    return picture_of_pillow(image).pixels if isinstance(image, Image.Image) else as_pixels(image)


def picture_of_pillow(
    image: Image.Image, info: Mapping[str, Any] | None = None, *, as_data: bool = False
) -> Picture:
    """A picture of Pillow, read as the command reads a file; values 0..1 of mode F become 16 bits.

    info, as_data: those of `picture_of`. Raises what `picture_of` raises, and ValueError for other values of
    mode F.
    """
    from imagegs.pictures.reading import picture_of

    if image.mode != "F":
        return picture_of(image, info, as_data=as_data)
    values = np.asarray(image)
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"a picture of mode F has values 0..1, not {values.min():g}..{values.max():g}: "
            "divide them by the value of white"
        )
    own = {"icc_profile": image.info.get("icc_profile"), "exif": image.getexif()}
    return picture_of(Image.fromarray(to_integers(values, 16)), {**own, **(info or {})}, as_data=as_data)
