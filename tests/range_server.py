"""A server of one file that knows HTTP ranges, as Python's own does not; faults can be switched on."""

from __future__ import annotations

import contextlib
import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from imagegs.web.module import module_text


class RangeServer(ThreadingHTTPServer):
    """Serves the library, an empty page, and `huge.gsimg`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RangeHandler)
        self.file, self.tag = b"", '"1"'
        self.knows_ranges, self.compresses, self.tells_size = True, False, True
        self.sent: list[tuple[int, int]] = []  # the parts of the file that were sent, start and end
        self.cut_off = 0  # answers whose reader went away
        self.go = threading.Event()  # answers after the first wait for it
        self.go.set()

    def handle_error(self, *_: Any) -> None:
        """Ignores connections that the browser ends."""

    @property
    def n_bytes(self) -> int:
        """Bytes of the file that were sent."""
        return sum(end - start for start, end in self.sent)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class RangeHandler(BaseHTTPRequestHandler):
    server: RangeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith(".gsimg"):
            return self.send_file(self.server.file)
        is_library = self.path == "/imagegs.js"
        body = module_text().encode() if is_library else b"<!doctype html>"
        kind = "text/javascript" if is_library else "text/html"
        return self.answer(200, body, {"Content-Type": kind})

    def send_file(self, data: bytes) -> None:
        server = self.server
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        headers = {"Content-Type": "application/octet-stream", "ETag": server.tag}
        if found is None or not server.knows_ranges:
            if server.compresses:
                headers["Content-Encoding"] = "gzip"
            server.sent.append((0, len(data)))
            return self.answer(200, gzip.compress(data, 1) if server.compresses else data, headers)
        start, end = int(found[1]), min(len(data), int(found[2] or len(data)) + 1)
        if start >= len(data):
            return self.answer(416, b"", headers)
        if server.sent:
            server.go.wait(20)
        server.sent.append((start, end))
        total = len(data) if server.tells_size else "*"
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
        return self.answer(206, data[start:end], headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if self.server.knows_ranges:
                self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.server.cut_off += 1
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def serving_ranges() -> Iterator[RangeServer]:
    server = RangeServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ranges() -> Iterator[RangeServer]:
    with serving_ranges() as server:
        yield server
