"""A headless Chromium, started once for all tests that need one."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from requirements import missing

# WebGL2 by the system's EGL, WebGPU in software; nobody else's sites are visited, so no sandbox is needed.
FLAGS = (
    "--no-sandbox",
    "--use-angle=gl-egl",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
)
HOST = "http://localhost/"  # never reached: `serve` answers; pages of other hosts have no WebGPU


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Playwright browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium (apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """An empty page at HOST; errors of its scripts fail the test."""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(HOST)
    yield page
    page.close()
    assert not errors


def serve(page: Any, folder: Path, name: str) -> None:
    """Let HOST/name/FILE be the file in a folder."""

    def answer(route: Any) -> None:
        file = folder / route.request.url.rpartition("/")[2]
        if not file.is_file():
            return route.fulfill(status=404)
        return route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file)[0] or "")

    page.route(f"{HOST}{name}/*", answer)
