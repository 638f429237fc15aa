"""Chunk BLKS: files in blocks, each decoded by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chunks
from block_files import USUAL, scattered, with_damage
from conftest import Run, check_failure
from gsimg_samples import sample_gaussians
from imagegs import FormatError, Gaussians, Lattice, decode, decompress, encode, read_info, render
from imagegs.codec.blocks import (
    LEAST_GAUSSIANS,
    MOST_BLOCKS,
    MOST_IN_A_BLOCK,
    UNKNOWN_REACH,
    read_blocks,
    usual_grid,
)
from imagegs.pictures.reading import read_picture

ARRAYS = ("xy", "scale", "angle", "log_weight", "color")


def rows(g: Gaussians) -> list[tuple[float, ...]]:
    """The Gaussians' numbers, layer by layer, in an order that does not depend on the file's."""
    table = np.column_stack([g.xy, g.scale, g.angle, g.log_weight, g.color]).tolist()
    ends = np.cumsum(g.layers or (len(g),)).tolist()
    parts = [sorted(map(tuple, table[a:b])) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return [row for part in parts for row in part]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.sampled_from([4, 8, 16, 64, 128]), st.integers(0, 2), st.integers(0, 1000))
def test_blocks_hold_the_same_gaussians(n: int, side: int, cuts: int, seed: int) -> None:
    layers = tuple(len(part) for part in np.array_split(np.arange(n), cuts + 1) if len(part))
    g = scattered(n, layers, seed)
    whole, blocks = encode(g, USUAL, block_side=0), encode(g, USUAL, block_side=side)
    assert rows(decode(blocks)) == rows(decode(whole))
    assert decode(blocks).layers == decode(whole).layers
    assert encode(decode(blocks), USUAL, block_side=side) == blocks


def test_one_block_is_a_file_without_blocks() -> None:
    g = scattered(30)
    assert encode(g, USUAL, block_side=128) == encode(g, USUAL)
    info = read_info(encode(g, USUAL))
    assert info.block_side is None and info.version == 3


def test_what_a_file_says_of_its_blocks() -> None:
    data = encode(scattered(60, (20, 40)), USUAL, block_side=32)
    info = read_info(data)
    assert (info.block_side, info.version) == (32, 4)
    assert info.bytes_by_chunk["BLKS"] == 12 + 2 + 12 * 14 * 2
    assert sum(info.bytes_by_chunk.values()) == len(data)
    assert [layer.n_gaussians for layer in info.layers] == [20, 40]
    plain = read_info(encode(scattered(60, (20, 40)), USUAL))
    for name, bits in info.bits_by_attribute.items():
        assert bits == pytest.approx(plain.bits_by_attribute[name], rel=0.5)


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_do_not_matter(threads: int) -> None:
    data = encode(scattered(200, (50, 150)), USUAL, block_side=16)
    one, several = decode(data, threads=1), decode(data, threads=threads)
    assert all(np.array_equal(getattr(one, k), getattr(several, k)) for k in ARRAYS)


@pytest.mark.parametrize("lod", [0.0, 0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("corner", [(0, 0), (37, 20), (80, 60), (16, 16)])
def test_a_region_needs_only_blocks_in_reach(lod: float, corner: tuple[int, int]) -> None:
    data = encode(scattered(900, (30, 170, 700), seed=3), USUAL, block_side=8)
    x, y = corner
    region = (x, y, 20, 10)
    part, whole = decode(data, lod=lod, region=region), decode(data, lod=lod)
    assert len(part) < len(whole)
    assert np.array_equal(render(part, region=region), render(whole, region=region))
    for scale in (0.5, 2):
        view = {"scale": scale, "region": tuple(int(scale * v) for v in (x // 2 * 2, y, 18, 10))}
        assert np.array_equal(render(part, **view), render(whole, **view))


@pytest.mark.parametrize(
    "region", [(500, 500, 3, 3), (0, 0, -9, 3), (0, 0, 0, 0), (-5, -5, 1, 1), (90, 0, 11, 5)]
)
def test_regions_that_are_not_inside(region: tuple[int, int, int, int]) -> None:
    data = encode(scattered(60), USUAL, block_side=16)
    with pytest.raises(ValueError, match="is not inside the picture of 100 x 70 pixels"):
        decode(data, region=region)


def test_a_region_that_no_block_reaches() -> None:
    """A file that says so is wrong: its Gaussians lie in the left half, and none reaches the right one."""
    g = scattered(60)
    parts = chunks.split(encode(g.replace(xy=g.xy * (0.5, 1)), USUAL, block_side=16))
    index = bytearray(parts[2][1])
    for at in range(2, len(index), 14):
        index[at + 12 : at + 14] = bytes(2)
    data = chunks.join([*parts[:2], (b"BLKS", bytes(index)), *parts[3:]])
    with pytest.raises(FormatError, match="no block reaches the region"):
        decode(data, region=(90, 10, 5, 5))


def test_a_layer_whose_weights_are_clipped_where_it_fades_in() -> None:
    """Two Gaussians of it come level only there, so the reach must not tell of whole layers alone."""
    g = Gaussians(
        xy=[(8, 8), (220, 250), (250, 250)],
        scale=[(1, 1), (30, 30), (30, 30)],
        angle=np.zeros(3),
        log_weight=[0, -105, -128],
        color=[[0], [0], [1e5]],  # so faint that its steps are coarse
        height=256,
        width=256,
        channels=("Y",),
        layers=(1, 2),
    )
    fine = replace(Lattice.of_fineness(4), color=-127)
    data, region = encode(g, fine, block_side=16), (224, 244, 8, 8)
    part = decode(data, lod=1e-9, region=region)
    whole = render(decode(data, lod=1e-9), region=region)
    assert whole.max() > 1 and np.array_equal(render(part, region=region), whole)


def test_small_gaussians_of_a_later_layer_reach_less_far() -> None:
    scale = np.repeat([[9.0, 9.0], [0.5, 0.5]], [40, 860], axis=0)
    data = encode(scattered(900, (40, 860), scale=scale), USUAL, block_side=16)
    index = read_blocks(memoryview(dict(chunks.split(data))[b"BLKS"]), 100, 70, 2)
    coarse, fine = index.reach.max(axis=1).tolist()
    assert 0 < fine < coarse < UNKNOWN_REACH


def test_the_reach_of_very_many_pairs_is_not_looked_for() -> None:
    wide = scattered(60000, scale=np.full((60000, 2), 1e4))
    data = encode(wide, USUAL, block_side=4)
    assert len(decode(data, region=(0, 0, 4, 4))) == 60000


def test_a_region_of_a_canvas_that_wraps_needs_all() -> None:
    data = encode(scattered(300, wrap=True), USUAL, block_side=16)
    assert len(decode(data, region=(0, 0, 5, 5))) == 300


def test_a_region_without_blocks_needs_all() -> None:
    assert len(decode(encode(scattered(30), USUAL), region=(0, 0, 1, 1))) == 30


def test_a_damaged_block_does_not_hurt_others() -> None:
    data, damaged = with_damage()
    with pytest.raises(FormatError, match="layer 1, block 117: checksum mismatch"):
        decode(damaged)
    region = (0, 0, 20, 10)
    found = render(decode(damaged, region=region), region=region)
    assert np.array_equal(found, render(decode(data), region=region))


@pytest.mark.parametrize("view", [{}, {"scale": 0.5}, {"scale": 0.3}, {"height": 211}])
def test_a_part_of_a_picture_needs_only_blocks_in_reach(view: dict[str, float]) -> None:
    data, damaged = with_damage()
    whole = decompress(data, **view)
    part = decompress(damaged, region=(2, 1, 9, 7), **view)
    assert np.array_equal(part, whole[1:8, 2:11])
    height, width, _ = whole.shape
    with pytest.raises(FormatError, match="block 117"):
        decompress(damaged, region=(width - 3, height - 3, 3, 3), **view)


def test_the_command_decodes_a_part_of_a_damaged_file(run: Run, tmp_path: Path) -> None:
    data, damaged = with_damage()
    (tmp_path / "a.gsimg").write_bytes(damaged)
    assert run("decode", tmp_path / "a.gsimg", "--region", "0,0,20,10", "--quiet").code == 0
    found = read_picture(tmp_path / "a.png").pixels
    assert np.array_equal(found, decompress(data, region=(0, 0, 20, 10)))
    for whole in ([], ["--mip", 1, "--region", "0,0,9,9"]):
        check_failure(run("decode", tmp_path / "a.gsimg", "--overwrite", *whole), 3, "block 117")


def test_a_checksum_is_reported_before_a_damaged_header() -> None:
    parts = chunks.split(encode(scattered(60), USUAL, block_side=32))
    head = bytearray(parts[0][1])
    head[10] = 25  # its flags
    damaged = bytearray(chunks.join([(b"HEAD", bytes(head)), *parts[1:]]))
    damaged[-13] ^= 1  # the checksum of the layer
    for read in (decode, read_info, lambda data: decompress(data, height=35)):
        with pytest.raises(FormatError, match="chunk LAYR: checksum mismatch"):
            read(bytes(damaged))


def test_a_file_that_is_cut_short() -> None:
    data = encode(scattered(300, (40, 100, 160)), USUAL, block_side=32)
    cut = data[:-100]
    with pytest.raises(FormatError, match="declared"):
        decode(cut)
    whole = decode(data)
    part = decode(cut, allow_partial=True)
    assert part.layers == (40, 100) and np.array_equal(part.xy, whole.xy[:140])


@pytest.mark.parametrize("side", [-1, 1, 3, 48, 65536])
def test_sides_that_no_block_can_have(side: int) -> None:
    with pytest.raises(ValueError, match=f"blocks of {side} pixels: only powers of 2 from 4 to 32768"):
        encode(scattered(9), USUAL, block_side=side)


def test_too_many_blocks() -> None:
    with pytest.raises(ValueError, match="16384 blocks are possible"):
        encode(scattered(9, width=60000, height=600), USUAL, block_side=4)


def test_fixed_point_has_no_blocks() -> None:
    from imagegs import Bits

    with pytest.raises(ValueError, match="fixed point"):
        encode(sample_gaussians(), Bits(), block_side=16)


@pytest.mark.parametrize(("width", "height"), [(4096, 4096), (65535, 65535), (65535, 1), (300, 200)])
def test_large_files_have_blocks_by_themselves(width: int, height: int) -> None:
    assert len(usual_grid(LEAST_GAUSSIANS - 1, width, height, 2)) == 1
    for n in (LEAST_GAUSSIANS, 10**6, 2**32 - 1):
        grid = usual_grid(n, width, height, 2)
        assert 1 <= len(grid) <= MOST_BLOCKS
        if grid.side > 2 and len(grid) < MOST_BLOCKS / 4:
            assert n * 4**grid.side <= MOST_IN_A_BLOCK * width * height


def test_a_large_file() -> None:
    g = scattered(LEAST_GAUSSIANS)
    data = encode(g, USUAL)
    assert read_info(data).block_side == 32
    assert rows(decode(data)) == rows(decode(encode(g, USUAL, block_side=0)))
