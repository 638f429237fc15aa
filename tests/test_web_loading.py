"""Pictures on their way: slow servers, lazy elements, pages of their own, files that mean harm."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oracle
from conftest import sample_gaussians, texture_pixels
from imagegs import Bits, Lattice, decode, encode, fit, read_info, render
from imagegs.web.module import module_text
from test_web_element import SHOWN
from test_web_painting import rgba
from web_pages import SETUP, check_close, pixels_of
from web_server import SlowServer


@pytest.fixture(scope="module")
def layered() -> bytes:
    """A picture of four layers."""
    return encode(fit(texture_pixels(), 800, steps=20, threads=1, layers=4), Lattice.of_fineness(6))


def shown(page: Any) -> Any:
    width, height, pixels = page.query_selector("image-gs").evaluate(SHOWN)
    return pixels_of(pixels, width, height)


def up_to_layer(data: bytes, number: int) -> int:
    """Bytes of a file up to the end of a layer."""
    info = read_info(data)
    behind = sum(12 + layer.n_bytes for layer in info.layers[number:]) + 12
    return len(data) - behind


def test_the_first_layer_is_painted_as_soon_as_it_has_come(
    visit: Any, server: SlowServer, layered: bytes
) -> None:
    server.picture, server.first = layered, up_to_layer(layered, 1) + 3
    page = visit()
    page.evaluate("document.body.innerHTML = '<image-gs src=\"slow.gsimg\"></image-gs>'")
    page.evaluate("document.body.firstChild.onload = () => { globalThis.loaded = true; }")
    page.wait_for_function("document.body.firstChild.paintedLayers === 1")
    page.wait_for_function("document.body.firstChild.shadowRoot.querySelector('canvas').width === 96")
    assert page.evaluate("document.body.firstChild.complete") is False
    check_close(shown(page), rgba(render(decode(layered, lod=0), dtype=np.uint8)))
    server.go.set()
    page.evaluate("document.body.firstChild.decode()")
    check_close(shown(page), rgba(render(decode(layered), dtype=np.uint8)))


def test_bytes_that_come_are_handed_over_to_the_worker(
    visit: Any, server: SlowServer, layered: bytes
) -> None:
    """Nothing of a file stays on the page's side but its Gaussians."""
    server.picture = layered
    script = """async () => {
        const post = Worker.prototype.postMessage, left = [];
        Worker.prototype.postMessage = function (message, transfer) {
            post.call(this, message, transfer);
            if (message.type === "bytes") left.push(message.bytes.byteLength);
        };
        const progress = [], onProgress = (picture, loaded) => progress.push(loaded);
        const picture = await web.loadPicture("a.gsimg", { onProgress });
        Worker.prototype.postMessage = post;
        return [left, progress.at(-1), picture.nGaussians];
    }"""
    left, loaded, n = visit().evaluate(script)
    assert left and set(left) == {0}
    assert (loaded, n) == (len(layered), len(decode(layered)))


def test_bytes_that_are_pushed_stay_unless_they_are_to_be_handed_over(
    visit: Any, server: SlowServer, layered: bytes
) -> None:
    server.picture = layered
    script = """async () => {
        const bytes = new Uint8Array(await (await fetch("a.gsimg")).arrayBuffer()), pictures = [], sizes = [];
        for (const transfer of [false, true]) {
            const picture = new web.Picture();
            picture.push(bytes, transfer);
            sizes.push(bytes.byteLength);
            pictures.push(picture.end());
        }
        const [first, second] = await Promise.all(pictures);
        return [sizes, first.nGaussians, second.nGaussians, second.arrays.xy.length];
    }"""
    n = len(decode(layered))
    assert visit().evaluate(script) == [[len(layered), 0], n, n, 2 * n]


def test_another_source_ends_the_transfer(visit: Any, server: SlowServer, layered: bytes) -> None:
    server.picture, server.first = layered, 200
    page = visit()
    page.evaluate("document.body.innerHTML = '<image-gs src=\"slow.gsimg\"></image-gs>'")
    page.wait_for_function("document.body.firstChild.naturalWidth === 96")
    page.evaluate("document.body.firstChild.src = 'a.gsimg'")
    page.evaluate("document.body.firstChild.decode()")
    assert server.cut_off.wait(5)


def test_a_transfer_can_be_aborted(visit: Any, server: SlowServer, layered: bytes) -> None:
    server.picture, server.first = layered, 200
    script = """async () => {
        const control = new AbortController();
        const options = { signal: control.signal, onHeader: () => control.abort(new Error("enough")) };
        return web.loadPicture("slow.gsimg", options).catch((error) => error.message);
    }"""
    assert visit().evaluate(script) == "enough"
    assert server.cut_off.wait(5)


def test_a_lazy_element_waits_until_it_is_near(visit: Any, server: SlowServer) -> None:
    server.picture = encode(sample_gaussians(), Bits())
    page = visit()
    page.evaluate("""document.body.innerHTML =
        `<div style="height: 5000px"></div>
        <image-gs loading="lazy" src="a.gsimg" width="48" height="32"></image-gs>`""")
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert (
        "a.gsimg" not in server.asked
        and page.evaluate("document.querySelector('image-gs').complete") is False
    )
    page.evaluate("scrollTo(0, 3500)")
    page.wait_for_function("document.querySelector('image-gs').complete")
    assert shown(page).shape == (32, 48, 4)
    page.evaluate("scrollTo(0, 0); document.querySelector('image-gs').src = 'b.gsimg'")
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert "b.gsimg" not in server.asked
    page.evaluate("document.querySelector('image-gs').loading = 'eager'")
    page.wait_for_function("document.querySelector('image-gs').complete")


def test_it_is_sharp_on_dense_screens(visit: Any, server: SlowServer) -> None:
    server.picture = encode(sample_gaussians(), Bits())
    page = visit(device_scale_factor=2)
    page.evaluate("document.body.innerHTML = '<image-gs src=\"a.gsimg\"></image-gs>'")
    page.evaluate("document.body.firstChild.decode()")
    check_close(shown(page), rgba(render(decode(server.picture), scale=2, dtype=np.uint8)))


def test_a_policy_without_workers_is_an_error(visit: Any, server: SlowServer) -> None:
    server.policy, server.picture = "worker-src 'none'", encode(sample_gaussians(), Bits())
    script = "() => web.loadPicture('a.gsimg').catch((error) => [error.name, error.message])"
    name, message = visit().evaluate(script)
    assert name == "UnsupportedError" and "worker" in message


def test_a_page_of_its_own_needs_no_server(chromium: Any, tmp_path: Path) -> None:
    data = encode(sample_gaussians(), Bits())
    source = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    path = tmp_path / "page.html"
    path.write_text(f"""<!doctype html><meta charset="utf-8"><script type="module">{module_text()}
        globalThis.done = document.querySelector("image-gs").decode(); {SETUP}</script>
        <image-gs src="{source}"></image-gs>""")
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.evaluate("done")
    check_close(shown(page), rgba(render(decode(data), dtype=np.uint8)))
    page.close()


def test_hostile_files_do_not_hang_the_page(visit: Any, server: SlowServer) -> None:
    """100,000 Gaussians, all seen everywhere on a huge canvas: refused, while the page goes on."""
    g = oracle.random_gaussians(np.random.default_rng(1), 100_000, 16000, 16000, 1, scales=(60000, 60001))
    server.picture = encode(g, Bits.parse("8,8,8,8,8"))
    page = visit()
    script = """async () => {
        let longest = 0, last = performance.now(), end = false;
        const watch = () => {
            longest = Math.max(longest, performance.now() - last);
            last = performance.now();
            if (!end) setTimeout(watch, 5);
        };
        watch();
        document.body.innerHTML = '<image-gs src="a.gsimg" width="600"></image-gs>';
        const told = ({ cause }) => [cause.name, cause.message];
        const reason = await document.body.firstChild.decode().catch(told);
        end = true;
        return [...reason, longest];
    }"""
    name, message, longest = page.evaluate(script)
    assert name == "LimitError" and "overlap" in message
    assert longest < 1000


def test_a_damaged_start_ends_the_transfer(visit: Any, server: SlowServer, layered: bytes) -> None:
    server.picture, server.first = layered[:99] + bytes([layered[99] ^ 1]) + layered[100:], len(layered) // 2
    script = "() => web.loadPicture('slow.gsimg').catch((error) => error.message)"
    assert "checksum mismatch" in visit().evaluate(script)
    assert server.cut_off.wait(5)


def test_pictures_that_nobody_holds_are_forgotten(visit: Any, server: SlowServer) -> None:
    server.picture = encode(sample_gaussians(), Bits())
    page = visit()
    page.evaluate("""() => {
        globalThis.forgotten = 0;
        const real = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message, ...rest) {
            forgotten += message.type === "close";
            return real.call(this, message, ...rest);
        };
        document.body.innerHTML = '<image-gs src="a.gsimg"></image-gs>'.repeat(3);
    }""")
    page.evaluate("Promise.all([...document.body.children].map((one) => one.decode()))")
    page.evaluate("document.body.replaceChildren(document.body.firstChild)")
    session = page.context.new_cdp_session(page)
    for _ in range(50):
        session.send("HeapProfiler.collectGarbage")
        if page.evaluate("forgotten") == 2:
            break
    assert page.evaluate("forgotten") == 2
    page.evaluate("(async () => { document.body.firstChild.style.width = '20px'; })()")
    page.wait_for_function("document.body.firstChild.shadowRoot.querySelector('canvas').width === 20")


def test_what_is_waited_for_is_not_collected(visit: Any, server: SlowServer) -> None:
    """A picture that nothing but its own promise holds, while memory is cleaned up all the time."""
    server.picture = encode(sample_gaussians(), Bits())
    page = visit()
    page.evaluate("""() => {
        const grid = { x: 0, y: 0, side: [1, 1], columns: 48, rows: 32 }, extent = { n: 60, fadeFrom: 60 };
        const lists = (picture) => picture.lists({ extent, grid, maxIds: 2 ** 20 });
        globalThis.started = globalThis.found = 0;
        globalThis.more = setInterval(() => {
            ++started;
            web.loadPicture("a.gsimg").then(lists).then(() => ++found);
        }, 5);
    }""")
    session = page.context.new_cdp_session(page)
    for _ in range(40):
        session.send("HeapProfiler.collectGarbage")
    page.evaluate("clearInterval(more)")
    page.wait_for_function("started > 20 && found === started")
