"""Files of huge RGB pictures, written from top to bottom: BigTIFF with tiles, Zarr, PNG, .npy."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TILE = 512  # pixels a side, of tiles and chunks

Bands = Iterator[NDArray[np.uint8]]  # (rows, width, 3); all but the last are a multiple of TILE high


def write_tiff(path: Path, bands: Bands, width: int, height: int, compression: str) -> None:
    """A BigTIFF. compression: as tifffile calls it, "none" for none."""
    import tifffile

    kind = None if compression == "none" else compression
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            tiles(bands), shape=(height, width, 3), dtype=np.uint8, tile=(TILE, TILE), photometric="rgb",
            compression=kind, predictor=2 if kind in ("zlib", "lzw", "zstd") else None,
        )  # fmt: skip


def tiles(bands: Bands) -> Bands:
    """The tiles (TILE, TILE, 3) of all bands, row by row, filled up with 0 at the right and the bottom."""
    for band in bands:
        for top in range(0, len(band), TILE):
            for left in range(0, band.shape[1], TILE):
                part = band[top : top + TILE, left : left + TILE]
                yield np.pad(part, ((0, TILE - part.shape[0]), (0, TILE - part.shape[1]), (0, 0)))


def write_zarr(path: Path, bands: Bands, width: int, height: int, compression: str) -> None:
    """A Zarr array (height, width, 3) of version 3, with the compression that zarr takes by default."""
    import zarr

    array = zarr.create_array(
        str(path), shape=(height, width, 3), dtype="uint8", chunks=(TILE, TILE, 3), overwrite=True
    )
    top = 0
    for band in bands:
        array[top : top + len(band)] = band
        top += len(band)


def write_npy(path: Path, bands: Bands, width: int, height: int, compression: str) -> None:
    """An array (height, width, 3)."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(height, width, 3))
    top = 0
    for band in bands:
        array[top : top + len(band)] = band
        top += len(band)
    array.flush()


def write_png(path: Path, bands: Bands, width: int, height: int, compression: str) -> None:
    """A PNG with the filter Up."""
    deflate, above = zlib.compressobj(3), np.zeros((1, 3 * width), np.uint8)
    with path.open("wb") as file:

        def put(name: bytes, body: bytes) -> None:
            file.write(struct.pack(">I", len(body)) + name + body)
            file.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(name))))

        file.write(b"\x89PNG\r\n\x1a\n")
        put(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
        for band in bands:
            rows = band.reshape(len(band), -1)
            filtered = np.full((len(rows), 1 + rows.shape[1]), 2, np.uint8)
            filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
            put(b"IDAT", deflate.compress(filtered.data))
            above = rows[-1:]
        put(b"IDAT", deflate.flush())
        put(b"IEND", b"")


WRITERS: dict[str, Callable[[Path, Bands, int, int, str], None]] = {
    ".tif": write_tiff,
    ".zarr": write_zarr,
    ".png": write_png,
    ".npy": write_npy,
}
