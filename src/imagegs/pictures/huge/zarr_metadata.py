"""Reads the metadata of a Zarr folder, before the zarr package sees the folder.

Some codecs of Zarr run what the data say (pickle), so only those of a list are let through.

Source: Zarr specifications 2 and 3; OME-Zarr (NGFF) 0.4 and 0.5, "multiscales" metadata.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from imagegs.errors import FormatError, reading
from imagegs.pictures.huge.source import check_samples, check_size
from imagegs.pictures.pixels import channel_names

NAMES = ("zarr.json", ".zarray", ".zgroup")  # of files of which a Zarr folder has one
MAX_CHUNK_BYTES = 1 << 30  # of one chunk in memory
_MOST_BYTES = 1 << 24  # of metadata
_CODECS = {
    *("blosc", "zlib", "gzip", "bz2", "lzma", "lz4", "zstd", "shuffle", "delta", "packbits"),
    *("crc32", "crc32c", "adler32", "fletcher32", "bytes", "transpose", "sharding_indexed"),
}
_TYPES = {"uint8": "uint8", "uint16": "uint16", "|u1": "uint8", "<u2": "uint16", ">u2": "uint16"}


@dataclass(frozen=True)
class Layout:
    """Where the picture lies: the folder of its array, and what its axes are."""

    folder: Path
    axes: tuple[str, ...]  # "y", "x", "c", or another letter for one of which the first is taken
    shape: tuple[int, ...]
    dtype: str  # uint8 or uint16
    channels: tuple[str, ...]
    left_out: tuple[str, ...]

    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.shape[self.axes.index("x")], self.shape[self.axes.index("y")]


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr array or group."""
    return any((folder / name).is_file() for name in NAMES)


def metadata_file(folder: Path) -> Path:
    """The file that tells of a folder. Raises FormatError where there is none."""
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    raise FormatError("this folder is no Zarr array: it has no zarr.json or .zarray")


def read_layout(folder: Path) -> Layout:
    """The layout of a Zarr array (H, W) or (H, W, C), or of the full resolution of an OME-Zarr picture.

    Raises FormatError for other arrays, OSError.
    """
    with reading("the metadata of this Zarr folder are damaged"):
        told = _read_json(metadata_file(folder))
        axes: tuple[str, ...] | None = None
        if told.get("node_type") == "group" or (folder / ".zgroup").is_file():
            below, axes = _full_resolution(folder, told)
            folder = folder / below
            told = _read_json(metadata_file(folder))
        shape = tuple(int(n) for n in told["shape"])
        dtype = _checked_type(told)
        _check_codecs(told)
        _check_chunks(told, dtype)
        return _layout(folder, axes, shape, dtype)


def _layout(folder: Path, axes: tuple[str, ...] | None, shape: tuple[int, ...], dtype: str) -> Layout:
    is_ome = axes is not None
    if axes is None:
        axes = ("y", "x", "c")[: max(2, len(shape))]
    if len(axes) != len(shape) or not {"x", "y"} <= set(axes) or len(set(axes)) != len(axes):
        raise FormatError(f"a picture has the shape (H, W) or (H, W, C), not {shape}")
    n = dict(zip(axes, shape, strict=True))
    n_channels = n.get("c", 1)
    check_samples(dtype, n_channels)
    if math.prod(shape) == 0:
        raise FormatError(f"a picture needs at least one pixel, not {shape}")
    check_size(n["x"], n["y"], None)
    # The channels of a microscope are no alpha.
    named = not is_ome or n_channels in (1, 3)
    names = channel_names(n_channels) if named else tuple(f"C{i}" for i in range(n_channels))
    left_out = tuple(f"{n[a] - 1} of {n[a]} {a}" for a in axes if a not in "yxc" and n[a] > 1)
    return Layout(folder, axes, shape, dtype, names, left_out)


def _full_resolution(folder: Path, told: dict[str, Any]) -> tuple[PurePosixPath, tuple[str, ...]]:
    """The path of the first array of an OME-Zarr picture, and its axes."""
    attributes = told.get("attributes", {})
    if (folder / ".zattrs").is_file():
        attributes = _read_json(folder / ".zattrs")
    scales = attributes.get("ome", attributes).get("multiscales")
    if not scales:
        raise FormatError("this folder is a Zarr group, not an array: give the folder of one of its arrays")
    first = scales[0]
    axes = [each if isinstance(each, str) else each["name"] for each in first["axes"]]
    path = PurePosixPath(first["datasets"][0]["path"])
    if path.is_absolute() or ".." in path.parts:
        raise FormatError("the metadata of this Zarr folder are damaged: they point out of it")
    return path, tuple(str(axis).lower() for axis in axes)


def _checked_type(told: dict[str, Any]) -> str:
    dtype = told.get("dtype", told.get("data_type"))
    if not isinstance(dtype, str) or dtype not in _TYPES:
        check_samples(dtype if isinstance(dtype, str) else "structured", 1)
    return _TYPES[str(dtype)]


def _check_codecs(told: dict[str, Any]) -> None:
    for name in _codec_names(told):
        if name.removeprefix("numcodecs.") not in _CODECS:
            raise FormatError(f"a Zarr array with the codec {name!r} is not supported")


def _codec_names(told: dict[str, Any]) -> Iterator[str]:
    for each in (told.get("compressor"), *(told.get("filters") or ())):
        if each is not None:
            yield str(each["id"])
    for codec in told.get("codecs", ()):
        yield str(codec["name"])
        inner = codec.get("configuration", {})
        yield from _codec_names({"codecs": [*inner.get("codecs", ()), *inner.get("index_codecs", ())]})


def _check_chunks(told: dict[str, Any], dtype: str) -> None:
    """Raises FormatError for chunks that are too large for memory; those within a shard are what counts."""
    chunks = told.get("chunks") or told["chunk_grid"]["configuration"]["chunk_shape"]
    for codec in told.get("codecs", ()):
        if codec["name"] == "sharding_indexed":
            chunks = codec["configuration"]["chunk_shape"]
    n_bytes = math.prod(int(n) for n in chunks) * (2 if dtype == "uint16" else 1)
    if not 0 < n_bytes <= MAX_CHUNK_BYTES:
        raise FormatError(f"a chunk of this Zarr array holds {n_bytes >> 20} MB, too much for a block")


def _read_json(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise FormatError("the metadata of this Zarr folder are too long")
    told = json.loads(data)
    if not isinstance(told, dict):
        raise FormatError("the metadata of this Zarr folder are no JSON object")
    return told
