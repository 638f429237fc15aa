"""HTTP connections with bounds on their number, on time, and on the length of a request.

Each connection has a thread. Connections beyond the bound wait in the system's queue, and the loop that
accepts them pauses, as it does where the process has no descriptors left.
"""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST_CONNECTIONS = 64
REQUEST_SECONDS = 15.0  # time for a whole request, from the start of the connection or from the last answer
ANSWER_SECONDS = 60.0  # time in which the client takes an answer, or a part of a stream
MOST_BYTES = 2**17  # of a request
REST_SECONDS = 0.1  # pause after a failed try to accept a connection
LAST_SECONDS = 5.0  # time for unfinished answers when the server is closed
DRAIN_SECONDS, DRAIN_BYTES = 1.0, 2**20  # bounds on reading the rest of a request that was refused


class RefusedError(Exception):
    """A request that is answered with this status before its end was read."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Arrivals(io.RawIOBase):
    """The bytes that arrive on a connection; each request has a deadline and a largest length."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.next_request()

    def next_request(self) -> None:
        """Starts the time and the number of bytes of a new request."""
        self._until = time.monotonic() + REQUEST_SECONDS
        self._count = 0

    def readable(self) -> bool:
        """True; BufferedReader asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises RefusedError for a request that is too slow or too long, TimeoutError where none began."""
        if self._count >= MOST_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        try:
            count = self._receive(buffer)
        except TimeoutError:
            if self._count:
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
            raise
        self._count += count
        return count

    def _receive(self, buffer: Any) -> int:
        if (seconds := self._until - time.monotonic()) <= 0:
            raise TimeoutError
        self._connection.settimeout(seconds)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(ANSWER_SECONDS)  # for all bytes of one sendall()


class BoundedServer(ThreadingHTTPServer):
    """A server with at most MOST_CONNECTIONS connections at a time."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let others take the port as well
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.Semaphore(MOST_CONNECTIONS)
        self._answers, self._answered = 0, threading.Condition()
        super().__init__(*arguments)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The context of each answer from its request on; `finish_answers` waits for its end."""
        with self._answered:
            self._answers += 1
        try:
            yield
        finally:
            with self._answered:
                self._answers -= 1
                self._answered.notify_all()

    def finish_answers(self) -> None:
        """Waits until all answers are finished, at most LAST_SECONDS: the process may end afterwards."""
        with self._answered:
            self._answered.wait_for(lambda: self._answers == 0, LAST_SECONDS)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts a connection. Raises OSError, after a pause, where there is no room or accept() fails.

        Without the pause the caller would try again at once, since the connection is still in the queue.
        """
        if not self._room.acquire(timeout=REST_SECONDS):
            raise TimeoutError
        try:
            return super().get_request()
        except OSError:
            self._room.release()
            time.sleep(REST_SECONDS)
            raise

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection; the base class calls this once for each."""
        try:
            super().shutdown_request(request)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores errors of a connection: a browser that goes away is none."""


class BoundedHandler(BaseHTTPRequestHandler):
    """Reads requests within the bounds. Subclasses implement `refuse(status)`, which answers and closes."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # answers to the default, 0.9, have no status
    command = request_version = requestline = ""
    refused = False

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._arrivals = Arrivals(self.connection)
        self.rfile = io.BufferedReader(self._arrivals)

    def handle_one_request(self) -> None:
        self._arrivals.next_request()
        try:
            super().handle_one_request()
        except RefusedError as error:
            self.refuse(error.status)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers a request that cannot be read; the base class calls it."""
        self.refuse(HTTPStatus(code))

    def refuse(self, status: HTTPStatus) -> None:
        """Answers a request with nothing but a status, and ends the connection."""
        raise NotImplementedError

    def has_body(self) -> bool:
        """Whether the request announces a body."""
        return "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0"

    def finish(self) -> None:
        with suppress(OSError):  # the other side may be gone
            super().finish()
            if self.refused:
                self._drain()

    def _drain(self) -> None:
        """Reads what still arrives, within bounds: a socket closed with unread bytes loses its answer."""
        self.connection.shutdown(socket.SHUT_WR)
        until, left = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
        while left > 0 and (seconds := until - time.monotonic()) > 0:
            self.connection.settimeout(seconds)
            if not (taken := len(self.connection.recv(2**16))):
                return
            left -= taken

    def log_message(self, format: str, *arguments: Any) -> None:
        """Prints nothing: only the command line prints."""
