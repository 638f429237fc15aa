"""Levels of detail, and the lists of tiles that the library's worker makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oracle
from conftest import texture_pixels
from imagegs import Lattice, decode, encode, fit, render, sample
from imagegs.rendering import tile_lists
from test_web_painting import rgba
from web_pages import check_close, painted, pixels_of, put


@pytest.mark.parametrize("lod", [0, 0.35, 2 / 3, 1])
def test_levels_of_detail(library: Any, api: str, lod: float) -> None:
    g = fit(texture_pixels(), 800, steps=20, threads=1, layers=4)
    data = encode(g, Lattice.of_fineness(6))
    put(library, "a.gsimg", data)
    expected = render(decode(data, lod=lod), dtype=np.uint8)
    check_close(painted(library, "a.gsimg", None, (96, 64), lod=lod, api=api), rgba(expected))


def lists_of(page: Any, name: str, lod: float) -> tuple[list[set[int]], list[int]]:
    """The ids of each tile of 16 canvas pixels."""
    script = """async ([name, lod]) => {
        const picture = await web.loadPicture(`/${name}`), { width, height } = picture;
        const painting = new web.Painting(await rendererOf("webgl2"), picture, { lod });
        await painting.prepare({ width, height });
        const { tiles, ids, grid } = painting.whole, lists = [];
        for (let t = 0; t < tiles.length; t += 2)
            lists.push(Array.from(ids.slice(tiles[t], tiles[t] + tiles[t + 1])));
        return [lists, [grid.columns, grid.rows, ...grid.side]];
    }"""
    lists, grid = page.evaluate(script, [name, lod])
    return [set(each) for each in lists], grid


@pytest.mark.parametrize("lod", [0.4, 1])
def test_lists_of_tiles_have_what_they_must_and_little_more(library: Any, lod: float) -> None:
    """Those of a level between two others are right for each between the two."""
    rng = np.random.default_rng(3)
    g = oracle.random_gaussians(rng, 4000, 256, 320, 3, scales=(0.5, 6)).replace(
        layers=(500, 500, 1000, 2000)
    )
    g = decode(encode(g.replace(xy=g.xy.clip(0, 256)), Lattice.of_fineness(6)))
    put(library, "b.gsimg", encode(g, Lattice.of_fineness(6)))
    found, grid = lists_of(library, "b.gsimg", lod)
    least = 0
    for level in {1: (1,), 0.4: (0.34, 0.4, 0.65)}[lod]:
        lists = tile_lists(g.at_lod(level), 16, most_ids=2**24)
        assert lists is not None and grid == [lists.columns, lists.rows, 16, 16]
        exact = [set(part.tolist()) for part in np.split(lists.ids, lists.offsets[1:-1])]
        assert all(few <= many for few, many in zip(exact, found, strict=True))
        least = max(least, len(lists.ids))
    assert sum(map(len, found)) < (1.05 if lod == 1 else 1.5) * least


def test_a_level_fades_without_new_lists(library: Any, api: str) -> None:
    """What the lists of one level between two others show is right for all such."""
    g = fit(texture_pixels(), 800, steps=20, threads=1, layers=4)
    data = encode(g.replace(wrap=True), Lattice.of_fineness(6))
    put(library, "a.gsimg", data)
    script = """async (api) => {
        const size = { width: 96, height: 64 }, view = { x: 0, y: 0, ...size };
        const picture = await web.loadPicture("/a.gsimg");
        const painting = new web.Painting(await rendererOf(api), picture, { lod: 0.4 });
        const found = [];
        for (const lod of [0.4, 0.65, 0.34]) {
            painting.lod = lod;
            const pixels = web64(await painting.readPixels(view, size));
            found.push([pixels, Array.from(painting.sample(40.25, 30.75).values)]);
        }
        return [found, painting.askedSoFar];
    }"""
    found, asked = library.evaluate(script, api)
    assert asked == 1
    for (pixels, values), lod in zip(found, (0.4, 0.65, 0.34), strict=True):
        level = decode(data, lod=lod)
        check_close(pixels_of(pixels, 96, 64), rgba(render(level, dtype=np.uint8)))
        np.testing.assert_allclose(values, sample(level, [[40.25, 30.75]])[0], atol=1e-4)
