"""Pillow opens and saves .gsimg."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

import imagegs
from conftest import pillow_restored


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
    imageio = pytest.importorskip("imageio.v3")
    data = imagegs.encode(gaussians(channels, depth))
    (tmp_path / "a.gsimg").write_bytes(data)
    expected = imagegs.render(imagegs.decode(data), dtype=f"uint{depth}")
    for source in (tmp_path / "a.gsimg", data):
        pixels = imageio.imread(source, extension=".gsimg")
        assert pixels.dtype == expected.dtype and pixels.shape[:2] == (12, 18)
        np.testing.assert_array_equal(pixels.reshape(expected.shape), expected)


def test_imageio_writes_what_pillow_writes(tmp_path):
    imageio = pytest.importorskip("imageio.v3")
    imageio.imwrite(tmp_path / "a.gsimg", np.zeros((10, 14, 3), np.uint8), n_gaussians=5, steps=3)
    assert imageio.imread(tmp_path / "a.gsimg").shape == (10, 14, 3)
    assert len(imagegs.load(tmp_path / "a.gsimg")) == 5
