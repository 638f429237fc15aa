"""Grain: the noise itself, on views of a picture; test_grain_files.py has what files tell of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imagegs
from conftest import Run, pillow_restored
from gsimg_samples import sample_gaussians
from imagegs import Grain
from imagegs.grain import adding
from imagegs.grain.adding import add_grain, view_values

EVEN = Grain(1, 1, 80, (7,))  # a deviation of 80 / 2048 of the full range
UNEVEN = Grain(3, 2, 80, (0, 7, 2, 5, 0, 4))


def whole(g: imagegs.Gaussians, grain: Grain = UNEVEN, **view: Any) -> np.ndarray:
    return np.concatenate(list(view_values(grain, g, **view)))


def on_canvas(width: int, height: int, wrap: bool = False, **changes: Any) -> imagegs.Gaussians:
    return sample_gaussians(width=width, height=height, wrap=wrap, **changes)


def grained(g: imagegs.Gaussians, data: bytes, **view: Any) -> np.ndarray:
    """What a decoder should write."""
    painted = imagegs.render(g, dtype=f"uint{g.bit_depth}", **view)
    grain = imagegs.read_info(data).grain
    assert grain is not None
    add_grain(painted, grain, g, **view)
    return painted


def test_the_deviation_is_the_one_that_is_told_and_the_noise_is_normal():
    values = whole(on_canvas(600, 500), EVEN) / 65536
    assert values.mean() == pytest.approx(0, abs=1e-4)
    assert values.std() == pytest.approx(80 / 2048, rel=0.01)
    beyond = (np.abs(values) > 2 * values.std()).mean()
    assert beyond == pytest.approx(0.0455, abs=0.003)


def test_neighbours_agree_as_under_the_kernel_and_others_do_not():
    values = whole(on_canvas(600, 500), EVEN).astype(float)

    def correlation(x: int, y: int) -> float:
        return np.corrcoef(values[y:, x:].ravel(), values[: 500 - y, : 600 - x].ravel())[0, 1]

    assert correlation(1, 0) == pytest.approx(8 / 18, abs=0.01)
    assert correlation(0, 2) == pytest.approx(1 / 18, abs=0.01)
    for far in ((3, 0), (0, 3), (5, 7), (64, 0), (0, 128), (97, 1)):
        assert correlation(*far) == pytest.approx(0, abs=0.01)


def test_the_strength_follows_the_cells():
    values = whole(on_canvas(600, 400))
    assert not values[:100, :100].any()  # beyond the middle of a cell of level 0
    strong, weak = values[:100, 290:310].std(), values[:100, 500:].std()
    assert strong == pytest.approx(32 * 80, rel=0.1) and weak == pytest.approx(6 * 80, rel=0.1)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("height", [8, 13, 32, 33, 64, 75])
def test_a_region_has_what_is_there_of_the_whole(wrap, filtered, height, monkeypatch):
    g = on_canvas(48, 32, wrap)
    view = {"height": height, "filtered": filtered}
    all_of_it = whole(g, **view)
    assert len(all_of_it) == height and all_of_it.any()
    x, y, width, rows = 3, 2, all_of_it.shape[1] - 5, height - 3
    monkeypatch.setattr(adding, "_BLOCK", 200)  # some rows at a time
    assert len(list(view_values(UNEVEN, g, **view))) > 1
    part = whole(g, region=(x, y, width, rows), **view)
    np.testing.assert_array_equal(part, all_of_it[y : y + rows, x : x + width])


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_a_smaller_picture_has_the_mean_of_its_pixels(n):
    g = on_canvas(48, 72)
    full = whole(g).reshape(72 // n, n, 48 // n, n).astype(float)
    means = np.floor(full.mean(axis=(1, 3)) + 0.5)
    np.testing.assert_array_equal(whole(g, height=72 // n), means)
    assert np.abs(means).mean() < np.abs(full).mean() / n * 2


def test_far_smaller_pictures_have_none():
    g = on_canvas(48, 72)
    assert list(view_values(UNEVEN, g, height=8)) == []
    pixels = np.full((8, 5, 3), 7, np.uint8)
    add_grain(pixels, UNEVEN, g, height=8)
    assert (pixels == 7).all()


def test_a_larger_picture_has_the_same_grain_at_the_middles_of_pixels():
    g = on_canvas(48, 32)
    np.testing.assert_array_equal(whole(g, scale=3)[1::3, 1::3], whole(g))


def test_a_canvas_that_wraps_has_no_seam():
    g = on_canvas(12, 10, wrap=True)
    views = {"region": (0, 0, 3 * 12, 3 * 10)}  # thrice the size, the middles are canvas pixels
    values = whole(g, scale=3, **views)
    rolled = whole(on_canvas(12, 10), scale=3, **views)
    assert (values != rolled).any()
    jumps = [np.abs(values[:, 0] - values[:, -1]).mean(), np.abs(values[:, 12] - values[:, 11]).mean()]
    assert jumps[0] < 2.5 * jumps[1]
    np.testing.assert_array_equal(whole(g)[:, :], whole(g, region=(0, 0, 12, 10)))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(
    ("channels", "told"), [("Y", "Y"), ("YA", "Y"), ("RGB", "RGB"), ("RGBA", "RGB"), ("RXBA", "RB")]
)
def test_colours_get_it_alike_and_nothing_else_does(channels, told, depth):
    g = on_canvas(48, 32, color=np.zeros((5, len(channels))), channels=tuple(channels), bit_depth=depth)
    most = 2**depth - 1
    pixels = np.full((32, 48, len(channels)), most // 2, f"uint{depth}")
    add_grain(pixels, EVEN, g)
    expected = most // 2 + np.floor(whole(g, EVEN) / 65536 * most + 0.5)
    for k, name in enumerate(channels):
        np.testing.assert_array_equal(pixels[:, :, k], expected if name in told else most // 2)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("end", [0, 1])
def test_sums_stay_within_the_range(depth, end):
    most = 2**depth - 1
    pixels = np.full((32, 48, 3), end * most, f"uint{depth}")
    add_grain(pixels, Grain(1, 1, 255, (7,)), on_canvas(48, 32, bit_depth=depth))
    changed = pixels != end * most
    assert 0.4 < changed.mean() < 0.6 and np.abs(pixels.astype(int) - end * most).max() < 0.7 * most


def test_the_factor():
    g = on_canvas(300, 200)
    deviations = []
    for strength in (0, 0.5, 1, 2):
        pixels = np.full((200, 300, 3), 128, np.uint8)
        add_grain(pixels, Grain(1, 1, 40, (7,)), g, strength=strength)
        deviations.append(pixels.std())
    np.testing.assert_allclose(deviations, [0, 2.5, 5, 10], rtol=0.03)
    for wrong in (-0.1, 2.1, float("nan")):
        with pytest.raises(ValueError, match="strength of grain is 0 to 2"):
            add_grain(pixels, EVEN, g, strength=wrong)


@pytest.fixture(scope="module")
def file() -> bytes:
    return imagegs.encode(on_canvas(48, 32, xy=np.full((5, 2), 16)), grain=UNEVEN)


@pytest.mark.parametrize("view", [{}, {"scale": 2.0}, {"height": 11}, {"region": (5, 6, 20, 10)}])
def test_decompress_adds_it(file, view):
    g = imagegs.decode(file)
    np.testing.assert_array_equal(imagegs.decompress(file, **view), grained(g, file, **view))
    plain = imagegs.render(g, dtype=np.uint8, **view)
    np.testing.assert_array_equal(imagegs.decompress(file, grain=0, **view), plain)
    assert (grained(g, file, **view) != plain).any()


def test_decompress_refuses_other_strengths(file):
    for data in (file, imagegs.encode(imagegs.decode(file))):
        with pytest.raises(ValueError, match="strength of grain"):
            imagegs.decompress(data, grain=3)


def test_pillow_adds_it(file):
    with pillow_restored():
        imagegs.register_pillow()
        with Image.open(io.BytesIO(file)) as image:
            np.testing.assert_array_equal(np.asarray(image), imagegs.decompress(file))


def test_the_commands(run: Run, file, tmp_path):
    (path := tmp_path / "a.gsimg").write_bytes(file)
    g, png = imagegs.decode(file), tmp_path / "b.png"
    for flags, strength in (([], 1.0), (["--grain", "off"], 0.0), (["--grain", "0.5"], 0.5)):
        report = run("decode", path, "-o", png, "--json", "--quiet", *flags).json
        assert report["grain"] == strength
        np.testing.assert_array_equal(np.asarray(Image.open(png)), imagegs.decompress(file, grain=strength))
    Image.fromarray(imagegs.render(g, dtype=np.uint8)).save(png)
    assert run("compare", png, path, "--json").json["lossless"] is True
    assert run("compare", png, path, "--json", "--grain", "1").json["psnr"] < 50
    assert "grain      3 x 2 cells, a deviation of up to 3.9% of the full range" in run("info", path).out
    assert run("info", path, "--json").json["grain"]["levels"] == list(UNEVEN.levels)
    for command in (["decode", path], ["compare", png, path]):
        outcome = run(*command, "--grain", "3")
        assert outcome.code == 2 and "'3' is not off, or a number from 0 to 2" in outcome.err
