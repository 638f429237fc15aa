"""Wrong usage: exit code 2, one line on standard error, and no file changed.

Each bad call is a good call with one thing changed, and the good call is shown to pass first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import FAST, Outcome, Run, check_failure, sample_gaussians
from imagegs.codec import save

GOOD_ENCODE_OPTIONS = [
    (["-n", 1536], "-n"),
    (["--bpp", 2], "--bpp"),
    (["--bits", "12,8,8,8,8"], "--bits"),
    (["-e", 9], "--effort"),
    (["--seed", 2**64 - 1], "--seed"),
    (["--init", "random"], "--init"),
    (["--psnr", 20], "--psnr"),
    (["-q", 0], "--quality"),
    (["--ssimulacra2", -20], "--ssimulacra2"),
    (["--tune", "ssim"], "--tune"),
]
BAD_TIME_OPTIONS = [
    (["--time-budget", 0], "'0' is not a number above 0"),
    (["--time-budget", "soon"], "'soon' is not a number above 0"),
    (["--time-budget", "inf"], "'inf' is not a number above 0"),
    (["--time-budget", 0.1, "--psnr", 30], "no --time-budget with them"),
    (["--time-budget", 0.1, "--recipe", "paper"], "need the imagegs recipe"),
]
BAD_ENCODE_OPTIONS = [
    (["-n", 0], "-n"),
    (["-n", -5], "-n"),
    (["-n", "many"], "-n"),
    (["-n", "9" * 5000], f"argument -n/--gaussians: '{'9' * 40}...' is not a whole number"),
    (["-n", 1537], "1 to 1536 Gaussians are possible"),
    (["--bpp", 0.01], "too few"),
    (["--target-size", 150], "too few"),
    (["--target-size", 0], "'0' is not a whole number of 1 or more"),
    (["--target-size", 1000, "--bpp", 1], "--bpp"),
    (["--bpp", 0], "'0' is not a number above 0"),
    (["--bpp", -1], "'-1' is not a number above 0"),
    (["--bpp", "-.5"], "'-.5' is not a number above 0"),
    (["--bpp", "-1e30"], "'-1e30' is not a number above 0"),
    (["--bpp", "-inf"], "'-inf' is not a number above 0"),
    (["--bpp=-1e308"], "'-1e308' is not a number above 0"),
    (["--bpp", "nan"], "'nan' is not a number above 0"),
    (["--bpp", "inf"], "'inf' is not a number above 0"),
    (["--bpp", "some"], "'some' is not a number"),
    (["--bpp", "9" * 400], f"'{'9' * 40}...' is not a number"),
    (["--bpp", 1e-320], "too few"),
    (["-n", 10, "--bpp", 1], "not allowed with"),
    (["--bits", "0"], "bits of the position"),
    (["--bits", "25"], "bits of the position"),
    (["--bits", "8,8"], "bits must be one number or"),
    (["--bits", "8,8,8,0,8"], "weight"),
    (["--bits", ""], "bits must be one number or"),
    (["-e", 0], "--effort"),
    (["-e", 10], "--effort"),
    (["--steps", 0], "--steps"),
    (["--recipe", "best"], "--recipe"),
    (["--init", "middle"], "no placement 'middle'"),
    (["--seed", -1], "--seed"),
    (["--seed", 1.5], "--seed"),
    (["-j", 0], "--threads"),
    (["-j", 10**6], "--threads"),
    (["--frobnicate"], "--frobnicate"),
    (["--psnr", 0], "'0' is not a number above 0"),
    (["--psnr", "nan"], "'nan' is not a number above 0"),
    (["--psnr", "-inf"], "'-inf' is not a number above 0"),
    (["--psnr", 30, "-n", 10], "not allowed with"),
    (["--psnr", 30, "-q", 10], "not allowed with"),
    (["--psnr", 30, "--recipe", "paper"], "need the imagegs recipe"),
    (["-q", 101], "'101' is not a whole number from 0 to 100"),
    (["-q", -1], "'-1' is not a whole number from 0 to 100"),
    (["-q", 50, "--bpp", 1], "not allowed with"),
    (["-q", 50, "--recipe", "paper"], "need the imagegs recipe"),
    (["--ssimulacra2", 100.5], "'100.5' is not a number of 100 or less"),
    (["--ssimulacra2", "nan"], "'nan' is not a number of 100 or less"),
    (["--ssimulacra2", "inf"], "'inf' is not a number of 100 or less"),
    (["--ssimulacra2", "-inf"], "'-inf' is not a number of 100 or less"),
    (["--ssimulacra2", "best"], "'best' is not a number of 100 or less"),
    (["--ssimulacra2", 50, "-q", 50], "not allowed with"),
    (["--ssimulacra2", 50, "--bpp", 1], "not allowed with"),
    (["--ssimulacra2", 50, "-n", 10], "not allowed with"),
    (["--tune", "beauty"], "--tune"),
    (["--tune", "psnr", "--recipe", "paper"], "need the imagegs recipe"),
    (["--time-budget", 3], "not allowed with"),  # --steps
    (["--quie"], "--quie"),
    (["second.png"], "second.png"),
]


@pytest.mark.parametrize(("options", "part"), GOOD_ENCODE_OPTIONS)
def test_good_encode_options(encode: Callable[..., Outcome], options: list[Any], part: str) -> None:
    assert encode(*options).code == 0


@pytest.mark.parametrize(("options", "part"), BAD_TIME_OPTIONS)
def test_bad_time_options(run: Run, picture: Path, options: list[Any], part: str) -> None:
    assert run("encode", picture, "--quiet", "--time-budget", 0.1).code == 0
    picture.with_suffix(".gsimg").unlink()
    check_failure(run("encode", picture, "--quiet", *options), 2, part)
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


@pytest.mark.parametrize(("options", "part"), BAD_ENCODE_OPTIONS)
def test_bad_encode_options(
    encode: Callable[..., Outcome], options: list[Any], part: str, picture: Path
) -> None:
    check_failure(encode(*options), 2, part)
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


GOOD_DECODE_OPTIONS = [["--region", "0,0,48,32"], ["--height", 64], ["--scale", 2], ["--size-limit", 1536]]
BAD_DECODE_OPTIONS = [
    (["--region", "0,0,49,32"], "is not inside"),
    (["--region", "0,0,0,5"], "is not inside"),
    (["--region", "1,2,3"], "X,Y,W,H"),
    (["--region", "-1,0,5,5"], "--region"),
    (["--region", "a,0,5,5"], "X,Y,W,H"),
    (["--region", "0,0,1e1,5"], "X,Y,W,H"),
    (["--region", "0,0,999999999,999999999"], "is not inside the picture of 48 x 32"),
    (["--height", 0], "--height"),
    (["--height", 2**24], "the height must be"),
    (["--height", 30000], "over the limit"),
    (["--scale", 0], "'0' is not a number above 0"),
    (["--scale", "nan"], "'nan' is not a number above 0"),
    (["--scale", "-1e5"], "'-1e5' is not a number above 0"),
    (["--scale", 1e9], "the scale must be"),
    (["--scale", 1e307], "1e+307"),
    (["--scale", 1e307, "--region", "0,0,1,1"], "1e+307"),
    (["--scale", 2e5], "is not possible"),
    (["--scale", 2, "--height", 5], "not allowed with"),
    (["-o", "out.xyz"], "cannot write .xyz"),
    (["-o", "out"], "without a suffix"),
    (["-j", 0], "--threads"),
    (["--lod", 1.5], "--lod"),
    (["--lod", "nan"], "--lod"),
]


@pytest.mark.parametrize("options", GOOD_DECODE_OPTIONS)
def test_good_decode_options(decode: Callable[..., Outcome], options: list[Any]) -> None:
    assert decode(*options).code == 0


@pytest.mark.parametrize(("options", "part"), BAD_DECODE_OPTIONS)
def test_bad_decode_options(
    decode: Callable[..., Outcome], options: list[Any], part: str, gsimg: Path
) -> None:
    check_failure(decode(*options), 2, part)
    assert [path.name for path in gsimg.parent.iterdir()] == [gsimg.name]


@pytest.mark.parametrize(
    "options",
    [
        ["--share", "0"],
        ["--share", "2"],
        ["--sigmas", "0"],
        ["--sigmas", "1e308"],
        ["-o", "a.gsimg"],
        ["--height", "70000", "-o", "a.jpg", "--size-limit", "9" * 20],
    ],
)
def test_bad_plot_options(run: Run, gsimg: Path, options: list[str]) -> None:
    assert run("plot", gsimg, "--share", 1, "--sigmas", 1, "--quiet").code == 0
    check_failure(run("plot", gsimg, *options, "--quiet", "--overwrite"), 2)


@pytest.mark.parametrize(
    "arguments", [[], ["frobnicate"], ["--frobnicate"], ["encode"], ["compare", "a.png"]]
)
def test_no_command_or_an_unknown_one(run: Run, arguments: list[str]) -> None:
    check_failure(run(*arguments), 2, "--help")


def test_a_map_of_another_size(encode: Callable[..., Outcome], picture: Path, tmp_path: Path) -> None:
    weights = tmp_path / "map.png"
    Image.open(picture).convert("L").save(weights)
    assert encode("--init", weights).code == 0
    Image.open(picture).convert("L").resize((24, 16)).save(weights)
    check_failure(encode("--init", weights), 3, "map.png: the map has 24 x 16 pixels, the picture 48 x 32")
    check_failure(encode("--init", tmp_path / "none.png"), 4, "none.png")


def test_the_output_cannot_be_the_input(run: Run, picture: Path, gsimg: Path, tmp_path: Path) -> None:
    before = picture.read_bytes(), gsimg.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(picture)
    check_failure(run("encode", picture, "-o", link, *FAST), 2, "the output is the input")
    named = tmp_path / "named.png"
    gsimg.rename(named)
    check_failure(run("decode", named), 2, "the output is the input")
    assert (picture.read_bytes(), named.read_bytes()) == before


def test_channels_that_the_format_does_not_hold(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "alpha.gsimg"
    save(source, sample_gaussians(("R", "G", "B", "A")))
    assert run("decode", source, "--quiet").code == 0
    check_failure(run("decode", source, "-o", tmp_path / "out.jpg"), 2, "has no alpha channel")
    save(source, sample_gaussians(("height", "ao", "metal")))
    check_failure(run("decode", source), 2, "write .npy")
