"""`imagegs decode`, `info`, `compare` and `plot`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Run, sample_gaussians, sample_pixels
from imagegs.codec import Bits, load, save
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.lattice import Lattice
from imagegs.pictures.reading import read_picture
from imagegs.rendering import render


def test_the_default_output_lies_beside_the_input(run: Run, gsimg: Path) -> None:
    outcome = run("decode", gsimg, "-j", 1)
    target = gsimg.with_suffix(".png")
    assert outcome.code == 0 and outcome.out == ""
    assert outcome.err.startswith(f"{target}: 48 x 32 pixels, 8 bits, ")
    assert np.array_equal(read_picture(target).pixels, render(load(gsimg), dtype=np.uint8))


def test_the_report(run: Run, gsimg: Path) -> None:
    outcome = run("decode", gsimg, "--json", "--quiet")
    report, target = outcome.json, gsimg.with_suffix(".png")
    assert outcome.err == "" and report["output"] == str(target) and report["bytes"] == target.stat().st_size
    assert (report["width"], report["height"], report["bit_depth"], report["n_gaussians"]) == (48, 32, 8, 60)


def test_other_sizes_and_regions(run: Run, gsimg: Path) -> None:
    target = gsimg.with_suffix(".png")
    views = {
        ("--height", 80): {"height": 80},
        ("--scale", 0.5): {"scale": 0.5},
        ("--region", "5,6,7,8"): {"region": (5, 6, 7, 8)},
        ("--height", 64, "--region", "40,0,56,64"): {"height": 64, "region": (40, 0, 56, 64)},
    }
    for options, view in views.items():
        assert run("decode", gsimg, "-o", target, *options).code == 0
        expected = render(load(gsimg), dtype=np.uint8, **view)
        assert np.array_equal(read_picture(target).pixels, expected)


@pytest.mark.parametrize(
    ("suffix", "depth"), [("png", 16), ("tif", 16), ("npy", 16), ("webp", 8), ("jpg", 8)]
)
def test_deep_pictures_keep_their_depth_where_the_format_can(
    run: Run, tmp_path: Path, suffix: str, depth: int
) -> None:
    source, target = tmp_path / "deep.gsimg", tmp_path / f"out.{suffix}"
    save(source, sample_gaussians(bit_depth=16))
    assert run("decode", source, "-o", target, "--json").json["bit_depth"] == depth
    pixels = np.load(target) if suffix == "npy" else read_picture(target).pixels
    assert pixels.dtype == f"uint{depth}" and pixels.shape == (32, 48, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX systems")
def test_decode_to_a_pipe(run: Run, gsimg: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        report = run("decode", gsimg, "-o", pipe, "--json").json
        assert report["bytes"] == len(os.read(reader, 1 << 16)) > 1000
    finally:
        os.close(reader)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_decode_to_standard_output_through_a_link(gsimg: Path, tmp_path: Path) -> None:
    link, file = tmp_path / "out.png", tmp_path / "file"
    link.symlink_to("/dev/fd/1")
    file.write_bytes(b"before")
    command = [sys.executable, "-m", "imagegs", "decode", str(gsimg), "-o", str(link)]
    with file.open("ab") as opened:
        done = subprocess.run(command, stdout=opened, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr.startswith(f"{link}: 48 x 32 pixels")
    assert file.read_bytes().startswith(b"before\x89PNG") and link.is_symlink()
    (tmp_path / "png").write_bytes(file.read_bytes().removeprefix(b"before"))
    assert np.array_equal(read_picture(tmp_path / "png").pixels, render(load(gsimg), dtype=np.uint8))


def test_info(run: Run, gsimg: Path) -> None:
    outcome = run("info", gsimg)
    assert outcome.code == 0 and outcome.err == ""
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    assert lines["canvas"] == "48 x 32 pixels, R G B, 8 bits a sample"
    assert lines["Gaussians"] == "60, softmax blend"
    assert lines["metadata"] == "software  imagegs test"
    assert re.fullmatch(r"[0-9]+ multiply-adds a pixel, [0-9]+ in the worst tile", lines["painting"])


def test_info_as_json(run: Run, gsimg: Path) -> None:
    report = run("info", gsimg, "--json").json
    size = gsimg.stat().st_size
    assert report["bytes"] == size == sum(report["bytes_by_chunk"].values())
    assert report["bpp"] == 8 * size / (48 * 32) and report["coding"]["position"] == 16
    assert report["metadata"] == {"software": "imagegs test"} and report["n_gaussians"] == 60
    cost = report["multiply_adds_per_pixel"]
    assert 26 < cost["mean"] <= cost["worst"] <= 8 * 60 + 10 * 15 + 3


def test_info_names_a_transform_of_the_colors(run: Run, tmp_path: Path) -> None:
    path, plain = tmp_path / "a.gsimg", Lattice.of_fineness(1)
    save(path, sample_gaussians(), plain)
    assert "colour transform" not in run("info", path).out
    transform = ColorTransform((0, 16, 0), ((127, 0, 0), (0, 127, 0), (0, 0, 127)))
    save(path, sample_gaussians(), replace(plain, color_transform=transform))
    assert re.search(r"^lattice .*, cell 2, own colour transform$", run("info", path).out, re.MULTILINE)
    assert run("info", path, "--json").json["coding"]["color_transform"]["exponents"] == [0, 16, 0]


def test_info_on_a_canvas_too_large_to_decode(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "huge.gsimg"
    save(path, sample_gaussians().replace(height=65_535, width=65_535))
    assert run("info", path, "--json").json["multiply_adds_per_pixel"] is None
    assert "painting   too many multiply-adds to count\n" in run("info", path).out


def test_metadata_cannot_control_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.gsimg"
    save(path, sample_gaussians(), metadata={"note": "a\nb\x1b[31m"})
    assert "metadata note  a\\nb\\x1b[31m\n" in run("info", path).out


def test_metadata_cannot_pass_for_a_fact(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.gsimg"
    long = {"k" * 5000: "v" * 5000, "k" * 5000 + "2": "\x1b" * 5000}
    metadata = {"canvas": "1 x 1 pixels", "file": {"a": [1, None]}, **long}
    save(path, sample_gaussians(), Bits(), metadata=metadata)
    lines = run("info", path).out.splitlines()
    facts = [line for line in lines if not line.startswith("metadata ")]
    assert [line.split()[0] for line in facts] == [
        "file", "format", "canvas", "Gaussians", "size", "bits", "fixed", "chunks",
        "painting",
    ]  # fmt: skip
    assert facts[2].endswith("48 x 32 pixels, R G B, 8 bits a sample")
    assert lines[9].split(maxsplit=2)[1:] == ["canvas", "1 x 1 pixels"]
    assert lines[10].split(maxsplit=2)[1:] == ["file", '{"a": [1, null]}']
    assert len(lines) == 13 and all("k..." in line and line.endswith("...") for line in lines[11:])
    assert max(map(len, lines[9:])) <= 260
    assert run("info", path, "--json").json["metadata"]["canvas"] == "1 x 1 pixels"


def test_compare(run: Run, picture: Path, tmp_path: Path) -> None:
    equal = run("compare", picture, picture, "--json").json
    assert equal["psnr"] is None and equal["lossless"] is True and equal["ssim"] == pytest.approx(1)
    deep = tmp_path / "deep.npy"
    np.save(deep, sample_pixels().astype(np.uint16) * 257)
    assert run("compare", picture, deep, "--json").json["lossless"] is True
    outcome = run("compare", picture, picture)
    assert outcome.out == "lossless, 1.0000 SSIM, 1.0000 MS-SSIM\n"


def test_pictures_that_do_not_match(run: Run, picture: Path, gsimg: Path, tmp_path: Path) -> None:
    assert run("compare", picture, gsimg).code == 0
    small, gray = tmp_path / "small.png", tmp_path / "gray.png"
    Image.open(picture).resize((24, 16)).save(small)
    Image.open(picture).convert("L").save(gray)
    outcome = run("compare", gsimg, small)
    assert outcome.code == 2 and outcome.out == ""
    assert outcome.err == "imagegs: error: the pictures differ in size: 48 x 32 and 24 x 16 pixels\n"
    assert "differ in channels: R G B and Y" in run("compare", picture, gray).err


def _through_a_pipe(arguments: list[object], data: bytes) -> subprocess.CompletedProcess[str]:
    """A run of the command line whose last argument is a pipe that gives the data once."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as writer:
        writer.write(data)  # less than a pipe holds
    command = [sys.executable, "-m", "imagegs", *map(str, arguments), f"/dev/fd/{reading}"]
    done = subprocess.run(command, pass_fds=[reading], capture_output=True, text=True, timeout=60)
    os.close(reading)
    return done


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_compare_reads_a_pipe_once(picture: Path, gsimg: Path) -> None:
    for path in (picture, gsimg):
        done = _through_a_pipe(["compare", path], path.read_bytes())
        assert done.stderr == "" and done.stdout.startswith("lossless, ")


def test_plot(run: Run, gsimg: Path) -> None:
    outcome = run("plot", gsimg, "--height", 64, "--share", 0.5, "--light")
    assert outcome.code == 0
    assert read_picture(gsimg.with_suffix(".ellipses.png")).pixels.shape == (64, 96, 3)


def test_help_and_version(run: Run) -> None:
    for arguments in (
        ["--version"],
        ["--help"],
        *([name, "-h"] for name in ("encode", "decode", "info", "plot")),
    ):
        outcome = run(*arguments)
        assert outcome.code == 0 and outcome.out and outcome.err == ""


def test_a_reader_that_leaves_is_no_traceback(gsimg: Path) -> None:
    command = [sys.executable, "-m", "imagegs", "info", str(gsimg)]
    assert subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    for arguments in (["info", str(gsimg)], ["--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([*command[:3], *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=60)
        os.close(writing)
        assert done.returncode == 4 and done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_standard_output(gsimg: Path) -> None:
    for arguments in (["info", str(gsimg)], ["--help"]):
        with Path("/dev/full").open("wb") as full:
            command = [sys.executable, "-m", "imagegs", *arguments]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 4
        assert done.stderr == "imagegs: error: <stdout>: no space left on device\n"


@pytest.fixture
def layered(run: Run, tmp_path: Path) -> Path:
    """A file of three layers: 30, 15 and 15 Gaussians."""
    g = sample_gaussians()
    path = tmp_path / "layered.gsimg"
    save(path, g.replace(layers=(30, 15, 15)), Lattice.of_fineness(1))
    return path


def test_levels_of_detail(run: Run, layered: Path, tmp_path: Path) -> None:
    for lod, n in ((0, 30), (0.5, 45), (0.6, 60), (1, 60)):
        target = tmp_path / f"{lod}.png"
        report = run("decode", layered, "-o", target, "--lod", lod, "--json", "--quiet").json
        assert report["n_gaussians"] == n
        expected = render(load(layered).at_lod(lod), dtype=np.uint8)
        assert np.array_equal(read_picture(target).pixels, expected)


def test_a_file_cut_short_needs_a_flag(run: Run, layered: Path, tmp_path: Path) -> None:
    cut, target = tmp_path / "cut.gsimg", tmp_path / "cut.png"
    cut.write_bytes(layered.read_bytes()[:-40])
    for command in (("decode", cut, "-o", target), ("info", cut)):
        outcome = run(*command)
        assert outcome.code == 3 and "chunk LAYR: " in outcome.err and not target.exists()
    assert run("decode", cut, "-o", target, "--allow-partial").code == 0
    expected = render(load(layered, lod=0.5), dtype=np.uint8)
    assert np.array_equal(read_picture(target).pixels, expected)
    assert run("info", cut, "--allow-partial", "--json").json["n_gaussians"] == 45
