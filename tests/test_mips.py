"""Mip levels: means of the whole texture, and `sample` with a footprint."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import imagegs
import oracle
from conftest import Run, check_failure
from imagegs.codec import Bits, save
from imagegs.pictures.reading import read_picture
from imagegs.textures import mips
from imagegs.textures.map_list import make_map, to_metadata
from imagegs.textures.mips import last_level, level_size, mip_chain, mip_level, mip_levels
from imagegs.textures.normals import with_unit_normals
from imagegs.textures.painting import paint_map

PLAIN = (None, None, None)
SIZES = [(8, 16), (5, 3), (7, 12), (1, 9), (13, 1), (1, 1)]  # height, width


def cells(n: int, m: int) -> np.ndarray:
    """(m, n): the shares of n samples in the means over m equal parts."""
    edges = np.arange(m + 1) * n / m
    overlap = np.minimum(edges[1:, None], np.arange(1, n + 1)) - np.maximum(edges[:-1, None], np.arange(n))
    return np.maximum(overlap, 0) * m / n


def pixels(height: int, width: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    values = np.random.default_rng(height * width).integers(0, np.iinfo(dtype).max, (height, width, channels))
    return values.astype(dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_texel_is_the_mean_of_what_is_under_it(size: tuple[int, int], dtype: type) -> None:
    whole = pixels(*size, dtype=dtype)
    levels = list(mip_levels(whole, PLAIN))
    for k, level in enumerate(levels):
        width, height = level_size(size[1], size[0], k)
        down, across = cells(size[0], height), cells(size[1], width)
        exact = np.einsum("yj,jic,xi->yxc", down, whole.astype(np.float64), across)
        assert level.shape == (height, width, 3) and level.dtype == dtype
        assert np.abs(level - exact).max() <= 0.501
    assert levels[-1].shape[:2] == (1, 1) and len(levels) == 1 + last_level(size[1], size[0])


@pytest.mark.parametrize("size", [(37, 5), (64, 8), (101, 1)])
@pytest.mark.parametrize("rows", [1, 4, 10])
def test_strips_do_not_matter(size: tuple[int, int], rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, alphas = pixels(*size, channels=4), (3, 3, 3, None)
    expected = list(mip_levels(whole, alphas))
    monkeypatch.setattr(mips, "_STRIP_ROWS", rows)
    for level, found in zip(expected, mip_levels(whole, alphas), strict=True):
        assert np.abs(level.astype(int) - found).max() <= 1


def test_a_level_of_an_even_size_is_the_mean_of_all_pixels_under_its_texels() -> None:
    whole = pixels(16, 32)
    for k, level in enumerate(mip_levels(whole, PLAIN)):
        side = min(16, 2**k), 2**k
        means = whole.reshape(16 // side[0], side[0], 32 // side[1], side[1], 3).mean((1, 3))
        assert np.abs(level - means).max() <= 0.501


def test_colours_count_by_their_alpha() -> None:
    whole = np.zeros((2, 4, 4), np.uint8)
    whole[:, 0] = [200, 100, 50, 255]
    whole[:, 1] = [10, 10, 10, 0]  # what alpha hides
    whole[:, 2:] = [[30, 60, 90, 0], [50, 80, 110, 0]]  # no colour is seen
    half = mip_level(whole, 1, (3, 3, 3, None))
    assert half.tolist() == [[[200, 100, 50, 128], [40, 70, 100, 0]]]
    assert mip_level(whole, 1, (None,) * 4)[0, 0, 0] == 105  # alpha of data is a channel like another
    assert mip_level(whole, 2, (3, 3, 3, None)).tolist() == [[[200, 100, 50, 64]]]


def test_normals_are_means_of_vectors_at_length_one() -> None:
    vectors = np.array([[[0.6, 0, 0.8], [-0.6, 0, 0.8]]])
    whole = np.round((vectors / 2 + 0.5) * 65535).astype(np.uint16)
    assert mip_level(whole, 1, PLAIN, True).tolist() == [[[32768, 32768, 65535]]]
    assert mip_level(whole, 1, PLAIN, False)[0, 0, 2] == 58982


@pytest.mark.parametrize("level", [-1, 4])
def test_a_level_that_is_not_there(level: int) -> None:
    with pytest.raises(ValueError, match=f"8 x 5 has the mip levels 0 to 3, not {level}"):
        mip_level(pixels(5, 8), level, PLAIN)


def test_the_chain_of_a_map() -> None:
    maps = make_map("Color", "Color.png", "color", 8, 4), make_map("N", "N.png", "normal", 16, 3, True)
    g = oracle.random_gaussians(np.random.default_rng(1), 40, 12, 20, 7)
    g = g.replace(channels=tuple(c for each in maps for c in each.stack_channels))
    color, normal = (mip_chain(g, each, 1) for each in maps)
    assert [level.shape[:2] for level in color] == [(12, 20), (6, 10), (3, 5), (1, 2), (1, 1)]
    assert np.array_equal(color[0], paint_map(g, maps[0]))
    assert np.array_equal(color[2], mip_level(color[0], 2, (3, 3, 3, None)))
    assert normal[1].dtype == np.uint16
    assert np.abs(with_unit_normals(normal[2] / np.float32(65535)) - normal[2] / 65535).max() < 2e-5


# `sample` with a footprint.


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("side", [2, 4, 8, 32])
def test_a_footprint_of_a_texel_gives_the_texel(side: int, wrap: bool) -> None:
    g = oracle.random_gaussians(np.random.default_rng(2), 90, 64, 96, 3, scales=(1, 9)).replace(wrap=wrap)
    rows, columns = 64 // side, 96 // side
    y, x = (np.mgrid[:rows, :columns].reshape(2, -1) + 0.5) * side
    found = imagegs.sample(g, np.stack([x, y], axis=1), footprint=side)
    expected = imagegs.render(g, scale=1 / side)
    assert np.abs(found.reshape(expected.shape) - expected).max() < 2e-5


def test_footprints_of_the_points() -> None:
    g = oracle.random_gaussians(np.random.default_rng(3), 50, 40, 40, 2)
    points = np.random.default_rng(4).uniform(5, 35, (6, 2))
    sides = np.array([0, 0.5, 1, 3, 3, 3])
    found = imagegs.sample(g, points, footprint=sides)
    assert np.allclose(found[0], imagegs.sample(g, points[:1])[0], atol=1e-6)
    assert np.allclose(found[3:], imagegs.sample(g, points[3:], footprint=3), atol=1e-6)
    assert not np.allclose(found, imagegs.sample(g, points), atol=1e-3)


def test_a_large_footprint_is_about_the_mean_of_all() -> None:
    g = oracle.random_gaussians(np.random.default_rng(5), 80, 64, 64, 3, scales=(4, 9))
    found = imagegs.sample(g, [[32, 32]], footprint=64)
    assert np.abs(found[0] - imagegs.render(g).mean((0, 1))).max() < 0.01


def test_far_points_with_a_footprint() -> None:
    g = oracle.random_gaussians(np.random.default_rng(3), 5, 8, 8, 1).replace(wrap=True)
    assert np.isfinite(imagegs.sample(g, [[9e36, -9e36]], footprint=4)).all()
    with pytest.raises(ValueError, match="reach beyond"):
        imagegs.sample(g, [[3.4e38, 1]], footprint=1e37)
    with pytest.raises(ValueError, match="footprints"):
        imagegs.sample(g, np.zeros((0, 2)), footprint=-1)


@pytest.mark.parametrize("footprint", [-1, np.nan, np.inf, 1e39, [1, 2, 3], [[1], [1]]])
def test_footprints_that_are_none(footprint: object) -> None:
    g = oracle.random_gaussians(np.random.default_rng(3), 5, 8, 8, 1)
    with pytest.raises(ValueError, match="footprints"):
        imagegs.sample(g, [[1, 1], [2, 2]], footprint=footprint)
    assert imagegs.sample(g, np.zeros((0, 2)), footprint=2).shape == (0, 1)


# `imagegs decode --mip`.


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    maps = make_map("Color", "Color.png", "color", 8, 3), make_map("N", "N.png", "normal", 8, 3, True)
    g = oracle.random_gaussians(np.random.default_rng(1), 40, 12, 20, 6)
    g = g.replace(channels=tuple(c for each in maps for c in each.stack_channels))
    save(tmp_path / "tiles.gsimg", g, Bits(), metadata=to_metadata(maps))
    return tmp_path / "tiles.gsimg"


def test_a_level_of_all_maps(run: Run, stack: Path, tmp_path: Path) -> None:
    assert run("decode", stack, "-o", tmp_path / "whole").code == 0
    outcome = run("decode", stack, "-o", tmp_path / "half", "--mip", 1)
    assert outcome.code == 0 and "2 maps, 10 x 6 pixels" in outcome.err
    for name, unit in (("Color.png", False), ("N.png", True)):
        whole, half = (read_picture(tmp_path / folder / name).pixels for folder in ("whole", "half"))
        assert np.array_equal(half, mip_level(whole, 1, PLAIN, unit))


def test_a_region_of_a_level(run: Run, stack: Path, tmp_path: Path) -> None:
    common = ("decode", stack, "--map", "Color", "--mip", 1, "-o")
    assert run(*common, tmp_path / "a.png").code == 0
    assert run(*common, tmp_path / "b.png", "--region", "2,1,5,4").code == 0
    whole, part = (read_picture(tmp_path / name).pixels for name in ("a.png", "b.png"))
    assert np.array_equal(part, whole[1:5, 2:7])


def test_a_level_of_a_picture(run: Run, gsimg: Path, tmp_path: Path) -> None:
    for k in range(6):
        assert run("decode", gsimg, "--mip", k, "-o", tmp_path / f"{k}.png").code == 0
    levels = [read_picture(tmp_path / f"{k}.png").pixels for k in range(6)]
    assert levels[5].shape == (1, 1, 3)
    assert all(a.shape[0] >= b.shape[0] for a, b in pairwise(levels))
    assert np.array_equal(levels[2], mip_level(levels[0], 2, PLAIN))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mip", "5"], "a texture of 20 x 12 has the mip levels 0 to 4, not 5"),
        (["--mip", "99"], "is not a whole number from 0 to 15"),
        (["--mip", "1", "--no-filter"], "no --no-filter with --mip"),
        (["--mip", "1", "--scale", "0.5"], "not allowed with argument"),
        (["--mip", "1", "--map", "Color", "--region", "8,0,4,4"], "is not inside the picture of 10 x 6"),
    ],
)
def test_levels_that_cannot_be(
    run: Run, stack: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    outcome = run("decode", stack, "-o", tmp_path / "out.png", *arguments)
    check_failure(outcome, outcome.code, message)
    assert outcome.code in (1, 2) and not (tmp_path / "out.png").exists()
