"""What files may ask for: memory, work and seconds are bounded before they are taken."""

from __future__ import annotations

import io
import re
import struct
import time
import tracemalloc
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import chunks
import imagegs.cli.encode
import imagegs.pillow
from conftest import Run, pillow_restored, sample_pixels
from gsimg_samples import encode_fixed as encode
from imagegs import FormatError, LimitError, decode, read_info, register_pillow, render
from imagegs.cli import exit_codes
from imagegs.codec import Bits, read_file
from imagegs.drawing import draw_ellipses, svg_ellipses
from imagegs.engine import at_most
from imagegs.files import read_to_limit
from imagegs.gaussians import Gaussians
from imagegs.limits import DEFAULT_LIMITS, DEFAULT_SIZE_LIMIT, Limits
from imagegs.pictures import reading
from imagegs.pictures.reading import read_picture
from imagegs.rendering import Painter, check_painting, most_pairs
from requirements import need_bench


def broad(n: int, side: int, channels: tuple[str, ...] = ("R", "G", "B"), **changes: Any) -> Gaussians:
    """n Gaussians that are seen on all of a canvas of side x side pixels, each above those before it: what
    takes longest to paint.
    """
    fields: dict[str, Any] = {
        "xy": np.full((n, 2), side / 2),
        "scale": np.full((n, 2), 2.0**19),
        "angle": np.zeros(n),
        "log_weight": np.linspace(0, 3, n),
        "color": np.full((n, len(channels)), 0.5),
        "height": side,
        "width": side,
        "channels": channels,
    }
    return Gaussians(**{**fields, **changes})


def zeros(n: int, channels: tuple[str, ...]) -> bytes:
    """A file of n Gaussians of which every number is the lowest, one bit each."""
    head = chunks.split(encode(broad(1, 4, channels)))[0][1]
    columns = 5 + len(channels)
    ranges = struct.pack("<2f", 0, 1) * columns
    payload = bytes([1, 1, 1, 0, 1]) + ranges + bytes((n + 7) // 8) * columns
    head = head[:4] + struct.pack("<I", n) + head[8:]
    return chunks.join([(b"HEAD", head), (b"GAUS", payload), (b"TAIL", b"")])


def names(n: int) -> tuple[str, ...]:
    return tuple(f"C{i}" for i in range(n))


def put(path: Path, gaussians: Gaussians, bits: Bits | None = None) -> Path:
    path.write_bytes(encode(gaussians, bits or Bits.parse("1,1,1,16,1")))
    return path


def test_the_web_decoder_has_the_same_limits() -> None:
    source = files("imagegs.web").joinpath("limits.js").read_text("utf-8")
    found = {name: 2 ** int(power) for name, power in re.findall(r"(max\w+): 2 \*\* (\d+),", source)}
    assert found == {
        "maxBytes": DEFAULT_LIMITS.max_bytes,
        "maxPixels": DEFAULT_LIMITS.max_pixels,
        "maxGaussians": DEFAULT_LIMITS.max_gaussians,
        "maxValues": DEFAULT_LIMITS.max_values,
    }
    assert list(found.values()) == [2**28, 2**28, 2**21, 2**24]


def test_a_larger_size_limit_raises_all_limits_in_proportion() -> None:
    assert Limits.of(None) == Limits()
    twice = Limits.of(2 * DEFAULT_SIZE_LIMIT)
    for name in (
        "max_bytes",
        "max_pixels",
        "max_gaussians",
        "max_values",
        "max_samples",
        "max_pairs",
        "seconds",
    ):
        assert getattr(twice, name) == 2 * getattr(DEFAULT_LIMITS, name), name
    small = Limits.of(1000)
    assert small.max_pixels == small.max_picture_pixels == 1000 and small.max_pairs == 4000
    assert small.max_gaussians == DEFAULT_LIMITS.max_gaussians and small.max_bytes == DEFAULT_LIMITS.max_bytes


def test_what_a_file_within_the_limits_is() -> None:
    assert DEFAULT_LIMITS.hold(2**21, 8, 2**27) and DEFAULT_LIMITS.hold(1, 4, 2**28)
    for over in ((2**21 + 1, 1, 1), (2**19 + 1, 32, 1), (1, 1, 2**28 + 1), (1, 5, 2**28)):
        assert not DEFAULT_LIMITS.hold(*over)


def test_an_encoder_warns_of_files_beyond_the_limits(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(sample_pixels()).save(tmp_path / "a.png")
    told = "decoders take so large a file only where they are told to (see --size-limit)"
    command = "encode", tmp_path / "a.png", "--steps", 1, "-n", 10, "--overwrite"
    assert told not in run(*command).err
    monkeypatch.setattr(imagegs.cli.encode, "DEFAULT_LIMITS", Limits(max_gaussians=9))
    assert told in run(*command).err


def test_gaussians_and_colour_values_are_bounded_before_they_are_decoded() -> None:
    n = 2**21 + 1
    data = zeros(n, ("Y",))
    tracemalloc.start()
    for read in (decode, read_info):
        with pytest.raises(LimitError, match=r"^2097153 Gaussians are over the limit of 2097152$"):
            read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    assert read_info(data, size_limit=2**29).n_gaussians == n
    many = zeros(2**19 + 1, names(32))
    with pytest.raises(LimitError, match=r"^16777248 colour values are over the limit of 16777216$"):
        decode(many)


def test_a_picture_knows_its_channels(run: Run, tmp_path: Path) -> None:
    file = put(tmp_path / "a.gsimg", broad(1, 2**14, names(32)))
    assert file.stat().st_size < 1000
    outcome = run("decode", file, "-o", tmp_path / "a.npy")
    assert outcome.code == exit_codes.INVALID_INPUT and not (tmp_path / "a.npy").exists()
    told = f"{file}: 16384 x 16384 pixels of 32 channels are over the limit of 1073741824 samples"
    assert outcome.err == f"imagegs: error: {told} (see --size-limit)\n"
    with pytest.raises(LimitError, match="of 32 channels are over the limit"):
        decode(file.read_bytes())
    # A part of it is no larger than others.
    assert run("decode", file, "-o", tmp_path / "a.npy", "--region", "5,5,20,10").code == exit_codes.DONE
    assert np.load(tmp_path / "a.npy").shape == (10, 20, 32)


def test_work_counts_at_the_size_of_the_output(run: Run, tmp_path: Path) -> None:
    g = broad(2000, 64)
    assert most_pairs(g, 0) == 2000 * 16 and most_pairs(g, 0, scale=10) == 2000 * 1600
    assert most_pairs(g, 0, region=(16, 16, 20, 16)) == 2000 * 2
    assert most_pairs(g, 0, scale=0.25) == 2000 * 16  # 16 samples a pixel, so as many as the canvas has
    assert most_pairs(g, 0, scale=0.25, filtered=False) == 2000
    file = put(tmp_path / "a.gsimg", g)
    outcome = run("decode", file, "-o", tmp_path / "a.png", "--scale", 250)
    assert outcome.code == exit_codes.INVALID_INPUT
    assert "seen on more than 1073741824 tiles, all counted: over the limit (see --size-limit)" in outcome.err
    large = put(tmp_path / "b.gsimg", broad(2000, 2**14))
    assert run("decode", large, "-o", tmp_path / "b.png").code == exit_codes.INVALID_INPUT
    outcome = run("decode", large, "-o", tmp_path / "b.png", "--region", "100,100,32,32")
    assert outcome.code == exit_codes.DONE, outcome.err


def test_the_maps_of_a_stack_count_together() -> None:
    g = broad(600, 2**12)
    check_painting(g, Limits(max_pairs=600 * 2**16))
    with pytest.raises(LimitError):
        check_painting(g, Limits(max_pairs=600 * 2**16), pictures=2)


def test_the_bound_of_the_work_holds() -> None:
    """At any size, filtered or not: it is never below what painting walks."""
    rng = np.random.default_rng(3)
    g = broad(40, 96, xy=rng.uniform(0, 96, (40, 2)), scale=rng.uniform(1, 9, (40, 2)))
    painter = Painter(g, threads=1)
    views: list[dict[str, Any]] = [
        {},
        {"scale": 3},
        {"height": 40},
        {"region": (7, 9, 50, 30)},
        {"scale": 0.3},
    ]
    for view in views:
        painter.render(**view)
        assert painter._scene.tile_candidates <= most_pairs(g, 0, **view), view


def test_native_work_ends_when_its_time_is_over() -> None:
    g = broad(3000, 2**12)
    start = time.perf_counter()
    with (
        pytest.raises(LimitError, match=r"^painting takes more than 0\.2 s, the limit$"),
        at_most(0.2, "painting"),
    ):
        render(g, dtype=np.uint8, threads=2)
    assert time.perf_counter() - start < 10
    with at_most(60, "painting"), pytest.raises(LimitError, match="a part"), at_most(0.1, "a part"):
        render(g, dtype=np.uint8, threads=1)
    render(g, region=(0, 0, 16, 16), threads=2)  # nothing is left of it
    with pytest.raises(TimeoutError, match="elsewhere"), at_most(1, "painting"):
        raise TimeoutError("elsewhere")


def test_loading_by_pillow_has_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path / "a.gsimg", broad(1100, 6000))
    cheap = put(tmp_path / "b.gsimg", broad(2, 64))
    with pillow_restored():
        register_pillow()
        with (
            Image.open(file) as opened,
            pytest.raises(LimitError, match=r"\(see imagegs\.pillow\.SIZE_LIMIT\)$"),
        ):
            opened.load()
        with Image.open(cheap) as opened:
            assert opened.getpixel((1, 1)) == (128, 128, 128)
        monkeypatch.setattr(imagegs.pillow, "SIZE_LIMIT", 64)
        with pytest.raises(Image.UnidentifiedImageError):
            Image.open(cheap)


def test_ellipses_are_counted_before_they_are_drawn(run: Run, tmp_path: Path) -> None:
    file = put(tmp_path / "a.gsimg", broad(100, 2048))
    outcome = run("plot", file, "-o", tmp_path / "a.png")
    assert outcome.code == exit_codes.INVALID_INPUT
    assert "the ellipses cover some 3.78e+09 pixels, all counted, over the limit of 2.15e+09" in outcome.err
    assert run("plot", file, "-o", tmp_path / "a.png", "--height", 100).code == exit_codes.DONE
    few = Limits(max_covered=2**20)
    for draw in (draw_ellipses, svg_ellipses):
        with pytest.raises(LimitError):
            draw(broad(2000, 16), few)


def test_an_error_map_is_refused_in_seconds(run: Run, tmp_path: Path) -> None:
    side = 2**11
    file = put(tmp_path / "a.gsimg", broad(9000, side))
    Image.new("RGB", (side, side)).save(tmp_path / "a.png")
    outcome = run("plot", file, "--error", tmp_path / "a.png", "-o", tmp_path / "b.png")
    assert outcome.code == exit_codes.INVALID_INPUT and "over the limit (see --size-limit)" in outcome.err


def test_counting_for_info_ends(run: Run, tmp_path: Path) -> None:
    file = put(tmp_path / "a.gsimg", broad(55, 2**14, ("Y",)))
    start = time.perf_counter()
    outcome = run("info", file)
    assert outcome.code == exit_codes.DONE and "too many multiply-adds to count" in outcome.out
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("target", ["json", "glsl"])
def test_an_export_is_bounded(run: Run, tmp_path: Path, target: str) -> None:
    file = put(tmp_path / "a.gsimg", broad(100, 2**14 if target == "glsl" else 2**13))
    outcome = run("export", file, "--target", target, "-o", tmp_path / "out")
    assert outcome.code == exit_codes.INVALID_INPUT and "(see --size-limit)" in outcome.err
    assert not (tmp_path / "out").exists()


def test_pictures_are_bounded_before_they_are_decoded(run: Run, tmp_path: Path) -> None:
    """Some KB of PNG that would be 200 MB; a fit of them takes GB."""
    need_bench()  # which else warns of what it leaves out
    large = tmp_path / "large.png"
    Image.new("1", (2**13, 2**13 + 1)).save(large)
    small = tmp_path / "small.png"
    Image.fromarray(sample_pixels()).save(small)
    gsimg = put(tmp_path / "a.gsimg", broad(1, 32, ("Y",)))
    told = (
        f"imagegs: error: {large}: the picture has more than 67108864 pixels, the limit (see --size-limit)\n"
    )
    for command in (
        ("compare", large, small),
        ("saliency", large, "--method", "gradient"),
        ("plot", gsimg, "--error", large),
        ("view", gsimg, "--export", tmp_path / "a.html", "--reference", large),
        ("bench", large, "-o", tmp_path / "bench"),
        ("encode", small, "--saliency", large, "-o", tmp_path / "b.gsimg"),
        ("encode", small, "--init", large, "-o", tmp_path / "b.gsimg"),
        ("encode", small, "--restore", "inpaint", "--mask", large, "-o", tmp_path / "b.gsimg"),
    ):
        outcome = run(*command)
        assert (outcome.code, outcome.err) == (exit_codes.INVALID_INPUT, told), command
    with pytest.raises(LimitError):
        read_picture(large)
    assert run("encode", small, "--size-limit", 48 * 32 - 1).code == exit_codes.INVALID_INPUT
    assert run("encode", small, "--size-limit", 48 * 32, "--steps", 1, "-o", tmp_path / "c.gsimg").code == 0
    assert read_picture(small, max_pixels=48 * 32).pixels.shape == (32, 48, 3)


def test_the_maps_of_a_folder_are_bounded_together(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    for name in ("Color", "Normal"):
        Image.fromarray(sample_pixels()).save(folder / f"{name}.png")
    assert run("encode", folder, "--steps", 1, "--size-limit", 2304, "-o", tmp_path / "a.gsimg").code == 0
    outcome = run("encode", folder, "--steps", 1, "--size-limit", 2303, "-o", tmp_path / "b.gsimg")
    assert outcome.code == exit_codes.INVALID_INPUT
    assert f"{folder}: the maps have 9216 samples, over the limit of 9212 (see --size-limit)" in outcome.err


def test_arrays_are_bounded(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (2**12, 2**12, 32)}
        )
        file.truncate(2**29 + 2**10)  # a hole, which takes no disk
    outcome = run("encode", path)
    assert outcome.code == exit_codes.INVALID_INPUT
    assert "an array of shape (4096, 4096, 32) is over the limit of 268435456 samples" in outcome.err


class Endless(io.RawIOBase):
    """A pipe without end, behind some bytes."""

    def __init__(self, start: bytes = b"") -> None:
        self.start, self.given = start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, room: Any) -> int:
        n = min(len(room), 2**20)
        piece = self.start[:n].ljust(n, b"\0")
        self.start, self.given = self.start[n:], self.given + n
        room[:n] = piece
        return n


def test_a_pipe_without_end_is_read_to_a_limit() -> None:
    pipe = Endless()
    with pytest.raises(LimitError, match=r"^the file is over the limit of 3000000 bytes$"):
        read_to_limit(pipe, 3_000_000)  # type: ignore[arg-type]
    assert pipe.given <= 3_000_001
    assert read_to_limit(io.BytesIO(b"abc"), 5, b"xy") == b"xyabc"
    with pytest.raises(LimitError):
        read_to_limit(io.BytesIO(b"abc"), 4, b"xy")


def test_readers_of_pipes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    few = 2**21
    monkeypatch.setattr(Limits, "of", lambda _: Limits(max_bytes=few))
    monkeypatch.setattr(reading, "_max_bytes", lambda _: few)
    signature = encode(broad(1, 8))[:8]
    for read, start in ((read_file, signature), (read_picture, b"\x89PNG")):
        pipe = Endless(start)
        with pytest.raises(LimitError, match=r"^the file is over the limit of 2097152 bytes$"):
            read(io.BufferedReader(pipe))
        assert pipe.given <= 2 * few


def test_what_is_let_through_is_painted() -> None:
    """Limits refuse: they change nothing of what is below them."""
    g = broad(3, 40)
    data = encode(g)
    with pytest.raises(FormatError):
        decode(data[:-1])
    assert np.array_equal(render(decode(data)), render(decode(data, whole=False)))
