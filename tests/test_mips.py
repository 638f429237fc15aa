"""The mip levels of maps: sizes, means of areas, alpha, normals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imagegs.textures.map_list import TextureMap
from imagegs.textures.mips import level_sizes, mip_chain
from imagegs.textures.painting import paint_map
from texture_files import BY_NAME, MAPS, sizes, stack

SHAPES = [(5, 3), (1, 1), (61, 45), (64, 32), (1, 9), (48, 20)]


def overlaps(m: int, n: int) -> np.ndarray:
    """(n, m) float64: the part of each of n equal areas of an axis that each of its m texels has."""
    edges = np.arange(n + 1) * m / n
    low, high = np.arange(m), np.arange(m) + 1
    inside = np.minimum(edges[1:, None], high) - np.maximum(edges[:-1, None], low)
    return inside.clip(0) * n / m


def means(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    rows, columns = overlaps(values.shape[0], height), overlaps(values.shape[1], width)
    return np.einsum("ah,bw,hwc->abc", rows, columns, values)


def expected(base: np.ndarray, each: TextureMap, size: tuple[int, int]) -> np.ndarray:
    """A level as its docstring defines it, in float64, 0..255."""
    values = base.astype(np.float64) / 255
    mean = means(values, size)
    if each.color_space == "srgb" and each.channels in (2, 4):
        alpha = means(values[:, :, -1:], size)
        weighted = means(values[:, :, :-1] * values[:, :, -1:], size)
        mean = np.dstack([weighted / alpha, alpha])
    if each.unit_length:
        vectors = 2 * mean - 1
        mean = vectors / np.linalg.norm(vectors, axis=2, keepdims=True) / 2 + 0.5
    return 255 * mean


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("each", MAPS, ids=lambda each: each.name)
def test_levels_are_means_of_areas(each: TextureMap, shape: tuple[int, int]) -> None:
    g = stack(*shape)
    levels = mip_chain(g, each, 1)
    assert [level.shape for level in levels] == [(h, w, each.channels) for w, h in sizes(*shape)]
    assert all(level.dtype == np.uint8 for level in levels)
    assert np.array_equal(levels[0], paint_map(g, replace(each, bit_depth=8)))
    for level, size in zip(levels[1:], sizes(*shape)[1:], strict=True):
        assert np.abs(level - expected(levels[0], each, size)).max() < 0.51


def test_five_texels_become_two_of_two_and_a_half() -> None:
    [row, halves, _] = mip_chain(stack(5, 1), BY_NAME["AO"])
    a, b, c, d, e = row[0, :, 0].astype(float)
    assert np.abs(halves[0, :, 0] - [(a + b + c / 2) / 2.5, (c / 2 + d + e) / 2.5]).max() <= 0.501


def test_sizes_of_levels() -> None:
    assert level_sizes(5, 3) == [(5, 3), (2, 1), (1, 1)]
    assert level_sizes(1, 1) == [(1, 1)]
    assert level_sizes(1, 8) == [(1, 8), (1, 4), (1, 2), (1, 1)]
    for shape in SHAPES:
        assert level_sizes(*shape) == sizes(*shape)


def flat(each: TextureMap, left: list[float], right: list[float]) -> np.ndarray:
    """The last level of a map of 2 x 1 texels of these colours, 0..1."""
    g = stack(2, 1)
    color = np.zeros((2, len(g.channels)), np.float32)
    columns = [g.channels.index(channel) for channel in each.stack_channels]
    color[:, columns] = [left, right]
    two = {"xy": np.float32([[0.5, 0.5], [1.5, 0.5]]), "scale": np.full((2, 2), 0.1, np.float32)}
    two |= {"angle": np.zeros(2, np.float32), "log_weight": np.zeros(2, np.float32), "color": color}
    chain = mip_chain(g.replace(**two, layers=(2,)), each)
    assert np.array_equal(chain[0][0], np.round(np.float32([left, right]) * 255).astype(np.uint8))
    return chain[-1][0, 0]


def test_what_is_not_seen_has_no_weight() -> None:
    leaf = BY_NAME["Leaf"]
    assert list(flat(leaf, [1, 0.2, 0, 1], [0, 1, 1, 0])) == [255, 51, 0, 128]
    assert list(flat(leaf, [1, 0.2, 0, 0], [0, 1, 1, 0])) == [128, 153, 128, 0]
    assert list(flat(BY_NAME["Mask"], [1, 0.2, 0, 1], [0, 1, 1, 0])) == [128, 153, 128, 128]


def test_vectors_keep_their_length() -> None:
    mean = flat(BY_NAME["Normal"], [1, 0.5, 0.5], [0.5, 1, 0.5]) / 255 * 2 - 1
    assert np.allclose(mean, [np.sqrt(0.5), np.sqrt(0.5), 0], atol=0.01)
