"""`imagegs decode`, `info`, `compare` and `plot`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Run, sample_gaussians, sample_pixels
from imagegs.codec import load, save
from imagegs.images import read_picture
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
        assert run("decode", gsimg, *options).code == 0
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


def test_decode_to_a_device(run: Run, gsimg: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    pipe.symlink_to("/dev/null")
    assert run("decode", gsimg, "-o", pipe, "--json").json["bytes"] is None


def test_info(run: Run, gsimg: Path) -> None:
    outcome = run("info", gsimg)
    assert outcome.code == 0 and outcome.err == ""
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    assert lines["canvas"] == "48 x 32 pixels, R G B, 8 bits a sample"
    assert lines["Gaussians"] == "60, softmax blend"
    assert lines["software"] == "imagegs test"


def test_info_as_json(run: Run, gsimg: Path) -> None:
    report = run("info", gsimg, "--json").json
    size = gsimg.stat().st_size
    assert report["bytes"] == size == sum(report["bytes_by_chunk"].values())
    assert report["bpp"] == 8 * size / (48 * 32) and report["bits"]["position"] == 16
    assert report["metadata"] == {"software": "imagegs test"} and report["n_gaussians"] == 60


def test_metadata_cannot_control_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.gsimg"
    save(path, sample_gaussians(), metadata={"note": "a\nb\x1b[31m"})
    assert "note        a\\nb\\x1b[31m\n" in run("info", path).out


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
    assert "--psnr" not in run("encode", "--help").out  # offered when it is built


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
