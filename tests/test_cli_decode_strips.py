"""`imagegs decode` of pictures beyond the usual limits, strip by strip."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
import imagegs.cli.decode_strips
from block_files import USUAL, scattered
from conftest import Run, check_failure
from imagegs import Gaussians, Grain, imread
from imagegs.limits import Limits
from imagegs.pictures.reading import read_picture
from requirements import need

LAYERS = (30, 170, 700)
GRAIN = Grain(columns=2, rows=2, strength=200, levels=(1, 7, 5, 3))
CHANNELS = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is beyond the usual limits, and a strip has 5 rows of 100 pixels."""
    monkeypatch.setattr(imagegs.cli.decode_strips, "DEFAULT_LIMITS", Limits(max_gaussians=899))
    monkeypatch.setattr(imagegs.cli.decode_strips, "STRIP_PIXELS", 599)


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tops of the strips that are painted."""
    tops: list[int] = []
    painted = imagegs.cli.decode_strips.Strips._painted

    def noted(self: Any, file: Any, top: int) -> memoryview:
        tops.append(top)
        return painted(self, file, top)

    monkeypatch.setattr(imagegs.cli.decode_strips.Strips, "_painted", noted)
    return tops


def put(path: Path, n_channels: int = 3, **changes: Any) -> Path:
    color = np.random.default_rng(2).uniform(0, 1, (900, n_channels))
    g = scattered(900, LAYERS, seed=3, color=color, channels=CHANNELS[n_channels], **changes)
    imagegs.save(path, g, USUAL, block_side=8, grain=GRAIN)
    return path


@pytest.mark.parametrize("bit_depth", [8, 16])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_strips_make_the_same_picture(
    suffix: str, n_channels: int, bit_depth: int, run: Run, tmp_path: Path, strips: list[int]
) -> None:
    file, out = put(tmp_path / "a.gsimg", n_channels, bit_depth=bit_depth), tmp_path / f"a{suffix}"
    report = run("decode", file, "-o", out, "--json").json
    assert strips == [*range(0, 70, 5)]
    expected = imread(file).reshape(70, 100, n_channels)
    found = np.load(out) if suffix == ".npy" else read_picture(out).pixels
    assert found.dtype == expected.dtype and np.array_equal(found, expected)
    assert report["bytes"] == out.stat().st_size and report["n_gaussians"] == 900
    assert (report["width"], report["height"], report["grain"]) == (100, 70, 1.0)
    if suffix == ".tif" and bit_depth == 8:
        with Image.open(out) as picture:
            assert np.array_equal(np.asarray(picture).reshape(expected.shape), expected)


def test_other_libraries_read_many_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    tifffile = need("tifffile")
    monkeypatch.setattr("imagegs.pictures.strips.STRIP_BYTES", 1000)
    file, out = put(tmp_path / "a.gsimg"), tmp_path / "a.tiff"
    assert run("decode", file, "-o", out).code == 0
    with tifffile.TiffFile(out) as tiff:
        assert tiff.is_bigtiff and len(tiff.pages[0].dataoffsets) == 24
        assert np.array_equal(tiff.asarray(), imread(file))
    assert np.array_equal(np.asarray(Image.open(out)), imread(file))


@pytest.mark.parametrize("options", [["--grain", "0"], ["--lod", "0.4"], ["--threads", "1"]])
def test_options_of_decode(options: list[str], run: Run, tmp_path: Path, strips: list[int]) -> None:
    file, out = put(tmp_path / "a.gsimg"), tmp_path / "a.npy"
    assert run("decode", file, "-o", out, *options).code == 0
    name, value = options[0].removeprefix("--"), float(options[1])
    assert np.array_equal(np.load(out), imread(file, **({name: value} if name != "threads" else {})))
    assert len(strips) == 14


@pytest.mark.parametrize(
    ("options", "suffix"),
    [
        ([], ".png"),
        (["--height", "35"], ".tif"),
        (["--region", "0,0,9,9"], ".tif"),
        (["--mip", "1"], ".tif"),
        (["--scale", "2"], ".npy"),
    ],
)
def test_what_is_painted_at_once(
    options: list[str], suffix: str, run: Run, tmp_path: Path, strips: list[int]
) -> None:
    file, out = put(tmp_path / "a.gsimg"), tmp_path / f"a{suffix}"
    assert run("decode", file, "-o", out, *options).code == 0
    assert strips == []


def test_usual_files_are_painted_at_once(
    run: Run, tmp_path: Path, strips: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain.gsimg"
    imagegs.save(plain, scattered(900, LAYERS), USUAL)  # without blocks
    assert run("decode", plain, "-o", tmp_path / "a.tif").code == 0
    monkeypatch.setattr(imagegs.cli.decode_strips, "DEFAULT_LIMITS", Limits(max_gaussians=900))
    assert run("decode", put(tmp_path / "a.gsimg"), "-o", tmp_path / "b.tif").code == 0
    assert strips == []


def test_the_size_limit_has_to_allow_the_pixels(run: Run, tmp_path: Path, strips: list[int]) -> None:
    file, out = put(tmp_path / "a.gsimg"), tmp_path / "a.tif"
    told = "the canvas of 100 x 70 pixels is over the limit of 6999 pixels"
    check_failure(run("decode", file, "-o", out, "--size-limit", 6999), 3, told)
    assert not out.exists() and strips == []
    assert run("decode", file, "-o", out, "--size-limit", 100000).code == 0


def test_work_counts_for_all_strips_together(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = put(tmp_path / "a.gsimg"), tmp_path / "a.tif"
    monkeypatch.setattr(Limits, "of", lambda _: Limits(max_pairs=14_000))
    check_failure(
        run("decode", file, "-o", out), 3, "seen on more than 14000 tiles, all counted: over the limit"
    )
    assert not out.exists()


def test_damage_leaves_the_old_picture(run: Run, tmp_path: Path, strips: list[int]) -> None:
    file, out = put(tmp_path / "a.gsimg"), tmp_path / "a.tif"
    assert run("decode", file, "-o", out, "--grain", 0).code == 0
    before = out.read_bytes()
    data = bytearray(file.read_bytes())
    data[-40] ^= 1  # in a block at the bottom
    file.write_bytes(data)
    strips.clear()
    check_failure(run("decode", file, "-o", out), 3, str(file), "layer 3, block 116: checksum mismatch")
    assert len(strips) > 5 and out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gsimg", "a.tif"]
    check_failure(run("decode", file, "-o", out, "--no-overwrite"), 4, "not overwritten")


def test_channels_that_tiff_does_not_hold(run: Run, tmp_path: Path) -> None:
    g = scattered(900, LAYERS, channels=("X", "Y", "Z"))
    imagegs.save(tmp_path / "a.gsimg", g, USUAL, block_side=8)
    told = run("decode", tmp_path / "a.gsimg", "-o", tmp_path / "a.tif")
    check_failure(told, 2, ".tif does not hold the channels X, Y, Z: write .npy")
    assert run("decode", tmp_path / "a.gsimg", "-o", tmp_path / "a.npy").code == 0


def test_memory_is_that_of_a_strip(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of 48 MB."""
    monkeypatch.setattr(imagegs.cli.decode_strips, "STRIP_PIXELS", 4000 * 128)
    g: Gaussians = scattered(900, LAYERS, seed=3, width=4000, height=4000)
    g = g.replace(xy=g.xy * np.float32(40), scale=g.scale * 40)
    imagegs.save(tmp_path / "a.gsimg", g, USUAL, block_side=128)
    tracemalloc.start()
    assert run("decode", tmp_path / "a.gsimg", "-o", tmp_path / "a.tif").code == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "a.tif").stat().st_size > 48_000_000 and peak < 12_000_000
