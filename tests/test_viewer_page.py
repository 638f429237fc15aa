"""The viewer's page in Chromium: against the native renderer, its controls, a fit that goes on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import sample_gaussians
from imagegs.codec import Bits, encode
from imagegs.fitting.quantising import lattice_of
from imagegs.viewer.page import Shown, reference_files, viewer_page
from imagegs.viewer.server import Events
from imagegs.viewer.serving import serve_page

WIDTH, HEIGHT = 720, 480  # of the window
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def gaussians() -> imagegs.Gaussians:
    rng = np.random.default_rng(0)
    n = 300
    return imagegs.Gaussians(
        xy=rng.random((n, 2)) * [96, 64],
        scale=np.exp(rng.normal(1, 0.5, (n, 2))),
        angle=rng.uniform(0, np.pi, n),
        log_weight=rng.normal(0, 1, n),
        color=rng.random((n, 3)),
        height=64,
        width=96,
        blend="softmax",
    )


@pytest.fixture(scope="module")
def data(gaussians: imagegs.Gaussians) -> bytes:
    return encode(gaussians)


@pytest.fixture
def show(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a page of its own file, without a network; errors of its scripts fail the test."""
    faults: list[str] = []
    contexts = []

    def show(shown: Shown | str, *, ready: str = "viewer.frames.painted > 0", **settings: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(shown if isinstance(shown, str) else viewer_page(shown), "utf-8")
        context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: note_request(request.url, faults))
        page.goto(path.as_uri())
        page.wait_for_function(f"globalThis.viewer && {ready}")
        return page

    yield show
    for context in contexts:
        context.close()
    assert not faults


def note_request(url: str, faults: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        faults.append(f"the page asked for {url}")


def pixels(page: Any) -> np.ndarray:
    """What the picture's canvas shows, (HEIGHT, WIDTH, 4)."""
    url = page.evaluate(
        """async () => {
        const { show, frames, viewport } = viewer, { size } = frames;
        const data = await show.painting.readPixels(viewport.view, size);
        const canvas = new OffscreenCanvas(size.width, size.height);
        canvas.getContext("2d").putImageData(new ImageData(data, size.width, size.height), 0, 0);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return bytes.toBase64 ? bytes.toBase64() : btoa(String.fromCharCode(...bytes));
    }"""
    )
    import base64

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url))).convert("RGBA"))


def key(page: Any, name: str) -> None:
    page.keyboard.press(name)
    page.wait_for_timeout(80)


def test_the_whole_picture_fills_the_window(show, data, gaussians):
    page = show(Shown("a.gsimg", data))
    shown = pixels(page)[:, :, :3].astype(int)
    native = imagegs.render(gaussians_of(data), height=HEIGHT, dtype=np.uint8).astype(int)
    close = np.abs(shown - native) <= 1
    assert close.mean() >= 0.9999
    assert page.title() == "a.gsimg" and "96 × 64 · 300 Gaussians" in page.inner_text("#facts")
    assert page.locator("#message").is_hidden()


def gaussians_of(data: bytes) -> imagegs.Gaussians:
    return imagegs.decode(data)


def test_zooming_in_paints_the_gaussians_anew(show, data):
    page = show(Shown("a.gsimg", data))
    page.evaluate("viewer.viewport.zoomBy(8, 360, 240)")  # the window's middle stays
    view = page.evaluate("viewer.viewport.view")
    assert view["width"] == pytest.approx(96 / 8) and view["x"] == pytest.approx(48 - 6)
    shown = pixels(page)[:, :, :3].astype(int)
    region = (round(view["x"] * 60), round(view["y"] * 60), WIDTH, HEIGHT)
    native = imagegs.render(gaussians_of(data), scale=60, region=region, dtype=np.uint8).astype(int)
    assert (np.abs(shown - native) <= 1).mean() >= 0.9999


def test_wheel_drag_double_click_and_keys_move_the_view(show, data):
    page = show(Shown("a.gsimg", data))
    zoom = page.evaluate("viewer.viewport.zoom")
    page.mouse.move(100, 200)
    before = page.evaluate("viewer.viewport.toCanvas(100, 200)")
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"viewer.viewport.zoom > {zoom * 1.3}")
    assert page.evaluate("viewer.viewport.toCanvas(100, 200)") == pytest.approx(before)
    page.mouse.down()
    page.mouse.move(160, 230)
    page.mouse.up()
    assert page.evaluate("viewer.viewport.toCanvas(160, 230)") == pytest.approx(before, abs=0.01)
    page.mouse.dblclick(100, 200)
    assert page.evaluate("viewer.viewport.zoom") == pytest.approx(zoom)
    key(page, "+")
    key(page, "ArrowLeft")
    assert page.evaluate("viewer.viewport.zoom") == pytest.approx(1.5 * zoom)
    key(page, "0")
    assert page.evaluate("viewer.viewport.fitted")


def test_two_fingers_zoom(show, data):
    page = show(Shown("a.gsimg", data), has_touch=True)
    page.evaluate(
        """() => {
        const stage = document.getElementById("stage");
        const send = (type, id, x) => stage.dispatchEvent(new PointerEvent(type,
            { pointerId: id, clientX: x, clientY: 160, bubbles: true, pointerType: "touch" }));
        stage.setPointerCapture = () => {};
        send("pointerdown", 2, 200); send("pointerdown", 3, 280);
        send("pointermove", 2, 160); send("pointermove", 3, 320);
        send("pointerup", 2, 160); send("pointerup", 3, 320);
    }"""
    )
    assert page.evaluate("viewer.viewport.zoom") == pytest.approx(15.0)  # 7.5 fits the window


def test_levels_of_detail_tell_their_bytes(show, gaussians):
    layered = encode(replace(gaussians, layers=(100, 100, 100)), lattice_of(0))
    page = show(Shown("a.gsimg", layered))
    assert "3 of 3 layers: 300 Gaussians" in page.inner_text("#panel")
    page.get_by_label("level of detail").fill("0")
    page.wait_for_function("viewer.show.painting.whole?.key === '1'")
    assert "1 of 3 layers: 100 Gaussians" in page.inner_text("#panel")
    native = imagegs.render(imagegs.decode(layered, lod=0.0), height=HEIGHT, dtype=np.uint8).astype(int)
    assert (np.abs(pixels(page)[:, :, :3] - native) <= 1).mean() >= 0.9999


def overlay(page: Any) -> int:
    """Pixels that the overlay covers."""
    count = page.evaluate(
        """() => {
        const canvas = document.getElementById("overlay"), context = canvas.getContext("2d");
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }"""
    )
    assert isinstance(count, int)
    return count


def test_overlays_are_drawn_and_taken_away(show, data):
    page = show(Shown("a.gsimg", data))
    assert overlay(page) == 0
    key(page, "e")
    a_fifth = overlay(page)
    key(page, "e")
    assert overlay(page) > a_fifth > 0
    assert "300 of 300 ellipses" in page.inner_text("#panel")
    key(page, "e")
    key(page, "c")
    assert 300 * 4 < overlay(page) < 300 * 50
    key(page, "c")
    key(page, "t")
    assert overlay(page) > 0.9 * WIDTH * HEIGHT
    key(page, "t")
    assert overlay(page) == 0


def test_identity_colors_have_the_same_shapes(show, data):
    page = show(Shown("a.gsimg", data))
    before = pixels(page)
    key(page, "i")
    page.wait_for_function("viewer.show.painting === viewer.show.identity && viewer.show.identity.whole")
    assert np.abs(pixels(page).astype(int) - before).mean() > 20
    key(page, "e")
    assert overlay(page) > 0
    key(page, "i")
    page.wait_for_function("viewer.show.painting === viewer.show.plain")
    assert np.array_equal(pixels(page), before)


def test_the_original_is_compared(show, data):
    painted = imagegs.render(gaussians_of(data), dtype=np.uint8)
    original = painted.copy()
    original[:32] = np.clip(original[:32].astype(int) + 10, 0, 255)
    page = show(Shown("a.gsimg", data, {0: reference_files(original, False)}))
    page.wait_for_function("viewer.reference.psnr > 0")
    found = page.evaluate("viewer.reference.psnr")
    assert found == pytest.approx(imagegs_psnr(original, painted), abs=0.05)
    assert "dB PSNR of the part in sight" in page.inner_text("#panel")
    page.evaluate("viewer.viewport.zoomBy(4, 360, 479)")  # of the lower half, which is right
    page.wait_for_function("viewer.reference.psnr > 45")
    key(page, "0")
    key(page, "s")
    assert page.locator("#divider").is_visible()
    page.mouse.move(360, 100)
    page.mouse.down()
    page.mouse.move(180, 100)
    page.mouse.up()
    assert page.evaluate("viewer.reference.share") == pytest.approx(0.25)
    key(page, "d")
    page.wait_for_function("viewer.reference.errors")
    color = page.evaluate(
        "[...document.getElementById('reference').getContext('2d').getImageData(360, 90, 1, 1).data]"
    )
    assert color[3] == 255 and color[0] == pytest.approx(128 - 40, abs=6)  # gain 4, 10 too dark


def test_grain_is_shown_and_not_measured(show, data, gaussians):
    grained = encode(gaussians, grain=imagegs.Grain(2, 2, 60, (7, 7, 7, 7)))
    painted = imagegs.render(gaussians_of(data), dtype=np.uint8)
    page = show(Shown("a.gsimg", grained, {0: reference_files(painted, False)}))
    page.wait_for_function("viewer.reference.psnr > 50")
    shown = pixels(page)[:, :, :3].astype(int)
    native = imagegs.decompress(grained, height=HEIGHT).astype(int)
    assert (np.abs(shown - native) <= 1).mean() >= 0.9999
    box = page.get_by_label("grain")
    assert box.is_checked()
    key(page, "i")  # colours of their own have none
    page.wait_for_function("viewer.show.painting === viewer.show.identity && viewer.show.identity.whole")
    identity = pixels(page)
    key(page, "g")
    assert not box.is_checked() and np.array_equal(pixels(page), identity)
    key(page, "i")
    page.wait_for_function("viewer.show.painting === viewer.show.plain")
    plain = imagegs.render(gaussians_of(data), height=HEIGHT, dtype=np.uint8).astype(int)
    assert (np.abs(pixels(page)[:, :, :3] - plain) <= 1).mean() >= 0.9999
    assert show(Shown("a.gsimg", data)).get_by_label("grain").count() == 0


def imagegs_psnr(a: np.ndarray, b: np.ndarray) -> float:
    from imagegs.metrics import psnr

    return psnr(a, b)


def test_alpha_is_compared_exactly(show):
    """A browser's own premultiplied pixels would lose colours where alpha is small."""
    gaussians = sample_gaussians(channels=("R", "G", "B", "A"))
    small = replace(gaussians, color=gaussians.color * [1, 1, 1, 0.05])
    data = encode(small)
    painted = imagegs.render(imagegs.decode(data), dtype=np.uint8)
    page = show(Shown("a.gsimg", data, {0: reference_files(painted, True)}))
    page.wait_for_function("viewer.reference.psnr > 0")
    assert page.evaluate("viewer.reference.psnr") > 50


def test_hidden_colours_count_in_no_measure(show):
    """The PSNR of the page is that of the package: of what is seen."""
    gaussians = sample_gaussians(channels=("R", "G", "B", "A"))
    data = encode(gaussians)
    painted = imagegs.render(imagegs.decode(data), dtype=np.uint8)
    original = painted.copy()
    original[:20] = 255 - original[:20]
    original[20:40, :, 3] = 0
    page = show(Shown("a.gsimg", data, {0: reference_files(original, True)}))
    page.wait_for_function("viewer.reference.psnr > 0")
    expected = imagegs_psnr(original, painted)
    assert page.evaluate("viewer.reference.psnr") == pytest.approx(expected, abs=0.05)
    original[20:40, :, :3] = 255 - original[20:40, :, :3]
    page = show(Shown("a.gsimg", data, {0: reference_files(original, True)}))
    page.wait_for_function("viewer.reference.psnr > 0")
    assert page.evaluate("viewer.reference.psnr") == pytest.approx(expected, abs=0.05)


def test_maps_of_a_stack_are_picked(show, run, tmp_path):
    """Each with its own original."""
    folder = tmp_path / "tiles"
    folder.mkdir()
    y, x = np.mgrid[:32, :48]
    for name, gray in (("tiles_roughness", 3 * x + y), ("tiles_albedo", 255 - 4 * x)):
        channels = [gray, gray // 2, 255 - gray] if name.endswith("albedo") else [gray]
        Image.fromarray(np.dstack(channels).astype(np.uint8).squeeze()).save(folder / f"{name}.png")
    target, export = tmp_path / "tiles.gsimg", tmp_path / "tiles.html"
    assert run("encode", folder, "-o", target, "-n", 60, "-e", 1, "-j", 1, "--quiet").code == 0
    assert run("view", target, "--reference", folder, "--export", export, "--quiet").code == 0
    page = show(export.read_text("utf-8"))
    picker = page.get_by_label("map", exact=True)
    names = picker.locator("option").all_inner_texts()
    assert sorted(names) == ["albedo", "roughness"]
    for number, name in enumerate(names):
        picker.select_option(str(number))
        page.wait_for_function(f"viewer.show.painting.map === {number} && viewer.reference.psnr > 20")
        gray = pixels(page)[..., :3].astype(int)
        assert (np.abs(gray[..., 0] - gray[..., 2]).max() <= 1) == (name == "roughness")


def test_the_point_under_the_pointer_is_read(show, data):
    page = show(Shown("a.gsimg", data))
    page.mouse.move(361, 241)
    text = page.inner_text("#readout")
    x, y = page.evaluate("viewer.viewport.toCanvas(361, 241)")
    value = imagegs.sample(gaussians_of(data), [[x, y]])[0]
    assert f"R {value[0]:.3f} G {value[1]:.3f} B {value[2]:.3f}" in text
    assert "multiply-adds" in text and f"x {x:.1f}, y {y:.1f}" in text


def test_nothing_is_painted_without_a_change(show, data):
    page = show(Shown("a.gsimg", data))
    page.wait_for_timeout(300)
    painted = page.evaluate("viewer.frames.painted")
    page.wait_for_timeout(500)
    assert page.evaluate("viewer.frames.painted") == painted


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "text"])
def test_a_broken_file_is_told(show, data, damage):
    broken = {
        "empty": b"",
        "cut": data[:-9],
        "changed": data[:60] + b"\x55" + data[61:],
        "text": b"no picture at all",
    }
    page = show(Shown("<b>a</b>.gsimg", broken[damage]), ready="!!document.querySelector('#message.failed')")
    assert page.inner_text("#message") and page.locator("#name b").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_on_a_phone(chromium, data, tmp_path, scheme):
    (tmp_path / "page.html").write_text(viewer_page(Shown("a" * 80 + ".gsimg", data)), "utf-8")
    context = chromium.new_context(viewport={"width": 360, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("globalThis.viewer && viewer.frames.painted > 0")
    assert page.locator("#panel").is_hidden()
    page.locator("#toggle").click()
    box = page.locator("#panel").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360 and box["y"] + box["height"] <= 640
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


def test_a_served_page_gets_all_below_its_secret_path(chromium, data):
    painted = imagegs.render(gaussians_of(data), dtype=np.uint8)
    with serve_page(Shown("a.gsimg", data, {0: reference_files(painted, False)})) as server:
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.url}?api=webgl2")
        wait(page, "globalThis.viewer && viewer.reference.psnr > 40")
        page.close()
    names = {url.removeprefix(server.url) for url in asked if not url.startswith(("blob:", "data:"))}
    assert names == {"?api=webgl2", "picture.gsimg", "reference-0-0.png"}


def test_a_fit_is_followed_from_its_server(chromium, gaussians):
    """Over HTTP and under the server's policy for contents."""
    newest = [encode(replace(gaussians, color=0 * gaussians.color), Bits())]
    events = Events()
    with serve_page(Shown("fit.gsimg", b""), events=events, newest=lambda: newest[0]) as server:
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(server.url)
        state = {"step": 3, "steps": 9, "n_gaussians": 300, "psnr": 20.0, "version": 1, "done": False}
        events.publish(state)
        wait(page, "globalThis.viewer && viewer.frames.painted > 0")
        assert pixels(page)[:, :, :3].max() == 0
        assert "step 3 of 9, 300 Gaussians, 20.00 dB" in page.inner_text("#panel")
        page.evaluate("viewer.viewport.zoomBy(2)")
        newest[0] = encode(gaussians)
        events.publish({**state, "step": 9, "version": 2, "done": True})
        wait(page, "document.querySelector('#panel').innerText.includes('done')")
        wait(page, "viewer.show.plain.picture.arrays.color.some((value) => value > 0.5)")
        assert page.evaluate("viewer.viewport.zoom") == pytest.approx(15.0)  # the view is kept
        page.close()
        assert not faults


def wait(page: Any, condition: str) -> None:
    """As wait_for_function, which a page's policy may forbid."""
    for _ in range(400):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)
