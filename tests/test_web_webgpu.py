"""WebGPU beside WebGL2: which is used, lost devices, what the card refuses, elements and the viewer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import FLAGS
from conftest import sample_gaussians
from imagegs import Bits, decode, encode, render
from imagegs.viewer.page import Shown, viewer_page
from test_web_element import SHOWN
from test_web_painting import HEIGHT, WIDTH, rgba, scene
from web_pages import check_close, pixels_of, put
from web_server import IMPORT

# Of a page: a picture on a renderer of its own, and its pixels.
PREPARE = """async ([width, height, api]) => {
    globalThis.size = { width, height };
    globalThis.view = { x: 0, y: 0, width, height };
    const renderer = await web.makeRenderer(document.createElement("canvas"), { api });
    globalThis.painting = new web.Painting(renderer, await web.loadPicture("/a.gsimg"));
    globalThis.pixels = async () => web64(await painting.readPixels(view, size));
    globalThis.told = (name) => new Promise((resolve) => (painting.renderer[name] = resolve));
    return painting.paint(view, size);
}"""
WITHOUT = "navigator.gpu.requestAdapter = async () => null"


@pytest.fixture
def gpu_page(chromium: Any, library: Any) -> Iterator[Any]:
    """The library's page; what a test does to navigator.gpu is taken back."""
    yield library
    library.evaluate("() => { delete navigator.gpu.requestAdapter; document.body.replaceChildren(); }")


def prepare(page: Any, api: str = "webgpu", channels: tuple[str, ...] = ("R", "G", "B")) -> np.ndarray:
    """Puts a picture there and paints it; the pixels that it has."""
    g = scene(channels)
    put(page, "a.gsimg", encode(g, Bits()))
    assert page.evaluate(PREPARE, [WIDTH, HEIGHT, api]) is True
    return rgba(render(g, dtype=np.uint8))


def painted_now(page: Any) -> np.ndarray:
    return pixels_of(page.evaluate("pixels()"), WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("place", "chosen"),
    [
        ("navigator.gpu.requestAdapter = async () => null", "webgl2"),
        ("", "webgl2"),  # this browser's adapter is software
        ("Object.defineProperty(info, 'isFallbackAdapter', { value: false, configurable: true })", "webgpu"),
        (
            """Object.defineProperty(info, 'isFallbackAdapter', { value: false, configurable: true });
            adapter.requestDevice = async () => { throw new Error("none left"); }""",
            "webgl2",
        ),
    ],
)
def test_webgpu_is_used_on_a_graphics_card_alone(gpu_page: Any, place: str, chosen: str) -> None:
    script = f"""async () => {{
        const adapter = await navigator.gpu.requestAdapter(), {{ info }} = adapter;
        navigator.gpu.requestAdapter = async () => adapter;
        {place};
        return (await web.makeRenderer(document.createElement("canvas"))).api;
    }}"""
    assert gpu_page.evaluate(script) == chosen


def test_what_is_asked_for_is_used_or_refused(gpu_page: Any) -> None:
    script = """([api, kind]) => {
        const canvas = document.createElement("canvas");
        if (kind) canvas.getContext(kind);
        const reason = ({ name, message }) => [name, message];
        return web.makeRenderer(canvas, { api }).then(({ api }) => api, reason);
    }"""

    def asked(api: str, kind: str | None = None) -> Any:
        return gpu_page.evaluate(script, [api, kind])

    assert asked("webgl2") == "webgl2" and asked("webgpu") == "webgpu"
    assert asked("webgl") == ["RangeError", "there is no api webgl"]
    assert asked("webgpu", "2d") == ["UnsupportedError", "this canvas has no WebGPU context"]
    gpu_page.evaluate(f"() => {{ {WITHOUT}; }}")
    name, message = asked("webgpu")
    assert name == "UnsupportedError" and "no WebGPU adapter" in message


@pytest.mark.parametrize("api", ["webgl2", "webgpu"])
def test_it_is_painted_into_the_lower_left_corner(gpu_page: Any, api: str) -> None:
    """With its alpha, of which a 2D canvas keeps what its premultiplied bytes can."""
    expected = prepare(gpu_page, api, ("R", "G", "B", "A")).astype(float)
    script = """() => {
        const { canvas } = painting.renderer;
        Object.assign(canvas, { width: size.width + 20, height: size.height + 30 });
        painting.draw(view, size);
        const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
        context.drawImage(canvas, 0, 0);
        return web64(context.getImageData(0, 0, canvas.width, canvas.height).data);
    }"""
    whole = pixels_of(gpu_page.evaluate(script), WIDTH + 20, HEIGHT + 30).astype(float)
    assert not whole[:30].any() and not whole[:, WIDTH:].any()
    found = whole[30:, :WIDTH]
    assert (np.abs(found[..., 3] - expected[..., 3]) <= 1).mean() > 0.9999
    off = np.abs(found - expected)[..., :3] * expected[..., 3:] / 255
    assert (off <= 2).mean() > 0.9999
    with pytest.raises(Exception, match="RangeError: the canvas has 10 x 100 pixels"):
        gpu_page.evaluate("painting.renderer.canvas.width = 10; painting.draw(view, size)")
    with pytest.raises(Exception, match="RangeError: at most 8192 pixels a side"):
        gpu_page.evaluate("painting.readPixels(view, { width: 1e6, height: 1 })")


@pytest.mark.parametrize("api", ["webgl2", "webgpu"])
def test_much_work_is_done_in_parts(gpu_page: Any, api: str) -> None:
    """Of a scene that says of itself that its lists are long."""
    expected = prepare(gpu_page, api)
    script = """async () => {
        const { renderer, whole } = painting, scene = painting.scene(whole);
        const calls = { webgl2: [renderer.gl, "drawArrays"], webgpu: [renderer.device?.queue, "submit"] };
        const [owner, name] = calls[renderer.api], real = owner[name].bind(owner);
        let parts = 0;
        owner[name] = (...values) => (++parts, real(...values));
        const tiles = scene.tiles.map((value) => value * 2e4);
        const pixels = await renderer.read({ ...scene, tiles }, view, size);
        delete owner[name];
        const heavy = { ...scene, tiles: scene.tiles.map(() => 2 ** 31) };
        const refused = await renderer.read(heavy, view, size).catch((error) => error.message);
        return [web64(pixels), parts, refused];
    }"""
    pixels, parts, refused = gpu_page.evaluate(script)
    check_close(pixels_of(pixels, WIDTH, HEIGHT), expected)
    assert 10 < parts < 40
    assert refused == "the Gaussians overlap too much to be painted here"


def test_a_lost_device_is_replaced(gpu_page: Any) -> None:
    expected = prepare(gpu_page)
    script = """async () => {
        const { renderer } = painting, restored = told("onrestored");
        renderer.device.destroy();
        const reading = painting.readPixels(view, size);
        await renderer.device.lost;
        const found = [await reading, renderer.lost, await painting.paint(view, size)];
        await renderer.finish();
        await restored;
        return [...found, renderer.lost, painting.draw(view, size)];
    }"""
    assert gpu_page.evaluate(script) == [None, True, False, False, True]
    check_close(painted_now(gpu_page), expected)


@pytest.mark.parametrize("cause", ["no adapter", "too often"])
def test_a_device_that_is_lost_for_good_is_told(gpu_page: Any, cause: str) -> None:
    """Then another renderer may take its place."""
    expected = prepare(gpu_page)
    script = """async (cause) => {
        const { renderer } = painting, failed = told("onfailed");
        if (cause === "no adapter") navigator.gpu.requestAdapter = async () => null;
        else renderer.onrestored = () => renderer.device.destroy();
        renderer.device.destroy();
        const { name, message } = await failed;
        const found = [name, message, renderer.lost, await painting.paint(view, size)];
        painting.renderer = await web.makeRenderer(document.createElement("canvas"), { api: "webgl2" });
        return found;
    }"""
    name, message, *found = gpu_page.evaluate(script, cause)
    assert name == "UnsupportedError" and found == [True, False]
    assert {"no adapter": "no WebGPU adapter", "too often": "lost again and again"}[cause] in message
    check_close(painted_now(gpu_page), expected)


def test_a_released_renderer_stays_so(gpu_page: Any) -> None:
    prepare(gpu_page)
    script = """async () => {
        const { renderer } = painting, { device } = renderer;
        renderer.onrestored = renderer.onfailed = () => { throw new Error("it was released"); };
        renderer.release();
        await device.lost;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return [renderer.lost, renderer.device === device, await painting.paint(view, size)];
    }"""
    assert gpu_page.evaluate(script) == [True, True, False]


def test_what_the_card_refuses_is_an_error(gpu_page: Any) -> None:
    """Once; what follows is painted again."""
    expected = prepare(gpu_page)
    script = """async () => {
        const { device } = painting.renderer, real = device.createBuffer.bind(device);
        const tried = async (change, action) => {
            painting.release();
            device.createBuffer = (options) => real(change(options));
            const { name, message } = await action().catch((error) => error);
            delete device.createBuffer;
            painting.release();
            return [name, message];
        };
        const useless = (options) => ({ ...options, usage: GPUBufferUsage.COPY_DST });
        const found = [await tried(useless, () => painting.paint(view, size))];
        found.push(await tried(useless, () => painting.readPixels(view, size)));
        const { mostBytes } = painting.renderer;
        painting.renderer.mostBytes = 100;
        found.push(await tried((options) => options, () => painting.paint(view, size)));
        painting.renderer.mostBytes = mostBytes;
        device.popErrorScope = async () => Object.create(GPUOutOfMemoryError.prototype);
        found.push(await tried((options) => options, () => painting.paint(view, size)));
        delete device.popErrorScope;
        return found;
    }"""
    *refused, large, full = gpu_page.evaluate(script)
    for name, message in refused:
        assert name == "UnsupportedError" and "the graphics card refuses to paint" in message
    assert large == ["UnsupportedError", "the picture is too large for this graphics card"]
    assert full == ["UnsupportedError", "the graphics card's memory is full"]
    check_close(painted_now(gpu_page), expected)


ELEMENTS = """async () => {
    document.body.innerHTML = '<image-gs src="/a.gsimg"></image-gs>'.repeat(3);
    await Promise.all([...document.body.children].map((element) => element.decode()));
    return document.body.children.length;
}"""
# The devices that a page asks for; the last one is the elements'.
NOTE_DEVICES = """() => {
    globalThis.devices = [];
    const real = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...options) {
        devices.push(await real.apply(this, options));
        return devices.at(-1);
    };
    web.ImageGSElement.api = "webgpu";
}"""


def all_shown(page: Any) -> list[np.ndarray]:
    return [pixels_of(e.evaluate(SHOWN)[2], 48, 32) for e in page.query_selector_all("image-gs")]


def wait_until_shown(page: Any) -> None:
    page.wait_for_function(f"[...document.body.children].every((e) => /[^A=]/.test(({SHOWN})(e)[2]))")


def test_elements_share_a_device_and_survive_its_loss(visit: Any, server: Any) -> None:
    server.picture = encode(sample_gaussians(), Bits())
    expected = rgba(render(decode(server.picture), dtype=np.uint8))
    page = visit()
    page.evaluate(NOTE_DEVICES)
    page.evaluate(ELEMENTS)
    assert page.evaluate("devices.length") == 1
    for cause in ("", WITHOUT):  # replaced by another device, and by WebGL2
        for found in all_shown(page):
            check_close(found, expected)
        blank = "(e) => (e.shadowRoot.querySelector('canvas').width = 48)"
        page.evaluate(f"() => {{ [...document.body.children].forEach({blank}); {cause}; }}")
        page.evaluate("() => devices.at(-1).destroy()")
        wait_until_shown(page)
    for found in all_shown(page):
        check_close(found, expected)
    assert page.evaluate("devices.length") == 2


@pytest.mark.parametrize("api", ["webgl2", "webgpu"])
def test_elements_survive_the_end_of_the_gpu_process(chromium: Any, server: Any, api: str) -> None:
    """Which takes their 2D canvases too. In a browser of its own."""
    server.picture = encode(sample_gaussians(), Bits())
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=FLAGS
    )
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.evaluate(IMPORT)
    page.evaluate(f"web.ImageGSElement.api = '{api}'")
    page.evaluate(ELEMENTS)
    page.evaluate("""() => {
        globalThis.ended = 0;
        for (const { shadowRoot } of document.body.children)
            shadowRoot.querySelector("canvas").addEventListener("contextlost", () => ++ended);
    }""")
    browser.new_browser_cdp_session().send("Browser.crashGpuProcess")
    page.wait_for_function("ended === 3")
    wait_until_shown(page)
    for found in all_shown(page):
        check_close(found, rgba(render(decode(server.picture), dtype=np.uint8)))
    browser.close()


def test_the_viewer_paints_by_webgpu_and_survives_its_loss(chromium: Any, tmp_path: Path) -> None:
    g = sample_gaussians()
    path = tmp_path / "page.html"
    path.write_text(viewer_page(Shown("a.gsimg", encode(g, Bits()))), "utf-8")
    page = chromium.new_page(viewport={"width": 96, "height": 64})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{path.as_uri()}?api=webgpu")
    expected = rgba(render(decode(encode(g, Bits())), scale=2, dtype=np.uint8))
    for n, api in enumerate(["webgpu", "webgpu", "webgl2"]):
        page.wait_for_function(
            f"globalThis.viewer?.frames.painted > (globalThis.before ?? 0) &&"
            f"viewer.show.painting.renderer.api === '{api}' && !viewer.show.painting.renderer.lost"
        )
        script = """async () => {
            const pixels = await viewer.show.painting.readPixels(viewer.viewport.view, viewer.frames.size);
            return btoa(String.fromCharCode(...pixels));
        }"""
        check_close(pixels_of(page.evaluate(script), 96, 64), expected)
        page.evaluate(f"() => {{ globalThis.before = viewer.frames.painted; {WITHOUT if n else ''}; }}")
        page.evaluate("() => viewer.show.painting.renderer.device?.destroy()")
    assert page.locator("#message").is_hidden() and page.locator("canvas#picture").count() == 1
    page.close()
    assert not faults
