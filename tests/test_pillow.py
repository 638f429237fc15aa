"""Pillow opens and saves .gsimg."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, UnidentifiedImageError

import imagegs
from conftest import pillow_restored
from icc_profiles import display_p3
from imagegs.metrics import psnr
from imagegs.pictures.reading import read_picture
from requirements import need


@pytest.fixture(autouse=True, scope="module")
def registered():
    """For this module only; twice does no harm."""
    with pillow_restored():
        imagegs.register_pillow()
        imagegs.register_pillow()
        yield


def gaussians(channels, depth=8):
    image = np.random.default_rng(0).random((12, 18, channels))
    return imagegs.fit(image, 9, steps=2).replace(bit_depth=depth)


@pytest.mark.parametrize(
    ("channels", "depth", "mode"), [(1, 8, "L"), (2, 8, "LA"), (3, 8, "RGB"), (4, 8, "RGBA")]
)
def test_a_file_opens_as_its_picture(channels, depth, mode, tmp_path):
    g = gaussians(channels, depth)
    imagegs.save(tmp_path / "a.gsimg", g)
    with Image.open(tmp_path / "a.gsimg") as image:
        assert (image.mode, image.size, image.format) == (mode, (18, 12), "GSIMG")
        assert image.get_format_mimetype() == "image/x-gsimg"
        expected = imagegs.render(imagegs.load(tmp_path / "a.gsimg"), dtype=np.uint8)
        np.testing.assert_array_equal(np.asarray(image).reshape(expected.shape), expected)
        assert image.resize((6, 4)).size == (6, 4)


def test_deep_gray_stays_deep():
    with Image.open(io.BytesIO(imagegs.encode(gaussians(1, 16)))) as image:
        assert image.mode == "I;16"
        assert np.asarray(image).dtype == np.uint16 and np.asarray(image).max() > 255


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "CMYK", "I;16"])
def test_pictures_of_all_modes_are_saved(mode, tmp_path):
    source = Image.fromarray(np.full((10, 14, 3), 100, np.uint8))
    image = source.convert("L").convert(mode) if mode == "I;16" else source.convert(mode)
    image.save(tmp_path / "a.gsimg", n_gaussians=5, steps=3, seed=1)
    with Image.open(tmp_path / "a.gsimg") as back:
        assert back.size == (14, 10)
        assert len(imagegs.load(tmp_path / "a.gsimg")) == 5


def test_bits_may_be_chosen():
    sizes = []
    for bits in (imagegs.Bits(8, 8, 8, 8, 8), imagegs.Bits()):
        file = io.BytesIO()
        Image.new("RGB", (20, 20)).save(file, "GSIMG", n_gaussians=20, steps=2, bits=bits)
        sizes.append(len(file.getvalue()))
    assert sizes[0] < sizes[1]


def test_damaged_and_unpaintable_files_are_not_opened():
    data = imagegs.encode(gaussians(3))
    Image.open(io.BytesIO(data)).close()
    for bad in (data[:-5], data[:20], imagegs.encode(gaussians(5))):
        with pytest.raises(UnidentifiedImageError):
            Image.open(io.BytesIO(bad))


@pytest.mark.parametrize(("channels", "depth"), [(1, 8), (2, 8), (3, 8), (4, 8), (1, 16)])
def test_imageio_reads_what_pillow_reads(channels, depth, tmp_path):
    imageio = need("imageio.v3")
    data = imagegs.encode(gaussians(channels, depth))
    (tmp_path / "a.gsimg").write_bytes(data)
    expected = imagegs.render(imagegs.decode(data), dtype=f"uint{depth}")
    for source in (tmp_path / "a.gsimg", data):
        pixels = imageio.imread(source, extension=".gsimg")
        assert pixels.dtype == expected.dtype and pixels.shape[:2] == (12, 18)
        np.testing.assert_array_equal(pixels.reshape(expected.shape), expected)


def test_imageio_writes_what_pillow_writes(tmp_path):
    imageio = need("imageio.v3")
    imageio.imwrite(tmp_path / "a.gsimg", np.zeros((10, 14, 3), np.uint8), n_gaussians=5, steps=3)
    assert imageio.imread(tmp_path / "a.gsimg").shape == (10, 14, 3)
    assert len(imagegs.load(tmp_path / "a.gsimg")) == 5


def picture(mode: str = "RGB") -> Image.Image:
    """48 x 32 pixels, smooth, with an edge."""
    y, x = np.mgrid[0:32, 0:48]
    pixels = np.stack([5 * x, 4 * y + 60, 200 - 3 * x], axis=2)
    pixels[8:24, 8:24] = 255, 0, 255
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def back(image: Image.Image, **options: Any) -> np.ndarray:
    """What comes back of a picture that was saved."""
    file = io.BytesIO()
    image.save(file, "GSIMG", **{"n_gaussians": 60, "steps": 10, **options})
    return np.asarray(Image.open(file))


def as_the_command(image: Image.Image, kind: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """What comes back of a file: by the reader of the command and then the plugin, by the plugin alone."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    read = read_picture(file).pixels
    plain = Image.fromarray(read.squeeze(2) if read.shape[2] == 1 else read)
    file.seek(0)
    return back(plain), back(Image.open(file))


def test_a_transparent_colour_becomes_alpha():
    for image in (picture(), picture("L")):
        key = image.getpixel((10, 10))
        expected, found = as_the_command(image, "PNG", transparency=key)
        assert found.shape == (32, 48, len(image.getbands()) + 1)
        np.testing.assert_array_equal(found, expected)
    paletted = picture().quantize(16)
    expected, found = as_the_command(paletted, "PNG", transparency=bytes([0, 128] + [255] * 14))
    assert found.shape == (32, 48, 4)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    expected, found = as_the_command(picture(), "PNG", exif=exif)
    assert found.shape[:2] == ((32, 48) if orientation < 5 else (48, 32))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(back(picture(), exif=exif), expected)
    np.testing.assert_array_equal(back(picture(), exif=exif.tobytes()), expected)


def test_profiles_are_converted():
    profile = display_p3()
    expected, found = as_the_command(picture(), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(found, expected)
    assert (found != back(picture())).any()
    np.testing.assert_array_equal(back(picture(), icc_profile=profile), expected)
    file = io.BytesIO()
    picture().save(file, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(back(Image.open(file), icc_profile=None), back(picture()))


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I;16",
     "I;16B", "I;16L"],
)  # fmt: skip
def test_every_mode_is_what_it_shows(mode):
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(picture(), srgb, lab, outputMode="LAB")
    elif mode in ("La", "PA", "RGBa"):
        image = picture({"La": "LA", "PA": "P", "RGBa": "RGBA"}[mode]).convert(mode)
    elif mode.startswith("I;16"):
        deep = np.asarray(picture("L")).astype(">u2" if mode == "I;16B" else "<u2") * 257
        image = Image.frombytes(mode, (48, 32), deep.tobytes())
    else:
        image = picture(mode) if mode != "1" else picture("L").convert("1", dither=Image.Dither.NONE)
    assert image.mode == mode
    found = back(image, n_gaussians=300)
    gray = mode in ("1", "L", "LA", "La") or mode.startswith("I;16")
    expected = np.asarray(image.convert("L") if mode == "1" else picture("L" if gray else "RGB"))
    if mode.startswith("I;16"):
        assert found.dtype == np.uint16
        found = found / 257
    elif mode in ("LA", "La", "RGBA", "RGBa", "PA"):
        assert found[..., -1].mean() > 250
        found = found[..., 0] if gray else found[..., :-1]
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < (40 if mode == "1" else 12)


def test_whole_numbers_and_floats_have_sixteen_bits():
    x = np.mgrid[0:32, 0:48][1]
    for image, expected in (
        (Image.fromarray((x * 1276).astype(np.int32)), x * 1276),
        (Image.fromarray((x / 47).astype(np.float32)), x / 47 * 65535),
    ):
        found = back(image, n_gaussians=300, steps=30)
        assert found.dtype == np.uint16
        assert np.abs(found - expected).max() < 1000
    for values in (np.int32([[0, 65536]]), np.int32([[-1, 5]])):
        with pytest.raises(ValueError, match=r"gray of 0\.\.65535 is possible"):
            back(Image.fromarray(values), n_gaussians=1)
    for value in (255.0, -0.5, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"mode F has values 0\.\.1"):
            back(Image.fromarray(np.array([[0.5, value]], np.float32)), n_gaussians=1)


def test_keywords_of_other_writers_are_ignored():
    plain = back(picture())
    for options in (
        {"optimize": True}, {"icc_profile": None}, {"exif": b""}, {"exif": None}, {"transparency": None},
        {"dpi": (72, 72)}, {"lossless": True, "method": 6}, {"subsampling": 0, "progressive": True},
        {"compression": "tiff_lzw"}, {"channels": 3}, {"quality": 80},
    ):  # fmt: skip
        np.testing.assert_array_equal(back(picture(), **options), plain)


@pytest.mark.parametrize("quality", [20, 50.0])
def test_a_quality_is_that_of_the_command(quality):
    found = back(picture(), n_gaussians=None, quality=quality, steps=60)
    target = 20 + quality / 4
    assert target <= psnr(np.asarray(picture()), found) < target + 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quality": 101}, "quality is 0 to 100"), ({"quality": -1}, "quality is 0 to 100"),
        ({"quality": "web_high"}, "quality is a number"), ({"quality": True}, "quality is a number"),
        ({"quality": 50, "recipe": "paper"}, "the paper recipe has no search"),
        ({"quality": 50, "time_budget": 1.0}, "quality take the time that they need: no time_budget"),
    ],
)  # fmt: skip
def test_qualities_that_are_none(options, message):
    with pytest.raises(ValueError, match=message):
        back(picture(), n_gaussians=None, **options)


def test_a_quality_out_of_reach_is_said(caplog):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8))
    back(noise, n_gaussians=None, quality=100)
    assert "dB in place of 45.00 dB" in caplog.text


@pytest.mark.parametrize("name", ["a.gsimg", "A.GSIMG", "a.other"])
def test_a_failed_save_leaves_the_file_that_is_there(name, tmp_path):
    path = tmp_path / name
    kind = {} if name.lower().endswith(".gsimg") else {"format": "gsimg"}
    for target in (path, str(path), os.fsencode(path)):
        for wrong in ({"n_gaussians": -1}, {"effort": 77}, {"bits": 7}):
            with pytest.raises((ValueError, TypeError)):
                picture().save(target, **kind, **wrong)
            assert not path.exists() and list(tmp_path.iterdir()) == []
    path.write_bytes(b"dear")
    for target in (path, str(path), os.fsencode(path)):
        with pytest.raises(ValueError):
            picture().save(target, **kind, n_gaussians=-1)
        with pytest.raises(ValueError):
            Image.new("F", (4, 4), 7.0).save(target, **kind)
        assert path.read_bytes() == b"dear" and list(tmp_path.iterdir()) == [path]
        picture().save(target, **kind, n_gaussians=5, steps=3)
        with Image.open(path) as image:
            assert image.size == (48, 32)
        path.write_bytes(b"dear")


def test_a_picture_may_be_saved_over_itself(tmp_path):
    path = tmp_path / "a.gsimg"
    picture().save(path, n_gaussians=60, steps=3)
    with Image.open(path) as image:
        image.save(path, n_gaussians=30, steps=3)
    assert len(imagegs.load(path)) == 30


def test_other_files_are_saved_as_ever(tmp_path):
    picture().save(tmp_path / "a.png")
    assert np.array_equal(Image.open(tmp_path / "a.png"), picture())
    with pytest.raises(ValueError, match="unknown file extension"):
        picture().save(tmp_path / "a.nothing")
    with pytest.raises(FileNotFoundError):
        picture().save(tmp_path / "none" / "a.gsimg", n_gaussians=5)


def test_several_frames_are_refused(tmp_path):
    file = io.BytesIO()
    picture("L").save(file, "GIF", save_all=True, append_images=[picture("L").rotate(90)])
    path = tmp_path / "a.gsimg"
    for image, options in ((picture(), {"append_images": [picture()]}), (Image.open(file), {})):
        with pytest.raises(ValueError, match="one picture"):
            image.save(path, save_all=True, n_gaussians=5, steps=3, **options)
    picture().save(path, save_all=True, n_gaussians=5, steps=3)
    assert len(imagegs.load(path)) == 5
