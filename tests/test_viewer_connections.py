"""The viewer's server under hands that mean harm: slow, many, long and malformed requests."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import pairwise
from urllib.request import urlopen

import pytest

from imagegs.viewer import connections
from imagegs.viewer.server import Events, Server

CLOSE = "Connection: close\r\n"
LARGE = 2**25  # more than sockets hold


@pytest.fixture
def server() -> Iterator[Server]:
    events = Events()
    with Server(
        {"": ("text/plain", lambda: b"page"), "large": ("x/y", lambda: bytes(LARGE))}, events
    ) as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def head(server: Server, name: str = "", line: str = "GET {} HTTP/1.1", more: str = "") -> bytes:
    """A request's bytes."""
    path = server.url.partition(str(server.port))[2] + name
    return f"{line.format(path)}\r\nHost: 127.0.0.1:{server.port}\r\n{more}\r\n".encode()


def answers(connection: socket.socket) -> list[tuple[int, bytes]]:
    """Status and body of all that come until the other side closes."""
    found = b""
    while part := connection.recv(65536):
        found += part
    parts = []
    while found:
        top, _, found = found.partition(b"\r\n\r\n")
        status, *lines = top.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        length = int(fields["content-length"])
        parts.append((int(status.split()[1]), found[:length]))
        found = found[length:]
    return parts


def ask(server: Server, request: bytes) -> list[tuple[int, bytes]]:
    with connect(server) as connection:
        connection.sendall(request)
        return answers(connection)


def test_a_request_that_trickles_ends_in_time(server, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.6)
    start = time.monotonic()
    with connect(server) as connection:
        for byte in head(server, more="A: " + "x" * 2000 + "\r\n"):
            try:
                connection.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.02)
            if time.monotonic() - start > 10:
                break
        assert [status for status, _ in answers(connection)] == [408]
    assert 0.5 < time.monotonic() - start < 9


def test_who_asks_nothing_is_let_go_without_a_word(server, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    with connect(server) as connection:
        assert connection.recv(9) == b""
    with connect(server) as connection:  # and likewise behind an answer
        connection.sendall(head(server))
        assert answers(connection) == [(200, b"page")]


def test_an_answer_that_nobody_takes_ends_in_time(server, monkeypatch):
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.3)
    with connect(server) as connection:
        connection.sendall(head(server, "large"))
        time.sleep(1)
        taken = 0
        with suppress(ConnectionResetError):
            while part := connection.recv(2**20):
                taken += len(part)
        assert 0 < taken < LARGE


def test_more_connections_wait_for_their_turn(server):
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(server)) for _ in range(connections.MOST_CONNECTIONS)]
        for connection in idle:
            connection.sendall(b"GET ")
        late = stack.enter_context(connect(server))
        late.sendall(head(server, more=CLOSE))
        late.settimeout(0.5)
        with pytest.raises(TimeoutError):
            late.recv(1)
        idle[7].close()
        late.settimeout(20)
        assert answers(late) == [(200, b"page")]


def test_connections_that_end_make_room(server):
    for _ in range(2 * connections.MOST_CONNECTIONS):
        assert ask(server, head(server, more=CLOSE)) == [(200, b"page")]


def test_without_descriptors_it_rests_and_goes_on(server, monkeypatch):
    """accept() fails at once, while the connection stays in the queue."""
    real, tries = socket.socket.accept, []

    def refused(self):
        if self is not server._http.socket or len(tries) == 5:
            return real(self)
        tries.append(time.monotonic())
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "accept", refused)
    assert ask(server, head(server, more=CLOSE)) == [(200, b"page")]
    assert len(tries) == 5
    gaps = [after - before for before, after in pairwise(tries)]
    assert min(gaps) >= 0.9 * connections.REST_SECONDS


@pytest.mark.parametrize(
    ("line", "more", "status"),
    [
        ("GET {}" + "a" * 70_000 + " HTTP/1.1", "", 414),
        ("GET {}" + "a" * 2**21 + " HTTP/1.1", "", 414),
        ("GET {} HTTP/1.1", "A: " + "b" * 70_000 + "\r\n", 431),
        ("GET {} HTTP/1.1", "".join(f"A{i}: b\r\n" for i in range(200)), 431),
        ("GET {} HTTP/1.1", "".join(f"A{i}: {'b' * 4000}\r\n" for i in range(90)), 431),
        ("GET {} HTTP/1.1", "Content-Length: 4\r\n", 400),
        ("GET {} HTTP/1.1", "Content-Length: -1\r\n", 400),
        ("GET {} HTTP/1.1", "Transfer-Encoding: chunked\r\n", 400),
        ("GET {} HTTP/2.0", "", 505),
        ("GET {} HTTP/x", "", 400),
        ("GET {} a HTTP/1.1", "", 400),
        ("PUT {} HTTP/1.1", "", 501),
        ("\0\1\2\3", "", 400),
        ("GET /é/ HTTP/1.1", "", 404),
        ("get {} HTTP/1.1", "", 501),
    ],
)
def test_what_is_no_good_request_has_one_clear_answer(server, line, more, status):
    found = ask(server, head(server, line=line, more=more) + b"junk" * 5000 + head(server))
    assert [code for code, _ in found] == [status]
    assert b"page" not in found[0][1] and b"<" not in found[0][1]


def test_requests_in_a_row_are_answered_in_turn(server):
    requests = 3 * head(server) + 2 * head(server, "none")
    assert ask(server, requests) == [*3 * [(200, b"page")], (404, b"Not Found\n")]


def test_old_clients_are_answered_with_a_status(server):
    assert ask(server, head(server, line="GET {} HTTP/1.0")) == [(200, b"page")]
    assert ask(server, head(server, line="GET {}")) == [(200, b"page")]


def test_a_stream_goes_on_beyond_the_deadlines(server, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    with connect(server) as connection:
        connection.sendall(head(server, "events"))
        time.sleep(0.6)
        server._events.publish({"step": 1})
        server._events.close()
        found = b""
        while part := connection.recv(65536):
            found += part
    assert found.endswith(b'data: {"step": 1}\n\n')


def test_an_answer_under_way_is_sent_before_the_server_is_closed() -> None:
    """The finished picture of `encode --watch`, behind which the process ends."""
    asked, go_on = threading.Event(), threading.Event()

    def slowly() -> bytes:
        asked.set()
        go_on.wait(5)
        return b"whole"

    server = Server({"picture.gsimg": ("application/octet-stream", slowly)})
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(lambda: urlopen(f"{server.url}picture.gsimg", timeout=10).read())
        assert asked.wait(5)
        closing = threads.submit(server.close)
        with pytest.raises(TimeoutError):
            closing.result(0.3)
        go_on.set()
        closing.result(5)
        assert answer.result(5) == b"whole"
