"""<image-gs>: what it shows, and that it behaves like <img>."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from conftest import sample_gaussians, texture_pixels
from export_samples import STACK
from imagegs import Bits, Lattice, decode, encode, fit, render
from imagegs.textures.map_list import to_metadata
from test_web_painting import rgba, scene
from web_pages import check_close, pixels_of, put

WIDTH, HEIGHT = 48, 32
SHOWN = """(element) => {
    const canvas = element.shadowRoot.querySelector("canvas"), { width, height } = canvas;
    return [width, height, web64(canvas.getContext("2d").getImageData(0, 0, width, height).data)];
}"""
# Adds an element with these attributes, and tells with which event it ended.
ADD = """async ([attributes, style]) => {
    const element = document.createElement("image-gs");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.style.cssText = style ?? "";
    globalThis.events = [];
    for (const name of ["load", "error", "progress"])
        element.addEventListener(name, (event) => events.push([name, event.message ?? event.loaded ?? null]));
    const over = new Promise((resolve) => {
        for (const name of ["load", "error"]) element.addEventListener(name, resolve);
    });
    document.body.replaceChildren(element);
    globalThis.element = element;
    await over;
    return events;
}"""


@pytest.fixture(autouse=True)
def fresh(library: Any) -> Iterator[None]:
    put(library, "a.gsimg", encode(sample_gaussians(), Bits()))
    library.evaluate("() => { document.body.style.margin = 0; document.body.replaceChildren(); }")
    yield


def add(page: Any, style: str = "", **attributes: str) -> Any:
    return page.evaluate(ADD, [attributes, style])


def shown(page: Any) -> Any:
    width, height, pixels = page.evaluate_handle("element").evaluate(SHOWN)
    return pixels_of(pixels, width, height)


def test_it_shows_the_picture(library: Any) -> None:
    events = add(library, src="a.gsimg")
    assert [name for name, _ in events] == ["progress", "load"]
    assert events[0][1] == len(encode(sample_gaussians(), Bits()))
    check_close(shown(library), rgba(render(decode(encode(sample_gaussians(), Bits())), dtype=np.uint8)))
    facts = "[element.complete, element.naturalWidth, element.naturalHeight, element.width, element.height]"
    assert library.evaluate(facts) == [True, WIDTH, HEIGHT, WIDTH, HEIGHT]
    library.evaluate("element.decode()")


def test_it_is_an_image_to_those_who_do_not_see(library: Any) -> None:
    session = library.context.new_cdp_session(library)

    def images() -> list[str]:
        """The names of all images in the tree that a screen reader gets."""
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        seen = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ("image", "img")]
        return [node["name"]["value"] for node in seen]

    add(library, src="a.gsimg", alt="A harbour")
    assert images() == ["A harbour"]
    library.evaluate("element.alt = 'A quay'")
    assert images() == ["A quay"]
    assert not library.get_by_text("A quay").is_visible()
    library.evaluate("element.alt = ''")
    assert images() == []


@pytest.mark.parametrize("name", ["absent", "broken", "cut"])
def test_what_cannot_be_shown_is_an_error(library: Any, name: str) -> None:
    data = encode(sample_gaussians(), Bits())
    library.route("**/absent", lambda route: route.fulfill(status=404))
    put(library, "broken", data[:99] + bytes([data[99] ^ 1]) + data[100:])
    put(library, "cut", data[:-3])
    reasons = {"absent": "HTTP 404", "broken": "checksum mismatch", "cut": "truncated in the checksum"}
    *_, (event, message) = add(library, src=name, alt="A harbour")
    assert event == "error" and reasons[name] in message
    assert library.evaluate("element.complete") is True
    assert library.get_by_text("A harbour").is_visible()
    with pytest.raises(Exception, match=reasons[name]):
        library.evaluate("element.decode()")
    library.evaluate("(async () => { element.src = 'a.gsimg'; await element.decode(); })()")
    assert not library.get_by_text("A harbour").is_visible()
    assert shown(library).shape == (HEIGHT, WIDTH, 4)


def test_another_source_takes_the_place_of_the_first(library: Any) -> None:
    put(library, "b.gsimg", encode(scene(("Y",)), Bits()))
    script = """async () => {
        element.src = "b.gsimg";
        const first = element.decode().catch((error) => error.name);
        element.src = "a.gsimg";
        element.src = "b.gsimg";
        await element.decode();
        return [await first, element.naturalWidth];
    }"""
    add(library, src="a.gsimg")
    assert library.evaluate(script) == ["EncodingError", 90]
    assert [name for name, _ in library.evaluate("events")].count("load") == 2
    library.evaluate("element.removeAttribute('src')")
    assert library.evaluate("[element.complete, element.naturalWidth]") == [True, 0]


def test_it_paints_anew_when_its_size_changes(library: Any) -> None:
    add(library, src="a.gsimg")
    library.evaluate("element.style.width = '96px'")
    library.wait_for_function("element.shadowRoot.querySelector('canvas').width === 96")
    g = decode(encode(sample_gaussians(), Bits()))
    check_close(shown(library), rgba(render(g, scale=2, dtype=np.uint8)))
    library.evaluate("element.remove(); element.style.width = '24px'; document.body.append(element)")
    library.wait_for_function("element.shadowRoot.querySelector('canvas').width === 24")
    check_close(shown(library), rgba(render(g, scale=0.5, dtype=np.uint8)))


def test_what_was_decoded_outside_of_the_document_is_painted_in_it(library: Any) -> None:
    library.evaluate("""async () => {
        globalThis.element = document.createElement("image-gs");
        element.src = "a.gsimg";
        await element.decode();
        document.body.append(element);
    }""")
    library.wait_for_function("element.shadowRoot.querySelector('canvas').width === 48")
    check_close(shown(library), rgba(render(decode(encode(sample_gaussians(), Bits())), dtype=np.uint8)))


def test_levels_and_maps(library: Any) -> None:
    data = encode(fit(texture_pixels(), 800, steps=20, threads=1, layers=4), Lattice.of_fineness(6))
    put(library, "b.gsimg", data)
    add(library, src="b.gsimg", lod="0.4")
    check_close(shown(library), rgba(render(decode(data, lod=0.4), dtype=np.uint8)))
    library.evaluate("element.lod = 0")
    library.wait_for_function("element.paintedLayers === 1")
    check_close(shown(library), rgba(render(decode(data, lod=0), dtype=np.uint8)))
    with pytest.raises(Exception, match="RangeError: a level of detail is 0 to 1, not 2"):
        library.evaluate("element.lod = 2")
    g = scene(tuple(channel for each in STACK for channel in each.stack_channels))
    put(library, "c.gsimg", encode(g, Bits(), metadata=to_metadata(STACK)))
    add(library, src="c.gsimg", map="rock height")
    column = g.channels.index("rock height.Y")
    expected = render(g.replace(color=g.color[:, [column]], channels=("Y",)), dtype=np.uint8)
    check_close(shown(library), rgba(expected))
    assert add(library, src="c.gsimg", map="absent")[-1] == ["error", 'there is no map "absent"']


def test_many_share_one_context(library: Any) -> None:
    script = """async () => {
        const real = HTMLCanvasElement.prototype.getContext;
        let contexts = 0;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            contexts += kind === "webgl2";
            return real.call(this, kind, ...rest);
        };
        document.body.innerHTML = '<image-gs src="a.gsimg" width="24"></image-gs>'.repeat(40);
        const all = [...document.querySelectorAll("image-gs")];
        await Promise.all(all.map((element) => element.decode()));
        HTMLCanvasElement.prototype.getContext = real;
        const data = (one) => one.shadowRoot.querySelector("canvas").toDataURL();
        return [contexts, new Set(all.map(data)).size, all.every((element) => element.complete)];
    }"""
    contexts, pictures, complete = library.evaluate(script)
    assert contexts <= 1 and pictures == 1 and complete
