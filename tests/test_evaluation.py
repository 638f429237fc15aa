"""What `imagegs bench` is made of: codecs, the search for a size, costs, the store, curves, means."""

from __future__ import annotations

import dataclasses
import io
import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from conftest import sample_pixels
from imagegs.evaluation import codec as codec_module
from imagegs.evaluation import costs
from imagegs.evaluation.bench import Setting, load_pixels, named, usable
from imagegs.evaluation.codec import Codec
from imagegs.evaluation.codecs import GROUPS, codec_named
from imagegs.evaluation.costs import measured
from imagegs.evaluation.crops import busiest_window, cut
from imagegs.evaluation.curves import bd_rate, rising
from imagegs.evaluation.measuring import Bench, Subject
from imagegs.evaluation.metrics import METRICS
from imagegs.evaluation.sizes import SizeSearch
from imagegs.evaluation.store import Store
from imagegs.evaluation.summary import summarized
from imagegs.metrics import psnr
from requirements import missing

PIXELS = sample_pixels()
SETTING = Setting(("imagegs",), (0.5,), ("psnr",), effort=1, side=None, crops=0)


def counting(sizes: list[int]) -> tuple[Codec, list[float]]:
    """A codec whose setting i has sizes[i] bytes, and the settings that it was asked for."""
    asked: list[float] = []

    def encode(pixels: object, setting: float) -> bytes:
        asked.append(setting)
        return bytes(sizes[int(setting)])

    return Codec("fake", "Fake", "", encode, lambda data, shape: PIXELS, range(len(sizes))), asked


@pytest.mark.parametrize("name", [name for name in GROUPS["all"] if name not in ("imagegs", "paper")])
def test_a_codec_gives_the_picture_back(name):
    codec = codec_named(name)
    if reason := codec.missing():
        missing(reason)
    assert codec.dial
    data = codec.encode(PIXELS, codec.dial[-1])
    decoded = codec.decode(data, PIXELS.shape)
    assert decoded.shape == PIXELS.shape and decoded.dtype == np.uint8
    assert psnr(PIXELS, decoded) > 20
    if len(codec.dial) > 1:
        assert len(codec.encode(PIXELS, codec.dial[0])) < len(data)
    assert codec.version()


@pytest.mark.parametrize(
    "name", ["imagegs", "imagegs-e2", "imagegs-psnr", "imagegs-visual-grain-e1", "paper", "imagegs-half"]
)
def test_our_own_files_are_within_the_size(name):
    codec = codec_named(name, effort=1)
    data = codec.encode(PIXELS, 900)
    assert 100 < len(data) <= 900
    assert psnr(PIXELS, codec.decode(data, PIXELS.shape)) > 15
    with pytest.raises(ValueError, match="too few"):
        codec.encode(PIXELS, 20)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "gif",
        "imagegs-e0",
        "imagegs-e10",
        "imagegs-e2-psnr",
        "paper-psnr",
        "paper-grain",
        "imagegs-plain",
        "jpeg-half-x",
        "siren-s0",
        "siren-500",
        "neural-s5",
        "-half",
    ],
)
def test_other_names_are_no_codecs(name):
    with pytest.raises(ValueError, match="no codec"):
        codec_named(name)


def test_grain_counts_only_where_an_eye_is_asked(tmp_path):
    """PSNR is of the picture without what a decoder adds for the eye."""
    noise = np.random.default_rng(0).integers(0, 20, PIXELS.shape, np.uint8)

    def plain(data: bytes, shape: object) -> np.ndarray:
        return PIXELS // 2

    def seen(data: bytes, shape: object) -> np.ndarray:
        return PIXELS // 2 + noise

    codec = Codec("grainy", "", "", lambda pixels, setting: b"1", seen, dial=(1.0,), decode_plain=plain)
    metrics = ("psnr", "ssimulacra2")
    (row,) = Bench(codec, Subject("a", PIXELS), metrics, Store(tmp_path)).rows((8.0,))
    expected = (
        METRICS["psnr"].measure(PIXELS, PIXELS // 2),
        METRICS["ssimulacra2"].measure(PIXELS, PIXELS // 2 + noise),
    )
    assert (row["psnr"], row["ssimulacra2"]) == expected


def test_the_size_search_finds_the_largest_file_within():
    sizes = [10 + round(3 * 1.07**i) + i for i in range(100)]
    codec, asked = counting(sizes)
    search = SizeSearch(codec, PIXELS)
    for n_bytes in (11, 50, 200, 201, 1000, 10**6):
        found = search.best_within(n_bytes)
        best = max((i for i, size in enumerate(sizes) if size <= n_bytes), default=None)
        assert (found and found[0]) == best
    assert len(asked) == len(set(asked)) < 30  # nothing twice
    assert search.best_within(9) is None and len(search.smallest()) == sizes[0]


def test_a_size_search_takes_few_encodings():
    codec, asked = counting([10 + round(3 * 1.07**i) + i for i in range(100)])
    SizeSearch(codec, PIXELS).best_within(200)
    assert len(asked) <= 9


def test_sizes_that_do_not_rise_stay_within():
    rng = np.random.default_rng(0)
    codec, _ = counting([int(size) for size in np.arange(100) * 10 + rng.integers(0, 60, 100) + 1])
    search = SizeSearch(codec, PIXELS)
    for n_bytes in (100, 333, 500, 990):
        found = search.best_within(n_bytes)
        assert found and len(found[1]) <= n_bytes


def test_what_is_missing_is_told_by_name(monkeypatch):
    monkeypatch.setattr(codec_module.importlib.util, "find_spec", lambda name: None)
    names = ("imagegs", "jxl", "astc-8x8", "siren-s500", *GROUPS["neural"])
    codecs, _, reasons = usable(dataclasses.replace(SETTING, codecs=names))
    assert [codec.name for codec in codecs] == ["imagegs"]
    assert "imagecodecs" in reasons["jxl"] and "pip install 'imagegs[bench]'" in reasons["astc-8x8"]
    for name in names[3:]:
        assert reasons[name] == f"{name} needs the package torch: pip install 'imagegs[neural]'"


def test_names_tell_pictures_apart(tmp_path):
    paths = [tmp_path / "a" / "x.png", tmp_path / "b" / "x.png", tmp_path / "y.png"]
    assert list(named(paths)) == ["a/x.png", "b/x.png", "y"]
    with pytest.raises(ValueError, match="twice"):
        named([*paths, paths[0]])


@pytest.mark.parametrize(("mode", "shape"), [("L", (8, 9)), ("LA", (8, 9, 2)), ("RGBA", (8, 9, 4))])
def test_every_picture_is_measured_as_rgb(tmp_path, mode, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels, mode).save(tmp_path / "a.png")
    loaded = load_pixels(tmp_path / "a.png", None)
    assert loaded.shape == (8, 9, 3) and loaded.dtype == np.uint8
    assert np.array_equal(loaded[:, :, 0], pixels if pixels.ndim == 2 else pixels[:, :, 0])


def test_deep_and_large_pictures_are_reduced(tmp_path):
    Image.fromarray(np.full((40, 60), 257 * 77, np.uint16)).save(tmp_path / "a.png")
    loaded = load_pixels(tmp_path / "a.png", 30)
    assert loaded.shape == (20, 30, 3) and np.all(loaded == 77)


def test_costs_count_time_and_memory():
    def work() -> int:
        block = np.ones(40_000_000, np.uint8)
        time.sleep(0.02)
        return int(block[::4096].sum())

    result, cost = measured(work)
    assert result and cost.seconds >= 0.02
    if cost.peak_bytes is not None:
        assert 35e6 < cost.peak_bytes < 120e6


def test_costs_count_child_processes():
    code = "import time; block = bytearray(90_000_000); time.sleep(0.2); sum(range(3_000_000))"
    _, cost = measured(lambda: subprocess.run([sys.executable, "-c", code], check=True))
    assert cost.cpu_seconds > 0.02
    if cost.peak_bytes is not None:
        assert 90e6 < cost.peak_bytes < 200e6


def test_a_child_that_is_still_this_program_does_not_count(monkeypatch):
    """Between fork and exec it has this process' memory. This process itself stands for it."""
    children = iter([set()])
    monkeypatch.setattr(costs, "_children", lambda: next(children, {str(os.getpid())}))
    _, cost = measured(lambda: time.sleep(0.1))
    assert cost.peak_bytes is None or cost.peak_bytes < 10e6


def test_a_damaged_result_is_no_result(tmp_path):
    store = Store(tmp_path)
    assert store.read_json("a") is None
    store.write_json("a", {"x": 1})
    assert store.read_json("a") == {"x": 1}
    for damaged in (b'{"x": 1', b"", b"[1]", b"\xff"):
        store.write("a", "json", damaged)
        assert store.read_json("a") is None


def test_the_bd_rate_of_half_the_bytes_is_minus_half():
    theirs = rising([(30 + 2 * math.log2(rate), rate) for rate in (0.1, 0.2, 0.4, 0.8)])
    ours = rising([(30 + 2 * math.log2(2 * rate), rate) for rate in (0.1, 0.2, 0.4, 0.8)])
    assert bd_rate(ours, theirs) == pytest.approx(-0.5)
    assert bd_rate(theirs, ours) == pytest.approx(1.0)
    assert bd_rate(ours, theirs[1:2]) == pytest.approx(-0.5)
    assert bd_rate(ours, []) is None and bd_rate(ours[:1], theirs) is None
    assert bd_rate(ours, rising([(80, 1), (90, 2)])) is None


def test_a_curve_rises():
    assert [quality for quality, _ in rising([(30, 0.1), (29, 0.2), (31, 0.3), (31, 0.4)])] == [30, 31]


def row(codec: str, picture: str, rate: float | str | None, bpp: float, psnr: float | None) -> dict:
    return {"codec": codec, "picture": picture, "rate": rate, "bytes": 1, "bpp": bpp, "psnr": psnr}


def test_means_are_of_equal_sets_only():
    rows = [row("a", p, r, r, 30 + r) for p in "xy" for r in (0.1, 0.2)]
    rows += [row("b", "x", 0.2, 0.2, 29), row("b", "x", "floor", 0.15, 28)]
    rows += [row("b", "y", "floor", 0.25, 27)]
    rows += [{"codec": "b", "picture": "y", "rate": 0.2, "bpp": 0.25}, {**row("b", "y", 1, 1, 1), "rate": 1}]
    metric = {"name": "psnr", "higher_is_better": True}
    facts = {"codecs": [{"name": "a"}, {"name": "b"}], "metrics": [metric]}
    found = summarized({**facts, "pictures": [{"name": "x"}, {"name": "y"}], "rows": rows})
    assert [mean["rate"] for mean in found["means"]["a"]] == [0.1, 0.2]
    assert found["means"]["b"] == []  # no rate that both pictures reach
    assert found["floors"]["a"] is None
    assert found["floors"]["b"] == {"bpp": pytest.approx(0.2), "psnr": 27.5}


def test_of_a_metric_of_errors_less_is_better():
    rows = [row("a", "x", r, r, 1 / (2 * r)) for r in (0.1, 0.2, 0.4)]
    rows += [row("b", "x", r, r, 1 / r) for r in (0.1, 0.2, 0.4)]
    facts = {"codecs": [{"name": "a"}, {"name": "b"}], "pictures": [{"name": "x"}], "rows": rows}
    found = summarized({**facts, "metrics": [{"name": "psnr", "higher_is_better": False}]})
    assert found["bd_rates"]["psnr"]["b"]["mean"] == pytest.approx(-0.5, abs=0.02)


def test_the_window_is_where_the_edges_are():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[60:90:4, 150:190] = 255
    x, y, width, height = busiest_window(pixels, 60, 40)
    assert x <= 150 and x + width >= 188 and y <= 60 and y + height >= 88
    assert cut(pixels, (x, y, width, height)).shape == (40, 60, 3)
    assert busiest_window(pixels, 600, 400) == (0, 0, 200, 100)


def test_crops_are_kept_without_loss():
    from imagegs.evaluation.crops import as_webp

    assert np.array_equal(np.asarray(Image.open(io.BytesIO(as_webp(PIXELS)))), PIXELS)
