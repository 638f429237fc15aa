"""PGM and PPM files whose largest sample is not 255: Pillow scales gray of them only, and that slowly.

Source: the manual pages pgm(5) and ppm(5) of Netpbm.
"""

from __future__ import annotations

import re
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from imagegs.errors import FormatError, LimitError
from imagegs.pictures.pixels import IntegerPixels
from imagegs.pictures.samples import to_full_range

_CHANNELS = {b"P2": 1, b"P3": 3, b"P5": 1, b"P6": 3}
_COMMENT = rb"#[^\r\n]*[\r\n]"
_BETWEEN = rb"(?:\s|" + _COMMENT + rb")+"
_HEADER = re.compile(rb"(P[2356])" + 3 * (_BETWEEN + rb"(\d{1,10})") + rb"(?:" + _COMMENT + rb")?\s")
_HEADER_BYTES = 1 << 16  # with its comments


def read_pnm(file: BinaryIO, max_pixels: int) -> IntegerPixels | None:
    """(H, W, 1) or (H, W, 3) of a PGM or PPM file, plain or binary, whose largest sample is not 255.

    Samples up to 255 come as uint8, larger ones as uint16, scaled to the full range. None for other files.

    Raises FormatError for damaged files, LimitError above max_pixels pixels.
    """
    file.seek(0)
    start = file.read(_HEADER_BYTES)
    header = _HEADER.match(start)
    if header is None:
        return None
    magic, (width, height, largest) = header[1], map(int, header.groups()[1:])
    if largest == 255:
        return None
    if not (width and height and 0 < largest < 65536):
        raise FormatError(f"a PNM file of {width} x {height} pixels up to {largest} is not valid")
    if width * height > max_pixels:
        raise LimitError(f"{width} x {height} pixels, the limit is {max_pixels} pixels")
    shape = height, width, _CHANNELS[magic]
    file.seek(header.end())
    values = _plain(file, shape) if magic in (b"P2", b"P3") else _binary(file, shape, largest)
    if int(values.max()) > largest:
        raise FormatError(f"a sample is {values.max()}, above the largest that the file allows, {largest}")
    return to_full_range(values, largest)


def _binary(file: BinaryIO, shape: tuple[int, int, int], largest: int) -> NDArray[Any]:
    dtype = np.dtype(np.uint8 if largest < 256 else ">u2")
    n_bytes = shape[0] * shape[1] * shape[2] * dtype.itemsize
    data = file.read(n_bytes)
    if len(data) < n_bytes:
        raise FormatError(f"the picture is cut short: {len(data)} of {n_bytes} bytes of samples")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _plain(file: BinaryIO, shape: tuple[int, int, int]) -> NDArray[Any]:
    words = re.sub(rb"#[^\r\n]*", b"", file.read()).split()
    n_samples = shape[0] * shape[1] * shape[2]
    if len(words) < n_samples:
        raise FormatError(f"the picture is cut short: {len(words)} of {n_samples} samples")
    words = words[:n_samples]
    if not all(word.isdigit() and len(word) <= 10 for word in words):
        raise FormatError("a sample of the picture is no number")
    return np.array(list(map(int, words)), np.int64).reshape(shape)
