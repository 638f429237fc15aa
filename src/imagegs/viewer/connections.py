"""HTTP connections that end: so many at a time, each request whole within seconds and of bounded length.

One thread a connection. Who finds no room waits in the system's queue, and the loop that accepts rests
meanwhile, as it does where the process has no descriptors left.
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
REQUEST_SECONDS = 15.0  # in which a request is there to its end; from the last answer, or the connection, on
ANSWER_SECONDS = 60.0  # in which an answer, or a part of a stream, is taken
MOST_BYTES = 2**17  # of a request
REST_SECONDS = 0.1  # before the next try to accept, after one that failed
LAST_SECONDS = 5.0  # that answers under way have when the server is closed
DRAIN_SECONDS, DRAIN_BYTES = 1.0, 2**20  # of what is still coming behind a request that was refused


class RefusedError(Exception):
    """A request that is answered by this status before it is read to its end."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Arrivals(io.RawIOBase):
    """The bytes that come by a connection; each request has a deadline and a length."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.next_request()

    def next_request(self) -> None:
        """Counts time and bytes anew from here on."""
        self._until = time.monotonic() + REQUEST_SECONDS
        self._count = 0

    def readable(self) -> bool:
        """Says that it can be read, as BufferedReader asks."""
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
            self._connection.settimeout(ANSWER_SECONDS)  # of all bytes of a sendall()


class BoundedServer(ThreadingHTTPServer):
    """Accepts MOST_CONNECTIONS at a time."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # where it would let others take the port as well
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.Semaphore(MOST_CONNECTIONS)
        self._answers, self._answered = 0, threading.Condition()
        super().__init__(*arguments)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around each answer, from its request on: `finish_answers` waits for it."""
        with self._answered:
            self._answers += 1
        try:
            yield
        finally:
            with self._answered:
                self._answers -= 1
                self._answered.notify_all()

    def finish_answers(self) -> None:
        """Wait, for LAST_SECONDS at most, until no answer is under way: the process may end behind it."""
        with self._answered:
            self._answered.wait_for(lambda: self._answers == 0, LAST_SECONDS)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Raises OSError, behind a rest, where there is no room and where accept() fails: the caller tries
        again at once, since the connection is still in the queue.
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
        """Called once for each connection."""
        try:
            super().shutdown_request(request)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no error."""


class BoundedHandler(BaseHTTPRequestHandler):
    """Reads requests within the bounds. Subclasses have `refuse(status)`, which answers and closes."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # the default, 0.9, would have answers without a status
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
        """Whether more than a head is announced."""
        return "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0"

    def finish(self) -> None:
        with suppress(OSError):  # the other side may be gone
            super().finish()
            if self.refused:
                self._drain()

    def _drain(self) -> None:
        """Takes what still comes, within bounds: a socket closed over unread bytes loses its answer."""
        self.connection.shutdown(socket.SHUT_WR)
        until, left = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
        while left > 0 and (seconds := until - time.monotonic()) > 0:
            self.connection.settimeout(seconds)
            if not (taken := len(self.connection.recv(2**16))):
                return
            left -= taken

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: only the command line prints."""
