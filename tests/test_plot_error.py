"""`imagegs plot --error`: what the colours say, the legend, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import Run, check_failure, sample_gaussians, sample_pixels
from imagegs import load, metrics, render
from imagegs.codec import save
from imagegs.drawing import BACKGROUNDS, error_map
from imagegs.drawing.color_scale import color_table, colored
from imagegs.drawing.error_map import MOST_GAIN, draw_error_map
from imagegs.pictures.reading import read_picture
from requirements import missing
from test_plot_ellipses import stack  # noqa: F401 (a fixture)


def lightness(table: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB colours, 0..100 (CIE 15:2004, section 8.2.1; IEC 61966-2-1 for the decoding)."""
    v = table / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)


def test_the_scale_rises_evenly_in_lightness() -> None:
    rising = lightness(color_table())
    assert rising[0] < 1 and rising[-1] > 97
    assert (np.diff(rising) > 0).all()
    # magma is even in the lightness of CIECAM02; in L*, another one, each fifth has its share, about.
    fifths = np.diff(rising[:: 255 // 5]) / np.ptp(rising)
    assert fifths.min() > 0.15 and fifths.max() < 0.25


def test_the_scale_is_magma() -> None:
    try:
        from matplotlib import colormaps
    except ImportError:
        missing("matplotlib (pip install 'imagegs[plot]')")
    whole = colormaps["magma"](np.arange(256), bytes=True)[:, :3].astype(int)
    assert np.abs(color_table() - whole).max() <= 3


def test_the_errors_of_pixels_give_the_psnr() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, (300, 7, 3), np.uint8) for _ in range(2))
    errors = metrics.pixel_errors(a, b)
    assert errors.shape == (300, 7) and errors.dtype == np.float32
    assert metrics.decibels(float(np.square(errors, dtype=np.float64).mean())) == pytest.approx(
        metrics.psnr(a, b), abs=1e-5
    )
    assert errors[290, 3] == pytest.approx(
        math.sqrt(((a[290, 3] / 255 - b[290, 3] / 255) ** 2).mean()), rel=1e-6
    )


def test_the_colours_follow_the_error_and_the_gain() -> None:
    original = np.zeros((40, 300, 1), np.uint8)
    painted = np.broadcast_to(np.arange(300).clip(0, 255).astype(np.uint8)[None, :, None], original.shape)
    plain = draw_error_map(original, painted, gain=1.0)
    assert plain.shape[1] == 300 and plain.dtype == np.uint8
    assert np.array_equal(plain[7, :256], color_table())
    strong = draw_error_map(original, painted, gain=5.0)
    assert np.array_equal(strong[0, 20], color_table()[100]) and np.array_equal(
        strong[0, 60], color_table()[-1]
    )
    assert np.array_equal(colored(np.float32([-1.0, 2.0])), color_table()[[0, -1]])


@pytest.mark.parametrize("background", ["dark", "light"])
def test_the_legend(background: Any) -> None:
    pixels = sample_pixels().repeat(12, axis=0).repeat(12, axis=1)
    sheet = draw_error_map(pixels, pixels, background=background)
    legend = sheet[384:]
    assert sheet.shape[1] == 576 and 30 < len(legend) < 60
    assert (sheet[:384] == color_table()[0]).all()
    assert tuple(legend[-1, 0]) == BACKGROUNDS[background]
    middle = legend[len(legend) * 13 // 36]
    for color in color_table()[::64]:  # the scale is there
        assert (np.abs(middle.astype(int) - color).max(axis=1) <= 4).any()


def test_the_legend_tells_psnr_and_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    real = error_map.ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        error_map.ImageDraw.ImageDraw, "text", lambda *a, **k: (told.append(a[2]), real(*a, **k))[1]
    )
    pixels = sample_pixels()
    draw_error_map(pixels, pixels ^ 8, gain=10)
    decibels = metrics.psnr(pixels, pixels ^ 8)
    assert told == [f"PSNR {decibels:.2f} dB", error_map.UNIT, "0", "2.5", "5", "7.5", "10+"]
    told.clear()
    draw_error_map(pixels, pixels, gain=1)
    assert told == ["lossless", error_map.UNIT, "0", "25", "50", "75", "100"]


def test_small_pictures_get_a_wider_sheet() -> None:
    sheet = draw_error_map(np.zeros((5, 3), np.uint8), np.full((5, 3), 255, np.uint8))
    assert sheet.shape[1] > 200
    left = (sheet.shape[1] - 3) // 2
    assert (sheet[:5, left : left + 3] == color_table()[-1]).all()
    assert (sheet[:5, :left] == BACKGROUNDS["dark"]).all()


@pytest.mark.parametrize("gain", [0.0, 0.5, math.nan, math.inf, 2 * MOST_GAIN])
def test_gains_out_of_range(gain: float) -> None:
    with pytest.raises(ValueError, match="a gain is 1 to 65535"):
        draw_error_map(sample_pixels(), sample_pixels(), gain=gain)


def test_plot_error(run: Run, gsimg: Path, picture: Path) -> None:
    outcome = run("plot", gsimg, "--error", picture, "--gain", 4, "--light")
    target = gsimg.with_suffix(".error.png")
    assert outcome.code == 0 and outcome.err.startswith(f"{target}: ")
    painted = render(load(gsimg), dtype=np.uint8)
    wanted = draw_error_map(sample_pixels(), painted, gain=4, background="light")
    assert np.array_equal(read_picture(target).pixels, wanted)


@pytest.mark.parametrize("channels", [("Y",), ("Y", "A"), ("R", "G", "B", "A")])
def test_channels_and_depths(run: Run, tmp_path: Path, channels: tuple[str, ...]) -> None:
    file, original = tmp_path / "a.gsimg", tmp_path / "a.npy"
    save(file, sample_gaussians(channels, bit_depth=16))
    np.save(original, render(load(file), dtype=np.uint16))
    assert run("plot", file, "--error", original).code == 0
    sheet = read_picture(tmp_path / "a.error.png").pixels
    left = (sheet.shape[1] - 48) // 2
    assert (sheet[:32, left : left + 48] == color_table()[0]).all()


def test_a_map_of_a_stack(run: Run, stack: Path, tmp_path: Path) -> None:  # noqa: F811
    assert run("decode", stack, "-o", tmp_path / "maps").code == 0
    for name, original in (("height", "maps/height.png"), ("height", "maps"), ("color", "maps")):
        target = tmp_path / "error.png"
        outcome = run("plot", stack, "--error", tmp_path / original, "--map", name, "-o", target)
        assert outcome.code == 0 and f"map {name}" in outcome.err
        sheet = read_picture(target).pixels
        left = (sheet.shape[1] - 48) // 2
        assert (sheet[:32, left : left + 48] == color_table()[0]).all()
    check_failure(
        run("plot", stack, "--error", tmp_path / "maps/height.png", "--map", "color"), 2, "differ in channels"
    )
    (tmp_path / "maps/color.png").unlink()
    check_failure(run("plot", stack, "--error", tmp_path / "maps"), 2, "maps: no map 'color'")


def test_what_is_refused(run: Run, gsimg: Path, picture: Path, tmp_path: Path) -> None:
    assert run("plot", gsimg, "--error", picture, "-o", tmp_path / "a.png").code == 0
    (tmp_path / "a.png").unlink()
    before = sorted(tmp_path.iterdir())
    other, gray, text = (tmp_path / f"{name}.png" for name in ("other", "gray", "text"))
    text.write_text("no picture")
    Image.fromarray(sample_pixels()[:-1]).save(other)
    Image.fromarray(sample_pixels()[:, :, 0]).save(gray)
    for options, code, part in (
        (["--error", other], 2, "other.png: the pictures differ in size: 48 x 31 and 48 x 32 pixels"),
        (["--error", gray], 2, "gray.png: the pictures differ in channels"),
        (["--error", tmp_path / "missing.png"], 4, "missing.png: no such file"),
        (["--error", text], 3, "text.png: "),
        (["--error", tmp_path], 3, "is a directory"),
        (
            ["--error", picture, "-o", tmp_path / "a.svg"],
            2,
            "a.svg: an error map is made of pixels, not .svg",
        ),
        (["--error", picture, "-o", tmp_path / "a.pdf"], 2, "a.pdf: cannot write .pdf"),
        (["--error", picture, "-o", tmp_path / "none/a.png"], 4, "a.png: the folder"),
        (["--error", picture, "-o", picture], 2, "photo.png: the output is the input"),
        (["--error", picture, "--gain", 0], 2, "'0' is not a number above 0"),
        (["--error", picture, "--gain", 0.1], 2, "a gain is 1 to 65535"),
        (["--error", picture, "--share", 0.5], 2, "--share is not for error maps"),
        (["--error", picture, "--height", 50], 2, "--height is not for error maps"),
        (["--error", picture, "--map", "color"], 2, "--map needs a texture stack"),
    ):
        check_failure(run("plot", gsimg, "--quiet", *options), code, part)
    for file in (other, gray, text):
        file.unlink()
    assert sorted(tmp_path.iterdir()) == before
