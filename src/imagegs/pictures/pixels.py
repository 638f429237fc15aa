"""Arrays of pixels: the check for what a user hands in, and the step between floats and integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagegs.gaussians import MAX_CHANNELS, MAX_SIDE
from imagegs.limits import DEFAULT_LIMITS

Pixels = NDArray[Any]  # (H, W, C) uint8, uint16 or floating point
IntegerPixels = NDArray[np.unsignedinteger[Any]]
"""Pixels as picture files hold them: an array of uint8, 0..255, or uint16, 0..65535."""

Region = tuple[int, int, int, int]  # of a picture: left column, top row, width and height, in pixels

LUMA_OF_RGB = 0.299, 0.587, 0.114  # the shares of R, G and B (ITU-R BT.601)
CHANNEL_NAMES = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}  # of picture files

MAX_PIXELS = DEFAULT_LIMITS.max_picture_pixels  # of what is read, unless a caller says otherwise

_FLOATS = ("float16", "float32", "float64")
_ROUNDING = 0.002  # floats this far outside of 0..1 are clipped: half a step of 8 bits
_LEAST_FLOAT, _GREATEST_FLOAT = -1.0, 2.0  # beyond, it is another scale (0..255, -1000..3000), not overshoot
_STRIP_VALUES = 1 << 20  # values that are converted at a time: small enough to stay in the caches


@dataclass(frozen=True, eq=False)
class Picture:
    """Integer pixels and the names of their channels.

    Raises TypeError unless the pixels are uint8 or uint16, ValueError unless they are (H, W, C) with one
    name for each channel.
    """

    pixels: IntegerPixels  # (H, W, C), 0..255 or 0..65535, sRGB-encoded; alpha is not premultiplied
    channels: tuple[str, ...]  # from a picture file: Y, Y A, R G B or R G B A
    left_out: tuple[str, ...] = ()  # what the file holds besides, in words: "2 extra samples a pixel"
    n_frames: int = 1  # how many pictures the file held, of which this is the first

    def __post_init__(self) -> None:
        if self.pixels.dtype not in (np.uint8, np.uint16):
            raise TypeError(f"the pixels of a picture are uint8 or uint16, not {self.pixels.dtype}")
        if self.pixels.ndim != 3 or self.pixels.shape[2] != len(self.channels):
            raise ValueError(f"pixels of shape {self.pixels.shape} do not fit channels {self.channels}")

    @property
    def bit_depth(self) -> int:
        """8 or 16, bits a sample."""
        return 8 * int(self.pixels.dtype.itemsize)


def gray_if_gray(picture: Picture) -> Picture:
    """The picture with one channel in place of three that are equal; its alpha channel stays."""
    pixels = picture.pixels
    if pixels.shape[2] < 3 or not (pixels[:, :, :1] == pixels[:, :, 1:3]).all():
        return picture
    pixels = np.ascontiguousarray(pixels[:, :, [0, *range(3, pixels.shape[2])]])
    return replace(picture, pixels=pixels, channels=CHANNEL_NAMES[pixels.shape[2]])


def channel_names(n: int) -> tuple[str, ...]:
    """Names for n channels that have none: those of picture files for 1 to 4, else C0, C1, ..."""
    return CHANNEL_NAMES.get(n) or tuple(f"C{i}" for i in range(n))


def is_seen(channels: Sequence[str]) -> bool:
    """Whether the channels are those of a picture that is looked at: Y, YA, RGB or RGBA."""
    return tuple(channels) in CHANNEL_NAMES.values()


def as_pixels(array: ArrayLike, *, overshoot: bool = False) -> Pixels:
    """Check a user's picture and return it as (H, W, C), its type kept, without a copy where possible.

    array: (H, W) or (H, W, C), at most 65535 a side and 32 channels; uint8, uint16, or float16/32/64
    in 0..1, or outside of it by no more than 0.002, half a step of 8 bits, which is taken for rounding.
    overshoot: floats from -1 to 2 will do, for pictures that are only measured: painted ones are not clipped.

    Raises TypeError for another dtype, for a masked array (its mask would be lost) and for a PIL image (which
    may hold palette entries); ValueError for another shape, an empty array, floats beyond that range, NaN or
    infinity.
    """
    if hasattr(array, "getbands") and hasattr(array, "getpalette"):
        raise TypeError("pixels must be an array, not a PIL image: give np.asarray(image.convert('RGB'))")
    if isinstance(array, np.ndarray) and hasattr(array, "filled"):
        raise TypeError("pixels must be a plain array, not a masked one: give array.filled(0)")
    pixels = np.asarray(array)
    if pixels.dtype.name not in ("uint8", "uint16", *_FLOATS):
        raise TypeError(f"pixels must be uint8, uint16 or floating point in [0, 1], not {pixels.dtype}")
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.ndim != 3:
        raise ValueError(f"a picture has the shape (H, W) or (H, W, C), not {pixels.shape}")
    if pixels.size == 0:
        raise ValueError(f"a picture needs at least one pixel and one channel, not {pixels.shape}")
    if pixels.shape[2] > MAX_CHANNELS:
        raise ValueError(f"at most {MAX_CHANNELS} channels are possible, not {pixels.shape[2]}")
    if max(pixels.shape[:2]) > MAX_SIDE:
        raise ValueError(f"at most {MAX_SIDE} pixels a side are possible, not {pixels.shape[:2]}")
    if pixels.dtype.name in _FLOATS:
        _check_range(pixels, overshoot)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _check_range(pixels: Pixels, overshoot: bool) -> None:
    with np.errstate(invalid="ignore"):
        low, high = float(pixels.min()), float(pixels.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("the picture has values that are not finite")
    another_scale = low < _LEAST_FLOAT or high > _GREATEST_FLOAT
    if another_scale or not (overshoot or (low >= -_ROUNDING and high <= 1 + _ROUNDING)):
        about = "about " if overshoot else ""
        raise ValueError(
            f"floating-point pixels must be in {about}0..1, not {low:g}..{high:g}: "
            f"{_advice(low, another_scale)}"
        )


def _advice(low: float, another_scale: bool) -> str:
    """What to do about floats that are not in 0..1."""
    if another_scale:
        return "divide them by the value of white, or give uint8 or uint16"
    clip = "x.clip(0, 1) of what a filter overshot"
    return (
        f"give {clip}"
        if low >= -_ROUNDING
        else f"give (x + 1) / 2 of data in -1..1 such as normals, or {clip}"
    )


def to_float(pixels: Pixels) -> NDArray[np.float32]:
    """The pixels (any shape) as float32 in [0, 1]; integers are divided by their maximum, floats clipped."""
    if pixels.dtype.name in _FLOATS:
        return pixels.clip(0.0, 1.0).astype(np.float32, copy=False)
    scaled = pixels.astype(np.float32)
    scaled /= np.float32(np.iinfo(pixels.dtype).max)
    return scaled


def to_planes(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """(C, H, W) of (H, W, C) pixels, as `to_float` has them."""
    return np.ascontiguousarray(np.moveaxis(to_float(pixels), -1, 0))


def to_integers(picture: Pixels, bit_depth: int) -> IntegerPixels:
    """Floats, 0..1 (clipped), to uint8 or uint16 of the same shape, halves rounded up.

    Row strip by row strip, so the memory needed beyond the result is a few MB.

    Raises TypeError unless the picture is floating point; ValueError for NaN or a bit depth other than
    8 or 16.
    """
    if bit_depth not in (8, 16):
        raise ValueError(f"the bit depth is 8 or 16, not {bit_depth}")
    if picture.dtype.name not in _FLOATS:
        raise TypeError(f"expected a floating point picture, not {picture.dtype}")
    integers: IntegerPixels = np.empty(picture.shape, np.uint8 if bit_depth == 8 else np.uint16)
    rows = max(1, _STRIP_VALUES * len(picture) // max(1, picture.size))
    for top in range(0, len(picture), rows):
        strip = picture[top : top + rows].clip(0.0, 1.0).astype(np.float32, copy=False)
        if np.isnan(strip).any():
            raise ValueError("the picture has values that are not a number")
        strip *= np.float32((1 << bit_depth) - 1)
        strip += np.float32(0.5)
        integers[top : top + rows] = strip  # the cast cuts the fraction off
    return integers


def with_depth(pixels: IntegerPixels, depth: int) -> IntegerPixels:
    """The samples at 8 or 16 bits; depth: that of the pixels or more."""
    return pixels if pixels.dtype.itemsize == depth // 8 else pixels.astype(np.uint16) * np.uint16(257)
