"""Smaller pictures: means of what the whole picture has under each pixel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import imagegs
import oracle
from conftest import Run, sample_gaussians
from imagegs.gaussians import BLENDS, Gaussians, widened
from imagegs.rendering import samples_of
from imagegs.textures.map_list import make_map
from imagegs.textures.painting import paint_map
from test_rendering import isa  # noqa: F401 (a fixture)


def scene(blend="softmax", height=48, width=96, n=200, seed=0, channels=3) -> Gaussians:
    rng = np.random.default_rng(seed)
    return oracle.random_gaussians(rng, n, height, width, channels, blend, scales=(0.5, 4))


def checkerboard(cell=1, side=64) -> Gaussians:
    """A Gaussian for each cell of a board, black or white."""
    y, x = np.mgrid[0 : side // cell, 0 : side // cell].reshape(2, -1)
    n = len(x)
    return Gaussians(
        xy=(np.stack([x, y], axis=1) + 0.5) * cell,
        scale=np.full((n, 2), cell / 4),
        angle=np.zeros(n),
        log_weight=np.zeros(n),
        color=((x + y) % 2)[:, None],
        height=side,
        width=side,
        channels=("Y",),
    )


def means(pixels: np.ndarray, down: int, across: int) -> np.ndarray:
    height, width, channels = pixels.shape
    return pixels.reshape(height // down, down, width // across, across, channels).mean(axis=(1, 3))


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("factor", [2, 3, 4, 6, 8, 12, 16])
def test_a_fraction_is_the_mean_of_the_whole(blend, factor, isa):  # noqa: F811
    g = scene(blend)
    found = imagegs.render(g, scale=1 / factor)
    np.testing.assert_allclose(found, means(imagegs.render(g), factor, factor), atol=2e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_means_of_clipped_pixels(dtype):
    g = scene()
    g = g.replace(color=g.color * 3 - 1)
    expected = means(imagegs.render(g, dtype=dtype).astype(float), 4, 4)
    found = imagegs.render(g, scale=1 / 4, dtype=dtype)
    assert found.dtype == dtype
    assert np.abs(found - expected).max() <= 1.01
    unclipped = np.clip(imagegs.render(g, scale=1 / 4), 0, 1) * np.iinfo(dtype).max
    assert np.abs(unclipped - expected).max() > 0.05 * np.iinfo(dtype).max


def test_a_fine_checkerboard_turns_gray():
    g = checkerboard()
    for scale in (1 / 2, 1 / 4, 0.3, 1 / 8):
        assert np.abs(imagegs.render(g, scale=scale) - 0.5).max() < 0.13, scale
    assert np.abs(imagegs.render(g, scale=1 / 4) - 0.5).max() < 1e-3
    points = imagegs.render(g, height=21, filtered=False)
    assert points.std() > 0.2  # what it is about


def test_other_factors_come_near_the_mean_of_the_area():
    g = scene(height=50, width=100)
    area = means(imagegs.render(g, scale=10), 25, 25)  # 2.5 canvas pixels each
    found, points = (imagegs.render(g, scale=0.4, filtered=filtered) for filtered in (True, False))
    assert np.square(found - area).mean() < 0.05 * np.square(points - area).mean()
    np.testing.assert_allclose(imagegs.render(g, height=25), means(imagegs.render(g), 2, 2), atol=2e-6)


@pytest.mark.parametrize("scale", [0.5, 0.37, 0.21, 0.06, 0.01])
def test_a_region_is_a_crop_of_the_whole(scale, isa):  # noqa: F811
    g = scene(height=300, width=500, n=400)
    whole = imagegs.render(g, scale=scale)
    height, width, _ = whole.shape
    for x, y, w, h in ((0, 0, width, height), (width // 3, height // 2, width // 2, height // 3 or 1)):
        part = imagegs.render(g, scale=scale, region=(x, y, w, h))
        np.testing.assert_array_equal(part, whole[y : y + h, x : x + w])


def test_threads_do_not_change_a_bit_and_a_painter_paints_the_same():
    g = scene(height=200, width=300, n=500)
    expected = imagegs.render(g, scale=0.3, threads=1)
    for threads in (2, 5):
        np.testing.assert_array_equal(imagegs.render(g, scale=0.3, threads=threads), expected)
    painter = imagegs.Painter(g)
    np.testing.assert_array_equal(painter.render(scale=0.3), expected)
    np.testing.assert_array_equal(
        painter.render(scale=0.3, filtered=False), imagegs.render(g, scale=0.3, filtered=False)
    )


def test_a_canvas_that_wraps_is_filtered_too():
    g = scene().replace(wrap=True)
    np.testing.assert_allclose(imagegs.render(g, scale=0.25), means(imagegs.render(g), 4, 4), atol=2e-6)


def test_larger_pictures_take_one_sample():
    assert [samples_of(step) for step in (0.1, 1, 1.25, 1.26, 2, 2.25, 2.3, 16, 1000)] == [
        *(1, 1, 1, 2, 2, 2, 3, 16, 16)
    ]
    g = scene()
    for scale in (1, 1.5, 3):
        np.testing.assert_array_equal(
            imagegs.render(g, scale=scale), imagegs.render(g, scale=scale, filtered=False)
        )


def test_maps_of_a_stack_are_filtered():
    g = scene(channels=3).replace(channels=("N.R", "N.G", "N.B"))
    plain = paint_map(g, make_map("N", "N.png", "color", 8, 3, False), scale=0.5)
    np.testing.assert_array_equal(plain, imagegs.render(g, scale=0.5, dtype=np.uint8))
    normals = paint_map(g, make_map("N", "N.png", "normal", 8, 3, True), scale=0.5) / 255 * 2 - 1
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=0.02)


def test_the_command_filters_unless_told_not_to(run: Run, gsimg, tmp_path):
    out = tmp_path / "small.png"
    for options, filtered in (([], True), (["--no-filter"], False)):
        assert run("decode", gsimg, "-o", out, "--scale", 0.25, *options).code == 0
        expected = imagegs.render(imagegs.load(gsimg), scale=0.25, dtype=np.uint8, filtered=filtered)
        with Image.open(out) as picture:
            np.testing.assert_array_equal(np.asarray(picture), expected)


def test_widening_is_a_blur_of_each():
    """Sigma' has the filter's variance on both axes more, and the integral of exp(e) stays."""
    g = sample_gaussians()
    wide = widened(g, 2.5)
    before, after = (np.exp(x.log_weight.astype(float)) * x.scale.prod(axis=1) for x in (g, wide))
    np.testing.assert_allclose(after, before, rtol=1e-5)
    np.testing.assert_allclose(np.square(wide.scale) - np.square(g.scale), 2.5, rtol=1e-4)
    np.testing.assert_array_equal(wide.angle, g.angle)
    assert (widened(g, 0).scale == g.scale).all()
    with pytest.raises(ValueError, match="variance"):
        widened(g, -1)
    with pytest.raises(ValueError, match="paper"):
        widened(g.replace(blend="paper", log_weight=np.zeros(60)), 1)


def test_widening_comes_nearer_than_points():
    g = scene(n=500)
    exact = imagegs.render(g, scale=1 / 4)
    points, wide = (imagegs.render(x, scale=1 / 4, filtered=False) for x in (g, widened(g, 16 / 12)))
    assert np.square(wide - exact).mean() < 0.6 * np.square(points - exact).mean()


def test_the_native_module_checks_samples():
    g, out = scene(), np.empty((24, 48, 3), np.float32)
    painter, machine = imagegs.Painter(g), imagegs.engine.engine(1)
    for samples in (0, 17):
        with pytest.raises(ValueError, match="1 to 16 samples"):
            painter._scene.render(machine, out, 0, 0, 2, 2, False, samples, 2)
