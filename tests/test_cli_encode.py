"""`imagegs encode`: what it writes and what it reports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Run, sample_pixels, texture_pixels
from imagegs import __version__
from imagegs.codec import load, read_info
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import write_picture
from imagegs.staging.temporaries import Temporary


def test_the_default_output_lies_beside_the_input(run: Run, picture: Path) -> None:
    outcome = run("encode", picture, *FAST)
    assert outcome.code == 0 and outcome.out == ""
    target = picture.with_suffix(".gsimg")
    assert outcome.err.startswith(f"{target}: {target.stat().st_size:,} bytes, ")
    assert outcome.err.count("\n") == 1
    assert len(load(target)) == 64


def test_the_report_is_about_the_bytes_on_disk(run: Run, picture: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.gsimg"
    report = run("encode", picture, "-o", target, "-n", 40, "--seed", 7, "--json", *FAST).json
    data = target.read_bytes()
    assert report["input"] == str(picture) and report["output"] == str(target)
    assert report["bytes"] == len(data)
    assert report["bpp"] == read_info(data).bpp == 8 * len(data) / (48 * 32)
    assert (report["n_gaussians"], report["steps"], report["seed"]) == (40, 3, 7)
    assert (report["width"], report["height"], report["channels"]) == (48, 32, ["R", "G", "B"])
    assert report["recipe"] == "imagegs" and report["seconds"] > 0 and report["lossless"] is False
    metadata = {
        "software": f"imagegs {__version__}",
        "recipe": "imagegs",
        "tune": "visual",
        "steps": 3,
        "seed": 7,
    }
    assert read_info(data).metadata == metadata


def test_the_reported_quality_is_that_of_the_decoded_picture(run: Run, picture: Path, tmp_path: Path) -> None:
    report = run("encode", picture, "--bits", 5, "--json", "--quiet", *FAST).json
    decoded = tmp_path / "decoded.png"
    assert run("decode", picture.with_suffix(".gsimg"), "-o", decoded).code == 0
    for other in (decoded, picture.with_suffix(".gsimg")):
        comparison = run("compare", picture, other, "--json").json
        assert comparison["psnr"] == pytest.approx(report["psnr"], abs=1e-6)
        assert comparison["ssim"] == pytest.approx(report["ssim"], abs=1e-6)


def test_equal_pictures_have_a_psnr_of_null(run: Run, tmp_path: Path) -> None:
    black = tmp_path / "black.png"
    Image.new("L", (20, 12)).save(black)
    report = run("encode", black, "-n", 4, "--json", "--quiet", *FAST).json
    assert report["psnr"] is None and report["lossless"] is True


@pytest.mark.parametrize("recipe", ["imagegs", "paper"])
def test_bpp_is_an_upper_bound_that_is_nearly_reached(run: Run, picture: Path, recipe: str) -> None:
    report = run("encode", picture, "--bpp", 3, "--recipe", recipe, "--json", "--quiet", *FAST).json
    assert 2.9 < report["bpp"] <= 3


@pytest.mark.parametrize("size", [250, 300, 700, 2000])
def test_a_size_is_never_exceeded_and_nearly_reached(run: Run, picture: Path, size: int) -> None:
    report = run("encode", picture, "--target-size", size, "--json", "--quiet", "--effort", 2).json
    assert report["bytes"] == picture.with_suffix(".gsimg").stat().st_size
    assert (0.98 if size > 500 else 0.9) * size <= report["bytes"] <= size
    assert (
        report["bits"] is None and report["bits_per_gaussian"] == 8 * report["bytes"] / report["n_gaussians"]
    )


@pytest.mark.parametrize(("options", "layers"), [((), 4), (("--layers", 2), 2), (("--layers", 1), 1)])
def test_layers(run: Run, tmp_path: Path, options: tuple[Any, ...], layers: int) -> None:
    picture = tmp_path / "texture.png"
    Image.fromarray(texture_pixels()).save(picture)
    report = run("encode", picture, "-n", 300, "--json", "--quiet", *options, *FAST).json
    assert report["layers"] == layers
    assert len(read_info(picture.with_suffix(".gsimg").read_bytes()).layers) == layers


def test_fixed_point_has_no_layers(run: Run, picture: Path) -> None:
    assert run("encode", picture, "--bits", 8, "--json", "--quiet", *FAST).json["layers"] == 1
    outcome = run("encode", picture, "--bits", 8, "--layers", 2, "--overwrite", *FAST)
    assert outcome.code == 2 and "--layers" in outcome.err


def test_fit_and_file_agree_on_a_quality(run: Run, picture: Path) -> None:
    report = run("encode", picture, "--psnr", 24, "--json", "--quiet", "--steps", 60).json
    assert report["psnr"] >= 24 and report["missed_by"] == 0
    assert report["n_gaussians"] <= 5  # of so few, one more gives 2 dB


def test_more_bpp_than_one_gaussian_a_pixel_is_one_a_pixel(run: Run, tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.png"
    Image.fromarray(sample_pixels()[:6, :8]).save(tiny)
    n = run("encode", tiny, "--bpp", 1000, "--json", "--quiet", *FAST).json["n_gaussians"]
    assert 24 < n <= 48 and len(load(tiny.with_suffix(".gsimg"))) == n  # useless ones are dropped


def test_a_recipe_has_its_bits_and_blend(run: Run, picture: Path) -> None:
    target = picture.with_suffix(".gsimg")
    run("encode", picture, "--recipe", "paper", *FAST)
    info = read_info(target.read_bytes())
    assert info.blend == "paper" and (info.coding.position, info.coding.color) == (16, 16)
    run("encode", picture, "-o", target, "--recipe", "paper", "--bits", "12,11,10,0,9", *FAST)
    info = read_info(target.read_bytes())
    assert (info.coding.position, info.coding.scale, info.coding.angle, info.coding.color) == (12, 11, 10, 9)
    run("encode", picture, "-o", target, "--bits", "12,11,10,7,9", *FAST)
    info = read_info(target.read_bytes())
    assert info.blend == "softmax" and (info.coding.position, info.coding.weight) == (12, 7)


def test_one_seed_gives_the_same_bytes_with_any_number_of_threads(
    run: Run, picture: Path, tmp_path: Path
) -> None:
    for name, options in {"a": ["-j", 1], "b": ["-j", 2], "c": ["-j", 1, "--seed", 1]}.items():
        run("encode", picture, "-o", tmp_path / name, "--steps", 5, *options)
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other
    assert not np.array_equal(load(tmp_path / "a").xy, load(tmp_path / "c").xy)


def test_a_map_says_where_gaussians_start(run: Run, picture: Path, tmp_path: Path) -> None:
    weights = np.zeros((32, 48), np.uint8)
    weights[:, 24:] = 255
    write_picture(tmp_path / "map.png", weights[:, :, None], ("Y",))
    right = {}
    for init in ("random", tmp_path / "map.png"):
        assert run("encode", picture, "-n", 100, "--init", init, "--overwrite", *FAST).code == 0
        right[str(init)] = (load(picture.with_suffix(".gsimg")).xy[:, 0] > 24).mean()
    assert right[str(tmp_path / "map.png")] > right["random"] + 0.1


def test_a_coloured_map_counts_by_its_luma(run: Run, picture: Path, tmp_path: Path) -> None:
    assert run("encode", picture, "--init", picture, *FAST).code == 0


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_and_channels_survive(run: Run, tmp_path: Path, channels: int, dtype: type) -> None:
    names = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}[channels]
    source, decoded = tmp_path / "in.png", tmp_path / "out.png"
    write_picture(source, sample_pixels(channels, dtype), names)
    report = run("encode", source, "--json", "-n", 200, "--steps", 40, "-j", 1).json
    assert report["channels"] == list(names) and report["psnr"] > 25
    assert run("decode", tmp_path / "in.gsimg", "-o", decoded).code == 0
    picture = read_picture(decoded)
    assert picture.channels == names and picture.pixels.dtype == dtype
    assert run("compare", source, decoded, "--json").json["psnr"] == pytest.approx(report["psnr"], abs=1e-6)


def test_arrays_are_pictures_too(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "five.npy"
    np.save(source, sample_pixels(5).astype(np.float32) / 255)
    report = run("encode", source, "--json", *FAST).json
    assert report["channels"] == ["C0", "C1", "C2", "C3", "C4"] and report["bit_depth"] == 16
    assert run("decode", tmp_path / "five.gsimg", "-o", tmp_path / "out.npy").code == 0
    decoded = np.load(tmp_path / "out.npy")
    assert decoded.shape == (32, 48, 5) and decoded.dtype == np.uint16


def _imagegs(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "imagegs", *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, **options)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_standard_output_is_written_where_the_shell_put_it(picture: Path, tmp_path: Path, mode: str) -> None:
    file, expected = tmp_path / "app.bin", tmp_path / "expected.gsimg"
    file.write_bytes(b"before")
    assert _imagegs("encode", picture, "-o", expected, *FAST).returncode == 0
    with file.open(mode) as opened:
        number = file.stat().st_ino
        done = _imagegs("encode", picture, "-o", "/dev/fd/1", *FAST, stdout=opened)
    assert done.returncode == 0 and done.stderr.startswith("/dev/fd/1: ")
    assert file.read_bytes() == (b"before" if mode == "ab" else b"") + expected.read_bytes()
    assert file.stat().st_ino == number


def test_the_report_is_about_what_was_written_not_what_is_there(
    run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run may have replaced the file at once, or nobody may read it."""
    target = tmp_path / "small.gsimg"
    report = run("encode", picture, "-o", target, "--json", "--quiet", *FAST).json
    replace = Temporary.replace_target

    def replace_and_lose(self: Temporary) -> None:
        replace(self)
        target.write_bytes(b"of another run")

    monkeypatch.setattr(Temporary, "replace_target", replace_and_lose)
    again = run("encode", picture, "-o", target, "--json", "--quiet", *FAST).json
    assert {**again, "seconds": 0} == {**report, "seconds": 0}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX systems")
def test_a_pipe_has_no_place_beside_it(run: Run, picture: Path, gsimg: Path, tmp_path: Path) -> None:
    for source, command, name in ((picture, "encode", "a.gsimg"), (gsimg, "decode", "a.png")):
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as writer:
            writer.write(source.read_bytes())
        done = _imagegs(command, "/dev/fd/0", "-j", 1, stdin=reading)
        assert done.returncode == 2
        assert (
            done.stderr
            == "imagegs: error: /dev/fd/0: the input is not a regular file: say with -o what to write\n"
        )
        done = _imagegs(command, "/dev/fd/0", "-o", tmp_path / name, "-j", 1, stdin=reading)
        assert done.returncode == 0 and (tmp_path / name).exists()
        os.close(reading)
    os.mkfifo(tmp_path / "pipe")
    for command in ("encode", "decode", "plot"):
        outcome = run(command, tmp_path / "pipe")
        assert outcome.code == 2 and "say with -o" in outcome.err
    with picture.open("rb") as opened:  # a regular file, but nobody wants 0.gsimg in /dev
        assert _imagegs("encode", "/dev/fd/0", stdin=opened).returncode == 2


def test_quiet_and_verbose(run: Run, picture: Path) -> None:
    assert run("encode", picture, "--quiet", *FAST).err == ""
    assert run("encode", picture, "-v", "--overwrite", *FAST).err.count("\n") == 3


def _python(*arguments: object) -> list[str]:
    # A shell may have left SIGINT ignored, which a child inherits.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from imagegs.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_ctrl_c_leaves_nothing_behind(picture: Path) -> None:
    arguments = _python("encode", picture, "--steps", 1_000_000, "-v", "-j", 1)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and process.stdout is not None
        assert "kernels" in process.stderr.readline()  # the fit is about to start
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read() == "imagegs: error: interrupted\n"
        assert process.stdout.read() == ""
    assert os.listdir(picture.parent) == [picture.name]  # noqa: PTH208


def test_a_process_prints_one_object_and_no_bar(picture: Path) -> None:
    arguments = [sys.executable, "-m", "imagegs", "encode", str(picture), "--json", *FAST]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["n_gaussians"] == 64
    assert done.stderr.count("\n") == 1 and "\x1b" not in done.stderr


@pytest.mark.parametrize("flags", [("--psnr", 25), ("-q", 20)])
def test_a_wanted_psnr_is_that_of_the_file(run: Run, tmp_path: Path, flags: tuple[object]) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(texture_pixels()).save(photo)
    report = run("encode", photo, *flags, "--steps", 60, "--quiet", "--json").json
    assert report["target_psnr"] == 25 and report["missed_by"] == 0
    assert 25 <= report["psnr"] <= 25.1
    comparison = run("compare", photo, photo.with_suffix(".gsimg"), "--json").json
    assert comparison["psnr"] == pytest.approx(report["psnr"], abs=1e-6)


def test_a_psnr_out_of_reach_is_told(run: Run, picture: Path) -> None:
    outcome = run("encode", picture, "--psnr", 90, "--json", *FAST)
    report = outcome.json
    assert report["missed_by"] == pytest.approx(90 - report["psnr"]) and report["missed_by"] > 10
    assert "imagegs: warning: " in outcome.err and "90 dB were not reached" in outcome.err
    assert len(load(picture.with_suffix(".gsimg"))) == report["n_gaussians"]


def test_a_time_budget_and_a_tune(run: Run, picture: Path) -> None:
    report = run("encode", picture, "-n", 40, "--time-budget", 0.2, "--tune", "ssim", "--json").json
    assert report["n_gaussians"] == 40 and report["steps"] >= 1 and report["tune"] == "ssim"
