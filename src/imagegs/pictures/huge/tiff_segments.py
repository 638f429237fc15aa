"""Strips and tiles of a TIFF for blocks: what is decompressed stays for a while, what fails is named.

Segments that are compressed as pixels (JPEG, fax) or hold YCbCr or L*a*b* are decoded by libtiff, by way of
Pillow: each is put into a TIFF in memory, of which it is the only strip.
"""

from __future__ import annotations

import io
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from imagegs.errors import FormatError, is_of_the_disk
from imagegs.pictures import tiff_directories as tags
from imagegs.pictures.pixels import Region
from imagegs.pictures.tiff_in_memory import DATA_OFFSET, LONG, SHORT, entry, tiff_of
from imagegs.pictures.tiff_planes import UNCOMPRESSED, Part, Planes, beside_each_other

KEPT_BYTES = 1 << 27  # of decompressed segments: blocks beside each other share strips and tiles
MAX_SEGMENT_BYTES = 1 << 30  # of one decompressed strip or tile

_COPIED = (
    tags.BITS_PER_SAMPLE, tags.COMPRESSION, tags.PHOTOMETRIC, tags.FILL_ORDER, tags.SAMPLES_PER_PIXEL,
    tags.PREDICTOR, tags.INK_SET, tags.EXTRA_SAMPLES, tags.SAMPLE_FORMAT,
)  # fmt: skip
_SHORTS = (tags.BITS_PER_SAMPLE, tags.EXTRA_SAMPLES, tags.SAMPLE_FORMAT)  # which libtiff wants to be short


class BlockPlanes(Planes):
    """Planes of which parts are read, at no more memory than some segments."""

    def __init__(self, tiff: tags.TiffFile, directory: tags.Directory, n_samples: int, bits: int) -> None:
        """Raises FormatError for segments of more than MAX_SEGMENT_BYTES, and as `Planes` does."""
        super().__init__(tiff, directory, n_samples, bits)
        self._directory = directory
        self._kept: OrderedDict[tuple[int, int, int], NDArray[np.uint8]] = OrderedDict()
        n_bytes = self._segment_rows * self._segment_width * n_samples * -(-bits // 8)
        if self._compression != UNCOMPRESSED and n_bytes > MAX_SEGMENT_BYTES:
            raise FormatError(
                f"a strip or tile of this TIFF holds {n_bytes >> 20} MB, too much for a block: make a TIFF "
                "with tiles of it"
            )

    def image(self, region: Region) -> Image.Image:
        """The pixels of a region as Pillow decodes them, of a picture that is not `is_byte_wise`.

        Raises FormatError for damaged data.
        """
        x, y, width, height = region
        first, end = x // self._segment_width, -(-(x + width) // self._segment_width)
        bands = self._bands(y, y + height)
        parts = [Part(0, i, j, rows) for i, rows in bands for j in range(first, end)]
        decoded = [self._pixels_of(part) for part in parts]
        mode = decoded[0].mode
        rows = [
            np.atleast_3d(np.asarray(i))[p.rows.start : p.rows.stop]
            for i, p in zip(decoded, parts, strict=True)
        ]
        whole = beside_each_other(np.concatenate(rows), [len(r) for _, r in bands], end - first)
        x -= first * self._segment_width
        block = np.ascontiguousarray(whole[:, x : x + width])
        if mode == "1":
            return Image.fromarray(block[:, :, 0])
        return Image.frombytes(mode, (width, height), block.tobytes())

    def _pixels_of(self, part: Part) -> Image.Image:
        offset, count = self._place(part, 0)
        rows = self._n_rows(part)
        file = self._one_strip(self._tiff.read(offset, count), rows)
        try:
            with TiffImagePlugin.TiffImageFile(io.BytesIO(file)) as image:
                image.load()
                return image
        except Exception as error:  # Pillow raises whatever it runs into
            self._refuse(part, error)
            raise

    def _one_strip(self, data: bytes, rows: int) -> bytes:
        """A TIFF whose picture is one segment."""
        order, values = self._tiff.order, self._directory.values
        numbers = {tag: values[tag] for tag in _COPIED if tag in values} | {
            tags.WIDTH: (self._segment_width,),
            tags.LENGTH: (rows,),
            tags.ROWS_PER_STRIP: (rows,),
            tags.STRIP_BYTE_COUNTS: (len(data),),
            tags.STRIP_OFFSETS: (DATA_OFFSET,),
        }
        entries = {tag: entry(order, n, SHORT if tag in _SHORTS else LONG) for tag, n in numbers.items()}
        return tiff_of(order, data, entries | self._directory.of_segments)

    def _decompressed_rows(
        self, parts: list[Part], places: list[tuple[int, int]], row_bytes: int
    ) -> NDArray[np.uint8]:
        wanted = [part for part in parts if part[:3] not in self._kept]
        where = dict(zip((part[:3] for part in parts), places, strict=True))
        segments = [self._tiff.read(*where[part[:3]]) for part in wanted]
        found = {key: self._kept[key] for key in where if key in self._kept}
        fresh = self._decoded(wanted, segments, row_bytes) if wanted else []
        found |= {part[:3]: rows for part, rows in zip(wanted, fresh, strict=True)}
        self._keep(found)
        return np.concatenate([found[part[:3]][part.rows.start : part.rows.stop] for part in parts])

    def _decoded(self, parts: list[Part], segments: list[bytes], row_bytes: int) -> list[NDArray[np.uint8]]:
        """The rows of each segment. Raises FormatError, which names the first damaged one."""
        heights = [self._n_rows(part) for part in parts]
        try:
            plain = self._decompressed(segments, heights, row_bytes)
        except Exception as error:
            if len(parts) == 1:
                self._refuse(parts[0], error)
                raise
            return [self._decoded([p], [s], row_bytes)[0] for p, s in zip(parts, segments, strict=True)]
        return np.split(plain, np.cumsum(heights)[:-1])

    def _keep(self, found: dict[tuple[int, int, int], NDArray[np.uint8]]) -> None:
        """Keeps the newest segments, up to KEPT_BYTES."""
        for key, rows in found.items():
            self._kept[key] = rows
            self._kept.move_to_end(key)
        total = sum(rows.nbytes for rows in self._kept.values())
        while self._kept and total > KEPT_BYTES:
            total -= self._kept.popitem(last=False)[1].nbytes

    def _refuse(self, part: Part, error: Exception) -> None:
        """Raises FormatError with the place of a segment that cannot be decoded, unless the disk failed."""
        if is_of_the_disk(error) or isinstance(error, MemoryError):
            return
        x, y = part.across * self._segment_width, part.down * self._segment_rows
        text = " ".join(str(error).split())
        raise FormatError(
            f"the picture is damaged: its strip or tile at ({x}, {y}) cannot be decoded: {text}"
        ) from error
