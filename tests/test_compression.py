"""`imagegs.compress` and its like: from pixels to bytes and back."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import Run, sample_pixels, texture_pixels
from imagegs.codec.byte_source import ByteSource
from imagegs.codec.container import read_chunks
from imagegs.compression import CompressionOptions, FitSettings, Target, compressing
from imagegs.compression.keywords import CompressKeywords
from imagegs.metrics import psnr

QUICK: dict[str, Any] = {"effort": 1, "steps": 8}
FLAGS = ["--effort", "1", "--steps", "8"]


@pytest.mark.parametrize(
    ("keywords", "flags"),
    [
        ({}, []),
        ({"n_gaussians": 40}, ["-n", 40]),
        ({"bpp": 2.0}, ["--bpp", 2.0]),
        ({"target_size": 400, "layers": 1}, ["--target-size", 400, "--layers", 1]),
        ({"psnr": 18.0}, ["--psnr", 18]),
        ({"quality": 0}, ["-q", 0]),
        ({"ssimulacra2": 10.0}, ["--ssimulacra2", 10]),
        ({"recipe": "paper"}, ["--recipe", "paper"]),
        ({"bits": imagegs.Bits(8, 8, 8, 8, 8)}, ["--bits", 8]),
        ({"wrap": True, "tune": "ssim", "seed": 3}, ["--wrap", "--tune", "ssim", "--seed", 3]),
        ({"restore": "denoise"}, ["--restore", "denoise"]),
        ({"init": "random", "threads": 1}, ["--init", "random", "-j", 1]),
    ],
)
def test_the_bytes_are_those_of_the_command(run: Run, tmp_path: Path, keywords, flags):
    pixels, source, target = texture_pixels(), tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(pixels).save(source)
    assert run("encode", source, "-o", target, "--quiet", *FLAGS, *flags).code == 0
    assert imagegs.compress(pixels, **QUICK, **keywords) == target.read_bytes()


@pytest.mark.parametrize(
    ("n_channels", "keywords", "tune"),
    [
        *((n, {}, "visual") for n in (1, 2, 3, 4)),
        (4, {"bpp": 16.0}, "visual"),
        (3, {"exact": True}, "visual"),
        (4, {"exact": True}, "balanced"),
        (3, {"psnr": 15.0}, "balanced"),
        (3, {"quality": 0}, "balanced"),
        (3, {"restore": "denoise"}, "psnr"),
        (3, {"tune": "ssim"}, "ssim"),
        (2, {"channels": ("Height", "Mask")}, "balanced"),
        (5, {}, "balanced"),
    ],
)
def test_the_tune_is_for_the_eye_where_there_is_something_to_look_at(n_channels, keywords, tune):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, n_channels), np.uint8)
    data = imagegs.compress(pixels, steps=2, **keywords)
    assert imagegs.read_info(data).metadata["tune"] == tune


def test_stacks_are_balanced():
    data = imagegs.compress({"a": texture_pixels(), "b": texture_pixels()}, n_gaussians=20, steps=2)
    assert imagegs.read_info(data).metadata["tune"] == "balanced"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_come_back_in_their_shape_and_type(channels, dtype):
    pixels = sample_pixels(channels, dtype)
    back = imagegs.decompress(imagegs.compress(pixels, n_gaussians=60, **QUICK))
    assert back.dtype == dtype
    assert back.shape == (pixels.shape[:2] if channels == 1 else pixels.shape)
    assert psnr(pixels.squeeze(), back) > 15


def test_gray_without_a_channel_axis_and_floats():
    gray = sample_pixels(1)[:, :, 0]
    back = imagegs.decompress(imagegs.compress(gray / np.float32(255), n_gaussians=60, **QUICK))
    assert back.shape == gray.shape and back.dtype == np.uint16


def test_a_stack_is_a_dict_of_arrays():
    color, rough = sample_pixels(3), sample_pixels(1, np.uint16)[:, :, 0]
    data = imagegs.compress({"Color": color, "Roughness": rough}, n_gaussians=60, **QUICK)
    back = imagegs.decompress(data)
    assert list(back) == ["Color", "Roughness"]
    assert back["Color"].shape == color.shape and back["Color"].dtype == np.uint8
    assert back["Roughness"].shape == rough.shape and back["Roughness"].dtype == np.uint16


def test_the_report_is_of_the_bytes():
    pixels = texture_pixels()
    found = imagegs.compress_with_report(pixels, psnr=18.0, **QUICK)
    decoded = imagegs.decompress(found.data)
    assert found.psnr == psnr(pixels, decoded) >= 18 and found.met and found.missed_by == 0
    assert found.bpp == 8 * len(found.data) / (64 * 96)
    assert found.n_gaussians == len(imagegs.decode(found.data)) and found.steps >= 8
    assert 0 < found.ssim < 1


def test_a_target_out_of_reach_is_told():
    noise = np.random.default_rng(0).integers(0, 256, (24, 24), np.uint8)
    found = imagegs.compress_with_report(noise, psnr=60, **QUICK)
    assert not found.met and found.missed_by == pytest.approx(60 - found.psnr)


def test_files_are_written_and_read(tmp_path: Path):
    path, pixels = tmp_path / "a.gsimg", sample_pixels()
    n_bytes = imagegs.imwrite(path, pixels, n_gaussians=50, **QUICK)
    assert path.stat().st_size == n_bytes
    part = imagegs.imread(path, scale=2, region=(8, 4, 20, 10))
    assert part.shape == (10, 20, 3)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="too few"):
        imagegs.imwrite(path, pixels, target_size=10, **QUICK)
    assert path.read_bytes() == before


def test_views_of_the_picture():
    data = imagegs.compress(sample_pixels(), n_gaussians=200, layers=2, **QUICK)
    whole = imagegs.decompress(data)
    assert imagegs.decompress(data, height=16).shape == (16, 24, 3)
    assert (imagegs.decompress(data, region=(3, 2, 9, 7)) == whole[2:9, 3:12]).all()
    assert not (imagegs.decompress(data, lod=0) == whole).all()
    half = data[: len(data) - 20]
    with pytest.raises(imagegs.FormatError):
        imagegs.decompress(half)
    assert imagegs.decompress(half, allow_partial=True).shape == whole.shape
    with pytest.raises(imagegs.LimitError):
        imagegs.decompress(data, size_limit=100)


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch):
    """The Gaussians, the list of the maps and the grain come out of the same chunks."""
    data = imagegs.compress({"Color": sample_pixels(), "Height": sample_pixels(1)}, n_gaussians=20, **QUICK)
    read: list[int] = []

    def counted(source: ByteSource, *rest: Any) -> Any:
        read.append(source.size)
        return read_chunks(source, *rest)

    for module in ("contents", "grain"):
        monkeypatch.setattr(f"imagegs.codec.{module}.read_chunks", counted)
    assert list(imagegs.decompress(data)) == ["Color", "Height"] and read == [len(data)]


def test_progress_is_told():
    seen: list[int] = []
    imagegs.compress(sample_pixels(), n_gaussians=20, progress=lambda p: seen.append(p.step), **QUICK)
    assert seen == list(range(1, len(seen) + 1)) and len(seen) == 8


BAD = [
    ({"bpp": 1, "psnr": 30}, "one of"),
    ({"bpp": 0}, "bpp"),
    ({"psnr": float("inf")}, "psnr"),
    ({"quality": 101}, "quality"),
    ({"ssimulacra2": 101}, "ssimulacra2"),
    ({"ssimulacra2": 50, "psnr": 30}, "one of psnr and ssimulacra2"),
    ({"target_size": 0}, "target_size"),
    ({"n_gaussians": 0}, "n_gaussians"),
    ({"effort": 10}, "effort"),
    ({"recipe": "paper", "psnr": 30}, "paper recipe"),
    ({"recipe": "paper", "wrap": True}, "paper recipe"),
    ({"recipe": "paper", "restore": "auto"}, "paper recipe"),
    ({"recipe": "paper", "layers": 3}, "layers"),
    ({"bits": imagegs.Bits(), "layers": 3}, "layers"),
    ({"channels": ("A", "B")}, "channels"),
    ({"pixel_weights": np.ones((3, 3))}, "weights"),
]


@pytest.mark.parametrize(("keywords", "part"), BAD)
def test_bad_arguments(keywords, part):
    with pytest.raises(ValueError, match=part):
        imagegs.compress(sample_pixels(), **{**QUICK, **keywords})


MAP = np.ones((32, 48), np.float32)
# Keywords of `compress` and options of `encode` that do not go together, and what either says.
APART = [
    (
        {"mask": MAP, "restore": "denoise"},
        ["--mask", "map.png", "--restore", "denoise"],
        'mask needs restore="inpaint"',
        "--mask needs --restore inpaint",
    ),
    (
        {"exact": True, "restore": "auto"},
        ["--exact", "--restore", "auto"],
        "exact keeps what alpha hides, restore fills it: not both",
        "--exact keeps what alpha hides, --restore fills it: not both",
    ),
    (
        {"grain": 0.5, "restore": "denoise"},
        ["--grain", "0.5", "--restore", "denoise"],
        "grain measures what is lost of the picture, restore changes the picture: not both",
        "--grain measures what is lost of the picture, --restore changes the picture: not both",
    ),
    (
        {"quality": 40, "restore": "auto"},
        ["-q", "40", "--restore", "auto"],
        "psnr and quality would measure against the damage: not with restore",
        "--psnr and --quality would measure against the damage: not with --restore",
    ),
    (
        {"init": MAP, "restore": "upscale"},
        ["--init", "map.png", "--restore", "upscale"],
        'restore="upscale" fits an enlarged picture: no map for init with it',
        "--restore upscale fits an enlarged picture: no map for --init with it",
    ),
    (
        {"pixel_weights": MAP, "restore": "upscale"},
        ["--roi", "1,1,8,8", "--restore", "upscale"],
        'restore="upscale" fits an enlarged picture: no pixel_weights with it',
        "--restore upscale fits an enlarged picture: no --saliency or --roi with it",
    ),
    (
        {"restore": "inpaint"},
        ["--restore", "inpaint"],
        'restore="inpaint" needs mask, or a picture with an alpha channel',
        "--restore inpaint needs --mask, or a picture with an alpha channel",
    ),
    (
        {"layers": 2, "bits": imagegs.Bits()},
        ["--layers", "2", "--bits", "12"],
        "numbers in fixed point have no layers: no layers with bits or the paper recipe",
        "numbers in fixed point have no layers: no --layers with --bits or the paper recipe",
    ),
    (
        {"psnr": 30, "time_budget": 1.0},
        ["--psnr", "30", "--time-budget", "1"],
        "psnr and quality take the time that they need: no time_budget with them",
        "--psnr and --quality take the time that they need: no --time-budget with them",
    ),
]


@pytest.mark.parametrize(("keywords", "flags", "of_keywords", "of_flags"), APART)
def test_options_that_do_not_go_together(run: Run, picture, keywords, flags, of_keywords, of_flags):
    """Python and the command line have the same rules, each in its words; the command reads no file first."""
    with pytest.raises(ValueError) as raised:
        imagegs.compress(sample_pixels(), **keywords)
    assert str(raised.value) == of_keywords
    outcome = run("encode", picture, *flags)
    assert outcome.code == 2 and outcome.err == f"imagegs: error: {of_flags}\n"


def test_a_stack_is_not_restored():
    with pytest.raises(ValueError, match="restore is for a picture, not for maps"):
        imagegs.compress({"Color": sample_pixels()}, restore="denoise")


def test_options_are_checked_before_a_restoration(monkeypatch):
    """Which may take fits of its own."""
    monkeypatch.setattr(compressing, "restore", lambda *_: pytest.fail("restored"))
    with pytest.raises(ValueError, match="paper recipe"):
        imagegs.compress(sample_pixels(), restore="denoise", recipe="paper")


def test_unknown_restorations_are_an_error():
    with pytest.raises(ValueError, match=r"no restoration 'nonsense'; there are denoise, .*, auto"):
        imagegs.compress(sample_pixels(), restore="nonsense")


def test_unknown_keywords_are_an_error():
    with pytest.raises(TypeError, match="colour"):
        imagegs.compress_with_report(sample_pixels(), colour=3)


def test_stacks_name_their_channels_by_their_maps():
    with pytest.raises(ValueError, match="channels"):
        imagegs.compress({"Color": sample_pixels()}, channels=("R", "G", "B"), **QUICK)
    with pytest.raises(imagegs.FormatError, match="differ in size"):
        imagegs.compress({"Color": sample_pixels(), "Normal": sample_pixels()[1:]}, **QUICK)
    with pytest.raises(imagegs.FormatError, match="one map"):
        imagegs.compress({}, **QUICK)


def test_the_keywords_are_written_once_more_and_alike():
    parameters = inspect.signature(imagegs.compress).parameters
    assert list(parameters)[1:] == list(CompressKeywords.__annotations__)
    defaults = {name: p.default for name, p in parameters.items()}
    for record in (Target(), FitSettings(), CompressionOptions()):
        for name, value in vars(record).items():
            if name in defaults:
                assert defaults[name] == value, name
