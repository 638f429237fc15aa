"""Pictures of Pillow in place of arrays: read as the command reads their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import Run, sample_pixels, texture_pixels
from icc_profiles import display_p3
from imagegs.pictures.given import picture_from
from imagegs.pictures.reading import read_picture
from imagegs.textures.stacks import stack_of

QUICK: dict[str, Any] = {"n_gaussians": 40, "effort": 1, "steps": 8}
FLAGS = ["-n", "40", "--effort", "1", "--steps", "8", "--quiet"]


def turned() -> dict[str, Any]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return {"exif": exif}


@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        ("L", ".png", {}),
        ("RGB", ".png", {}),
        ("RGBA", ".png", {}),
        ("P", ".png", {"transparency": 3}),
        ("RGB", ".png", {"transparency": (9, 9, 9)}),
        ("1", ".png", {}),
        ("I;16", ".png", {}),
        ("CMYK", ".jpg", {}),
        ("RGB", ".jpg", turned()),
        ("RGB", ".png", {"icc_profile": display_p3()}),
    ],
)
def test_a_picture_becomes_the_bytes_of_the_command(
    run: Run, tmp_path: Path, mode: str, suffix: str, options: dict[str, Any]
):
    source, target = tmp_path / f"a{suffix}", tmp_path / "a.gsimg"
    image = Image.fromarray(texture_pixels())
    (image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)).save(source, **options)
    assert run("encode", source, "-o", target, *FLAGS).code == 0
    with Image.open(source) as opened:
        assert imagegs.compress(opened, **QUICK) == target.read_bytes()


def test_a_stack_of_pictures_becomes_the_bytes_of_the_command(run: Run, tmp_path: Path):
    """A profile is of colours alone, and a mask that is RGB is gray."""
    folder, target = tmp_path / "maps", tmp_path / "a.gsimg"
    folder.mkdir()
    color = Image.fromarray(sample_pixels(3))
    gray = Image.fromarray(sample_pixels(1)[:, :, 0]).convert("RGB")
    for name, image in (("Color", color), ("Roughness", gray)):
        image.save(folder / f"{name}.png", icc_profile=display_p3())
    assert run("encode", folder, "-o", target, *FLAGS).code == 0
    maps = {name: Image.open(folder / f"{name}.png") for name in ("Color", "Roughness")}
    data = imagegs.compress(maps, **QUICK)
    assert data == target.read_bytes()
    assert imagegs.decompress(data)["Roughness"].shape == (32, 48)


def test_profiles_are_of_colors_alone():
    image = Image.fromarray(sample_pixels())
    image.info["icc_profile"] = display_p3()
    stack = stack_of({"Color": image, "Normal": image}).picture.pixels
    assert (stack[:, :, 3:] == sample_pixels()).all()
    assert (stack[:, :, :3] == picture_from(image).pixels).all() and (
        stack[:, :, :3] != sample_pixels()
    ).any()


def test_a_stack_may_mix_pictures_and_arrays():
    color, rough = sample_pixels(3), sample_pixels(1, np.uint16)
    arrays = imagegs.compress({"Color": color, "Roughness": rough}, **QUICK)
    assert imagegs.compress({"Color": Image.fromarray(color), "Roughness": rough}, **QUICK) == arrays


def test_all_that_takes_a_picture_takes_one_of_pillow(tmp_path: Path):
    pixels = texture_pixels()
    image = Image.fromarray(pixels)
    found = [imagegs.fit(each, 40, effort=1, steps=8) for each in (pixels, image)]
    assert (found[0].xy == found[1].xy).all() and found[1].channels == ("R", "G", "B")
    lattices = [imagegs.choose_lattice(each, found[0]) for each in (pixels, image)]
    assert lattices[0] == lattices[1]
    quantised = [imagegs.quantise(each, found[0], lattices[0]) for each in (pixels, image)]
    assert (quantised[0].xy == quantised[1].xy).all()
    searched = [imagegs.fit_to_psnr(each, 15, effort=1, steps=8).psnr for each in (pixels, image)]
    assert searched[0] == searched[1]
    imagegs.imwrite(tmp_path / "a.gsimg", image, **QUICK)
    assert (tmp_path / "a.gsimg").read_bytes() == imagegs.compress(pixels, **QUICK)


def test_a_mask_may_be_one_of_pillow():
    pixels, mask = sample_pixels(), np.zeros((32, 48), np.uint8)
    mask[8:16, 8:16] = 255
    options = {"restore": "inpaint", **QUICK}
    of_array = imagegs.compress(pixels, mask=mask, **options)
    assert imagegs.compress(pixels, mask=Image.fromarray(mask), **options) == of_array


def test_floats_of_pillow_are_0_to_1():
    values = np.linspace(0, 1, 32 * 48, dtype=np.float32).reshape(32, 48)
    picture = picture_from(Image.fromarray(values))
    assert picture.pixels.dtype == np.uint16 and picture.pixels.max() == 65535 and picture.channels == ("Y",)
    with pytest.raises(ValueError, match="mode F"):
        imagegs.fit(Image.fromarray(255 * values), 20)


def test_names_of_channels_are_taken():
    picture = picture_from(Image.fromarray(sample_pixels()), ("X", "Y", "Z"))
    assert picture.channels == ("X", "Y", "Z")
    with pytest.raises(ValueError, match="channels"):
        imagegs.compress(Image.fromarray(sample_pixels()), channels=("X",))


def test_a_picture_is_read_like_its_file(tmp_path: Path):
    """Data, as a normal map holds it, is no colour."""
    path = tmp_path / "a.png"
    Image.fromarray(sample_pixels()).save(path, icc_profile=display_p3())
    with Image.open(path) as opened:
        for as_data in (False, True):
            expected = read_picture(path, as_data=as_data).pixels
            assert (picture_from(opened, as_data=as_data).pixels == expected).all()
    assert (expected == sample_pixels()).all()
