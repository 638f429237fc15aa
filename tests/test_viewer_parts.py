"""Huge files in the viewer: the server sends parts of them, and the page asks for those in sight."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from huge_files import SIDE, huge_file
from imagegs import decode, encode, render
from imagegs.viewer.file_parts import FileParts, has_blocks
from imagegs.viewer.page import Shown
from imagegs.viewer.server import Server
from imagegs.viewer.serving import serve_page
from test_viewer_page import pixels
from test_viewer_server import ask

WIDTH, HEIGHT = 320, 240  # of the window


@pytest.fixture(scope="module")
def huge() -> bytes:
    return huge_file(12, 8)


@pytest.fixture
def served(huge: bytes, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server of the file, and the file."""
    path = tmp_path / "huge.gsimg"
    path.write_bytes(huge)
    with path.open("rb") as file, serve_page(Shown("huge.gsimg", FileParts(file), in_parts=True)) as server:
        yield server, path


def test_parts_of_a_file_are_served(served: tuple[Server, Path], huge: bytes) -> None:
    server, _ = served
    status, headers, body = ask(server, "picture.gsimg", Range="bytes=100-299")
    assert status == 206 and body == huge[100:300]
    assert headers["Content-Range"] == f"bytes 100-299/{len(huge)}"
    assert headers["Accept-Ranges"] == "bytes" and headers["Content-Length"] == "200"
    size = len(huge)
    for wanted, part in {
        "bytes=5-": huge[5:],
        f"bytes={size - 3}-{size + 9}": huge[-3:],
        "bytes=0-0": huge[:1],
    }.items():
        assert ask(server, "picture.gsimg", Range=wanted)[::2] == (206, part)
    for other in ("", "bytes=9-3", "bytes=-5", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"):
        assert ask(server, "picture.gsimg", Range=other)[::2] == (200, huge)
    status, told, body = ask(server, "picture.gsimg", Range=f"bytes={size}-")
    assert status == 416 and body == b"" and told["Content-Range"] == f"bytes */{size}"
    same, other = headers["ETag"], '"other"'
    assert ask(server, "picture.gsimg", Range="bytes=0-1", If_Range=same)[0] == 206
    assert ask(server, "picture.gsimg", Range="bytes=0-1", If_Range=other)[0] == 200
    assert ask(server, "picture.gsimg", method="HEAD", Range="bytes=0-1")[::2] == (206, b"")


def test_a_file_that_has_become_another_has_another_tag(served: tuple[Server, Path]) -> None:
    server, path = served
    before = ask(server, "picture.gsimg", Range="bytes=0-9")[1]
    with path.open("r+b") as file:
        file.truncate(1000)
    status, after, body = ask(server, "picture.gsimg", Range="bytes=990-1009")
    assert (status, len(body)) == (206, 10) and after["ETag"] != before["ETag"]


def test_files_in_blocks_are_told_by_their_chunks(huge: bytes) -> None:
    files = {huge: True, huge[:40]: False, encode(decode(huge_file(1, 1, 512))): False, b"": False}
    files[b"GIF89a" * 99] = False
    for data, expected in files.items():
        file = io.BytesIO(data)
        assert has_blocks(file) is expected and file.tell() == 0


@pytest.fixture
def page(chromium: Any, served: tuple[Server, Path]) -> Iterator[Any]:
    """The viewer's page, with its first part."""
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, bypass_csp=True)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(served[0].url)
    settle(page)
    yield page
    page.close()
    assert not faults


def settle(page: Any) -> None:
    """Waits until what is in sight is shown."""
    page.wait_for_function("""() => {
        const { loader } = viewer.parts, { viewport, frames, show } = viewer;
        const detail = { pixelsAcross: frames.size.width, lod: viewer.state.lod };
        return loader?.shown?.covers(viewport.view, detail) && show.plain.picture === loader.shown &&
            !loader.busy && !frames.busy && !frames.asked;
    }""")


def zoom_to(page: Any, x: float, y: float) -> None:
    """Shows the canvas pixel for pixel, this point in the middle."""
    page.evaluate(
        """([x, y]) => {
            const { viewport } = viewer;
            viewport.zoomBy(1 / viewport.zoom);
            viewport.center = [x, y];
            viewport.moved();
        }""",
        [x, y],
    )
    settle(page)


def check_region(page: Any, huge: bytes, x: int, y: int) -> None:
    """The window shows what the whole file has around a point."""
    region = (x - WIDTH // 2, y - HEIGHT // 2, WIDTH, HEIGHT)
    expected = render(decode(huge, region=region), region=region, dtype=np.uint8).astype(int)
    shown = pixels(page)[:, :, :3]
    assert (np.abs(shown - expected) <= 1).mean() >= 0.9999


def test_a_huge_file_is_shown_in_part(page: Any, huge: bytes) -> None:
    assert page.evaluate("viewer.show.plain.picture.layers.length") == 2
    assert f"{12 * SIDE} × {8 * SIDE} · 393,216 Gaussians" in page.inner_text("#facts")
    assert page.evaluate("viewer.parts.notes.lod.textContent").startswith("2 of 8 layers")
    fetched = page.evaluate("viewer.parts.loader.picture.fetchedBytes")
    assert fetched < 0.1 * len(huge)
    zoom_to(page, 3000, 2000)
    check_region(page, huge, 3000, 2000)
    assert page.evaluate("viewer.parts.loader.picture.fetchedBytes") < 0.2 * len(huge)
    assert page.locator("#message").is_hidden()


def test_panning_never_blanks(page: Any, huge: bytes) -> None:
    """Something is drawn in every frame while finer layers come."""
    zoom_to(page, 1000, 1000)
    page.evaluate("""() => {
        globalThis.blank = 0;
        const { frames, show } = viewer, frame = frames.frame;
        frames.addEventListener("painted", () => (blank += !show.painting?.whole));
    }""")
    painted = page.evaluate("viewer.frames.painted")
    page.mouse.move(250, 150)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(250 - 25 * step, 150 - 10 * step)
        page.wait_for_timeout(60)
    page.mouse.up()
    settle(page)
    assert page.evaluate("viewer.frames.painted") > painted and page.evaluate("blank") == 0
    x, y = page.evaluate("viewer.viewport.center")
    check_region(page, huge, round(x), round(y))


def test_the_level_of_detail_and_colours_of_their_own(page: Any) -> None:
    zoom_to(page, 3000, 2000)
    page.evaluate("""() => {
        const slider = document.querySelector('#panel input[aria-label="level of detail"]');
        slider.value = 0.5;
        slider.dispatchEvent(new Event("input"));
    }""")
    settle(page)
    assert page.evaluate("viewer.parts.notes.lod.textContent").startswith("5 of 8 layers, the last fading in")
    page.keyboard.press("i")
    page.keyboard.press("e")
    page.wait_for_function("viewer.show.painting === viewer.show.identity && viewer.show.identity.whole")
    assert "ellipses in sight" in page.evaluate("viewer.parts.notes.overlay.textContent")


def test_a_file_that_changes_is_told(page: Any, served: tuple[Server, Path]) -> None:
    with served[1].open("r+b") as file:
        file.truncate(2**20)
    page.evaluate("viewer.viewport.zoomBy(1 / viewer.viewport.zoom)")
    page.wait_for_function(
        "document.getElementById('message').textContent.includes('has changed on the server')"
    )
