"""A server for one viewer on this machine. It serves the contents that it is given, and nothing else.

Its address has a random part, which other users of the machine do not know. The server refuses requests that
do not come from one of its pages: those with another Host (DNS rebinding), and those with another Origin or
Sec-Fetch-Site (from other pages that the user visits). It looks up no path in a file system.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from imagegs.viewer.connections import BoundedHandler, BoundedServer
from imagegs.viewer.file_parts import FileParts, asked_part

ADDRESS = "127.0.0.1"
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
KEEP_ALIVE_SECONDS = 15.0
TOKEN_BYTES = 16
PIECE_BYTES = 2**20  # of a file, that are in memory at a time


class Events:
    """The newest state of something that changes, for any number of readers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state: dict[str, Any] | None = None
        self._number = 0
        self._closed = False

    def publish(self, state: dict[str, Any]) -> None:
        """Replaces the state; slow readers miss the states in between."""
        with self._changed:
            self._state, self._number = state, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        """Ends all readers after the newest state."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def read(self) -> Iterator[dict[str, Any] | None]:
        """Yields each new state, and None where there was none for KEEP_ALIVE_SECONDS."""
        seen = 0
        while (newer := self._wait(seen)) is not None:
            yield self._state if newer > seen else None
            seen = newer

    def _wait(self, seen: int) -> int | None:
        """Waits for a newer state, at most KEEP_ALIVE_SECONDS: the newest number, or None after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > seen or self._closed, KEEP_ALIVE_SECONDS)
            return None if self._closed and self._number == seen else self._number


# The media type, and a function that returns the bytes; or a file that is served in parts.
Content = tuple[str, Callable[[], bytes] | FileParts]


class Server:
    """Serves until it is closed; `url` opens the page.

    contents: the contents by their names, such as "picture.gsimg"; "" is the page. All names are below `url`,
    so a page uses relative addresses. events: served under the name "events". port: 0 takes a free one.
    Raises OSError where the port is taken.
    """

    def __init__(self, contents: dict[str, Content], events: Events | None = None, port: int = 0) -> None:
        self._http = _HTTPServer((ADDRESS, port), _Handler)
        self._http.contents, self._http.events = contents, events
        self._http.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._events = events
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port of the server."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page. Whoever knows it can read what is served."""
        return f"http://{ADDRESS}:{self.port}/{self._http.token}/"

    def close(self) -> None:
        """Stops the server."""
        if self._events is not None:
            self._events.close()
        self._http.shutdown()
        self._http.finish_answers()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _HTTPServer(BoundedServer):
    contents: dict[str, Content]
    events: Events | None
    token: str


class _Handler(BoundedHandler):
    server: _HTTPServer
    server_version, sys_version = "imagegs", ""

    def do_GET(self) -> None:  # noqa: N802 (the base class' names)
        with self.server.answering():
            self._answer_request()
            self.wfile.flush()

    do_HEAD = do_GET  # noqa: N815

    def _answer_request(self) -> None:
        if (refusal := self._refusal()) is not None:
            return self.refuse(refusal)
        name = self._name()
        if name == "events" and self.server.events is not None:
            return self._stream(self.server.events)
        if name is None or name not in self.server.contents:
            return self.refuse(HTTPStatus.NOT_FOUND)
        kind, content = self.server.contents[name]
        if isinstance(content, FileParts):
            return self._answer_part(kind, content)
        return self._answer(HTTPStatus.OK, kind, content())

    def _name(self) -> str | None:
        """The requested name; None without the server's token, which is compared in constant time."""
        token, slash, name = self.path.removeprefix("/").partition("?")[0].partition("/")
        knows = secrets.compare_digest(token.encode(), self.server.token.encode())
        return name if knows and slash else None

    def _refusal(self) -> HTTPStatus | None:
        port = self.server.server_address[1]
        hosts = {f"{name}:{port}" for name in (ADDRESS, "localhost")}
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            return HTTPStatus.MISDIRECTED_REQUEST
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return HTTPStatus.FORBIDDEN
        # "none": the user typed the address, or a program opened it. Older browsers do not send the header.
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return HTTPStatus.FORBIDDEN
        return HTTPStatus.BAD_REQUEST if self.has_body() else None

    def refuse(self, status: HTTPStatus) -> None:
        """Answers with the phrase of the status, and closes the connection."""
        self.refused = self.close_connection = True
        self._answer(status, "text/plain", f"{status.phrase}\n".encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._begin(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _answer_part(self, kind: str, file: FileParts) -> None:
        size, tag = file.size(), file.tag()
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        status, start, end = asked_part(wanted, condition, tag, size)
        self._begin(status, kind)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(end - start))
        if status == HTTPStatus.PARTIAL_CONTENT:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        elif status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.send_header("Content-Range", f"bytes */{size}")
        self.end_headers()
        if self.command == "HEAD":
            return
        for place in range(start, end, PIECE_BYTES):
            piece = file.read(place, min(end, place + PIECE_BYTES))
            self.wfile.write(piece)
            if len(piece) < min(end - place, PIECE_BYTES):  # the file has become shorter
                self.close_connection = True
                return

    def _begin(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        if self.close_connection:
            self.send_header("Connection", "close")

    def _stream(self, events: Events) -> None:
        self.close_connection = True
        self._begin(HTTPStatus.OK, "text/event-stream")
        self.end_headers()
        if self.command == "HEAD":
            return
        with suppress(OSError):  # the page was closed
            for state in events.read():
                text = ": still here\n\n" if state is None else f"data: {json.dumps(state)}\n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
