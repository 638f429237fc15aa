"""Forks, threads that cannot be started, long calls and interrupts: in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import imagegs

SCENE = """
import numpy as np, imagegs
def scene(n, side):
    # every Gaussian covers the whole canvas: no culling helps
    return imagegs.Gaussians(
        xy=np.full((n, 2), side / 2), scale=np.full((n, 2), 2.0**19), angle=np.zeros(n),
        log_weight=np.zeros(n), color=np.zeros((n, 1)), height=side, width=side, channels=("Y",))
"""


def python(code: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", SCENE + code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_ends_and_may_use_its_own_threads():
    code = """
import os, sys
imagegs.render(scene(5, 40), threads=3)
child = os.fork()
if child == 0:
    for threads in range(1, 12):  # more than are cached
        imagegs.render(scene(5, 40), threads=threads)
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    with python(code) as process:
        out, err = process.communicate(timeout=60)
    assert (out.strip(), process.returncode) == ("7", 0), err


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on address space")
def test_threads_that_cannot_be_started_are_an_error():
    code = """
import resource
imagegs.render(scene(5, 40), threads=2)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**29, used + 2**29))
try:
    imagegs.render(scene(5, 40), threads=1000)
except imagegs.ImageGSError as error:
    print(error)
"""
    with python(code) as process:
        out, err = process.communicate(timeout=60)
    assert out.startswith("cannot start 1000 threads"), err


def interrupted(code: str) -> str:
    """What a process printed after Ctrl-C three seconds into a call that would take minutes or hours."""
    # A shell may have left SIGINT ignored, which a child inherits.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    with python(listen + code) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(3.0)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, err
    return out


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux tells it")
def test_a_call_that_would_take_hours_takes_bounded_memory_and_can_be_interrupted():
    code = """
import resource
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
g, before = scene(10_000, 16384), peak()
print("ready", flush=True)
try:
    imagegs.render(g, dtype=np.uint8)
except KeyboardInterrupt:
    print(peak() - before)
"""
    assert int(interrupted(code)) < 1000  # MB; lists for all tiles at once would take 2,600


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_a_single_task_that_would_take_minutes_can_be_interrupted():
    code = """
g = scene(2_000_000, 64)
print("ready", flush=True)
try:
    imagegs.render(g, scale=16)
except KeyboardInterrupt:
    print("stopped")
"""
    assert interrupted(code) == "stopped\n"


@pytest.mark.parametrize("recipe", ["imagegs", "paper"])
def test_snapshots_stay_as_they_were(recipe):
    image = np.random.default_rng(0).random((20, 30, 3))
    kept = []
    for progress in imagegs.fit_progressively(image, 20, recipe=recipe, steps=10):
        snapshot = progress.snapshot()
        kept.append(
            (snapshot, {name: np.array(getattr(snapshot, name)) for name in ("xy", "angle", "color")})
        )
    for snapshot, values in kept:
        for name, value in values.items():
            np.testing.assert_array_equal(getattr(snapshot, name), value)
    with pytest.raises(ValueError, match="read-only"):
        kept[0][0].xy[0] = 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"channels": ("a",)}, ValueError),
        ({"channels": ()}, ValueError),
        ({"channels": "RGB"}, TypeError),
        ({"channels": ("a", "a", "b")}, ValueError),
        ({"n_gaussians": 10.0}, TypeError),
        ({"steps": 2.5}, TypeError),
        ({"threads": 1.5}, TypeError),
        ({"seed": -1}, ValueError),
        ({"seed": 0.5}, TypeError),
    ],
)
def test_wrong_options_are_refused_before_the_fit(options, error):
    image = np.zeros((8, 8, 3))
    imagegs.fit_progressively(image, 10)
    with pytest.raises(error):
        imagegs.fit_progressively(image, **{"n_gaussians": 10} | options)


@pytest.mark.parametrize(
    "options", [{"height": 10**400}, {"scale": 1e308}, {"scale": float("inf")}, {"height": -1}]
)
def test_sizes_beyond_all_limits_are_value_errors(options):
    gaussians = imagegs.fit(np.zeros((8, 8, 3)), 4, steps=1)
    with pytest.raises(ValueError, match=r"height|scale"):
        imagegs.render(gaussians, **options)


def test_regions_of_small_integer_types_do_not_wrap():
    gaussians = imagegs.fit(np.zeros((8, 8, 3)), 4, steps=1)
    with pytest.raises(ValueError, match="region"):
        imagegs.render(gaussians, height=300, region=tuple(np.array([200, 200, 101, 101], np.uint8)))
