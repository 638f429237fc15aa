"""`imagegs view` and `encode --watch`: pages, addresses, the server's end, and calls that fail."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, check_failure, sample_gaussians, sample_pixels
from huge_files import huge_file
from imagegs.codec import save


@pytest.fixture
def original(tmp_path: Path) -> Path:
    Image.fromarray(sample_pixels()).save(tmp_path / "original.png")
    return tmp_path / "original.png"


def test_a_page_is_written(run, gsimg, original, tmp_path):
    page = tmp_path / "page.html"
    outcome = run("view", gsimg, "--export", page, "--reference", original, "--json", "--quiet")
    assert outcome.code == 0 and outcome.json == {
        "input": str(gsimg),
        "output": str(page),
        "bytes": page.stat().st_size,
    }
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>") and "http://" not in text.replace("http://www.w3.org", "")


def test_the_library_is_written(run, tmp_path):
    from imagegs.web.module import module_text

    target = tmp_path / "imagegs.js"
    assert run("view", "--library", target, "--quiet").code == 0
    assert target.read_text("utf-8") == module_text()
    check_failure(run("view", "--library", target, "--no-overwrite"), 4, "imagegs.js")
    check_failure(run("view", "--library", target, "--reference", tmp_path / "a.png"), 2, "--reference")
    check_failure(run("view"), 2, "name a file")


@pytest.mark.parametrize("kind", ["L", "LA", "RGBA", "I;16"])
def test_originals_of_all_kinds(run, tmp_path, kind):
    channels = {"L": ("Y",), "LA": ("Y", "A"), "RGBA": ("R", "G", "B", "A"), "I;16": ("Y",)}[kind]
    save(tmp_path / "a.gsimg", sample_gaussians(channels=channels))
    gaussians = sample_gaussians(channels=channels)
    shape = (gaussians.height, gaussians.width, len(channels))
    dtype = np.uint16 if kind == "I;16" else np.uint8
    Image.fromarray(np.zeros(shape, dtype).squeeze()).save(tmp_path / "a.png")
    call = ("view", tmp_path / "a.gsimg", "--export", tmp_path / "p.html", "--reference", tmp_path / "a.png")
    assert run(*call).code == 0


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Commands can be interrupted though these tests run in the background, where a shell ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def running(*arguments: object, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A command, which is ended whatever happens."""
    command = [sys.executable, "-m", "imagegs", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes, **settings) as process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """The first that it prints."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("http://127.0.0.1:"), line
    return line.split()[0]


def test_the_server_runs_until_it_is_interrupted(gsimg):
    with running("view", gsimg, "--no-open") as process:
        url = address(process)
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert b"<title>" in answer.read()
        with urllib.request.urlopen(f"{url}picture.gsimg", timeout=20) as answer:
            assert answer.read() == gsimg.read_bytes()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0 and errors == ""


def test_a_huge_file_is_served_in_parts_without_being_decoded(run, tmp_path):
    """Its pixels are more than the limit, which only counts what is decoded as a whole."""
    path = tmp_path / "huge.gsimg"
    path.write_bytes(huge_file(13, 13))
    with running("view", path, "--no-open", "--size-limit", 10**6) as process:
        url = address(process)
        request = urllib.request.Request(f"{url}picture.gsimg", headers={"Range": "bytes=8-9"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert (answer.status, answer.read()) == (206, b"\x04\x00")
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert b'"inParts": true' in answer.read()
    call = ("view", path, "--size-limit", 10**6, "--export", tmp_path / "p.html")
    check_failure(run(*call), 3, "over the limit")


def test_json_tells_the_address(gsimg):
    with running("view", gsimg, "--no-open", "--json", "--quiet") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["input"] == str(gsimg) and told["url"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_an_address_that_nothing_opens_is_told_in_any_case(gsimg):
    with running("view", gsimg, "--no-open", "--quiet") as process:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", address(process))


def test_the_browser_is_opened(gsimg, tmp_path):
    """By the command that the variable BROWSER names, as Python's webbrowser has it."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with running("view", gsimg, env={**os.environ, "BROWSER": f"{browser} %s"}) as process:
        url = address(process)
        for _ in range(400):
            if opened.exists() and opened.read_text():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert opened.read_text().strip() == url


def test_a_fit_is_shown_while_it_goes_on(original, tmp_path):
    target, last = tmp_path / "out.gsimg", {}
    with running(
        "encode", original, "-o", target, "--watch", "--no-open", "-n", 50, "-e", 9, "-j", 1
    ) as process:
        url = address(process)
        with urllib.request.urlopen(f"{url}events", timeout=60) as events:
            for line in events:
                if line.startswith(b"data: "):
                    last = json.loads(line.removeprefix(b"data: "))
                    with urllib.request.urlopen(
                        f"{url}picture.gsimg?{last['version']}", timeout=20
                    ) as answer:
                        data = answer.read()
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert last["done"] and last["n_gaussians"] == 50 and data == target.read_bytes()


def test_a_fit_that_nobody_watches_ends_at_once(original, tmp_path):
    with running("encode", original, "-o", tmp_path / "o.gsimg", "--watch", "--no-open", *FAST) as process:
        process.communicate(timeout=20)
        assert process.returncode == 0 and (tmp_path / "o.gsimg").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--export", "p.html", "--port", "8000"), "--port"),
        (("--export", "p.html", "--no-open"), "--no-open"),
        (("--no-overwrite",), "--no-overwrite"),
        (("--library", "i.js"), "--library"),
        (("--port", "0"), "--port"),
        (("--port", "70000"), "--port"),
    ],
)
def test_wrong_usage(run, gsimg, arguments, part):
    check_failure(run("view", gsimg, *arguments), 2, part)


def test_what_does_not_fit_is_refused(run, gsimg, original, tmp_path):
    export = ("--export", tmp_path / "p.html")
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")
    Image.new("L", (48, 32)).save(tmp_path / "gray.png")
    (tmp_path / "bad.gsimg").write_bytes(gsimg.read_bytes()[:-5])
    check_failure(run("view", gsimg, *export, "--reference", tmp_path / "small.png"), 2, "20 x 20")
    check_failure(run("view", gsimg, *export, "--reference", tmp_path / "gray.png"), 2, "channels")
    check_failure(run("view", gsimg, *export, "--reference", tmp_path), 2, "one picture")
    check_failure(run("view", gsimg, *export, "--reference", tmp_path / "no.png"), 4, "no.png")
    check_failure(run("view", tmp_path / "bad.gsimg", *export), 3, "bad.gsimg")
    check_failure(run("view", original, *export), 3, "original.png")
    check_failure(run("view", tmp_path / "no.gsimg", *export), 4, "no.gsimg")
    check_failure(run("view", gsimg, "--export", tmp_path / "no" / "p.html"), 4, "p.html")
    assert not (tmp_path / "p.html").exists()
    (tmp_path / "p.html").write_text("mine")
    check_failure(run("view", gsimg, *export, "--no-overwrite"), 4, "p.html")
    assert (tmp_path / "p.html").read_text() == "mine"


def test_no_open_needs_watch(run, original, tmp_path):
    check_failure(run("encode", original, "-o", tmp_path / "o.gsimg", "--no-open"), 2, "--watch")


def test_a_taken_port_is_told(run, gsimg):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check_failure(run("view", gsimg, "--no-open", "--port", port), 4, str(port))
