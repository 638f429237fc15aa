"""WebGL2 and WebGPU pixels of the JavaScript library against the native decoder's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oracle
from export_samples import STACK
from imagegs import Bits, Gaussians, decode, encode, render
from imagegs.textures.map_list import to_metadata
from imagegs.textures.painting import paint_map
from web_pages import check_close, painted, pixels_of, put

WIDTH, HEIGHT = 90, 70


def scene(channels: tuple[str, ...], blend: str = "softmax", n: int = 300, **changes: Any) -> Gaussians:
    """Made-up Gaussians of all shapes, as a file holds them."""
    rng = np.random.default_rng(len(channels))
    g = oracle.random_gaussians(rng, n, HEIGHT, WIDTH, len(channels), blend, scales=(0.7, 9))
    return decode(encode(g.replace(channels=channels, **changes), Bits()))


def rgba(pixels: Any) -> Any:
    """Of (H, W, 1 to 4) the picture that is shown: straight RGBA."""
    color = pixels[..., :1].repeat(3, axis=2) if pixels.shape[2] < 3 else pixels[..., :3]
    opaque = np.full_like(color[..., :1], 255)
    return np.concatenate([color, pixels[..., -1:] if pixels.shape[2] % 2 == 0 else opaque], axis=2)


@pytest.mark.parametrize("blend", ["softmax", "paper"])
@pytest.mark.parametrize("channels", [("Y",), ("Y", "A"), ("R", "G", "B"), ("R", "G", "B", "A")])
def test_whole_pictures(library: Any, api: str, channels: tuple[str, ...], blend: str) -> None:
    g = scene(channels, blend)
    put(library, "a.gsimg", encode(g, Bits()))
    found = painted(library, "a.gsimg", None, (WIDTH, HEIGHT), api=api)
    check_close(found, rgba(render(g, dtype=np.uint8)))


@pytest.mark.parametrize("blend", ["softmax", "paper"])
@pytest.mark.parametrize("scale", [1 / 2, 0.3, 1 / 20])
def test_smaller_pictures_are_filtered(library: Any, api: str, scale: float, blend: str) -> None:
    g = scene(("R", "G", "B"), blend)
    g = decode(encode(g.replace(color=2 * g.color - 0.5), Bits()))  # samples are clipped before the mean
    put(library, "a.gsimg", encode(g, Bits()))
    expected = render(g, scale=scale, dtype=np.uint8)
    size = expected.shape[1], expected.shape[0]
    check_close(painted(library, "a.gsimg", None, size, api=api), rgba(expected))
    expected = render(g, scale=scale, dtype=np.uint8, filtered=False)
    check_close(painted(library, "a.gsimg", None, size, filtered=False, api=api), rgba(expected))


@pytest.mark.parametrize("blend", ["softmax", "paper"])
@pytest.mark.parametrize("scale", [2, 16, 3000])
def test_zoomed_regions(library: Any, api: str, scale: int, blend: str) -> None:
    g = scene(("R", "G", "B"), blend)
    put(library, "a.gsimg", encode(g, Bits()))
    x, y = int(31.4 * scale), int(17.3 * scale)
    expected = render(g, scale=scale, region=(x, y, 64, 48), dtype=np.uint8)
    view = (x / scale, y / scale, 64 / scale, 48 / scale)
    check_close(painted(library, "a.gsimg", view, (64, 48), near=scale > 2, api=api), rgba(expected))


def test_there_is_no_limit_to_zooming(library: Any, api: str) -> None:
    """A hundred-millionth of a pixel is smooth; a view is right where float32 has 500 steps in a pixel."""
    soft = Gaussians(
        xy=[[31, 20], [34, 21]],
        scale=[[3, 2], [2, 4]],
        angle=[0, 1],
        log_weight=[0, 0],
        color=[[0, 0.3, 1], [1, 0.6, 0]],
        height=100,
        width=40000,
    )
    put(library, "a.gsimg", encode(soft, Bits()))
    view = (32.123456789, 20.987654321, 1e-8, 1e-8)
    found = painted(library, "a.gsimg", view, (16, 16), api=api)
    assert (found == found[0, 0]).all()
    expected = oracle.evaluate(soft, np.array([view[:2]])).reshape(1, 1, 3)
    check_close(found[:1, :1], rgba((expected * 255).round()))
    fine = soft.replace(xy=(soft.xy - soft.xy[0]) / 128 + np.float32([30000, 20]), scale=soft.scale / 128)
    data = encode(fine, Bits.parse("24,16,12,8,8"))
    put(library, "a.gsimg", data)
    fine = decode(data)
    (x, y), size, step = fine.xy[0].astype(float) + 0.0011, 16, 1 / 128
    points = oracle.pixel_centres(size, size, (step, step), (x / step, y / step))
    expected = rgba((oracle.evaluate(fine, points).reshape(size, size, 3).clip(0, 1) * 255).round())
    check_close(
        painted(library, "a.gsimg", (x, y, size * step, size * step), (size, size), api=api), expected
    )


def test_beyond_the_canvas_is_nothing(library: Any, api: str) -> None:
    g = scene(("R", "G", "B"))
    put(library, "a.gsimg", encode(g, Bits()))
    found = painted(
        library, "a.gsimg", (-20, -10, WIDTH + 40, HEIGHT + 20), (WIDTH + 40, HEIGHT + 20), api=api
    )
    expected = np.zeros_like(found)
    expected[10:-10, 20:-20] = rgba(render(g, dtype=np.uint8))
    check_close(found, expected)
    assert not painted(library, "a.gsimg", (200, 0, 10, 10), (10, 10), api=api).any()


def test_a_canvas_that_wraps_is_periodic(library: Any, api: str) -> None:
    g = scene(("R", "G", "B"), n=60, wrap=True)
    put(library, "a.gsimg", encode(g, Bits()))
    expected = rgba(render(g, dtype=np.uint8))
    check_close(painted(library, "a.gsimg", None, (WIDTH, HEIGHT), api=api), expected)
    rolled = np.roll(np.tile(expected, (2, 2, 1)), (25, 40), axis=(0, 1))
    view = (-40 - 3 * WIDTH, -25 + HEIGHT, 2 * WIDTH, 2 * HEIGHT)
    check_close(painted(library, "a.gsimg", view, (2 * WIDTH, 2 * HEIGHT), api=api), rolled)
    region = render(g, scale=8, region=(8 * WIDTH - 40, 300, 40, 30), dtype=np.uint8)
    corner = (WIDTH - 5, 300 / 8, 5, 30 / 8)
    check_close(painted(library, "a.gsimg", corner, (40, 30), near=True, api=api), rgba(region))
    across = painted(library, "a.gsimg", (WIDTH - 5, 300 / 8, 10, 30 / 8), (80, 30), near=False, api=api)
    check_close(across[:, :40], rgba(region))
    check_close(across[:, 40:], rgba(render(g, scale=8, region=(0, 300, 40, 30), dtype=np.uint8)))


def test_a_huge_canvas(library: Any, api: str) -> None:
    g = oracle.random_gaussians(np.random.default_rng(4), 300, 16000, 12000, 3, scales=(100, 900))
    g = decode(encode(g.replace(channels=("R", "G", "B")), Bits()))
    put(library, "a.gsimg", encode(g, Bits()))
    check_close(
        painted(library, "a.gsimg", None, (30, 40), api=api), rgba(render(g, height=40, dtype=np.uint8))
    )
    expected = render(g, scale=4, region=(20000, 30000, 40, 30), dtype=np.uint8)
    check_close(
        painted(library, "a.gsimg", (5000, 7500, 10, 7.5), (40, 30), near=True, api=api), rgba(expected)
    )


def test_a_lost_context_comes_back(library: Any) -> None:
    g = scene(("R", "G", "B"))
    put(library, "a.gsimg", encode(g, Bits()))
    script = """async ([width, height]) => {
        const size = { width, height }, view = { x: 0, y: 0, ...size };
        // Held, so that it is not collected while only its own events are waited for.
        const renderer = (globalThis.held = await web.makeRenderer(document.createElement("canvas"),
            { api: "webgl2" }));
        const painting = new web.Painting(renderer, await web.loadPicture("/a.gsimg"));
        const loss = renderer.gl.getExtension("WEBGL_lose_context");
        const found = [await painting.paint(view, size)];
        const told = new Promise((resolve) => renderer.canvas.addEventListener("webglcontextlost", resolve));
        loss.loseContext();
        found.push(renderer.lost, await painting.paint(view, size), await painting.readPixels(view, size));
        await told.then(() => new Promise((resolve) => setTimeout(resolve))); // no context is restored before
        const restored = new Promise((resolve) => (renderer.onrestored = resolve));
        loss.restoreContext();
        await restored;
        return [...found, web64(await painting.readPixels(view, size))];
    }"""
    *before, pixels = library.evaluate(script, [WIDTH, HEIGHT])
    assert before == [True, True, False, None]
    check_close(pixels_of(pixels, WIDTH, HEIGHT), rgba(render(g, dtype=np.uint8)))


def test_without_webgl_it_says_so(library: Any) -> None:
    script = """() => web.makeRenderer({ getContext: () => null }, { api: "webgl2" })
        .catch((error) => [error.name, error.message])"""
    assert library.evaluate(script) == [
        "UnsupportedError",
        "this browser has no WebGL2, which painting needs",
    ]


@pytest.mark.parametrize("number", range(len(STACK)))
def test_maps_of_a_stack(library: Any, api: str, number: int) -> None:
    g = scene(tuple(channel for each in STACK for channel in each.stack_channels))
    put(library, "a.gsimg", encode(g, Bits(), metadata=to_metadata(STACK)))
    expected = paint_map(g, STACK[number], scale=0.5)
    expected = np.round(expected / (257 if expected.dtype == np.uint16 else 1))
    found = painted(library, "a.gsimg", None, (expected.shape[1], expected.shape[0]), map=number, api=api)
    check_close(found, rgba(expected))


def test_maps_are_listed(library: Any) -> None:
    script = (
        "([channels, metadata]) => web.mapsOf({ channels, metadata }).map((map) => [map.name, map.columns])"
    )
    channels = [channel for each in STACK for channel in each.stack_channels]
    maps = to_metadata(STACK)
    listed = [[each.name, [channels.index(c) for c in each.stack_channels]] for each in STACK]
    assert library.evaluate(script, [channels, maps]) == listed
    assert library.evaluate(script, [["R", "G", "B", "A"], None]) == [["Picture", [0, 1, 2, 3]]]
    assert library.evaluate(script, [["B", "G", "R"], {}]) == [["B", [0]], ["G", [1]], ["R", [2]]]
    for wrong in (
        {"maps": []},
        {"maps": [1]},
        {"maps": [{**maps["maps"][0], "channels": 5}]},
        {"maps": maps["maps"][1:]},
    ):
        with pytest.raises(Exception, match="the list of maps"):
            library.evaluate(script, [channels, wrong])
