"""The limits of files of which a part is read: what is decoded and painted counts, not the file."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from block_files import USUAL, scattered
from conftest import Run, check_failure
from imagegs import FormatError, LimitError, decode, encode, imread, load, read_info, render, sample, save
from imagegs.codec.layer_coders import LayerCoders
from imagegs.limits import Limits

LAYERS = (30, 170, 700)
G = scattered(900, LAYERS, seed=3, width=65000, height=65000)  # more pixels than the limit
DATA = encode(G, USUAL, block_side=8192)
CORNER = (100, 60, 20, 10)  # of a canvas of 65000 x 65000 pixels

Limited = Callable[..., None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.gsimg"
    save(path, scattered(900, LAYERS, seed=3), USUAL, block_side=8)
    return path


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Limited:
    def limit(**changes: int) -> None:
        monkeypatch.setattr(Limits, "of", lambda _: Limits(**changes))

    return limit


def over(what: str) -> Any:
    return pytest.raises(LimitError, match=f"^{re.escape(what)}$")


def test_the_pixels_of_the_canvas_do_not_count_for_a_part(tmp_path: Path) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA)
    canvas = "the canvas of 65000 x 65000 pixels is over the limit of 268435456 pixels"
    whole = decode(DATA, size_limit=2**33)
    assert render(path, region=CORNER).shape == (10, 20, 3)
    assert np.array_equal(render(path, region=CORNER), render(whole, region=CORNER))
    assert np.array_equal(imread(path, height=65), render(whole, height=65, dtype=np.uint8))
    assert np.array_equal(sample(path, [[200, 300]]), sample(whole, [[200, 300]]))
    assert len(load(path, lod=0, whole=False)) == 30
    for read in (load, render, imread):
        with over(canvas):
            read(path)
        with over(canvas):
            read(path, lod=0.5)
    with over(canvas):
        load(path, region=(0, 0, 20000, 20000))
    with over(canvas):
        load(path, whole=False)


def test_samples_and_work_that_are_painted_count(tmp_path: Path, limited: Limited) -> None:
    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA)
    for view in ({"region": (0, 0, 40, 30)}, {"height": 30}):
        with pytest.raises(LimitError, match="over the limit of 100 pixels"):
            render(path, size_limit=100, **view)
    limited(max_samples=89)
    with over("10 x 3 pixels of 3 channels are over the limit of 89 samples"):
        render(path, region=(0, 0, 10, 3))
    limited(max_pairs=10)
    with over("the Gaussians are seen on more than 10 tiles, all counted: over the limit"):
        render(path, region=(0, 0, 64, 64))


@pytest.mark.parametrize("name", ["max_gaussians", "max_values"])
def test_the_gaussians_that_are_decoded_count(
    name: str, file: Path, limited: Limited, monkeypatch: Any
) -> None:
    data, region = file.read_bytes(), (0, 0, 20, 10)
    needed, channels = len(decode(data, region=region)), 3 if name == "max_values" else 1
    assert 100 < needed < 600
    limited(**{name: channels * needed})
    what = "colour values" if name == "max_values" else "Gaussians"
    for read in (load, render, imread):
        assert len(read(file, region=region)) > 0
        with over(f"{900 * channels} {what} are over the limit of {needed * channels}"):
            read(file)
        with pytest.raises(LimitError, match=f"{what} are over the limit"):
            read(file, region=(0, 0, 100, 70))
    assert len(load(file, lod=0)) == 30
    limited(**{name: channels * needed - 1})
    # Nothing of the layers is made, nor decoded.
    monkeypatch.setattr(LayerCoders, "decode", lambda *_: pytest.fail("decoded"))
    for read in (load, render, imread):
        with over(f"{needed * channels} {what} are over the limit of {needed * channels - 1}"):
            read(file, region=region)
    with pytest.raises(LimitError, match=f"{what} are over the limit"):
        sample(file, np.random.default_rng(0).uniform(0, 70, (50, 2)))


def test_the_bytes_that_are_read_count(file: Path, limited: Limited) -> None:
    size = file.stat().st_size
    limited(max_bytes=size - 1)
    assert np.array_equal(
        render(file, region=(0, 0, 9, 9)), render(decode(file.read_bytes()), region=(0, 0, 9, 9))
    )
    told = f"the file is over the limit of {size - 1} bytes"
    for read in (load, render, imread):
        with over(told):
            read(file)
    limited(max_bytes=3000)  # the index has 4,448
    with over("the file is over the limit of 3000 bytes"):
        render(file, region=(0, 0, 9, 9))


def test_a_file_that_declares_much_takes_no_memory(tmp_path: Path, limited: Limited) -> None:
    """64 MiB in one skippable chunk."""
    from chunks import chunk

    path = tmp_path / "a.gsimg"
    path.write_bytes(DATA[:-12] + chunk(b"junK", bytes(2**26)) + DATA[-12:])
    limited(max_bytes=2**20)
    tracemalloc.start()
    with over("the file is over the limit of 1048576 bytes"):
        render(path, region=CORNER)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_smaller_picture_of_too_many_gaussians_has_the_layers_that_the_limits_hold(
    file: Path, limited: Limited
) -> None:
    whole = load(file)
    expected = render(whole, height=20, dtype=np.uint8)
    assert np.array_equal(imread(file, height=20), expected)  # within the limits nothing changes
    coarse = render(whole.first_layers(2), height=20, dtype=np.uint8)
    assert not np.array_equal(coarse, expected)
    limited(max_gaussians=899)
    assert np.array_equal(imread(file, height=20), coarse)
    assert np.array_equal(imread(file, height=20, lod=0), render(whole.at_lod(0), height=20, dtype=np.uint8))
    with over("900 Gaussians are over the limit of 899"):
        imread(file, height=34)  # 200 are too few for 34 x 49 pixels
    assert imread(file, height=33).shape == (33, 47, 3)
    part = {"height": 40, "region": (20, 10, 30, 20)}
    assert np.array_equal(
        imread(file, **part), render(whole, **part, dtype=np.uint8)
    )  # of a part there are few
    limited(max_gaussians=29)
    with over("900 Gaussians are over the limit of 29"):
        imread(file, height=3)


def test_the_command_paints_a_smaller_picture(run: Run, file: Path, limited: Limited) -> None:
    out = file.parent / "a.npy"
    limited(max_gaussians=300)
    assert run("decode", file, "-o", out, "--height", 20).code == 0
    assert np.array_equal(np.load(out), imread(file, height=20))
    check_failure(
        run("decode", file, "-o", out), 3, "900 Gaussians are over the limit of 300", "--size-limit"
    )
    assert run("decode", file, "-o", out, "--lod", 0).code == 0
    check_failure(run("decode", file, "-o", out, "--mip", 1), 3, "900 Gaussians are over the limit of 300")


def test_what_a_file_beyond_the_limits_says(run: Run, file: Path, limited: Limited) -> None:
    known = read_info(file)
    limited(max_gaussians=899)
    for source in (file, file.read_bytes()):
        info = read_info(source)
        assert info.bits_by_attribute == {} and [layer.bits for layer in info.layers] == [{}] * 3
        for name in ("n_gaussians", "n_bytes", "bytes_by_chunk", "block_side", "coding", "channels"):
            assert getattr(info, name) == getattr(known, name)
        assert [layer.n_gaussians for layer in info.layers] == [*LAYERS]
        assert [layer.n_bytes for layer in info.layers] == [layer.n_bytes for layer in known.layers]
    told = run("info", file)
    assert told.code == 0 and "too many multiply-adds to count" in told.out
    assert re.search(r"^bits +\d+\.\d a Gaussian, all in$", told.out, re.MULTILINE)
    found = run("info", file, "--json").json
    assert found["n_gaussians"] == 900 and found["bits_by_attribute"] == {}
    assert found["multiply_adds_per_pixel"] is None
    damaged = bytearray(file.read_bytes())
    damaged[100] ^= 1  # in the index
    with pytest.raises(FormatError, match="chunk BLKS: checksum mismatch"):
        read_info(damaged)
    plain = encode(scattered(900, LAYERS), USUAL)
    with over("900 Gaussians are over the limit of 899"):
        read_info(plain)
    limited(max_bytes=file.stat().st_size - 1)
    assert read_info(file).bits_by_attribute == {}
