"""Colours of ICC profiles are converted to sRGB; useless profiles change nothing."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from icc_profiles import icc_chunk, matrix_profile
from imagegs.errors import FormatError
from imagegs.pictures import profiles as color_profiles
from imagegs.pictures.reading import read_picture
from picture_files import noise, png_file, saved


@pytest.mark.parametrize("kind", ["curv", "table", "para"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_profiles_are_converted_alike_at_both_depths(tmp_path: Path, kind: str, channels: int) -> None:
    profile = matrix_profile(1.8, swap=True, kind=kind, gray=channels < 3)
    low = noise(channels, np.uint8, (40, 40))
    for name, pixels in (("low", low), ("deep", low.astype(np.uint16) * 257)):
        (tmp_path / f"{name}.png").write_bytes(png_file(pixels, chunks=icc_chunk(profile)))
    converted, deep = (read_picture(tmp_path / f"{name}.png").pixels for name in ("low", "deep"))
    assert np.abs(converted[..., : min(channels, 3)].astype(int) - low[..., : min(channels, 3)]).max() > 10
    # LittleCMS rounds on the way, which shows in dark grays.
    assert np.abs(deep / 257 - converted).max() <= 2
    assert np.abs(deep / 257 - converted).mean() <= 0.3
    if channels in (2, 4):
        np.testing.assert_array_equal(converted[..., -1], low[..., -1])
        np.testing.assert_array_equal(deep[..., -1] % 257 + deep[..., -1] // 257, low[..., -1])


def test_a_profile_swaps_what_it_says_it_swaps(tmp_path: Path) -> None:
    pixels = np.uint16([[[50_000, 20_001, 7]]])
    profile = matrix_profile(0, swap=True, kind="srgb")
    (tmp_path / "a.png").write_bytes(png_file(pixels, chunks=icc_chunk(profile)))
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").pixels[0, 0], [20_001, 50_000, 7], atol=30)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile(0, kind="srgb"),
        matrix_profile(1.8).replace("probe".encode("utf-16-be"), "sRGB2".encode("utf-16-be")),
        matrix_profile(1.8, gray=True),
        matrix_profile(1.8)[:150],
        matrix_profile(1.8).replace(b"rTRC", b"xTRC"),
        b"not a profile",
    ],
    ids=["littlecms", "own", "name", "gray", "cut", "incomplete", "text"],
)
def test_srgb_and_useless_profiles_change_nothing(tmp_path: Path, profile: bytes, dtype: Any) -> None:
    pixels = noise(3, dtype)
    (tmp_path / "a.png").write_bytes(png_file(pixels, chunks=icc_chunk(profile)))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, pixels)


def test_a_profile_of_tables_is_refused_for_16_bits(tmp_path: Path) -> None:
    for feature in ((b"cprt", b"A2B0"), (b"RGB XYZ ", b"RGB Lab ")):
        profile = matrix_profile(1.8).replace(*feature)
        (tmp_path / "a.png").write_bytes(png_file(noise(3), chunks=icc_chunk(profile)))
        with pytest.raises(FormatError, match="table-based ICC profile"):
            read_picture(tmp_path / "a.png")


def test_a_parametric_curve_of_each_kind() -> None:
    x = np.linspace(0, 1, 65536)

    def curve(kind: int, *values: float) -> NDArray[Any]:
        fixed = b"".join(struct.pack(">i", round(value * 65536)) for value in values)
        return color_profiles._curve(b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed)

    np.testing.assert_allclose(curve(0, 2), x**2, atol=1e-4)
    np.testing.assert_allclose(curve(1, 2, 2, -0.5), np.clip(2 * x - 0.5, 0, None) ** 2, atol=1e-4)
    np.testing.assert_allclose(curve(2, 2, 1, -0.25, 0.1), np.clip(x - 0.25, 0, None) ** 2 + 0.1, atol=1e-4)
    low = x < 16384 / 65536
    np.testing.assert_allclose(curve(3, 2, 1, 0, 0.25, 0.25), np.where(low, x / 4, x**2), atol=1e-4)
    np.testing.assert_allclose(
        curve(4, 2, 1, 0, 0.25, 0.25, 0.125, 0.0625), np.where(low, x / 4 + 0.0625, x**2 + 0.125), atol=1e-4
    )


def test_cmyk_with_a_useless_profile_is_still_read(tmp_path: Path) -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for profile in (b"not a profile", matrix_profile(1.8), matrix_profile(1.8).replace(b"RGB ", b"CMYK")):
        path = saved(image, tmp_path / "a.tif", icc_profile=profile)
        assert read_picture(path).pixels[0, 0].tolist() == [255, 0, 0]
