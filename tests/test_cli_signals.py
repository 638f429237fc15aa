"""SIGTERM and SIGHUP: a command ends soon, with the exit code that shells expect, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import FAST, Run
from imagegs.cli.signals import Ended, signals_raised

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")

# A runner of tests may have left them ignored, which a child inherits.
START = """
import os, signal, sys, time
for name in ("SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
{change}
from imagegs.cli import main
sys.exit(main())
"""
NAMED = "if hasattr(os, 'O_TMPFILE'): del os.O_TMPFILE"
# All bytes are there and a temporary has a name, which is told; the next step does not come.
HALT = f"""{NAMED}
import imagegs.staging.staged as staged
def halt(file):
    if file.tell():
        print("written", flush=True)
        time.sleep(60)
staged.sync = halt
"""


@contextmanager
def command(change: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    line = [sys.executable, "-c", START.format(change=change), *map(str, arguments)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def makes_nameless_files(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except (AttributeError, OSError):
        return False
    return True


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ENDINGS = [(signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up")]


@pytest.mark.parametrize(("number", "code", "word"), ENDINGS)
def test_a_fit_ends_soon(picture: Path, number: signal.Signals, code: int, word: str) -> None:
    with command("", "encode", picture, "--steps", 1_000_000, "-v", "-j", 1) as process:
        assert process.stderr is not None
        assert "kernels" in process.stderr.readline()  # the fit is about to start
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(timeout=20) == code
        assert process.stderr.read() == f"imagegs: error: {word}\n"
    assert names(picture.parent) == [picture.name]


@pytest.mark.parametrize(("number", "code", "word"), ENDINGS)
def test_while_a_file_is_written(picture: Path, number: signal.Signals, code: int, word: str) -> None:
    output = picture.with_name("out.gsimg")
    output.write_bytes(b"old")
    with command(HALT, "encode", picture, "-o", output, "--quiet", *FAST) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "written\n"
        assert len(names(picture.parent)) == 3  # a temporary is there to be left
        process.send_signal(number)
        assert process.wait(timeout=20) == code
        assert process.stderr.read() == f"imagegs: error: {word}\n"
    assert names(picture.parent) == sorted([picture.name, "out.gsimg"])
    assert output.read_bytes() == b"old"


def test_a_kill_leaves_nothing(picture: Path) -> None:
    if not makes_nameless_files(picture.parent):
        pytest.skip("the system makes no files without names here")
    output = picture.with_name("out.gsimg")
    output.write_bytes(b"old")
    with command(HALT.replace(NAMED, ""), "encode", picture, "-o", output, "--quiet", *FAST) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
        process.wait(timeout=20)
    assert names(picture.parent) == sorted([picture.name, "out.gsimg"])
    assert output.read_bytes() == b"old"


def test_a_signal_that_is_ignored_stays_so(picture: Path) -> None:
    """As after nohup."""
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with command(ignore, "encode", picture, "-v", "-o", picture.with_name("a"), *FAST) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 0


def test_a_process_that_calls_a_command_keeps_its_signals(run: Run, picture: Path) -> None:
    numbers = signal.SIGTERM, signal.SIGHUP, signal.SIGINT
    before = [signal.getsignal(number) for number in numbers]
    assert run("encode", picture, *FAST).code == 0
    assert [signal.getsignal(number) for number in numbers] == before


def test_other_threads_and_other_handlers_are_left_alone() -> None:
    def handler(*_: object) -> None: ...

    seen = []

    def look() -> None:
        with signals_raised():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.signal(signal.SIGTERM, handler)
    try:
        look()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert seen == [handler, signal.SIG_DFL]
        with pytest.raises(Ended, match="terminated"), signals_raised():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
