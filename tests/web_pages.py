"""Pages in Chromium that have the JavaScript library, and files for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from browser import HOST
from imagegs.viewer.module import module_text

Run = Callable[..., Any]

# `web` is the library, `bytesOf(name)` the bytes of a file that `put` has put there.
SETUP = """
globalThis.bytesOf = async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
globalThis.numbersOf = (data) => JSON.parse(JSON.stringify(data, (key, value) =>
    ArrayBuffer.isView(value) ? Array.from(value) : value));
// A picture as it is painted: {width, height, pixels: base64 of straight RGBA}.
globalThis.paint = async (name, view, size, options = {}) => {
    const picture = await web.loadPicture(`/${name}`);
    globalThis.renderer ??= new web.Renderer(document.createElement("canvas"));
    const painting = new web.Painting(renderer, picture, options);
    const pixels = await painting.readPixels(view ?? { x: 0, y: 0, width: picture.width, height: picture.height }, size);
    painting.release();
    picture.close();
    return web64(pixels);
};
globalThis.web64 = (bytes) => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(text);
};
"""


@pytest.fixture
def library(page: Any) -> Any:
    """The page, with the library as `web`."""
    page.route(
        f"{HOST}imagegs.js", lambda route: route.fulfill(body=module_text(), content_type="text/javascript")
    )
    page.evaluate(f"async () => {{ globalThis.web = await import('/imagegs.js'); {SETUP} }}")
    return page


def put(page: Any, name: str, data: bytes) -> str:
    """Let HOST/name be these bytes."""
    page.route(
        f"{HOST}{name}", lambda route: route.fulfill(body=data, content_type="application/octet-stream")
    )
    return name


def pixels_of(encoded: str, width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 4) of what `paint` gives."""
    import base64

    return np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(height, width, 4)


def painted(
    page: Any, name: str, view: tuple[float, ...] | None, size: tuple[int, int], **options: Any
) -> NDArray[np.uint8]:
    """A view (x, y, width, height in canvas pixels; None: all) at a size (width, height): (height, width, 4)."""
    place = None if view is None else dict(zip(("x", "y", "width", "height"), view, strict=True))
    output = {"width": size[0], "height": size[1]}
    found = page.evaluate("(a) => paint(...a)", [name, place, output, options])
    return pixels_of(found, *size)


def check_close(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    """At most a level off, but for one value in 10,000: where two exponents are equal but for rounding."""
    assert found.shape == expected.shape
    off = np.abs(found.astype(int) - expected) > 1
    assert off.mean() <= 1e-4, f"{off.sum()} of {off.size} values differ"
