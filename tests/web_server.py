"""A server on this machine for pages with the JavaScript library, that can keep a file waiting."""

from __future__ import annotations

import contextlib
import select
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from imagegs.web.module import module_text
from web_pages import SETUP

IMPORT = f"async () => {{ globalThis.web = await import('/imagegs.js'); {SETUP} }}"


class SlowServer(ThreadingHTTPServer):
    """Serves the library, pages, and a picture: of `slow.gsimg` only the first bytes until `go` is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.picture, self.first, self.go = b"", 0, threading.Event()
        self.page, self.policy = "<!doctype html>", ""
        self.asked: list[str] = []
        self.cut_off = threading.Event()  # the browser went away in the middle


class Handler(BaseHTTPRequestHandler):
    server: SlowServer

    def do_GET(self) -> None:
        name = self.path.strip("/")
        self.server.asked.append(name)
        contents = {"imagegs.js": (module_text().encode(), "text/javascript")}
        body, kind = contents.get(name, (self.server.page.encode(), "text/html"))
        if name.endswith(".gsimg"):
            body, kind = self.server.picture, "application/octet-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.server.policy and kind == "text/html":
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the page may be gone
            self.send_body(name, body)

    def send_body(self, name: str, body: bytes) -> None:
        if name == "slow.gsimg":
            self.wfile.write(body[: self.server.first])
            while not self.server.go.wait(0.01):
                if select.select([self.connection], [], [], 0)[0]:  # nothing is to come: it was closed
                    self.server.cut_off.set()
                    self.close_connection = True
                    return
            body = body[self.server.first :]
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[SlowServer]:
    server = SlowServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.go.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visit(chromium: Any, server: SlowServer) -> Iterator[Any]:
    """Opens the server's page with the library."""
    pages: list[Any] = []

    def visit(**options: Any) -> Any:
        page = chromium.new_page(**options)
        pages.append(page)
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.evaluate(IMPORT)
        return page

    yield visit
    for page in pages:
        page.close()
