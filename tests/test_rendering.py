"""The renderer against its float64 twin, and against itself seen from elsewhere."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imagegs
import oracle
from imagegs import _native
from imagegs.engine import engine
from imagegs.gaussians import BLENDS, Gaussians
from imagegs.rendering import make_scene, most_pairs, output_size

SAFE = 1e-3  # nats between a point and a change of its selected set
ARRAYS = "xy", "scale", "angle", "log_weight", "color"
SIZES = [(1, 1), (1, 40), (37, 53), (64, 64), (50, 33)]


def scene(blend, n=60, height=37, width=53, channels=3, seed=0):
    return oracle.random_gaussians(np.random.default_rng(seed), n, height, width, channels, blend)


def centres(height, width, scale=1.0):
    x, y = np.meshgrid((np.arange(width) + 0.5) / scale, (np.arange(height) + 0.5) / scale)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def safe_pixels(g, points):
    return oracle.selection_margin(g, points) > SAFE


@pytest.fixture(params=_native.isa_names())
def isa(request, monkeypatch):
    monkeypatch.setenv("IMAGEGS_ISA", request.param)
    return request.param


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7, 12])
def test_pictures_equal_the_twin(blend, channels, isa):
    for height, width in SIZES:
        g = scene(blend, 80, height, width, channels)
        safe = safe_pixels(g, centres(height, width)).reshape(height, width)
        assert safe.mean() > 0.9
        np.testing.assert_allclose(
            imagegs.render(g, threads=1)[safe], oracle.render(g, width, height)[safe], atol=2e-6
        )


@pytest.mark.parametrize("blend", BLENDS)
def test_crowded_pixels_keep_the_top_k(blend, isa):
    g = scene(blend, 400, 24, 24)
    g = g.replace(scale=g.scale + 6, log_weight=g.log_weight * 0.1)
    kept = (oracle.exponents(g, centres(24, 24)) > -oracle.CUTOFF).sum(axis=1)
    assert kept.min() > oracle.TOP_K[blend]  # every pixel must choose
    safe = safe_pixels(g, centres(24, 24)).reshape(24, 24)
    np.testing.assert_allclose(imagegs.render(g)[safe], oracle.render(g, 24, 24)[safe], atol=3e-6)


@pytest.mark.parametrize("blend", BLENDS)
def test_of_equal_exponents_the_first_ones_are_kept(blend, isa):
    n, k = 40, oracle.TOP_K[blend]
    g = Gaussians(
        xy=np.full((n, 2), 8.0),
        scale=np.full((n, 2), 4.0),
        angle=np.zeros(n),
        log_weight=np.zeros(n),
        color=np.arange(n)[:, None],
        height=16,
        width=16,
        channels=("Y",),
        blend=blend,
    )
    expected = np.mean(np.arange(k))  # each of the first k has the same share
    np.testing.assert_allclose(imagegs.render(g)[8, 8, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("scale", [0.37, 1.0, 2.0, 3.3])
def test_a_region_is_a_crop_of_the_whole(blend, scale, isa):
    g = scene(blend)
    whole = imagegs.render(g, scale=scale)
    height, width, _ = whole.shape
    for x, y, w, h in [
        (0, 0, width, height),
        (3, 5, 7, 4),
        (width - 1, height - 1, 1, 1),
        (1, 0, width - 2, 9),
    ]:
        part = imagegs.render(g, scale=scale, region=(x, y, w, h))
        np.testing.assert_array_equal(part, whole[y : y + h, x : x + w])


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("scale", [0.5, 1, 2, 5])
def test_a_picture_is_its_samples(blend, scale, isa):
    g = scene(blend, height=40, width=60)
    picture = imagegs.render(g, scale=scale, filtered=False)
    height, width, channels = picture.shape
    points = centres(height, width, scale)
    safe = safe_pixels(g, points)
    samples = imagegs.sample(g, points)
    assert safe.mean() > 0.9
    np.testing.assert_allclose(samples[safe], picture.reshape(-1, channels)[safe], atol=1e-5)


@pytest.mark.parametrize("blend", BLENDS)
def test_samples_at_any_points_equal_the_twin(blend, isa):
    g = scene(blend)
    points = np.random.default_rng(1).uniform(0, [53, 37], (501, 2)).astype(np.float32)
    safe = safe_pixels(g, points)
    np.testing.assert_allclose(imagegs.sample(g, points)[safe], oracle.evaluate(g, points)[safe], atol=3e-6)


def test_points_outside_take_the_border():
    g = scene("softmax")
    outside = imagegs.sample(g, [[-5, 3.5], [60, 3.5], [2.5, 99], [-1e30, 1e30]])
    np.testing.assert_array_equal(outside, imagegs.sample(g, [[0, 3.5], [53, 3.5], [2.5, 37], [0, 37]]))
    assert imagegs.sample(g, np.empty((0, 2))).shape == (0, 3)


@pytest.mark.parametrize("blend", BLENDS)
def test_threads_do_not_change_a_bit(blend, isa):
    g = scene(blend, 700, 150, 210)
    points = np.random.default_rng(1).uniform(0, [210, 150], (999, 2))
    for threads in (2, 3):
        np.testing.assert_array_equal(imagegs.render(g, threads=1), imagegs.render(g, threads=threads))
        np.testing.assert_array_equal(
            imagegs.sample(g, points, threads=1), imagegs.sample(g, points, threads=threads)
        )


def test_kernels_agree_on_all_instruction_sets(monkeypatch):
    g = scene("softmax", 200, 70, 90)
    pictures = []
    for name in _native.isa_names():
        monkeypatch.setenv("IMAGEGS_ISA", name)
        pictures.append(imagegs.render(g))
    safe = safe_pixels(g, centres(70, 90)).reshape(70, 90)
    for other in pictures[1:]:
        np.testing.assert_allclose(other[safe], pictures[0][safe], atol=3e-6)


def test_a_painter_paints_what_the_functions_do():
    g = scene("softmax", 300, 150, 210)
    points = np.random.default_rng(1).uniform(0, [210, 150], (999, 2))
    painter = imagegs.Painter(g, threads=2)
    with ThreadPoolExecutor(4) as pool:  # they take turns
        parts = [pool.submit(painter.render, region=(10 * i, 20, 40, 50)) for i in range(16)]
        samples = [pool.submit(painter.sample, points) for _ in range(4)]
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part.result(), imagegs.render(g, region=(10 * i, 20, 40, 50)))
    for colors in samples:
        np.testing.assert_array_equal(colors.result(), imagegs.sample(g, points))
    np.testing.assert_array_equal(
        painter.render(scale=2, dtype=np.uint8), imagegs.render(g, scale=2, dtype=np.uint8)
    )


@pytest.mark.parametrize("blend", BLENDS)
def test_multiply_adds(blend):
    """One Gaussian, more than a point keeps, and far ones that no tile of the middle lists."""
    one = scene(blend, 1, channels=4).replace(xy=[[26, 18]], scale=[[40, 30]])
    assert imagegs.Painter(one).multiply_adds() == (8 + 12 + 4 + 4,) * 2
    many = one.replace(**{k: np.repeat(getattr(one, k), 25, axis=0) for k in ARRAYS})
    assert imagegs.Painter(many).multiply_adds() == (25 * 8 + 10 * (12 + 4) + 4,) * 2
    spread = many.replace(xy=np.linspace(0, 5000, 25)[:, None] + [0, 18], width=5000)
    mean, worst = imagegs.Painter(spread).multiply_adds()
    assert 0 < mean < worst < 8 * 25 + 10 * (12 + 4) + 4
    assert make_scene(spread).multiply_adds(engine(1), 100) is None


def test_the_blends_have_the_constants_that_the_page_states():
    page = (Path(__file__).parent.parent / "docs/format.md").read_text()
    n = _native
    rows = {"TOP_K": (n.PAPER_TOP_K, n.SOFTMAX_TOP_K), "CUTOFF": ("none", n.SOFTMAX_CUTOFF)}
    rows |= {"RADIUS": (n.PAPER_RADIUS, "none"), "EPSILON": (n.PAPER_EPSILON, "none")}
    for name, values in rows.items():
        cells = re.search(rf"^\| `{name}`[^|]*\|([^|]*)\|([^|]*)\|$", page, re.MULTILINE).groups()
        for cell, value in zip(cells, values, strict=True):
            assert cell.strip() == value or float(cell) == pytest.approx(value)
    assert {"paper": n.PAPER_TOP_K, "softmax": n.SOFTMAX_TOP_K} == oracle.TOP_K
    assert (n.SOFTMAX_CUTOFF, n.TILE) == (oracle.CUTOFF, oracle.TILE)


def test_far_and_tiny_gaussians_leave_no_holes():
    """Unlimited support: one Gaussian far away paints everything."""
    g = Gaussians(
        xy=[[-(2.0**20), 2.0**20]],
        scale=[[2.0**-10, 2.0**-10]],
        angle=[1.0],
        log_weight=[-100.0],
        color=[[0.25, 0.5, 0.75]],
        height=20,
        width=33,
    )
    np.testing.assert_array_equal(
        imagegs.render(g), np.broadcast_to(np.float32([0.25, 0.5, 0.75]), (20, 33, 3))
    )


def test_long_thin_gaussians_keep_their_digits():
    g = Gaussians(
        xy=[[20.0, 20.0], [44.0, 44.0]],
        scale=[[5000.0, 0.4], [3000.0, 0.3]],
        angle=[0.7853, -0.7854],
        log_weight=[0.0, 0.0],
        color=[[1.0], [0.0]],
        height=64,
        width=64,
        channels=("Y",),
    )
    np.testing.assert_allclose(imagegs.render(g), oracle.render(g, 64, 64), atol=2e-4)


def test_integers_are_clipped_and_rounded():
    g = scene("softmax")
    g = g.replace(color=g.color * 3 - 1)
    floats = imagegs.render(g)
    assert floats.min() < 0 and floats.max() > 1
    for dtype, largest in ((np.uint8, 255), (np.uint16, 65535)):
        expected = np.floor(np.clip(floats, 0, 1) * np.float32(largest) + np.float32(0.5)).astype(dtype)
        np.testing.assert_array_equal(imagegs.render(g, dtype=dtype), expected)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 70), st.integers(1, 70), st.integers(1, 50), st.sampled_from(BLENDS), st.integers(0, 9999)
)
def test_any_size_paints_finite_colours_within_their_range(height, width, n, blend, seed):
    g = scene(blend, n, height, width, 2, seed)
    picture = imagegs.render(g)
    assert picture.shape == (height, width, 2)
    low, high = min(0, g.color.min()), max(0, g.color.max())  # the paper blend may fade to 0
    assert np.isfinite(picture).all()
    assert picture.min() >= low - 1e-5 and picture.max() <= high + 1e-5


def test_sizes():
    g = scene("softmax", height=30, width=45)
    assert output_size(g) == (45, 30)
    assert output_size(g, height=60) == (90, 60)
    assert output_size(g, scale=0.001) == (1, 1)
    assert imagegs.render(g, height=7).shape == (7, 10, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"height": 5, "scale": 2},
        {"scale": 0},
        {"scale": float("nan")},
        {"scale": 1e9},
        {"height": 0},
        {"region": (0, 0, 0, 5)},
        {"region": (-1, 0, 5, 5)},
        {"region": (50, 0, 5, 5)},
    ],
)
def test_impossible_sizes_are_refused(options):
    with pytest.raises(ValueError, match=r"scale|height|picture"):
        imagegs.render(scene("softmax"), **options)


def test_impossible_points_and_types_are_refused():
    g = scene("softmax")
    with pytest.raises(ValueError, match="shape"):
        imagegs.sample(g, [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        imagegs.sample(g, [[float("nan"), 0]])
    with pytest.raises(TypeError, match="float64"):
        imagegs.render(g, dtype=np.float64)
    with pytest.raises(ValueError, match="thread"):
        imagegs.render(g, threads=0)


def test_unknown_kernels_are_refused(monkeypatch):
    monkeypatch.setenv("IMAGEGS_ISA", "v9")
    with pytest.raises(ValueError, match="v9"):
        imagegs.render(scene("softmax"))


@pytest.mark.parametrize("blend", BLENDS)
def test_the_bound_of_the_work_holds_and_is_not_far_off(blend, isa):
    g = scene(blend, 300, 700, 900)
    painted = make_scene(g, 1)
    painted.render(engine(1), np.empty((700, 900, 3), np.float32), 0, 0, 1.0, 1.0, planar=False)
    pairs, every = painted.tile_candidates, 300 * 44 * 57
    assert most_pairs(g, every) == every  # enough: nothing is looked at
    finest = most_pairs(g, 0)
    assert pairs <= finest < every / 4
    assert pairs <= most_pairs(g, every // 2) <= every // 2
    assert most_pairs(g, finest - 1) == finest
