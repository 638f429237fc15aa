"""Files that are read in part: which bytes are read, what is painted of them, what damage elsewhere does."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chunks
import imagegs
from block_files import USUAL, scattered
from conftest import Run, check_failure
from gsimg_samples import sample_gaussians
from imagegs import FormatError, Gaussians, decode, encode, imread, load, read_info, render, sample
from imagegs.codec.blocks import UNKNOWN_REACH, BlockGrid, BlockIndex, read_blocks
from imagegs.codec.byte_source import Memory, OpenFile
from imagegs.codec.decoding import decode_contents
from imagegs.codec.opening import source_of
from imagegs.pictures.reading import read_picture
from imagegs.rendering import View

LAYERS = (30, 170, 700)
SIDE = 8  # of a block
G = scattered(900, LAYERS, seed=3)
DATA = encode(G, USUAL, block_side=SIDE)
WHOLE = decode(DATA)
PARTS = dict(chunks.split(DATA))
INDEX = read_blocks(memoryview(PARTS[b"BLKS"]), 100, 70, 2)
FIRST_LAYER = DATA.index(b"LAYR")
CORNER = (0, 0, 20, 10)


class Recording(Memory):
    """Notes which bytes are read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.seen = np.zeros(len(data), bool)

    def read(self, start: int, size: int) -> memoryview:
        assert start >= 0 and size >= 0 and start + size <= self.size
        self.seen[start : start + size] = True
        return super().read(start, size)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA)
    return path


def layer_starts(data: bytes = DATA) -> list[int]:
    """Where the streams of each layer begin."""
    starts, at = [], 10
    for name, payload in chunks.split(data):
        if name == b"LAYR":
            starts.append(at + 12)
        at += 12 + len(payload)
    return starts


def stream(layer: int, block: int) -> slice:
    """Where a block's stream lies in the file."""
    start = layer_starts()[layer] + int(INDEX.n_bytes[layer, :block].sum())
    return slice(start, start + int(INDEX.n_bytes[layer, block]))


def bytes_of(region: tuple[int, int, int, int], layers: int = 3) -> int:
    """The bytes of the streams that a region needs."""
    x, y, width, height = region
    needed = INDEX.layers_near(np.array([[x, y, x + width, y + height]]), wrap=False)
    return int(INDEX.n_bytes[:layers][np.arange(layers)[:, None] < needed].sum())


def damaged(layer: int, block: int) -> bytes:
    """A flipped byte in a stream; no checksum fits any more."""
    data = bytearray(DATA)
    data[stream(layer, block).start] ^= 1
    return bytes(data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_near_layers_are_those_of_the_page(data: st.DataObject) -> None:
    grid = BlockGrid(data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90)), 4)
    values = st.sampled_from([0, 1, 2, 3, UNKNOWN_REACH])
    n = 3 * len(grid)
    reach = np.array(data.draw(st.lists(values, min_size=n, max_size=n)), np.uint16).reshape(3, -1)
    nothing = np.zeros(reach.shape, np.uint32)
    index = BlockIndex(grid, reach, nothing, nothing, nothing)
    x, y = data.draw(st.integers(0, grid.width - 1)), data.draw(st.integers(0, grid.height - 1))
    box = x, y, data.draw(st.integers(x + 1, grid.width)), data.draw(st.integers(y + 1, grid.height))
    wanted = []
    for block in range(len(grid)):
        left, top, right, bottom = grid.rectangle(block)
        d = max(left - box[2], box[0] - right, top - box[3], box[1] - bottom)
        units = reach[:, block].tolist()
        reached = [layer for layer in range(3) if units[layer] == UNKNOWN_REACH or d <= 16 * units[layer]]
        wanted.append(max(reached, default=-1) + 1)
    assert index.layers_near(np.array([box]), wrap=False).tolist() == wanted
    assert index.layers_near(np.array([box]), wrap=True).tolist() == [3] * len(grid)
    assert np.array_equal(grid.rectangles(), [grid.rectangle(block) for block in range(len(grid))])


@pytest.mark.parametrize(
    "region", [CORNER, (37, 20, 20, 10), (80, 60, 20, 10), (0, 0, 100, 70), (99, 69, 1, 1)]
)
def test_a_region_reads_its_streams_and_no_others(region: tuple[int, int, int, int]) -> None:
    source = Recording(DATA)
    part = decode_contents(source, region=region).gaussians
    assert np.array_equal(render(part, region=region), render(WHOLE, region=region))
    assert source.seen[:FIRST_LAYER].all()
    # Each layer gives its head and number of Gaussians; of chunk TAIL all.
    assert source.seen[FIRST_LAYER:].sum() == bytes_of(region) + 3 * 12 + 12
    x, y, width, height = region
    needed = INDEX.layers_near(np.array([[x, y, x + width, y + height]]), wrap=False)
    for layer in range(3):
        for block in range(len(INDEX.grid)):
            seen = source.seen[stream(layer, block)]
            assert seen.all() if layer < needed[block] else not seen.any()


@pytest.mark.parametrize(("lod", "layers"), [(0.0, 1), (0.25, 2), (0.5, 2), (0.75, 3)])
def test_layers_beyond_the_level_are_not_read(lod: float, layers: int) -> None:
    for region in (CORNER, None):
        source = Recording(DATA)
        part = decode_contents(source, lod=lod, region=region).gaussians
        needed = bytes_of(region or (0, 0, 100, 70), layers)
        assert source.seen[FIRST_LAYER:].sum() == needed + 3 * 12 + 12
        expected = render(WHOLE.at_lod(lod), region=region)
        assert np.array_equal(render(part, region=region), expected)


def test_all_is_read_and_checked_where_all_is_wanted() -> None:
    source = Recording(DATA)
    decode_contents(source)
    assert source.seen.all()
    for view in (View(), View(height=35), View(scale=2.0)):
        source = Recording(DATA)
        decode_contents(source, view=view, whole=False)
        assert source.seen.all()
    wrong = bytearray(DATA)
    wrong[-13] ^= 1  # the checksum of the last layer
    for whole in ({}, {"view": View(height=35)}):
        with pytest.raises(FormatError, match="chunk LAYR: checksum mismatch"):
            decode_contents(Memory(wrong), **whole)
    assert len(decode(wrong, region=CORNER)) == len(decode(DATA, region=CORNER))


VIEWS: list[dict[str, Any]] = [
    {"region": (30, 20, 25, 15)},
    {"scale": 2.0, "region": (100, 60, 40, 40)},
    {"height": 35, "region": (10, 8, 21, 13)},
    {"region": (75, 40, 20, 30), "lod": 0.6},
    {"lod": 0.3},
    {"height": 20},
    {},
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_is_painted_as_its_bytes_are(view: dict[str, Any], file: Path) -> None:
    picture = imread(file, **view)
    assert np.array_equal(picture, imagegs.decompress(DATA, **view))
    size = {name: value for name, value in view.items() if name != "lod"}
    expected = render(WHOLE.at_lod(view.get("lod", 1.0)), dtype=np.uint8, **size)
    assert np.array_equal(picture, expected)
    assert np.array_equal(render(file, dtype=np.uint8, **view), expected)
    assert np.array_equal(render(WHOLE, dtype=np.uint8, **view), expected)


@pytest.mark.parametrize("footprint", [None, 3.0, "each"])
def test_points_of_a_file(footprint: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xy = np.array([[0.5, 0.5], [3, 8], [16, 8], [99.9, 69.9], [-40, 33], [400, 2], [50, 1e9]])
    sides = np.array([0, 1, 2, 5, 9, 2, 60.0]) if footprint == "each" else footprint
    for lod in (1.0, 0.4):
        expected = sample(WHOLE.at_lod(lod), xy, footprint=sides)
        assert np.array_equal(sample(file, xy, footprint=sides, lod=lod), expected)
    source = Recording(DATA)
    monkeypatch.setattr("imagegs.codec.painting.source_of", lambda *_: source)
    assert np.array_equal(sample(file, xy[:2]), sample(WHOLE, xy[:2]))
    needed = INDEX.layers_near(np.array([[0.5, 0.5, 0.5, 0.5], [3, 8, 3, 8]]), wrap=False)
    n_bytes = INDEX.n_bytes[np.arange(3)[:, None] < needed].sum()
    assert source.seen[FIRST_LAYER:].sum() == n_bytes + 3 * 12 + 12
    assert np.count_nonzero(needed) < len(INDEX.grid) / 2
    assert sample(file, np.empty((0, 2))).shape == (0, 3)


def test_many_points_on_a_canvas_that_wraps(tmp_path: Path) -> None:
    g = G.replace(wrap=True)
    imagegs.save(tmp_path / "a.gsimg", g, USUAL, block_side=SIDE)
    xy = np.random.default_rng(1).uniform(-150, 250, (500, 2))
    whole = load(tmp_path / "a.gsimg")
    assert np.array_equal(sample(tmp_path / "a.gsimg", xy), sample(whole, xy))
    region = (90, 60, 10, 10)
    assert np.array_equal(render(tmp_path / "a.gsimg", region=region), render(whole, region=region))


@pytest.mark.parametrize("xy", [[1, 2], [[1, 2, 3]], [[np.nan, 0]], [[0, np.inf]]])
def test_points_that_are_none(xy: Any, file: Path) -> None:
    with pytest.raises(ValueError, match=r"points have"):
        sample(file, xy)


@pytest.mark.parametrize("coding", ["blocks of another version", "fixed point"])
def test_files_without_blocks_are_read_whole(coding: str, tmp_path: Path) -> None:
    g = sample_gaussians(40) if coding == "fixed point" else scattered(40, (10, 30))
    path = tmp_path / "a.gsimg"
    imagegs.save(path, g, imagegs.Bits() if coding == "fixed point" else USUAL)
    region = (20, 10, 9, 9)
    whole = decode(path.read_bytes())
    assert len(load(path, region=region)) == len(whole) == 40
    assert np.array_equal(render(path, region=region), render(whole, region=region))
    wrong = bytearray(path.read_bytes())
    wrong[-13] ^= 1
    path.write_bytes(wrong)
    with pytest.raises(FormatError, match="checksum mismatch"):
        load(path, region=region)


def test_damage_hurts_only_where_it_is_wanted(run: Run, tmp_path: Path) -> None:
    last = len(INDEX.grid) - 1
    path, out = tmp_path / "a.gsimg", tmp_path / "a.png"
    path.write_bytes(damaged(2, last))
    for read in (load, render, imread):
        with pytest.raises(FormatError, match="layer 3, block 117: checksum mismatch"):
            read(path, region=(90, 60, 10, 10))
        with pytest.raises(FormatError, match="chunk LAYR: checksum mismatch"):
            read(path)
    with pytest.raises(FormatError, match="layer 3, block 117: checksum mismatch"):
        sample(path, [[99, 69]])
    assert len(load(path, region=(90, 60, 10, 10), lod=0.5)) > 0  # its layer is not among these
    assert np.array_equal(render(path, region=CORNER), render(WHOLE, region=CORNER))
    assert run("decode", path, "--region", "0,0,20,10", "-o", out).code == 0
    assert np.array_equal(read_picture(out).pixels, render(WHOLE, region=CORNER, dtype=np.uint8))
    for options in (["--region", "90,60,10,10"], ["--height", "30"], []):
        check_failure(run("decode", path, "-o", out, *options), 3, "checksum mismatch")


@pytest.mark.parametrize("region", [(95, 0, 6, 5), (0, 0, 0, 5), (-1, 0, 5, 5), (0, 70, 5, 5)])
def test_regions_outside(region: tuple[int, int, int, int], file: Path) -> None:
    for read in (load, render, imread):
        with pytest.raises(ValueError, match="is not inside the picture of 100 x 70 pixels"):
            read(file, region=region)
    with pytest.raises(ValueError, match="a level of detail is 0 to 1"):
        load(file, region=CORNER, lod=1.5)


def with_index(**changes: Any) -> bytes:
    """The file with other numbers in its index, and right checksums of chunks."""
    fields = {name: getattr(INDEX, name).copy() for name in ("reach", "n", "n_bytes", "crc")}
    for name, change in changes.items():
        change(fields[name])
    index = BlockIndex(INDEX.grid, **fields).to_bytes()
    return chunks.join(chunks.replaced(chunks.split(DATA), b"BLKS", index))


def add(layer: int, block: int, value: int) -> Any:
    def change(numbers: np.ndarray) -> None:
        numbers[layer, block] += np.uint32(value)

    return change


def move(numbers: np.ndarray) -> None:
    numbers[2, 0] += 9
    numbers[2, 1] -= 9


LIES = [
    ({"n_bytes": add(2, 0, 9)}, "layer 3: its blocks have 5.* bytes"),
    ({"n_bytes": add(2, 0, 2**31)}, "layer 3: its blocks have 21.* bytes"),
    ({"n_bytes": move}, "layer 3, block 1: checksum mismatch"),
    ({"crc": add(0, int(np.flatnonzero(INDEX.n[0])[0]), 1)}, "layer 1, block .*: checksum mismatch"),
    ({"n": add(1, int(np.flatnonzero(INDEX.n[1])[0]), 1)}, "layer 2: its blocks have 171 of 170 Gaussians"),
    ({"reach": lambda reach: reach.fill(0)}, None),
]


@pytest.mark.parametrize(("changes", "message"), LIES)
def test_an_index_that_lies(changes: dict[str, Any], message: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(with_index(**changes))
    whole = (0, 0, 100, 70)
    if message is None:  # a wrong reach shows a wrong part, and nothing worse
        assert len(load(path, region=CORNER)) < len(decode(DATA, region=CORNER))
        return
    for read in (load, render):
        with pytest.raises(FormatError, match=message):
            read(path, region=whole)


def test_a_head_that_lies_about_a_layer(tmp_path: Path) -> None:
    """Its number of Gaussians is compared with the index, and its length with the file."""
    start = layer_starts()[1]
    for at, value, message in (
        (start - 4, 171, "layer 3: 700 Gaussians, 699 are left"),
        (start - 4, 169, "the layers have 899 of 900 Gaussians"),
        (start - 4, 0, "layer 2: it has no Gaussians"),
        (start - 8, 2**31, "chunk LAYR: 2147483648 bytes declared"),
        (start - 12, 0, "its type .* is not four ASCII letters"),
    ):
        data = bytearray(DATA)
        struct.pack_into("<I", data, at, value)
        (tmp_path / "a.gsimg").write_bytes(data)
        with pytest.raises(FormatError, match=message):
            load(tmp_path / "a.gsimg", region=CORNER)


@pytest.mark.parametrize("left", [0, 5, 9, 40, FIRST_LAYER + 3, FIRST_LAYER + 40, len(DATA) - 1])
def test_a_file_that_ends_early(left: int, tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA[:left])
    with pytest.raises(FormatError) as of_file:
        load(path, region=CORNER)
    with pytest.raises(FormatError) as of_bytes:
        decode(DATA[:left], region=CORNER)
    assert str(of_file.value) == str(of_bytes.value)


def test_whole_layers_of_a_file_that_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA[:-100])
    part = load(path, region=CORNER, allow_partial=True)
    expected = render(WHOLE.first_layers(2), region=CORNER)
    assert np.array_equal(render(part, region=CORNER), expected)


def test_a_file_that_is_cut_while_it_is_read(file: Path) -> None:
    with file.open("rb") as opened:
        source = source_of(opened)
        assert isinstance(source, OpenFile)
        os.truncate(file, len(DATA) - 3000)
        with pytest.raises(FormatError, match=f"the file was cut while it was read: .* of {len(DATA)} bytes"):
            decode_contents(source, region=(80, 60, 20, 10))


def test_a_file_that_changes_while_it_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file takes its place behind the index: the checksums of the streams tell."""
    streams = BlockIndex.streams

    def change(self: BlockIndex, layer: int, *rest: Any) -> list[bytes]:
        if layer == 1:
            file.write_bytes(encode(scattered(900, LAYERS, seed=4), USUAL, block_side=SIDE).ljust(len(DATA)))
        return streams(self, layer, *rest)

    monkeypatch.setattr(BlockIndex, "streams", change)
    with pytest.raises(FormatError, match=r"layer [23], block \d+: checksum mismatch"):
        load(file, region=(0, 0, 100, 70))


def test_what_is_no_file(run: Run, tmp_path: Path) -> None:
    for read in (load, render, imread, read_info):
        with pytest.raises(IsADirectoryError):
            read(tmp_path)
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "missing.gsimg")
    check_failure(run("decode", tmp_path / "missing.gsimg", "--region", "0,0,5,5"), 4, "no such file")
    with pytest.raises(FileNotFoundError):
        sample(tmp_path / "missing.gsimg", [[0, 0]])


def test_a_pipe_is_read_whole(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(damaged(2, len(INDEX.grid) - 1),))
    writer.start()
    try:
        part = load(pipe, region=CORNER)
    finally:
        writer.join()
    assert np.array_equal(render(part, region=CORNER), render(WHOLE, region=CORNER))


def valid_files() -> list[Path]:
    return sorted((Path(__file__).parents[1] / "conformance" / "valid").glob("*.gsimg"))


@pytest.mark.parametrize("path", valid_files(), ids=lambda path: path.stem)
def test_the_whole_canvas_as_a_region(path: Path) -> None:
    whole = decode(path.read_bytes(), size_limit=2**32)
    region = (0, 0, whole.width, whole.height)
    part = load(path, region=region, size_limit=2**32)
    for name in ("xy", "scale", "angle", "log_weight", "color"):
        assert np.array_equal(getattr(part, name), getattr(whole, name))
    assert part.layers == whole.layers
    assert read_info(path, size_limit=2**32) == read_info(path.read_bytes(), size_limit=2**32)


def invalid_files() -> list[Path]:
    return sorted((Path(__file__).parents[1] / "conformance" / "invalid").glob("*.gsimg"))


@pytest.mark.parametrize("path", invalid_files(), ids=lambda path: path.stem)
def test_files_are_refused_as_their_bytes_are(path: Path) -> None:
    with pytest.raises(FormatError) as of_bytes:
        decode(path.read_bytes())
    for read in (load, read_info):
        with pytest.raises(FormatError) as of_file:
            read(path)
        assert str(of_file.value) == str(of_bytes.value)


def test_at_lod_is_what_a_level_of_a_file_is(file: Path) -> None:
    assert isinstance(WHOLE.at_lod(0.3), Gaussians)
    found, expected = load(file, lod=0.3), WHOLE.at_lod(0.3)
    assert np.array_equal(found.log_weight, expected.log_weight) and found.layers == expected.layers
