"""Sixteen-bit samples out of Pillow, which keeps them for gray only and cuts colour down to 8 bits.

Pillow's decoder of PNG does see all 16 bits and hands them to an unpacker that keeps the high byte of each
sample. Asked to unpack with the other byte order, it keeps the low byte. So a file is opened twice, once
for the high and once for the low bytes, and gray with alpha, (16, 16) bits, is unpacked as if it were
RGBA with 8 bits.
"""

from __future__ import annotations

import re
import sys
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from imagegs.pictures.formats import open_image

_DEEP_RAW_MODE = re.compile(r"(RGB|RGBA|LA);16[BLN]")
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

DeepPixels = NDArray[np.uint16]


def is_deep_color(image: ImageFile.ImageFile) -> bool:
    """Does the file of this picture, not loaded yet, hold more than one 16-bit channel?"""
    return _DEEP_RAW_MODE.fullmatch(_raw_mode(image)) is not None


def read_deep_color(image: ImageFile.ImageFile, file: BinaryIO) -> DeepPixels:
    """(H, W, 2..4) of a picture for which `is_deep_color`, opened from `file` and not loaded yet."""
    layout, order = _raw_mode(image).split(";16")
    if layout == "LA":
        # The bytes of a pixel are high gray, low gray, high alpha, low alpha.
        pairs = _unpacked(image, "RGBA").astype(np.uint16)
        return pairs[:, :, 0::2] << np.uint16(8) | pairs[:, :, 1::2]
    pixels = _unpacked(image, f"{layout};16{order}").astype(np.uint16) << np.uint16(8)
    again = open_image(file)
    pixels |= _unpacked(again, f"{layout};16{_OTHER_ORDER[order]}")
    return pixels


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
