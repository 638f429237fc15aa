"""Grain in the browser, by WebGL2 and WebGPU, against that of the native decoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imagegs
from imagegs import Bits, Grain
from test_web_painting import HEIGHT, WIDTH, rgba, scene
from web_pages import check_close, painted, put

GRAIN = Grain(5, 4, 90, tuple(i % 8 for i in range(20)))


def grained(channels: str = "RGB", **changes: Any) -> bytes:
    return imagegs.encode(scene(tuple(channels), **changes), Bits(), grain=GRAIN)


def check(page: Any, data: bytes, view: Any, size: tuple[int, int], options: Any, **keywords: Any) -> None:
    """What the browser paints is what the decoder writes, which has grain."""
    put(page, "a.gsimg", data)
    expected, plain = (imagegs.decompress(data, grain=factor, **keywords) for factor in (1, 0))
    assert isinstance(expected, np.ndarray) and np.abs(expected.astype(int) - plain).mean() > 0.3
    shape = (*expected.shape[:2], -1)
    check_close(painted(page, "a.gsimg", view, size, **options), rgba(expected.reshape(shape)))


@pytest.mark.parametrize("channels", ["Y", "YA", "RGB", "RGBA"])
def test_whole_pictures(library: Any, api: str, channels: str) -> None:
    check(library, grained(channels), None, (WIDTH, HEIGHT), {"api": api})


@pytest.mark.parametrize("wrap", [False, True])
def test_smaller_pictures_have_means(library: Any, api: str, wrap: bool) -> None:
    for scale in (1 / 2, 0.3):
        size = round(WIDTH * scale), round(HEIGHT * scale)
        check(library, grained(wrap=wrap), None, size, {"api": api}, scale=scale)
    check(library, grained(), None, size, {"api": api, "filtered": False}, scale=scale, filtered=False)


def test_far_smaller_pictures_have_none(library: Any, api: str) -> None:
    data = put(library, "a.gsimg", grained())
    whole = [painted(library, data, None, (9, 7), api=api, grain=factor) for factor in (0, 2)]
    np.testing.assert_array_equal(*whole)


@pytest.mark.parametrize("wrap", [False, True])
def test_zoomed_regions_interpolate(library: Any, api: str, wrap: bool) -> None:
    for x, y in ((93, 51), (0, 0)):
        view = (x / 3, y / 3, 64 / 3, 48 / 3)
        check(library, grained(wrap=wrap), view, (64, 48), {"api": api}, scale=3, region=(x, y, 64, 48))


def test_a_canvas_that_wraps_goes_on(library: Any, api: str) -> None:
    put(library, "a.gsimg", data := grained(wrap=True, n=60))
    found = painted(
        library, "a.gsimg", (-WIDTH, -HEIGHT / 2, 2 * WIDTH, HEIGHT), (2 * WIDTH, HEIGHT), api=api
    )
    once = rgba(imagegs.decompress(data))
    check_close(found, np.tile(np.roll(once, HEIGHT // 2, axis=0), (1, 2, 1)))


def test_the_factor(library: Any, api: str) -> None:
    put(library, "a.gsimg", data := grained())
    for factor in (0, 0.5, 2):
        found = painted(library, "a.gsimg", None, (WIDTH, HEIGHT), api=api, grain=factor)
        check_close(found, rgba(imagegs.decompress(data, grain=factor)))


def test_who_measures_gets_none(library: Any, api: str) -> None:
    put(library, "a.gsimg", data := grained())
    script = """async ([api, width, height]) => {
        const picture = await web.loadPicture("/a.gsimg");
        const painting = new web.Painting(await rendererOf(api), picture);
        const all = { x: 0, y: 0, width, height };
        const first = await painting.readPixels(all, all);
        const pixels = await painting.readPixels(all, all, { grained: false });
        const again = await painting.readPixels(all, all);
        return [Array.from(pixels), first.every((value, i) => value === again[i]), picture.grain.columns];
    }"""
    pixels, same, columns = library.evaluate(script, [api, WIDTH, HEIGHT])
    assert same and columns == 5
    check_close(np.array(pixels).reshape(HEIGHT, WIDTH, 4), rgba(imagegs.decompress(data, grain=0)))


def test_maps_of_a_stack_have_none(library: Any, api: str) -> None:
    color = np.full((32, 48, 3), 128, np.uint8)
    data = imagegs.compress({"Color": color, "Rough": color[:, :, 0]}, n_gaussians=9, effort=1, steps=4)
    g, metadata = imagegs.decode(data), imagegs.read_info(data).metadata
    put(library, "a.gsimg", imagegs.encode(g, metadata=metadata, grain=GRAIN))
    whole = [painted(library, "a.gsimg", None, (48, 32), api=api, grain=factor) for factor in (0, 2)]
    np.testing.assert_array_equal(*whole)


def test_strengths_out_of_range(library: Any, api: str) -> None:
    put(library, "a.gsimg", grained())
    script = """async (api) => {
        const painting = new web.Painting(await rendererOf(api), await web.loadPicture("/a.gsimg"));
        const refused = [-0.1, 2.1, NaN].filter((strength) => {
            try {
                painting.grain = strength;
            } catch (error) {
                return error instanceof RangeError;
            }
        });
        return [refused.length, painting.grain];
    }"""
    assert library.evaluate(script, api) == [3, 1]


def test_the_attribute(library: Any) -> None:
    script = """() => {
        const element = document.createElement("image-gs");
        return [null, "off", "0.5", "2", "3", "", "x"].map((text) => {
            if (text === null) element.removeAttribute("grain");
            else element.setAttribute("grain", text);
            return element.grain;
        });
    }"""
    assert library.evaluate(script) == [1, 0, 0.5, 2, 1, 1, 1]


def test_the_element_shows_as_much_as_it_is_told(library: Any) -> None:
    put(library, "a.gsimg", data := grained())
    script = """async ([width, height]) => {
        document.body.replaceChildren();
        const element = document.createElement("image-gs");
        element.src = "/a.gsimg";
        document.body.append(element);
        await element.decode();
        const shown = async () => {
            await new Promise((resolve) => setTimeout(resolve, 200));
            const canvas = element.shadowRoot.querySelector("canvas");
            const copy = new OffscreenCanvas(width, height).getContext("2d");
            copy.drawImage(canvas, 0, 0);
            return Array.from(copy.getImageData(0, 0, width, height).data);
        };
        const before = await shown();
        element.grain = 0;
        return [before, await shown()];
    }"""
    for pixels, factor in zip(library.evaluate(script, [WIDTH, HEIGHT]), (1, 0), strict=True):
        found = np.array(pixels, np.uint8).reshape(HEIGHT, WIDTH, 4)
        check_close(found, rgba(imagegs.decompress(data, grain=factor)))
