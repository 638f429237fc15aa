"""Pages in Chromium that have the JavaScript library, and files for them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from browser import HOST
from imagegs.web.module import module_text

# `web` is the library, `bytesOf(name)` the bytes of a file that `put` has put there.
SETUP = """
globalThis.bytesOf = async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
globalThis.numbersOf = (data) => JSON.parse(JSON.stringify(data, (key, value) =>
    ArrayBuffer.isView(value) ? Array.from(value) : value));
// A picture as it is painted: {width, height, pixels: base64 of straight RGBA}.
globalThis.renderers = {};
globalThis.rendererOf = (api) =>
    (renderers[api] ??= web.makeRenderer(document.createElement("canvas"), { api }));
globalThis.paint = async (name, view, size, { api, ...options }) => {
    const picture = await web.loadPicture(`/${name}`);
    const renderer = await rendererOf(api);
    const painting = new web.Painting(renderer, picture, options);
    const place = view ?? { x: 0, y: 0, width: picture.width, height: picture.height };
    const pixels = await painting.readPixels(place, size);
    while (painting.asking) await new Promise((resolve) => setTimeout(resolve, 2));
    const again = await painting.readPixels(place, size); // by the shorter lists, if there are any
    const differences = pixels.filter((value, i) => Math.abs(value - again[i]) > 1).length;
    const near = painting.bestLists(place, size) === painting.near;
    painting.release();
    picture.close();
    return { pixels: web64(again), differences, near };
};
globalThis.web64 = (bytes) => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(text);
};
"""


@pytest.fixture(scope="module")
def library(chromium: Any) -> Iterator[Any]:
    """A page with the library as `web`; errors of its scripts fail the last test of the file."""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(HOST)
    page.route(
        f"{HOST}imagegs.js", lambda route: route.fulfill(body=module_text(), content_type="text/javascript")
    )
    page.evaluate(f"async () => {{ globalThis.web = await import('/imagegs.js'); {SETUP} }}")
    yield page
    page.close()
    assert not errors


@pytest.fixture(params=["webgl2", "webgpu"])
def api(request: pytest.FixtureRequest) -> str:
    """What pictures are painted by."""
    return str(request.param)


def put(page: Any, name: str, data: bytes) -> str:
    """Let HOST/name be these bytes."""
    page.route(
        f"{HOST}{name}", lambda route: route.fulfill(body=data, content_type="application/octet-stream")
    )
    return name


def pixels_of(encoded: str, width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 4) of the base64 of RGBA."""

    return np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(height, width, 4)


def painted(
    page: Any,
    name: str,
    view: tuple[float, ...] | None,
    size: tuple[int, int],
    near: bool | None = None,
    **options: Any,
) -> NDArray[np.uint8]:
    """A view (x, y, width, height in canvas pixels; None: all) at a size (width, height): (height, width, 4).
    near: whether it must have had lists of its own.
    """
    place = None if view is None else dict(zip(("x", "y", "width", "height"), view, strict=True))
    output = {"width": size[0], "height": size[1]}
    found = page.evaluate("(a) => paint(...a)", [name, place, output, options])
    assert near is None or found["near"] == near
    assert found["differences"] <= 1e-4 * 4 * size[0] * size[1]
    return pixels_of(found["pixels"], *size)


def check_close(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    """At most a level off, but for one value in 10,000: where two exponents are equal but for rounding."""
    assert found.shape == expected.shape
    off = np.abs(found.astype(int) - expected) > 1
    assert off.mean() <= 1e-4, f"{off.sum()} of {off.size} values differ"
