"""Pictures out of .npy files."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import FormatError, LimitError, reading
from imagegs.files import read_to_limit
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.pictures.pixels import Picture, as_pixels, channel_names, to_integers


def read_array(path: Path, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """(H, W) or (H, W, C) uint8, uint16, or floats in 0..1, which become 16 bits.

    Raises FormatError for a file that is no such array, LimitError above the limits of a picture, OSError.
    """
    with path.open("rb") as file:
        pixels = _checked(_mapped(file, limits), limits)
        integers = to_integers(pixels, 16) if pixels.dtype.kind == "f" else np.array(pixels, order="C")
    return Picture(integers, channel_names(integers.shape[2]))


def _mapped(file: BinaryIO, limits: Limits) -> NDArray[Any]:
    """The array, not in memory yet where the file can be mapped: what it promises or holds costs nothing."""
    with reading(
        "the array is damaged or not supported"
    ):  # its header is evaluated: TokenError, OverflowError, ...
        if file.seekable():
            return np.lib.format.open_memmap(file.name, mode="r")
        held = io.BytesIO(read_to_limit(file, limits.max_bytes))
        array: NDArray[Any] = np.lib.format.read_array(held, allow_pickle=False)
        return array


def _checked(array: NDArray[Any], limits: Limits) -> NDArray[Any]:
    """Checks an array before anything of it is copied."""
    for n, most, unit in (
        (math.prod(array.shape[:2]), limits.max_picture_pixels, "pixels"),
        (array.size, limits.max_picture_samples, "samples"),
    ):
        if n > most:
            raise LimitError(f"an array of shape {array.shape} is over the limit of {most} {unit}")
    try:
        return as_pixels(array)
    except (ValueError, TypeError) as error:
        raise FormatError(str(error)) from error
