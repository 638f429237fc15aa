"""PNG in blocks: decoded once, row by row, into a temporary file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagegs.errors import FormatError, reading
from imagegs.pictures.cicp import Cicp
from imagegs.pictures.finishing import finished, in_srgb, with_keyed_alpha
from imagegs.pictures.huge.orientation import stored_region, upright_size
from imagegs.pictures.huge.png_head import PngHead, read_head
from imagegs.pictures.huge.png_rows import plain_rows
from imagegs.pictures.huge.source import FileState, check_size
from imagegs.pictures.huge.spill import Spill
from imagegs.pictures.huge.spilled_source import SpilledSource
from imagegs.pictures.pixels import CHANNEL_NAMES, IntegerPixels, Picture, Region, gray_if_gray
from imagegs.pictures.samples import to_full_range, unpacked


class PngSource(SpilledSource):
    """The first picture of a PNG, not interlaced."""

    def __init__(
        self,
        path: Path,
        size_limit: int | None = None,
        state: FileState | None = None,
        spill: Spill | None = None,
        used: tuple[int, ...] | None = None,
    ) -> None:
        """used: the palette's entries that pixels have, where the picture has been decoded before.

        Raises FormatError, LimitError, OSError; ImageGSError where the file has changed.
        """
        super().__init__(path, size_limit, state, spill)
        with path.open("rb") as file:
            head = self._head = read_head(file)
        self.width, self.height = upright_size(head.width, head.height, head.orientation)
        check_size(self.width, self.height, size_limit)
        one = np.zeros((1, 1, head.n_samples), np.uint8 if head.bits <= 8 else np.uint16)
        if head.palette is None:
            _finished(one, head)  # before the pixels are decoded: the profile may not be supported
        self._used = used
        if used is None:
            self._spill = self._decoded()
        self._palette = None if head.palette is None else _colors_of(head, self._used or ())
        first = self._colored(one)
        self._set_facts(first.pixels, first.channels)
        self.n_frames = head.n_frames

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._size_limit, self._state, self._spill, self._used)

    def _decoded(self) -> Spill:
        head, counts = self._head, np.zeros(256, np.int64)
        with self._path.open("rb") as file:
            rows = plain_rows(file, head)
            if head.palette is not None:
                rows = (_counted(strip, head, counts) for strip in rows)
            spill = Spill(head.height, head.row_bytes, rows)
        self._used = tuple(np.flatnonzero(counts).tolist())
        return spill

    def _block(self, region: Region) -> IntegerPixels:
        head = self._head
        x, y, width, height = stored_region(region, self.width, self.height, head.orientation)
        n = head.n_samples
        if head.bits < 8:
            values = _samples(np.array(self._rows()[y : y + height]), head)[:, x : x + width]
        else:
            size = n * head.bits // 8
            part = np.array(self._rows()[y : y + height, x * size : (x + width) * size])
            values = unpacked(part, width * n, head.bits).reshape(height, width, n)
        return self._colored(values).pixels

    def _colored(self, values: IntegerPixels) -> Picture:
        """The picture of samples (H, W, n) as stored."""
        if self._palette is None:
            return _finished(values, self._head)
        colors: IntegerPixels = self._palette[values[:, :, 0]]
        return finished(colors, self._head.orientation)


def _finished(values: IntegerPixels, head: PngHead) -> Picture:
    largest = (1 << head.bits) - 1
    keyed = with_keyed_alpha(values, head.key)[:, :, head.n_samples :]
    pixels = to_full_range(values, largest)
    alpha = (keyed != 0) * np.array(np.iinfo(pixels.dtype).max, pixels.dtype)
    return finished(np.concatenate([pixels, alpha], axis=2), head.orientation, head.color)


def _samples(rows: NDArray[np.uint8], head: PngHead) -> IntegerPixels:
    """(n, width, n_samples), as stored, of rows (n, row_bytes)."""
    return unpacked(rows, head.width * head.n_samples, head.bits).reshape(len(rows), head.width, -1)


def _counted(rows: NDArray[np.uint8], head: PngHead, counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The rows; the counts (256) of the palette's entries go up.

    Raises FormatError for pixels whose entry is missing.
    """
    counts += np.bincount(_samples(rows, head).ravel(), minlength=256)
    if counts[len(head.palette or b"") // 3 :].any():
        raise FormatError("the picture is damaged: pixels have colours that its palette lacks")
    return rows


def _colors_of(head: PngHead, used: tuple[int, ...]) -> NDArray[np.uint8]:
    """(256, C): a palette in sRGB, gray if all colours that are used are, with alpha if it has one."""
    entries = np.frombuffer(head.palette or b"", np.uint8)[: 3 * 256]
    table = np.zeros((1, 256, 4 if head.transparency else 3), np.uint8)
    n = len(entries) // 3
    table[0, :n, :3] = entries[: 3 * n].reshape(n, 3)
    if head.transparency:
        alpha = np.frombuffer(head.transparency[:n], np.uint8)
        table[0, :, 3] = 255
        table[0, : len(alpha), 3] = alpha
    with reading("the palette of the picture is damaged"):
        if isinstance(head.color, bytes):
            table = in_srgb(Image.fromarray(table), head.color)
        of_used = gray_if_gray(Picture(table[:, list(used)], CHANNEL_NAMES[table.shape[2]]))
        if len(of_used.channels) < table.shape[2]:
            table = table[:, :, [0, *range(3, table.shape[2])]]
        if isinstance(head.color, Cicp):
            table = finished(table, 1, head.color).pixels.astype(np.uint8, copy=False)
    colors: NDArray[np.uint8] = table[0]
    return colors
