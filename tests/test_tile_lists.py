"""The lists of tiles against brute force over all Gaussians."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
import oracle
from imagegs._native import SOFTMAX_CUTOFF, TILE
from imagegs.engine import engine
from imagegs.gaussians import BLENDS, Gaussians
from imagegs.rendering import make_scene, tile_lists, whitened_shapes

SLACK = 0.05  # nats that the kernels may list more than they must


def scene(blend="softmax", n=120, height=61, width=97, seed=4):
    return oracle.random_gaussians(np.random.default_rng(seed), n, height, width, 3, blend)


def rectangle(lists, t, g):
    """left, top, right, bottom of tile t; the kernels round the canvas up to 1/16 of a tile."""
    x, y = t % lists.columns * lists.side, t // lists.columns * lists.side
    right, bottom = (-(-16 * length // lists.side) * lists.side / 16 for length in (g.width, g.height))
    return x, y, min(x + lists.side, right), min(y + lists.side, bottom)


def near_and_far(g, left, top, right, bottom):
    """Each Gaussian's largest and smallest exponent in a rectangle: on its border, but for the center."""
    a, b, c = oracle.conics(g.scale, g.angle).T
    x, y = np.asarray(g.xy, np.float64).T

    def exponent(px, py):
        dx, dy = px - x, py - y
        return g.log_weight - 0.5 * (a * dx**2 + 2 * b * dx * dy + c * dy**2)

    far = np.min([exponent(px, py) for px in (left, right) for py in (top, bottom)], axis=0)
    inside = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
    sides = [exponent(px, np.clip(y - b / c * (px - x), top, bottom)) for px in (left, right)]
    sides += [exponent(np.clip(x - b / a * (py - y), left, right), py) for py in (top, bottom)]
    return np.where(inside, g.log_weight, np.max(sides, axis=0)), far


@pytest.mark.parametrize("side", [1, 7, 16, 40, 500])
def test_a_tile_lists_what_any_of_its_points_can_see_and_no_more(side):
    g = scene()
    lists = tile_lists(g, side, most_ids=10**6)
    assert (lists.side, lists.columns, lists.rows) == (side, -(-g.width // side), -(-g.height // side))
    assert lists.offsets[0] == 0 and lists.offsets[-1] == len(lists.ids)
    assert len(lists.offsets) == lists.columns * lists.rows + 1
    for t in range(0, lists.columns * lists.rows, max(1, lists.columns * lists.rows // 200)):
        ids = lists.ids[lists.offsets[t] : lists.offsets[t + 1]].astype(int)
        assert (np.diff(ids) > 0).all()
        near, far = near_and_far(g, *rectangle(lists, t, g))
        bound = far.max() - SOFTMAX_CUTOFF
        assert set(np.flatnonzero(near >= bound)) <= set(ids) <= set(np.flatnonzero(near >= bound - SLACK))


def test_every_point_finds_what_it_keeps():
    g = scene(n=200, seed=5)
    lists = tile_lists(g, 16, most_ids=10**6)
    points = np.random.default_rng(0).uniform(0, (g.width, g.height), (3000, 2)).astype(np.float32)
    points[:200] = np.round(points[:200] / 16) * 16  # corners of tiles
    points = np.clip(points, 0, (g.width, g.height))
    chosen, share = oracle.select(g, points)
    column, row = np.minimum(points // 16, (lists.columns - 1, lists.rows - 1)).astype(int).T
    for t, ids, shares in zip(row * lists.columns + column, chosen, share, strict=True):
        assert set(ids[shares > 0]) <= set(lists.ids[lists.offsets[t] : lists.offsets[t + 1]])


def test_the_paper_blend_lists_exactly_what_is_visible():
    g = scene("paper")
    lists = tile_lists(g, most_ids=10**6)
    for t in range(lists.columns * lists.rows):
        left, top, _, _ = rectangle(lists, t, g)
        seen = np.flatnonzero(oracle.visible(g, np.float64([[left + 1, top + 1]]))[0])
        assert np.array_equal(lists.ids[lists.offsets[t] : lists.offsets[t + 1]], seen)


@pytest.mark.parametrize("blend", BLENDS)
def test_lists_are_the_same_with_any_number_of_threads(blend):
    g = scene(blend, 2000, 300, 400)
    one, two = (tile_lists(g, most_ids=10**8, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.offsets, two.offsets) and np.array_equal(one.ids, two.ids)


def test_too_many_are_refused():
    g = scene()
    n = len(tile_lists(g, most_ids=10**6).ids)
    assert tile_lists(g, most_ids=n) is not None and tile_lists(g, most_ids=n - 1) is None


def test_other_tiles_are_refused():
    for side in (0, -1, 65536):
        with pytest.raises(ValueError, match="1 to 65535"):
            tile_lists(scene(), side, most_ids=100)
    with pytest.raises(ValueError, match="tiles of one size"):
        tile_lists(scene("paper"), TILE + 1, most_ids=100)
    with pytest.raises(ValueError, match="32 bits"):
        tile_lists(scene(), most_ids=2**32)
    with pytest.raises(ValueError, match="too many tiles"):
        tile_lists(scene().replace(width=65535, height=65535), 1, most_ids=100)
    with pytest.raises(ValueError, match="empty"):
        imagegs._native.Scene().tile_lists(engine(1), 16, 100)


@pytest.mark.parametrize("blend", BLENDS)
def test_shapes_give_the_exponents(blend):
    g = scene(blend)
    x, y, ux, uy, vx, vy, w = whitened_shapes(g).T.astype(np.float64)
    points = oracle.pixel_centres(9, 7)
    dx, dy = points[:, :1] - x, points[:, 1:] - y
    found = w - (ux * dx + uy * dy) ** 2 - (vx * dx + vy * dy) ** 2
    np.testing.assert_allclose(found, oracle.exponents(g, points), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="7 numbers"):
        make_scene(g).shapes(np.empty((len(g), 8), np.float32))


def test_a_single_gaussian_far_away():
    g = Gaussians([[1000, 0]], [[1, 1]], [0], [0], [[1.0]], height=40, width=30, channels=("Y",))
    assert tile_lists(g, 16, most_ids=9).ids.tolist() == [0] * 6
