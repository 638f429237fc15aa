"""Huge pictures in the browser: files in blocks of which only what is in sight is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chunks
from huge_files import SIDE, huge_file
from imagegs import decode, render, sample
from range_server import RangeServer
from test_web_painting import rgba
from web_pages import SETUP, check_close, pixels_of

SCRIPT = """
globalThis.open = async (options) => (globalThis.picture = await web.openPicture("huge.gsimg", options));
globalThis.look = async (view, size, detail = { pixelsAcross: size.width }) => {
    const steps = [], onPart = ({ layers, complete, nGaussians }) => steps.push([layers.length, complete]);
    const part = await picture.gaussiansFor(view, { ...detail, onPart });
    return { part, steps };
};
globalThis.partPixels = async (view, size, detail, api = "webgl2") => {
    const { part } = await look(view, size, detail);
    const painting = new web.Painting(await rendererOf(api), part);
    const pixels = await painting.readPixels(view, size);
    painting.release();
    return web64(pixels);
};
"""
CONFORMANCE = Path(chunks.__file__).parent
WHOLE = {"x": 0, "y": 0, "width": 4 * SIDE, "height": 4 * SIDE}
SMALL = {"width": 96, "height": 64}


@pytest.fixture(scope="module")
def small() -> bytes:
    """4 x 4 blocks."""
    return huge_file(4, 4)


@pytest.fixture(scope="module")
def huge() -> bytes:
    """32 x 32 blocks: too many pixels and Gaussians to be decoded as a whole."""
    return huge_file(33, 32)


@pytest.fixture
def page(chromium: Any, ranges: RangeServer) -> Iterator[Any]:
    """A page with the library; `page.told` has what the console was told."""
    page = chromium.new_page()
    faults: list[str] = []
    page.told = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: page.told.append(message.text))
    page.goto(ranges.url)
    page.evaluate(f"async () => {{ globalThis.web = await import('/imagegs.js'); {SETUP} {SCRIPT} }}")
    yield page
    page.close()
    assert not faults


def warnings(page: Any) -> list[str]:
    return [text for text in page.told if "gsimg" in text]


def view_of(x: float, y: float, width: float, height: float) -> dict[str, float]:
    return {"x": x, "y": y, "width": width, "height": height}


def test_a_screen_takes_few_bytes(page: Any, ranges: RangeServer, huge: bytes) -> None:
    ranges.file = huge
    page.evaluate("async () => void await open()")
    page.evaluate("async () => { picture.close(); await open(); }")
    assert len(ranges.sent) == 4  # the head's two parts, each once
    ranges.sent.clear()
    screen = {"width": 800, "height": 600}
    middle = view_of(16 * SIDE - 300, 16 * SIDE - 200, 800, 600)
    found = page.evaluate("async (a) => (await look(...a)).steps", [middle, screen])
    assert [layers for layers, _ in found] == sorted(layers for layers, _ in found)
    assert found[-1] == [8, True] and [complete for _, complete in found[:-1]] == [False] * (len(found) - 1)
    assert ranges.n_bytes + 2**17 < 0.03 * len(huge)
    at_full_zoom = ranges.n_bytes
    canvas, screen = view_of(0, 0, 33 * SIDE, 32 * SIDE), {"width": 600, "height": 582}
    found = page.evaluate("async (a) => (await look(...a)).steps", [canvas, screen])
    assert found[-1] == [1, True]
    assert ranges.n_bytes - at_full_zoom + 2**17 < 0.03 * len(huge)
    assert len(set(ranges.sent)) == len(ranges.sent)
    with_limit = "async () => (await web.loadPicture('huge.gsimg').catch((error) => error)).message"
    assert "over the limit" in page.evaluate(with_limit)


def test_the_head_is_fetched_once(page: Any, ranges: RangeServer, small: bytes) -> None:
    """Though the worker asks for more before the first bytes have reached it."""
    ranges.file = small
    page.evaluate("""async () => {
        const post = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message, ...rest) {
            const late = message.type === "bytes" ? 200 : 0;
            setTimeout(() => post.call(this, message, ...rest), late);
        };
        await open();
    }""")
    page.wait_for_timeout(300)
    assert ranges.sent == [(0, 2**16)]


@pytest.mark.parametrize(
    "view",
    [(700, 900, 96, 64), (511, 1000, 96, 64), (0, 0, 96, 64), (1984, 1990, 64, 58), (512, 512, 24, 16)],
)
def test_pixels_are_those_of_the_whole(
    page: Any, ranges: RangeServer, small: bytes, view: tuple[int, ...]
) -> None:
    ranges.file = small
    page.evaluate("async () => void await open()")
    size = (view[2] * 2, view[3] * 2) if view[2] == 24 else (view[2], view[3])
    wanted = [view_of(*view), {"width": size[0], "height": size[1]}]
    found = pixels_of(page.evaluate("(a) => partPixels(...a)", wanted), *size)
    scale = size[0] / view[2]
    region = tuple(int(scale * v) for v in view)
    expected = rgba(render(decode(small), scale=scale, region=region, dtype=np.uint8))
    check_close(found, expected)
    assert ranges.n_bytes < len(small)


def test_pixels_of_a_level_are_those_of_the_whole(
    page: Any, ranges: RangeServer, small: bytes, api: str
) -> None:
    ranges.file = small
    page.evaluate("async () => void await open()")
    wanted = [view_of(500, 700, 96, 64), SMALL, {"lod": 0.55}, api]
    found = pixels_of(page.evaluate("(a) => partPixels(...a)", wanted), 96, 64)
    check_close(found, rgba(render(decode(small, lod=0.55), region=(500, 700, 96, 64), dtype=np.uint8)))


@pytest.mark.parametrize("name", ["blocks-wrapping", "blocks-empty-in-layers", "blocks-turned-colors"])
def test_views_that_reach_beyond_the_canvas(page: Any, ranges: RangeServer, name: str) -> None:
    ranges.file = (CONFORMANCE / f"valid/{name}.gsimg").read_bytes()
    page.evaluate("async () => void await open()")
    for view in (view_of(-5, -7, 24, 24), view_of(3, 2, 12, 12), view_of(-90, 40, 24, 24)):
        found = page.evaluate("(a) => partPixels(...a)", [view, {"width": 48, "height": 48}])
        whole = page.evaluate("(a) => paint(...a)", ["huge.gsimg", view, {"width": 48, "height": 48}, {}])
        check_close(pixels_of(found, 48, 48), pixels_of(whole["pixels"], 48, 48))


def test_points_of_a_part(page: Any, ranges: RangeServer, small: bytes) -> None:
    """Lists of a part begin at its corner, not at that of the canvas."""
    ranges.file = small
    page.evaluate("async () => void await open()")
    script = """async ([view, size, points]) => {
        const painting = new web.Painting(await rendererOf("webgl2"), (await look(view, size)).part);
        await painting.prepareLists(size);
        return points.map(([x, y]) => [...painting.sample(x, y).values]);
    }"""
    points = [(900.5, 1000.25), (950, 1030), (901, 1063.5)]
    found = page.evaluate(script, [view_of(900, 1000, 96, 64), SMALL, points])
    assert np.allclose(found, sample(decode(small), np.array(points, np.float32)), atol=1e-4)


def test_the_first_picture_comes_after_a_few_kilobytes(page: Any, ranges: RangeServer, small: bytes) -> None:
    """On a slow connection, some 400 KB/s."""
    ranges.file = small
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 40, "downloadThroughput": 400_000, "uploadThroughput": 400_000}
    network.send("Network.emulateNetworkConditions", slow)
    script = """async ([view]) => {
        await open();
        let first = 0;
        const onPart = () => (first ||= picture.fetchedBytes);
        await picture.gaussiansFor(view, { lod: 1, onPart });
        return [first, picture.fetchedBytes];
    }"""
    first, all_of_it = page.evaluate(script, [WHOLE])
    assert first < 2**17 < 0.9 * len(small) < all_of_it


def test_panning_uses_what_is_there(page: Any, ranges: RangeServer, small: bytes) -> None:
    ranges.file = small
    page.evaluate("async () => void await open()")
    for x in (200, 300, 400):
        page.evaluate("async (a) => void await look(...a)", [view_of(x, 600, 96, 64), SMALL])
    before = list(ranges.sent)
    steps = page.evaluate("async (a) => (await look(...a)).steps", [view_of(250, 610, 96, 64), SMALL])
    assert steps == [[len(decode(small).layers), True]] and ranges.sent == before
    covers = """async ([view, near, far, size]) => {
        const { part } = await look(view, size), detail = { pixelsAcross: size.width };
        return [part.covers(near, detail), part.covers(far, detail), part.covers(near, { lod: 0.5 })];
    }"""
    views = [view_of(x, 600, 96, 64) for x in (250, 270, 1500)]
    assert page.evaluate(covers, [*views, SMALL]) == [True, False, False]


def test_what_is_out_of_sight_is_not_fetched_further(page: Any, ranges: RangeServer, small: bytes) -> None:
    ranges.file = small
    page.evaluate("async () => void await open()")
    ranges.go.clear()
    script = """async ([view, size]) => {
        const control = new AbortController();
        const loading = picture.gaussiansFor(view, { signal: control.signal });
        setTimeout(() => control.abort(new Error("moved on")), 100);
        return loading.catch((error) => error.message);
    }"""
    ranges.sent.append((0, 0))
    assert page.evaluate(script, [WHOLE, SMALL]) == "moved on"
    ranges.go.set()
    found = page.evaluate("(a) => partPixels(...a)", [view_of(30, 30, 96, 64), SMALL])
    expected = rgba(render(decode(small), region=(30, 30, 96, 64), dtype=np.uint8))
    check_close(pixels_of(found, 96, 64), expected)
    assert page.evaluate("picture.fetchedBytes") < 0.6 * len(small)


@pytest.mark.parametrize("fault", ["no ranges", "compressed"])
def test_a_server_without_ranges(page: Any, ranges: RangeServer, small: bytes, fault: str) -> None:
    ranges.file, ranges.knows_ranges, ranges.compresses = small, False, fault == "compressed"
    page.evaluate("async () => void await open()")
    for x in (500, 900):
        found = page.evaluate("(a) => partPixels(...a)", [view_of(x, 700, 96, 64), SMALL])
        expected = rgba(render(decode(small), region=(x, 700, 96, 64), dtype=np.uint8))
        check_close(pixels_of(found, 96, 64), expected)
    assert len(warnings(page)) == 1 and "sends no ranges" in warnings(page)[0]
    assert len(ranges.sent) == (2 if fault == "compressed" else 1)


def test_a_server_that_hides_the_size(page: Any, ranges: RangeServer, small: bytes) -> None:
    ranges.file, ranges.tells_size = small, False
    page.evaluate("async () => void await open()")
    found = page.evaluate("(a) => partPixels(...a)", [view_of(500, 700, 96, 64), SMALL])
    expected = rgba(render(decode(small), region=(500, 700, 96, 64), dtype=np.uint8))
    check_close(pixels_of(found, 96, 64), expected)


def test_a_file_without_blocks(page: Any, ranges: RangeServer, small: bytes) -> None:
    from imagegs import Lattice, encode

    whole = decode(small)
    ranges.file = encode(whole, Lattice.of_fineness(2), block_side=0)
    page.evaluate("async () => void await open()")
    found = page.evaluate("(a) => partPixels(...a)", [view_of(500, 700, 96, 64), SMALL])
    expected = rgba(render(decode(ranges.file), region=(500, 700, 96, 64), dtype=np.uint8))
    check_close(pixels_of(found, 96, 64), expected)
    assert not warnings(page) and ranges.n_bytes == len(ranges.file)


def damaged(data: bytes, block: int) -> bytes:
    """The file with a wrong byte in the last layer of a block."""
    parts = chunks.split(data)
    index, layer = parts[-len(decode(data).layers) - 2][1], bytearray(parts[-2][1])
    sizes = np.frombuffer(index[-14 * 16 :], [("n", "<u4"), ("bytes", "<u4"), ("rest", "V6")])["bytes"]
    layer[4 + int(sizes[:block].sum()) + 3] ^= 1
    return chunks.join([*parts[:-2], (b"LAYR", bytes(layer)), parts[-1]])


def test_a_damaged_block_leaves_the_others(page: Any, ranges: RangeServer, small: bytes) -> None:
    ranges.file = damaged(small, 5)
    page.evaluate("async () => void await open()")
    found = page.evaluate("(a) => partPixels(...a)", [view_of(30, 30, 96, 64), SMALL])
    expected = rgba(render(decode(small), region=(30, 30, 96, 64), dtype=np.uint8))
    check_close(pixels_of(found, 96, 64), expected)
    assert not warnings(page)
    for x in (700, 710):
        assert page.evaluate("(a) => partPixels(...a)", [view_of(x, 700, 96, 64), SMALL])
    layers = len(decode(small).layers)
    assert [text.partition(": ")[2] for text in warnings(page)] == [
        f"layer {layers}, block 6: checksum mismatch"
    ]


@pytest.mark.parametrize("fault", ["another tag", "shorter", "no ranges any more"])
def test_a_file_that_changes(page: Any, ranges: RangeServer, small: bytes, fault: str) -> None:
    ranges.file = small
    page.evaluate("async () => void await open()")
    if fault == "another tag":
        ranges.tag = '"2"'
    elif fault == "shorter":
        ranges.file = small[: 2**16]
    else:
        ranges.knows_ranges = False
    script = "(a) => picture.gaussiansFor(...a).catch((error) => [error.name, error.message])"
    for _ in range(2):
        name, message = page.evaluate(script, [WHOLE, {}])
    assert name == "ChangedError" and "the file has changed on the server" in message
    assert page.evaluate("picture.closed")


def test_errors_at_the_opening(page: Any, ranges: RangeServer, small: bytes) -> None:
    script = "(name) => web.openPicture(name).catch((error) => [error.name, error.message])"
    place = small.index(b"BLKS") + 50
    ranges.file = small[:place] + bytes([small[place] ^ 1]) + small[place + 1 :]
    at_index = page.evaluate(script, "huge.gsimg")
    ranges.file = b"GIF89a" * 20000
    assert page.evaluate(script, "huge.gsimg") == ["FormatError", "not a gsimg file"]
    ranges.file = b""
    assert "HTTP 416" in page.evaluate(script, "huge.gsimg")[1]
    assert at_index == ["FormatError", "chunk BLKS: checksum mismatch"]
    ranges.file = small[:300]
    assert "bytes declared" in page.evaluate(script, "huge.gsimg")[1]


def test_an_element_fetches_what_its_size_needs(page: Any, ranges: RangeServer, huge: bytes) -> None:
    ranges.file = huge
    page.evaluate('document.body.innerHTML = \'<image-gs src="huge.gsimg" width="66"></image-gs>\'')
    page.evaluate("document.body.firstChild.decode()")
    element = "document.body.firstChild"
    assert page.evaluate(f"[{element}.naturalWidth, {element}.complete]") == [33 * SIDE, True]
    assert page.evaluate(f"{element}.paintedLayers") == 1
    parts = [size for size in ranges.sent if size != (0, len(huge))]  # the first answer was not read on
    assert sum(end - start for start, end in parts) < 0.03 * len(huge)
