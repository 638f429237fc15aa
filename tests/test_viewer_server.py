"""The viewer's server: what it answers, and what it refuses."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from imagegs.viewer.page import Shown
from imagegs.viewer.server import Events, Server
from imagegs.viewer.serving import serve_page


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_page(Shown("a.gsimg", b"picture", {0: (b"png",)})) as server:
        yield server


def base(server: Server) -> str:
    """The path of the page."""
    return urlsplit(server.url).path


def ask(
    server: Server, name: str = "", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """What the server answers to a name below its secret path, or to a path that begins with a slash."""
    path = name if name.startswith("/") else base(server) + name
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{server.port}", **headers}.items():
        if value:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_the_page_and_its_files_are_served(server):
    status, headers, body = ask(server)
    assert status == 200 and headers["Content-Type"].startswith("text/html") and b"<title>" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert ask(server, "picture.gsimg")[2] == b"picture"
    assert ask(server, "reference-0-0.png")[2] == b"png"
    assert ask(server, "picture.gsimg?7")[2] == b"picture"
    assert ask(server, Host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "a.gsimg",
        "../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/../etc/passwd",
        "//etc/passwd",
        "picture.gsimg/",
        "events",
        ".",
    ],
)
def test_nothing_else_is_served(server, path):
    assert ask(server, path)[0] == 404


def test_who_does_not_know_the_address_gets_nothing(server):
    token = base(server).strip("/")
    assert re.fullmatch(r"[\w-]{22}", token, re.ASCII)  # 128 bits
    other = ("a" if token[0] != "a" else "b") + token[1:]
    paths = ["/", "/picture.gsimg", "/reference-0-0.png", "/events", f"/{token[:-1]}/", f"/{other}/"]
    paths += [f"/{token}", f"/{token}x/", f"/?{base(server)}", f"/{token.swapcase()}/", f"/x/{token}/", "*"]
    for path in paths:
        status, _, body = ask(server, "/" + path.removeprefix("/"))
        assert status == 404 and token.encode() not in body, path


def test_each_server_has_an_address_of_its_own(server):
    with Server({}) as other:
        assert base(other) != base(server)


def test_the_address_is_told_to_nobody(server):
    """By the referrer of a page, or in an answer."""
    _, headers, body = ask(server)
    assert headers["Referrer-Policy"] == "no-referrer"
    assert base(server).strip("/").encode() not in body and b"picture.gsimg" in body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:PORT"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["", "picture.gsimg"])
def test_pages_of_others_are_refused(server, headers, status, path):
    given = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    answered, _, body = ask(server, path, **given)
    assert answered == status and b"picture" not in body


def test_pages_of_its_own_are_answered(server):
    own = f"http://127.0.0.1:{server.port}"
    assert ask(server, "picture.gsimg", Origin=own, Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_unknown(server, method):
    assert ask(server, "", method)[0] == 501


def test_head_has_no_body(server):
    status, headers, body = ask(server, "picture.gsimg", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "7", b"")


def test_only_this_machine_is_listened_to(server):
    assert server.url.startswith(f"http://127.0.0.1:{server.port}/")
    assert server._http.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_an_error(server):
    with pytest.raises(OSError):
        Server({}, port=server.port)


def test_events_tell_the_newest_state():
    events = Events()
    with Server({}, events) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", base(server) + "events")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "text/event-stream"
        events.publish({"step": 1})
        assert json.loads(answer.readline().removeprefix(b"data: ")) == {"step": 1}
        answer.readline()
        events.publish({"step": 2})
        events.close()
        assert json.loads(answer.read().strip().removeprefix(b"data: ")) == {"step": 2}  # and it ends
        connection.close()


def test_a_late_reader_gets_the_last_state():
    events = Events()
    events.publish({"step": 9})
    events.close()
    assert list(events.read()) == [{"step": 9}]


def test_closing_ends_what_is_open():
    events = Events()
    server = Server({}, events)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", base(server) + "events")
    answer = connection.getresponse()
    closing = threading.Thread(target=server.close)
    closing.start()
    assert answer.read() == b""
    closing.join(20)
    assert not closing.is_alive()
    connection.close()
