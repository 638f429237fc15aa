"""<image-gs> and <img> side by side: one script, one result."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import sample_gaussians
from imagegs import Bits, encode
from web_pages import put

# `make()` gives a new element, `good` and `bad` addresses, `log(e)` names its events from here on.
START = """([tag, suffix]) => {
    globalThis.number ??= 0; // no address twice: <img> has a cache
    document.body.replaceChildren();
    globalThis.make = () => document.createElement(tag);
    globalThis.good = () => `good${suffix}?${++globalThis.number}`;
    globalThis.bad = `bad${suffix}`;
    globalThis.log = (e) => {
        const seen = [];
        for (const name of ["load", "error"]) e.addEventListener(name, () => seen.push(name));
        return seen;
    };
    globalThis.rest = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms));
    globalThis.over = (e) => new Promise((resolve) => {
        for (const name of ["load", "error"]) e.addEventListener(name, resolve, { once: true });
    });
    globalThis.reason = (e) =>
        e.decode().then(() => "decoded", (error) => [error.name, error instanceof DOMException]);
    globalThis.facts = (e) => [e.complete, e.naturalWidth, e.naturalHeight, e.width, e.height];
    globalThis.plain = (address) => address.replace(/\\.(png|gsimg)(\\?\\d+)?/, "");
}"""
BEGIN = "const e = make(), seen = log(e);"
SCRIPTS = {  # by what they are about; all go on from BEGIN
    "without src": """
        return [facts(e), e.src, e.currentSrc, await reason(e)];
    """,
    "decode of a detached one": """
        e.src = good(); const r = await reason(e); return [r, facts(e), e.isConnected];
    """,
    "load of a detached one": """
        e.src = good(); await over(e); return [seen, facts(e)];
    """,
    "onload": """
        const seen = [];
        e.onload = (event) => seen.push(event.type, event.bubbles, event.cancelable);
        e.src = good(); await over(e); return seen;
    """,
    "onload as an attribute": """
        globalThis.n = 0; e.setAttribute('onload', 'n++'); e.src = good(); await over(e);
        return n;
    """,
    "a failing one": """
        document.body.append(e); e.src = bad; const r = await reason(e); await rest();
        return [r, seen, facts(e).slice(0, 3), plain(e.currentSrc)];
    """,
    "an empty src": """
        e.src = ''; const before = [...seen]; await over(e);
        return [before, seen, facts(e), e.currentSrc, await reason(e)];
    """,
    "a blank src": """
        e.src = '  '; await over(e); return [seen, facts(e), await reason(e)];
    """,
    "an empty src in a page": """
        document.body.append(make()); const e = document.body.firstChild; e.src = '';
        await over(e); return facts(e).slice(0, 3);
    """,
    "no address": """
        e.src = 'http://['; await over(e);
        return [seen, facts(e), e.src, await reason(e)];
    """,
    "spaces around": """
        e.src = `  ${good()} `;
        return [await reason(e), plain(e.src), plain(e.currentSrc), plain(e.getAttribute('src'))];
    """,
    "addresses are absolute": """
        e.src = good(); await e.decode();
        return [plain(e.src), plain(e.currentSrc), plain(e.getAttribute('src'))];
    """,
    "complete at once after src": """
        e.src = good(); return [e.complete, await reason(e), e.complete];
    """,
    "a bad one, then a good one": """
        document.body.append(e); e.src = bad; await over(e); e.src = good();
        const r = await reason(e); await rest(); return [r, seen, facts(e)];
    """,
    "an empty one, then a good one": """
        e.src = ''; await over(e); e.src = good(); const r = await reason(e);
        await rest(); return [r, seen, facts(e)];
    """,
    "a good one, then a bad one": """
        document.body.append(e); e.src = good(); await over(e); e.src = bad;
        const r = await reason(e); await rest();
        return [r, seen, e.complete, e.naturalWidth];
    """,
    "many at once": """
        e.src = bad; const r = reason(e); e.src = ''; e.src = good();
        const s = await reason(e); await rest(); return [await r, s, seen];
    """,
    "no longer any": """
        document.body.append(e); e.src = good(); await over(e); e.removeAttribute('src');
        await rest(); return [seen, facts(e), e.currentSrc, await reason(e)];
    """,
    "withdrawn at once": """
        e.src = good(); const r = reason(e); e.removeAttribute('src'); await rest();
        return [await r, seen, facts(e)];
    """,
    "removed and inserted on the way": """
        document.body.append(e); e.src = good(); const r = reason(e); await null;
        e.remove(); document.body.append(e); const s = await r; await rest();
        return [s, seen, facts(e)];
    """,
    "removed on the way": """
        document.body.append(e); e.src = good(); await null; e.remove(); await over(e);
        await rest(); return [seen, e.complete, e.naturalWidth];
    """,
    "inserted behind": """
        e.src = good(); await e.decode(); document.body.append(e); await rest();
        return [seen, facts(e)];
    """,
    "clones": """
        e.alt = 'x'; e.src = good(); await e.decode();
        const c = e.cloneNode(), seen = log(c); await over(c);
        return [c !== e, seen, facts(c), c.alt];
    """,
    "the same src again": """
        e.src = good(); await over(e); e.src = e.src; await over(e);
        return [seen, facts(e)];
    """,
    "lazy and detached": """
        e.loading = 'lazy'; e.src = good(); await rest();
        const before = [seen.length, e.complete]; document.body.append(e); await over(e);
        return [before, seen, facts(e)];
    """,
    "lazy behind src": """
        e.src = good(); e.loading = 'lazy'; await rest(); return [seen, e.complete];
    """,
    "no longer lazy": """
        e.loading = 'lazy'; e.src = good(); await rest(); e.loading = 'eager';
        await over(e); return seen;
    """,
    "loading": """
        const told = (value) => { e.loading = value; return [e.loading, e.getAttribute('loading')]; };
        return ['lazy', 'eager', 'LAZY'].map(told);
    """,
    "sizes of attributes": """
        e.width = 30; const a = [e.width, e.height, e.getAttribute('width')];
        e.src = good(); await e.decode(); return [a, e.width, e.height];
    """,
    "sizes in a page": """
        e.src = good();
        e.style.cssText = 'padding: 3px 5px; border: 2px solid; transform: scale(2); box-sizing: content-box';
        document.body.append(e); await e.decode(); await rest();
        const a = [e.width, e.height]; e.style.display = 'none';
        return [a, e.width, e.height];
    """,
    "sizes in a border box": """
        e.width = 40; e.src = good();
        e.style.cssText = 'padding: 3px 5px; border: 2px solid; box-sizing: border-box';
        document.body.append(e); await e.decode(); return e.width;
    """,
    "into another document": """
        const f = document.createElement('iframe'); document.body.append(f);
        const e = make(); e.src = good(); document.body.append(e); await e.decode();
        f.contentDocument.body.append(e); await rest(150);
        const r = e.getBoundingClientRect();
        const a = [e.ownerDocument === f.contentDocument, r.width, r.height, e.complete, e.naturalWidth];
        document.body.append(e); await rest(150); const s = e.getBoundingClientRect();
        return [a, s.width, s.height, e.complete, e.naturalWidth];
    """,
    "in a document without a window": """
        const d = document.implementation.createHTMLDocument('');
        const e = d.adoptNode(make()), seen = log(e); e.src = good();
        const r = await reason(e); await rest(); const a = [r, seen.length];
        document.body.append(e); await over(e); return [a, seen, facts(e).slice(1, 3)];
    """,
    "in a fragment": """
        document.createDocumentFragment().append(e); e.src = good(); await over(e);
        return [seen, facts(e)];
    """,
    "text for those who do not see": """
        const a = [e.alt, e.hasAttribute('alt')]; e.alt = null; return [a, e.alt];
    """,
}

CACHED = ("clones", "the same src again", "into another document")  # by <img> itself, by HTTP's cache for us


@pytest.fixture(autouse=True)
def fresh(library: Any) -> Iterator[None]:
    file = io.BytesIO()
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(file, "PNG")
    put(library, "good.png?*", file.getvalue())
    put(library, "good.gsimg?*", encode(sample_gaussians(), Bits()))
    for suffix in ("png", "gsimg"):
        library.route(f"**/bad.{suffix}", lambda route: route.fulfill(status=404))
    yield
    library.evaluate("document.body.replaceChildren()")


def outcome(page: Any, tag: str, suffix: str, script: str) -> tuple[Any, int]:
    """What a script returns, and how many requests it made."""
    asked: list[str] = []
    note = lambda request: asked.append(request.url)  # noqa: E731
    page.on("request", note)
    page.evaluate(START, [tag, suffix])
    try:
        found = page.evaluate(
            f"() => {{ {BEGIN} return Promise.race([(async () => {{ {script} }})(), rest(3000)]); }}"
        )
    finally:
        page.remove_listener("request", note)
    return found, len([url for url in asked if url.startswith("http")])


@pytest.mark.parametrize("case", SCRIPTS)
def test_it_does_as_img_does(library: Any, case: str) -> None:
    script = SCRIPTS[case]
    expected, expected_requests = outcome(library, "img", ".png", script)
    found, requests = outcome(library, "image-gs", ".gsimg", script)
    assert expected is not None and found == expected
    if case not in CACHED:
        assert requests == expected_requests
