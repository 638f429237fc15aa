"""<image-gs> in pages with a strict policy, in pages that were there before it, and on paper."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import sample_gaussians
from imagegs import Bits, encode
from web_server import SlowServer

STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src blob:"  # docs/web.md
PLAIN = "default-src 'self'; worker-src blob:"
TRUSTED = f"{STRICT}; require-trusted-types-for 'script'; trusted-types imagegs"
BOX = """(element) => {
    const { width, height } = element.getBoundingClientRect();
    return [width, height, element.shadowRoot.querySelector("canvas").width];
}"""
# As a page would: the library comes when elements and what was set on them are there.
EARLY = """async (attach) => {
    const element = document.createElement("image-gs");
    Object.assign(element, { src: "a.gsimg", alt: "A quay", width: 24, loading: "lazy", lod: 0.5, map: "x" });
    const seen = [];
    element.onload = () => seen.push("load");
    element.onerror = () => seen.push("error");
    if (attach) document.body.append(element);
    globalThis.element = element;
    globalThis.web = await import("/imagegs.js");
    if (!attach) customElements.upgrade(element);
    const names = ["src", "alt", "width", "loading", "lod", "map"];
    const told = names.map((name) => element.getAttribute(name));
    const hidden = names.filter((name) => Object.hasOwn(element, name));
    element.map = null;
    element.removeAttribute("map");
    await element.decode();
    await new Promise((resolve) => setTimeout(resolve));
    return [told, hidden, seen, element.naturalWidth, element.width];
}"""


@pytest.fixture(autouse=True)
def picture(server: SlowServer) -> None:
    server.picture = encode(sample_gaussians(), Bits())


@pytest.mark.parametrize("policy", ["style-src 'self'", "style-src 'none'", PLAIN, STRICT, TRUSTED])
def test_a_strict_policy_lets_it_be_as_large_as_the_picture(
    visit: Any, server: SlowServer, policy: str
) -> None:
    server.policy = policy
    page = visit()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.evaluate(f"() => {{ globalThis.box = {BOX}; }}")
    script = """async (attributes) => {
        const element = document.createElement("image-gs");
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        document.body.replaceChildren(element);
        await element.decode();
        return box(element);
    }"""
    assert page.evaluate(script, {"src": "a.gsimg"}) == [48, 32, 48]
    assert page.evaluate(script, {"src": "a.gsimg", "width": "96"}) == [96, 64, 96]
    assert page.evaluate(script, {"src": "a.gsimg", "width": "50", "height": "50"}) == [50, 50, 50]
    assert not faults


@pytest.mark.parametrize("attach", [True, False])
def test_what_was_set_before_is_kept(chromium: Any, server: SlowServer, attach: bool) -> None:
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    told, hidden, seen, natural, width = page.evaluate(EARLY, attach)
    page.close()
    assert told == ["a.gsimg", "A quay", "24", "lazy", "0.5", "x"]
    assert hidden == []
    assert (seen, natural, width) == (["load"], 48, 24)


def test_a_wrong_map_can_be_mended(visit: Any, server: SlowServer) -> None:
    script = """async () => {
        document.body.innerHTML = '<image-gs src="a.gsimg" map="absent"></image-gs>';
        const element = document.body.firstChild;
        const first = await element.decode().catch(({ name, cause }) => [name, cause.name]);
        element.removeAttribute("map");
        await element.decode();
        return [first, element.complete, element.naturalWidth];
    }"""
    assert visit().evaluate(script) == [["EncodingError", "RangeError"], True, 48]


def test_the_old_picture_stays_until_the_new_one_can_be_seen(visit: Any, server: SlowServer) -> None:
    server.first = 20
    page = visit()
    page.evaluate("document.body.innerHTML = '<image-gs src=\"a.gsimg\"></image-gs>'")
    page.evaluate("document.body.firstChild.decode()")
    box = f"[document.body.firstChild].map({BOX})[0]"
    page.evaluate("document.body.firstChild.src = 'slow.gsimg'")
    page.wait_for_timeout(200)
    assert page.evaluate(box) == [48, 32, 48]
    assert page.evaluate("document.body.firstChild.complete") is False
    server.go.set()
    page.evaluate("document.body.firstChild.decode()")
    assert page.evaluate(box) == [48, 32, 48]
    assert page.evaluate("document.body.firstChild.complete") is True


def test_it_is_printed(visit: Any, server: SlowServer) -> None:
    """The page's PDF has the picture, an image of as many pixels."""
    page = visit()
    empty = len(page.pdf())
    page.evaluate("document.body.innerHTML = '<image-gs src=\"a.gsimg\"></image-gs>'")
    page.evaluate("document.body.firstChild.decode()")
    data = page.pdf()
    assert b"/Width 48" in data and b"/Height 32" in data and len(data) > empty
