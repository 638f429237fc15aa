"""TIFF by its tags: 1 to 16 bits a sample, extra samples, palettes, inks, whatever way the bytes are packed.

Pillow knows a list of combinations of tags; what is not on it is refused or read wrong. Here the samples are
taken for what the tags say they are. What is compressed as pixels (JPEG, fax, ...) is left to Pillow, and so
are YCbCr and L*a*b*.

Source: TIFF 6.0; Adobe Photoshop TIFF Technical Notes (deflate); libtiff, for what writers do in practice.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeVar

import numpy as np

from imagegs.errors import FormatError, LimitError
from imagegs.pictures import tiff_directories as tags
from imagegs.pictures.pixels import IntegerPixels, Region
from imagegs.pictures.samples import MOST_BITS, to_full_range, unpremultiplied, with_dtype
from imagegs.pictures.tiff_planes import BYTE_WISE, UNCOMPRESSED, Planes

AnyPlanes = TypeVar("AnyPlanes", bound=Planes)
Space = Literal["gray", "rgb", "palette", "cmyk"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLORS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _SEPARATED: 4, _YCBCR: 3, _LAB: 3}
_SPACES: dict[int, Space] = {_RGB: "rgb", _PALETTE: "palette", _SEPARATED: "cmyk"}
_REFUSED = {
    4: "a transparency mask",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "raw data of a camera's sensor: develop it to a PNG or TIFF first",
    34892: "raw data of a camera's sensor: develop it to a PNG or TIFF first",
    32844: "LogL, HDR",
    32845: "LogLuv, HDR",
}
_BY_PILLOW = {2, 3, 4, 6, 7}  # fax and JPEG
_COMPRESSIONS = {34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC", 50001: "WebP", 50002: "JPEG XL"}
_FORMATS = {2: "signed", 3: "floating-point", 4: "untyped (void)", 5: "complex", 6: "complex"}
_ASSOCIATED, _ALPHAS = 1, (1, 2, 999)  # of ExtraSamples; 999 is CorelDRAW's way to write 2
_MOST_SAMPLES = 4  # times max_pixels that are decoded, extra samples and what tiles hang over included


@dataclass(frozen=True)
class Samples:
    """The picture in a TIFF file, before colours are converted and it is turned upright."""

    color: IntegerPixels  # (H, W, 1), (H, W, 3) or (H, W, 4) for CMYK; full range, 0 is black or no ink
    alpha: IntegerPixels | None  # (H, W, 1) of the same dtype; the colours are not multiplied with it
    space: Space  # a palette's colours are RGB
    profile: bytes | None
    orientation: int  # as the tag has it
    n_left_out: int  # samples a pixel that are neither colour nor alpha


class TiffPage:
    """The picture of a TIFF file that is read: checked for what its tags say, its samples not read yet."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises FormatError for damaged files and for samples or colours that are not supported."""
        self.tiff = tags.TiffFile(file)
        self.directory = self.tiff.main_directory()
        self._photometric = self._one(tags.PHOTOMETRIC, _WHITE_IS_ZERO)
        self._compression = self._one(tags.COMPRESSION, UNCOMPRESSED)
        self.width, self.height = self._one(tags.WIDTH, 0), self._one(tags.LENGTH, 0)
        if not (self.width > 0 and self.height > 0):
            raise FormatError("the picture is damaged: it has no size")
        self._check_colors()
        self._check_compression()
        self._bits = self._checked_bits()

    @property
    def is_byte_wise(self) -> bool:
        """Whether `samples` reads it; otherwise Pillow does, from `for_pillow`."""
        return self._compression in BYTE_WISE and self._photometric not in (_YCBCR, _LAB)

    def for_pillow(self) -> BinaryIO:
        """The file, with this picture as its first."""
        self.tiff.file.seek(0)
        if self.directory.offset == self.tiff.first:
            return self.tiff.file
        data = bytearray(self.tiff.file.read())
        at, letter = (8, "Q") if self.tiff.is_big else (4, "I")
        struct.pack_into(self.tiff.order + letter, data, at, self.directory.offset)
        return io.BytesIO(data)

    def samples(self, max_pixels: int) -> Samples:
        """The samples of a picture that `is_byte_wise`.

        Raises FormatError for damaged pictures, LimitError above max_pixels pixels.
        """
        if self.width * self.height > max_pixels:
            raise LimitError(f"{self.width} x {self.height} pixels, the limit is {max_pixels} pixels")
        planes = self.planes(Planes)
        n_planes = len(self._wanted_samples()) if self.is_planar else 1
        if planes.n_values * n_planes > _MOST_SAMPLES * max_pixels:
            raise LimitError(f"its strips or tiles hold far more than the limit of {max_pixels} pixels")
        return self.samples_in(planes)

    def planes(self, kind: type[AnyPlanes]) -> AnyPlanes:
        """The layout of the samples of a picture that `is_byte_wise`. Raises FormatError."""
        return kind(self.tiff, self.directory, 1 if self.is_planar else self._n_samples, self._bits)

    def samples_in(self, planes: Planes, region: Region | None = None) -> Samples:
        """The samples in a part of the picture (None: all), out of `planes`. Raises FormatError."""
        n_colors, kinds = _COLORS[self._photometric], self._extra_kinds()
        values = self._values(planes, region)
        largest = (1 << self._bits) - 1
        has_alpha = values.shape[2] > n_colors
        alpha = to_full_range(values[:, :, n_colors:], largest) if has_alpha else None
        color = self._colors(values[:, :, :n_colors], largest)
        if alpha is not None:
            alpha = with_dtype(alpha, color.dtype)
            if kinds[self._wanted_samples()[-1] - n_colors] == _ASSOCIATED:
                color = unpremultiplied(color, alpha)
        return Samples(
            color,
            alpha,
            self.space,
            self.directory.profile,
            self._one(tags.ORIENTATION, 1),
            len(kinds) - has_alpha,
        )

    @property
    def space(self) -> Space:
        """The meaning of the colours of a picture that `is_byte_wise`."""
        return _SPACES.get(self._photometric, "gray")

    def _one(self, tag: int, default: int) -> int:
        return self.directory.one(tag, default)

    def _check_colors(self) -> None:
        if self._photometric not in _COLORS:
            kind = _REFUSED.get(self._photometric, f"of photometric interpretation {self._photometric}")
            where = "" if self.directory.offset == self.tiff.first else "the first one is a thumbnail and "
            raise FormatError(f"the picture in this TIFF is not supported: {where}it is {kind}")
        if self._photometric == _SEPARATED and self._one(tags.INK_SET, 1) != 1:
            raise FormatError("a TIFF of other inks than CMYK is not supported")

    def _check_compression(self) -> None:
        if self._compression not in BYTE_WISE | _BY_PILLOW:
            name = _COMPRESSIONS.get(self._compression, f"number {self._compression}")
            raise FormatError(f"a TIFF compressed with {name} is not supported: save it with LZW or deflate")

    def _checked_bits(self) -> int:
        """Bits a sample."""
        n_samples = self._n_samples
        if n_samples < _COLORS[self._photometric]:
            raise FormatError(
                f"the picture is damaged: {n_samples} samples a pixel are too few for its colours"
            )
        formats = set(self.directory.values.get(tags.SAMPLE_FORMAT, (1,))) - {1}
        bits = set(self.directory.values.get(tags.BITS_PER_SAMPLE, (1,))) or {1}
        if formats:
            kind = _FORMATS.get(min(formats), "unknown")
            raise FormatError(f"{kind} samples are not supported: save it with 8 or 16 bits, unsigned")
        if len(bits) > 1:
            raise FormatError("a TIFF whose samples have different numbers of bits is not supported")
        (depth,) = bits
        if not 1 <= depth <= MOST_BITS:
            raise FormatError(f"{depth}-bit samples are not supported: save it with 8 or 16 bits")
        if depth not in (1, 8) and not self.is_byte_wise:
            raise FormatError(
                f"a TIFF of {depth} bits a sample is not supported with compression {self._compression} "
                f"and photometric interpretation {self._photometric}: save it without"
            )
        return depth

    @property
    def _n_samples(self) -> int:
        return self._one(tags.SAMPLES_PER_PIXEL, 1)

    def _extra_kinds(self) -> tuple[int, ...]:
        """What each sample behind the colours is; a single one of which nothing is said counts as alpha."""
        n_extra = self._n_samples - _COLORS[self._photometric]
        said = self.directory.values.get(tags.EXTRA_SAMPLES)
        if said is None:
            return (2,) if n_extra == 1 else (0,) * n_extra
        return (said + (0,) * n_extra)[:n_extra]

    def _colors(self, values: IntegerPixels, largest: int) -> IntegerPixels:
        """Samples as stored to colours in the full range."""
        if self._photometric == _PALETTE:
            return self._looked_up(values[:, :, 0])
        full = to_full_range(values, largest)
        return np.invert(full) if self._photometric == _WHITE_IS_ZERO else full

    def _looked_up(self, index: IntegerPixels) -> IntegerPixels:
        """(H, W, 3), uint16 where the palette has more than 8 bits."""
        map_values = self.directory.values.get(tags.COLOR_MAP, ())
        if len(map_values) < 3 << self._bits:
            raise FormatError("the picture is damaged: its palette is too short")
        palette = np.array(map_values[: 3 << self._bits], np.uint16).reshape(3, -1).T
        high, low = palette >> 8, palette & 255
        if not high.any():
            palette = low.astype(np.uint8)  # some writers keep 8 bits in the low byte
        elif not low.any() or (high == low).all():
            palette = high.astype(np.uint8)
        colors: IntegerPixels = palette[index]
        return colors

    @property
    def is_planar(self) -> bool:
        """Whether each sample of a pixel lies in a plane of its own."""
        return self._one(tags.PLANAR_CONFIGURATION, 1) == 2 and self._n_samples > 1

    def _wanted_samples(self) -> list[int]:
        """The numbers of the samples that are read: the colours, then the first alpha if there is one."""
        n_colors = _COLORS[self._photometric]
        alphas = [n_colors + i for i, kind in enumerate(self._extra_kinds()) if kind in _ALPHAS]
        return [*range(n_colors), *alphas[:1]]

    def _values(self, planes: Planes, region: Region | None) -> IntegerPixels:
        """(H, W, samples), as stored, uint8 or uint16."""
        wanted = self._wanted_samples()
        if self.is_planar:
            return np.concatenate([planes.read(i, region) for i in wanted], axis=2)
        values = planes.read(0, region)
        return values if values.shape[2] == len(wanted) else values[:, :, wanted]
