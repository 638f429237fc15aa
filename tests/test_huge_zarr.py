"""Zarr folders in blocks: both versions, OME-Zarr, and what is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from imagegs.errors import FormatError, ImageGSError, LimitError
from imagegs.pictures.huge import is_zarr, open_source, picture_size
from picture_files import noise

SHAPE = 53, 71


def write(path: Path, pixels: NDArray[Any], version: int = 3, **options: Any) -> Path:
    chunks = (16, 16, *pixels.shape[2:])
    array = zarr.create_array(
        str(path), shape=pixels.shape, dtype=pixels.dtype, chunks=options.pop("chunks", chunks),
        zarr_format=version, **options,
    )  # fmt: skip
    array[...] = pixels
    return path


def change(path: Path, **told: Any) -> None:
    """Puts other values into the metadata of an array."""
    path.write_text(json.dumps(json.loads(path.read_text()) | told))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "a.zarr", noise(3, np.uint8, SHAPE))


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    return write(tmp_path / "old.zarr", noise(3, np.uint8, SHAPE), version=2)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2"])
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4, 7])
def test_arrays_of_both_versions(tmp_path: Path, version: int, dtype: Any, channels: int) -> None:
    pixels = noise(channels or 1, np.uint8 if dtype == np.uint8 else np.uint16, SHAPE)
    stored = pixels if channels else pixels[:, :, 0]
    path = write(tmp_path / "a.zarr", stored.astype(dtype if version == 2 else pixels.dtype), version)
    assert is_zarr(path) and picture_size(path) == (71, 53)
    source = open_source(path)
    assert source.bit_depth == 8 * pixels.dtype.itemsize and len(source.channels) == max(1, channels)
    for each in (source, pickle.loads(pickle.dumps(source))):
        block = each.read(5, 7, 41, 33)
        np.testing.assert_array_equal(block, pixels[7:40, 5:46])
        assert block.dtype == pixels.dtype and block.flags.c_contiguous


def test_shards(tmp_path: Path) -> None:
    pixels = noise(3, np.uint8, SHAPE)
    path = write(tmp_path / "a.zarr", pixels, shards=(32, 32, 3))
    np.testing.assert_array_equal(open_source(path).read(5, 7, 41, 33), pixels[7:40, 5:46])


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_is_read_in_full_resolution(tmp_path: Path, version: int) -> None:
    pixels = noise(3, np.uint8, SHAPE)
    stored = np.zeros((2, 3, 1, *SHAPE), np.uint8)
    stored[0, :, 0] = np.moveaxis(pixels, 2, 0)
    scales = [
        {
            "axes": [{"name": name} for name in "tczyx"],
            "datasets": [{"path": "0"}, {"path": "1"}],
        }
    ]
    told = {"multiscales": scales} if version == 2 else {"ome": {"multiscales": scales}}
    path = tmp_path / "a.ome.zarr"
    zarr.open_group(str(path), mode="w", zarr_format=version, attributes=told)
    write(path / "0", stored, version, chunks=(1, 1, 1, 16, 16))
    source = open_source(path)
    assert (source.width, source.height, source.channels) == (71, 53, ("R", "G", "B"))
    assert source.left_out == ("1 of 2 t",)
    np.testing.assert_array_equal(source.read(5, 7, 41, 33), pixels[7:40, 5:46])


def test_the_limit_comes_before_the_pixels(folder: Path) -> None:
    open_source(folder, size_limit=53 * 71)
    with pytest.raises(LimitError, match="71 x 53"):
        open_source(folder, size_limit=53 * 71 - 1)


def test_an_array_that_changes(folder: Path) -> None:
    source = open_source(folder)
    data = pickle.dumps(source)
    change(folder / "zarr.json", attributes={"a": 1})
    with pytest.raises(ImageGSError, match="has changed"):
        source.read(0, 0, 1, 1)
    with pytest.raises(ImageGSError, match="has changed"):
        pickle.loads(data)


@pytest.mark.parametrize(
    "shape, dtype, part",
    [
        ((20,), np.uint8, "shape"),
        ((2, 20, 20, 3), np.uint8, "shape"),
        ((20, 20, 33), np.uint8, "32 channels"),
        ((20, 0, 3), np.uint8, "at least one pixel"),
        ((65536, 2), np.uint8, "65535"),
        ((20, 20), np.float32, "float32 samples"),
        ((20, 20), np.int16, "int16 samples"),
        ((20, 20), np.uint32, "uint32 samples"),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path: Path, shape: Any, dtype: Any, part: str) -> None:
    zarr.create_array(
        str(tmp_path / "a.zarr"), shape=shape, dtype=dtype, chunks=tuple(max(1, min(20, n)) for n in shape)
    )
    with pytest.raises(FormatError, match=part):
        open_source(tmp_path / "a.zarr")


def test_zarr_without_data(tmp_path: Path) -> None:
    zarr.create_array(str(tmp_path / "a.zarr"), shape=(20, 20), dtype=np.uint8, chunks=(8, 8))
    with pytest.raises(FormatError, match="no data"):
        open_source(tmp_path / "a.zarr")


def test_a_chunk_that_is_damaged_is_named(folder: Path) -> None:
    source = open_source(folder)
    (folder / "c/1/2/0").write_bytes(b"no chunk of Zstandard")
    with pytest.raises(FormatError, match=r"chunks at \(40, 20\)"):
        source.read(40, 20, 4, 4)
    source.read(0, 0, 10, 10)  # another chunk


def test_groups_and_other_folders(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no zarr\.json"):
        open_source(tmp_path)
    assert not is_zarr(tmp_path)
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    with pytest.raises(FormatError, match="group, not an array"):
        open_source(tmp_path / "a.zarr")


@pytest.mark.parametrize("outside", ["../a.zarr", "/etc"])
def test_a_group_points_to_its_own_arrays(folder: Path, tmp_path: Path, outside: str) -> None:
    told = {"ome": {"multiscales": [{"axes": ["y", "x", "c"], "datasets": [{"path": outside}]}]}}
    zarr.open_group(str(tmp_path / "b.zarr"), mode="w", attributes=told)
    with pytest.raises(FormatError, match="point out of it"):
        open_source(tmp_path / "b.zarr")


def test_codecs_that_run_code_are_refused(folder: Path, old_folder: Path) -> None:
    """The codec pickle of Zarr 2 would run whatever a chunk says."""
    change(old_folder / ".zarray", filters=[{"id": "pickle", "protocol": 5}])
    with pytest.raises(FormatError, match="codec 'pickle'"):
        open_source(old_folder)
    codecs = json.loads((folder / "zarr.json").read_text())["codecs"]
    change(folder / "zarr.json", codecs=[{"name": "numcodecs.pickle", "configuration": {}}, *codecs])
    with pytest.raises(FormatError, match=r"codec 'numcodecs\.pickle'"):
        open_source(folder)
    inner = {
        "name": "sharding_indexed",
        "configuration": {"chunk_shape": [8, 8, 3], "codecs": [{"name": "evil"}]},
    }
    change(folder / "zarr.json", codecs=[inner])
    with pytest.raises(FormatError, match="codec 'evil'"):
        open_source(folder)


def test_metadata_that_are_damaged(folder: Path, old_folder: Path) -> None:
    change(old_folder / ".zarray", chunks=[2**20, 2**20, 3])
    with pytest.raises(FormatError, match="too much for a block"):
        open_source(old_folder)
    for text in ("", "[]", "{}", '{"shape": ["a"]}', "\xff", '{"shape": 3, "data_type": {}}'):
        (folder / "zarr.json").write_text(text)
        with pytest.raises(FormatError):
            open_source(folder)


def test_zarr_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegs.pictures.huge.zarr_source.find_spec", lambda name: None)
    with pytest.raises(ImageGSError, match=r"pip install 'imagegs\[huge\]'"):
        open_source(folder)
