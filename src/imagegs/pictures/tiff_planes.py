"""Strips and tiles of a TIFF: from bytes in a file to an array of samples.

The bytes are decompressed first and then unpacked. For LZW and its like libtiff does the decompression, by
way of Pillow: the strips are put into a TIFF in memory that calls each byte a gray sample of 8 bits.

Source: TIFF 6.0, sections 3, 14 and 15; Adobe Photoshop TIFF Technical Notes (deflate); libtiff, for what
writers do in practice.
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from imagegs.errors import FormatError
from imagegs.pictures import tiff_directories as tags
from imagegs.pictures.pixels import IntegerPixels, Region
from imagegs.pictures.samples import unpacked
from imagegs.pictures.tiff_in_memory import DATA_OFFSET, SHORT, entry, tiff_of

UNCOMPRESSED, _PACKBITS = 1, 32773
_WITH_PREDICTOR = {5, 8, 32946, 34925, 50000}  # LZW, deflate (new and old number), LZMA, Zstandard
BYTE_WISE = {UNCOMPRESSED, _PACKBITS} | _WITH_PREDICTOR  # compressions that know of bytes, not of pixels
_DIFFERENCES = 2  # the predictor that keeps what each sample differs from its left neighbour
_LOW_BIT_FIRST = 2  # FillOrder
_DIRECTORY_BYTES = 256  # of a TIFF in memory, at most, without the lists of its strips
_REVERSED = np.array([int(f"{i:08b}"[::-1], 2) for i in range(256)], np.uint8)


class Part(NamedTuple):
    """Rows of a strip or tile."""

    plane: int
    down: int  # the number of its row of segments
    across: int
    rows: range  # of those of the segment


class Planes:
    """How the samples of a picture lie in a file: one plane of all, or one for each."""

    def __init__(self, tiff: tags.TiffFile, directory: tags.Directory, n_samples: int, bits: int) -> None:
        """n_samples: a pixel in one plane; bits: a sample, 1..16.

        Raises FormatError where the tags make no sense together.
        """
        one, values = directory.one, directory.values
        self._tiff, self._n_samples, self._bits = tiff, n_samples, bits
        self._compression = one(tags.COMPRESSION, UNCOMPRESSED)
        self._fill_order = one(tags.FILL_ORDER, 1)
        self._predictor = one(tags.PREDICTOR, 1) if self._compression in _WITH_PREDICTOR else 1
        self._width, self._height = one(tags.WIDTH, 0), one(tags.LENGTH, 0)
        tiled = tags.TILE_WIDTH in values
        self._segment_width = one(tags.TILE_WIDTH, 0) if tiled else self._width
        rows = (
            one(tags.TILE_LENGTH, 0) if tiled else min(one(tags.ROWS_PER_STRIP, self._height), self._height)
        )
        if rows < 1 or self._segment_width < 1:
            raise FormatError("the picture is damaged: its strips or tiles have no size")
        self._across, self._down = -(-self._width // self._segment_width), -(-self._height // rows)
        self._offsets = values.get(tags.TILE_OFFSETS if tiled else tags.STRIP_OFFSETS, ())
        self._counts = values.get(tags.TILE_BYTE_COUNTS if tiled else tags.STRIP_BYTE_COUNTS, ())
        n = self._across * self._down
        if n > len(self._offsets) or sum(self._counts) > 2 * tiff.size:
            raise FormatError("the picture is damaged: strips or tiles are missing, or lie over each other")
        self._segment_rows = rows
        self._last_rows = rows if tiled else self._height - rows * (self._down - 1)
        if self._predictor not in (1, _DIFFERENCES) or (self._predictor != 1 and bits not in (8, 16)):
            raise FormatError(f"TIFF predictor {self._predictor} with {bits} bits a sample is not supported")

    @property
    def n_values(self) -> int:
        """Samples of one plane, with those of tiles that hang over the edge."""
        rows = self._down * self._segment_rows
        return rows * self._across * self._segment_width * self._n_samples

    def read(self, number: int, region: Region | None = None) -> IntegerPixels:
        """(height, width, n_samples) uint8 or uint16 of one plane, the first is 0: the numbers as stored.

        region: the part that is wanted (None: all), within the picture.

        Raises FormatError, or what Pillow raises, for damaged data.
        """
        x, y, width, height = region or (0, 0, self._width, self._height)
        first, end = x // self._segment_width, -(-(x + width) // self._segment_width)
        bands = self._bands(y, y + height)
        n_values = self._segment_width * self._n_samples  # of a row
        parts = [Part(number, i, j, rows) for i, rows in bands for j in range(first, end)]
        rows = self._rows(parts, -(-n_values * self._bits // 8))
        if self._bits == 16 and self._tiff.order == "<":
            values = np.ascontiguousarray(rows[:, : 2 * n_values]).view("<u2").astype(np.uint16, copy=False)
        else:
            values = unpacked(rows, n_values, self._bits)
        values = values.reshape(len(rows), self._segment_width, self._n_samples)
        if self._predictor == _DIFFERENCES:
            values = np.add.accumulate(values, axis=1, dtype=values.dtype)
        x -= first * self._segment_width
        return beside_each_other(values, [len(rows) for _, rows in bands], end - first)[:, x : x + width]

    def _bands(self, top: int, bottom: int) -> list[tuple[int, range]]:
        """The rows of segments, by number, that meet the rows top..bottom - 1 of the picture, and which of
        the rows of a segment these are.
        """
        height = self._segment_rows
        return [
            (i, range(max(0, top - i * height), min(height, bottom - i * height)))
            for i in range(top // height, -(-bottom // height))
        ]

    def _rows(self, parts: list[Part], row_bytes: int) -> NDArray[np.uint8]:
        """The rows of parts of segments, one part below the other: (rows, row_bytes)."""
        places = [self._place(part, row_bytes) for part in parts]
        if self._compression != UNCOMPRESSED:
            return self._decompressed_rows(parts, places, row_bytes)
        pieces = [
            self._tiff.read(offset + part.rows.start * row_bytes, len(part.rows) * row_bytes)
            for (offset, _), part in zip(places, parts, strict=True)
        ]
        plain = np.frombuffer(b"".join(pieces), np.uint8).reshape(-1, row_bytes)
        return _REVERSED[plain] if self._fill_order == _LOW_BIT_FIRST else plain

    def _place(self, part: Part, row_bytes: int) -> tuple[int, int]:
        """Where the segment of a part lies: offset and number of bytes."""
        i = (part.plane * self._down + part.down) * self._across + part.across
        counts = self._byte_counts(row_bytes)
        if i >= min(len(self._offsets), len(counts)) or not counts[i]:
            raise FormatError("the picture is damaged: strips or tiles are missing")
        return self._offsets[i], counts[i]

    def _n_rows(self, part: Part) -> int:
        """The rows of the whole segment."""
        return self._last_rows if part.down == self._down - 1 else self._segment_rows

    def _decompressed_rows(
        self, parts: list[Part], places: list[tuple[int, int]], row_bytes: int
    ) -> NDArray[np.uint8]:
        segments = [self._tiff.read(offset, count) for offset, count in places]
        rows = [self._n_rows(part) for part in parts]
        plain = self._decompressed(segments, rows, row_bytes)
        if all(len(part.rows) == n for part, n in zip(parts, rows, strict=True)):
            return plain
        tops = np.cumsum([0, *rows])[:-1].tolist()
        wanted = [
            slice(top + part.rows.start, top + part.rows.stop) for top, part in zip(tops, parts, strict=True)
        ]
        return np.concatenate([plain[each] for each in wanted])

    def _byte_counts(self, row_bytes: int) -> tuple[int, ...]:
        """The numbers of bytes of the segments; a file of one strip may lack them."""
        if self._counts or len(self._offsets) != 1:
            return self._counts
        to_end = max(0, self._tiff.size - self._offsets[0])
        return (to_end,)

    def _decompressed(self, segments: list[bytes], rows: list[int], row_bytes: int) -> NDArray[np.uint8]:
        """(sum of rows, row_bytes) of compressed segments of so many rows; the last may have fewer."""
        file = _gray_tiff(segments, rows, row_bytes, self._compression, self._fill_order)
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # it is checked, and counts no bytes
        try:
            with TiffImagePlugin.TiffImageFile(io.BytesIO(file)) as image:
                plain: NDArray[np.uint8] = np.asarray(image)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
        return plain


def beside_each_other(values: NDArray[Any], heights: list[int], n_across: int) -> NDArray[Any]:
    """Segments (rows, width, C), in the order of a text, at their places in a picture.

    heights: those of the rows of segments, each of n_across segments.
    """
    if n_across == 1:
        return values
    _, width, n_channels = values.shape
    bands, top = [], 0
    for height in heights:
        band = values[top : top + height * n_across].reshape(n_across, height, width, n_channels)
        bands.append(band.transpose(1, 0, 2, 3).reshape(height, n_across * width, n_channels))
        top += height * n_across
    return np.concatenate(bands) if len(bands) > 1 else bands[0]


def _gray_tiff(
    segments: list[bytes], rows: list[int], row_bytes: int, compression: int, fill_order: int
) -> bytes:
    """A TIFF of gray bytes, row_bytes wide; its strips are the segments, the last may have fewer rows."""
    offsets = DATA_OFFSET + np.cumsum([0, *map(len, segments)])
    if offsets[-1] + 8 * len(segments) + _DIRECTORY_BYTES >= 1 << 32:
        raise FormatError("a compressed TIFF of more than 4 GiB is not supported")
    shorts = {
        tags.BITS_PER_SAMPLE: 8,
        tags.COMPRESSION: compression,
        tags.PHOTOMETRIC: 1,
        tags.FILL_ORDER: fill_order,
        tags.SAMPLES_PER_PIXEL: 1,
    }
    longs = {
        tags.WIDTH: [row_bytes],
        tags.LENGTH: [sum(rows)],
        tags.ROWS_PER_STRIP: [rows[0]],
        tags.STRIP_OFFSETS: offsets[:-1].tolist(),
        tags.STRIP_BYTE_COUNTS: [*map(len, segments)],
    }
    entries = {tag: entry("<", [value], SHORT) for tag, value in shorts.items()}
    entries |= {tag: entry("<", values) for tag, values in longs.items()}
    return tiff_of("<", b"".join(segments), entries)
