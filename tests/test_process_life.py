"""What becomes of native calls and of locks when a process ends or forks while its threads work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PREPARED = """
import os, signal, sys, threading, time
import numpy as np, imagegs
from imagegs.codec import decode, encode
from imagegs.fitting import choose_lattice
y, x = np.mgrid[0:48, 0:64]
image = np.stack([x * 3, y * 4, x + y], -1).astype(np.uint8)
gaussians = imagegs.fit(image, 60, steps=2)
painter, points = imagegs.Painter(gaussians), np.random.default_rng(0).random((2000, 2)) * 48
data = encode(gaussians, choose_lattice(image, gaussians))

def in_thread(work, **options):
    thread = threading.Thread(target=work, **options)
    thread.start()
    return thread

def for_ever(work):
    return in_thread(lambda: [work() for _ in iter(int, 1)], daemon=True)

def in_child(work, seconds=20):
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        try:
            code = work()
        except BaseException as error:
            print(type(error).__name__, error, file=sys.stderr, flush=True)
            code = 99
        os._exit(code or 0)
    return child

def result_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run(code: str) -> str:
    """What a process prints on standard output. Fails if it does not end well or prints an error."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREPARED + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "works",
    [
        ["imagegs.render(gaussians, scale=60)"],  # one call that takes seconds
        ["painter.render()", "imagegs.sample(gaussians, points)", "decode(data)"],
        ["imagegs.fit(image, 60, steps=2)"] * 2,
    ],
)
def test_a_process_ends_well_whatever_its_daemon_threads_do(works):
    code = "".join(f"for_ever(lambda: {work})\n" for work in works)
    assert run(code + "time.sleep(0.2)\nprint('end')") == "end\n"


@pytest.mark.parametrize(
    "end", ["sys.exit(0)", "os._exit(0)", "import atexit; atexit.register(painter.render)"]
)
def test_a_process_ends_well_however_it_ends(end):
    run(f"for_ever(painter.render); for_ever(lambda: painter.render(scale=8))\ntime.sleep(0.1)\n{end}")


def test_a_process_ends_well_while_its_threaded_server_answers():
    code = """
import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
asked = threading.Event()
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.set()
        painter.render(scale=60)
server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
in_thread(server.serve_forever, daemon=True)
connection = http.client.HTTPConnection(*server.server_address)
connection.request("GET", "/")
asked.wait()
time.sleep(0.1)
"""
    run(code)


def test_threads_that_are_waited_for_finish_their_work():
    code = r"""
from concurrent.futures import ThreadPoolExecutor
executor = ThreadPoolExecutor(2)
for _ in range(4):
    executor.submit(lambda: os.write(1, b"%d\n" % len(painter.render(scale=4))))
in_thread(lambda: os.write(1, b"%d\n" % len(painter.render(scale=4))))
"""
    assert run(code) == "192\n" * 5


@needs_fork
def test_a_painter_that_a_thread_is_using_paints_in_forked_children():
    code = """
for_ever(lambda: painter.render(scale=60))
time.sleep(0.2)
def work():
    same = np.array_equal(painter.render(), imagegs.render(gaussians))
    return 0 if same and len(painter.sample(points)) and painter.multiply_adds() else 1
print([result_of(in_child(work)) for _ in range(3)])
"""
    assert run(code) == "[0, 0, 0]\n"


@needs_fork
def test_a_forked_child_that_ends_as_usual_ends_well():
    code = """
import gc
for_ever(lambda: painter.render(scale=60)); for_ever(lambda: imagegs.render(gaussians, scale=2))
time.sleep(0.2)
child = os.fork()
if child == 0:
    painter.render()
    del painter
    gc.collect()
    sys.exit(7)
print(result_of(child))
"""
    assert run(code) == "7\n"


@needs_fork
def test_a_fit_that_was_begun_before_a_fork_goes_on_in_both_processes():
    code = """
fit = imagegs.fit_progressively(image, 60, steps=40, threads=3)
next(fit)
def last():
    return [step for step in fit][-1].snapshot().xy
pipe, entry = os.pipe()
child = in_child(lambda: os.write(entry, last().tobytes()) and 0)
here = last().tobytes()
print(result_of(child), os.read(pipe, 100_000) == here)
"""
    assert run(code) == "0 True\n"


@needs_fork
def test_worker_processes_are_forked_from_a_threaded_parent():
    code = """
import multiprocessing
for_ever(lambda: painter.render(scale=60))
time.sleep(0.1)
def paint(height):
    return painter.render(height=height).shape[0]
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(paint, [10, 20, 30]).get(timeout=20))
"""
    assert run(code) == "[10, 20, 30]\n"


@needs_fork
def test_a_child_reads_pictures_while_a_thread_of_its_parent_reads():
    code = """
import io, logging, warnings
from PIL import Image
from imagegs.pictures.reading import read_picture
png = io.BytesIO()
Image.fromarray(image).save(png, "PNG")
class Stuck(io.BytesIO):
    def read(self, *size):
        reading.set()
        time.sleep(3600)
def settings():
    return Image.MAX_IMAGE_PIXELS, warnings.filters[:], logging.getLogger("PIL").handlers[:]
before, reading = settings(), threading.Event()
in_thread(lambda: read_picture(Stuck(png.getvalue()), max_pixels=5), daemon=True)
reading.wait()
assert settings() != before
def work():
    assert settings() == before
    assert (read_picture(io.BytesIO(png.getvalue())).pixels == image).all()
    assert settings() == before
print(result_of(in_child(work)))
"""
    assert run(code) == "0\n"


LONG = """
n = 500_000
slow = imagegs.Gaussians(
    xy=np.full((n, 2), 32), scale=np.full((n, 2), 2.0**19), angle=np.zeros(n), log_weight=np.zeros(n),
    color=np.zeros((n, 1)), height=64, width=64, channels=("Y",))
def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        imagegs.render(slow, scale=16)
    except KeyboardInterrupt:
        return 3
"""


@needs_fork
def test_a_child_that_a_thread_forked_can_be_interrupted():
    assert run(LONG + "in_thread(lambda: print(result_of(in_child(interrupted)))).join()") == "3\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_calls_can_be_interrupted_where_a_thread_was_the_first_to_import():
    code = """
import threading
thread = threading.Thread(target=__import__, args=("imagegs",))
thread.start()
thread.join()
"""
    command = [sys.executable, "-c", code + PREPARED + LONG + "print(interrupted())"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("3\n", "")
