"""Fits: they run, repeat, improve, and refuse what is impossible. Small pictures, few steps."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

import imagegs
from conftest import texture_pixels
from imagegs.engine import engine
from imagegs.fitting import TUNES
from imagegs.fitting.adam import Adam
from imagegs.fitting.growth import growth_blur, growth_plan, worst_pixels
from imagegs.fitting.imagegs_recipe import neighbour_distance
from imagegs.fitting.paper_recipe import DECAY, PATIENCE, RATES, _EarlyStop
from imagegs.fitting.placement import centers, draw_pixels, gradient_map, place
from imagegs.metrics import psnr, ssim

RECIPES = ("imagegs", "paper")
SMALL = imagegs.fit(np.zeros((8, 8, 3)), 2, steps=1)


@pytest.fixture(scope="module")
def picture():
    """48 x 64: a soft gradient, a sharp disc and a stripe."""
    y, x = np.mgrid[0:48, 0:64]
    image = np.stack([x / 64, y / 48, np.full(x.shape, 0.5)], axis=-1)
    image[(x - 40) ** 2 + (y - 20) ** 2 < 120] = (0.9, 0.2, 0.1)
    image[30:34] = (0.1, 0.1, 0.3)
    return np.round(image * 255).astype(np.uint8)


def quality(image, gaussians):
    dtype = image.dtype if image.dtype in (np.uint8, np.uint16) else np.float32
    return psnr(imagegs.render(gaussians, dtype=dtype).reshape(image.shape), image)


@pytest.mark.parametrize(("recipe", "least"), [("imagegs", 30.0), ("paper", 24.0)])
def test_a_fit_shows_the_picture(picture, recipe, least):
    gaussians = imagegs.fit(picture, 120, recipe=recipe, steps=150)
    assert len(gaussians) == 120
    assert gaussians.channels == ("R", "G", "B") and (gaussians.height, gaussians.width) == (48, 64)
    assert quality(picture, gaussians) > least


@pytest.mark.parametrize("recipe", RECIPES)
def test_runs_repeat_bit_for_bit_with_any_number_of_threads(picture, recipe):
    runs = [imagegs.fit(picture, 80, recipe=recipe, steps=40, seed=7, threads=t) for t in (1, 1, 2, 3)]
    for other in runs[1:]:
        for name in ("xy", "scale", "angle", "log_weight", "color"):
            np.testing.assert_array_equal(getattr(other, name), getattr(runs[0], name))
    different = imagegs.fit(picture, 80, recipe=recipe, steps=40, seed=8)
    assert not np.array_equal(different.xy, runs[0].xy)


@pytest.mark.parametrize("recipe", RECIPES)
def test_progress_tells_every_step(picture, recipe):
    events = list(imagegs.fit_progressively(picture, 81, recipe=recipe, steps=60))
    assert [e.step for e in events] == list(range(1, 61))
    assert [e.done for e in events] == [False] * 59 + [True]
    assert events[0].n_gaussians == 41 and events[-1].n_gaussians == 81
    assert events[-1].loss < events[0].loss and events[-1].psnr > events[0].psnr
    assert len(events[-1].snapshot()) == 81
    called = []
    imagegs.fit(picture, 10, recipe=recipe, steps=3, progress=called.append)
    assert [e.step for e in called] == [1, 2, 3]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_short_fits_end(picture, recipe, steps):
    gaussians = imagegs.fit(picture, 40, recipe=recipe, steps=steps)
    assert len(gaussians) == 40


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "image",
    [
        np.full((1, 1, 3), 77, np.uint8),
        np.zeros((20, 30, 3), np.uint8),
        np.full((20, 30), 255, np.uint8),
        np.indices((16, 16)).sum(axis=0).astype(np.float32) % 2,
        np.random.default_rng(0).random((24, 17, 4)),
        np.pad(np.ones((1, 1), np.uint16) * 65535, 9),
        np.random.default_rng(0).random((9, 40, 12)).astype(np.float16),
        np.linspace(0, 1, 50)[None, :],
    ],
    ids=["pixel", "black", "white", "checkerboard", "noise", "dot", "channels", "row"],
)
def test_degenerate_pictures_fit(recipe, image):
    n = min(12, image.shape[0] * image.shape[1])
    gaussians = imagegs.fit(image, n, recipe=recipe, steps=60)
    assert np.isfinite(imagegs.render(gaussians)).all()
    if image.std() == 0 and recipe == "imagegs":
        assert quality(image, gaussians) > 40


def test_every_pixel_may_have_a_gaussian():
    image = np.random.default_rng(0).random((7, 9, 3))
    assert len(imagegs.fit(image, 63, steps=10)) == 63


def test_sixteen_bits_and_alpha_are_kept():
    image = np.random.default_rng(0).integers(0, 65536, (20, 20, 4)).astype(np.uint16)
    gaussians = imagegs.fit(image, 20, steps=5)
    assert gaussians.bit_depth == 16 and gaussians.channels == ("R", "G", "B", "A")
    assert imagegs.fit(image[..., :2], 20, steps=5).channels == ("Y", "A")
    assert imagegs.fit(np.zeros((9, 9, 6)), 5, steps=5).channels == ("C0", "C1", "C2", "C3", "C4", "C5")


def test_the_quantiser_in_the_loop_pays(picture):
    bits = imagegs.Bits(position=8, scale=5, angle=4, color=4)
    trained = imagegs.fit(picture, 100, recipe="paper", steps=1000, bits=bits)
    untrained = imagegs.fit(picture, 100, recipe="paper", steps=1000)
    after = [quality(picture, imagegs.decode(imagegs.encode(g, bits))) for g in (trained, untrained)]
    assert after[0] > after[1] + 1
    assert after[0] == pytest.approx(quality(picture, trained), abs=1e-3)  # encoding loses nothing more


def test_tunes_make_good_what_they_say(picture):
    noisy = np.random.default_rng(0).normal(0, 12, picture.shape)
    image = np.clip(picture + noisy, 0, 255).astype(np.uint8)
    found = {tune: imagegs.fit(image, 150, tune=tune, steps=150) for tune in TUNES}
    psnrs = {tune: quality(image, g) for tune, g in found.items()}
    ssims = {tune: ssim(image, imagegs.render(g, dtype=np.uint8)) for tune, g in found.items()}
    assert psnrs["psnr"] > psnrs["balanced"] > psnrs["ssim"]
    assert ssims["psnr"] < ssims["balanced"] and ssims["psnr"] < ssims["ssim"]


def test_a_fit_goes_on_from_another():
    image, moved = texture_pixels()[:, :-1], texture_pixels()[:, 1:]
    first = imagegs.fit(image, 300, steps=200)
    warm, cold = imagegs.fit(moved, start=first, steps=30), imagegs.fit(moved, 300, steps=30)
    assert len(warm) == 300 and quality(moved, warm) > quality(moved, cold) + 0.5


def test_a_fit_that_goes_on_stays_as_good():
    """In the mean of four pictures: rounding alone moves one of them by 0.1 dB."""
    lost = []
    for shift in (0, 20, 40, 60):
        image = np.roll(texture_pixels(), shift, axis=1)
        first = imagegs.fit(image, 300, steps=200)
        lost.append(quality(image, first) - quality(image, imagegs.fit(image, start=first, steps=30)))
    assert np.mean(lost) < 0.1, lost


@pytest.mark.parametrize("n", [1, 60])
def test_a_fit_goes_on_with_far_fewer(picture, n):
    first = imagegs.fit(picture, 120, steps=60)
    assert len(imagegs.fit(picture, n, start=first, steps=30)) == n


@pytest.mark.parametrize("n", [119, 121, 300])
def test_a_fit_that_goes_on_with_more_or_hardly_fewer_gains(picture, n):
    """In the mean of three pictures: of one, moved by a few pixels, the gain is 2 dB more or less."""
    gains = []
    for shift in (0, 9, 18):
        image = np.roll(picture, shift, axis=1)
        first = imagegs.fit(image, 120, steps=60)
        other = imagegs.fit(image, n, start=first, steps=30)
        assert len(other) == n
        gains.append(quality(image, other) - quality(image, first))
    assert np.mean(gains) > 0, gains


def test_the_least_useful_are_given_up_first(picture):
    first = imagegs.fit(picture, 100, steps=100)
    useless = first.replace(
        **{
            name: np.concatenate([getattr(first, name), np.repeat(getattr(first, name)[:1], 20, axis=0)])
            for name in ("xy", "scale", "angle", "color")
        },
        log_weight=np.concatenate([first.log_weight, np.full(20, -50, np.float32)]),
    )
    kept = next(iter(imagegs.fit_progressively(picture, 100, start=useless, steps=1))).snapshot()
    # Those that do harm go before those that do nothing.
    assert (kept.log_weight < -40).sum() <= 4


@pytest.mark.parametrize("tune", TUNES)
def test_a_time_is_kept_by_the_clock(picture, tune, monkeypatch):
    """A clock that ticks once a look: the fit reaches its number and ends by itself."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    events = list(imagegs.fit_progressively(picture, 80, time_budget=100.0, tune=tune))
    assert events[-1].done and not any(e.done for e in events[:-1])
    assert events[-1].n_gaussians == 80 and 30 < len(events) <= 101
    assert [e.step for e in events] == list(range(1, len(events) + 1))
    assert all(e.steps >= e.step for e in events)


def test_seeds_differ_little():
    image = texture_pixels()
    found = [quality(image, imagegs.fit(image, 200, steps=150, seed=s)) for s in range(4)]
    assert max(found) - min(found) < 0.5


def test_a_placement_map_is_obeyed(picture):
    weights = np.zeros((48, 64), np.float32)
    weights[10:20, 5:15] = 1
    start = next(iter(imagegs.fit_progressively(picture, 100, steps=1, init=weights))).snapshot()
    inside = (np.abs(start.xy - [10, 15]) < 5.5).all(axis=1)
    assert inside.mean() > 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_gaussians": 0}, "1 to 3072 Gaussians"),
        ({"n_gaussians": 48 * 64 + 1}, "1 to 3072 Gaussians"),
        ({"recipe": "magic"}, "no recipe"),
        ({"effort": 0}, "effort"),
        ({"effort": 10}, "effort"),
        ({"steps": 0}, "step"),
        ({"steps": 10**7}, "steps are not sensible"),
        ({"init": "saliency"}, "no placement"),
        ({"init": np.ones((3, 3))}, "shape"),
        ({"init": -np.ones((48, 64))}, "negative"),
        ({"init": np.full((48, 64), np.nan)}, "not finite"),
        ({"bits": imagegs.Bits()}, "paper recipe"),
        ({"threads": 0}, "thread"),
        ({"tune": "beauty"}, "no tune"),
        ({"time_budget": 0}, "time above 0"),
        ({"time_budget": np.inf}, "time above 0"),
        ({"recipe": "paper", "tune": "psnr"}, "paper recipe has no"),
        ({"recipe": "paper", "time_budget": 1}, "paper recipe has no"),
        ({"start": SMALL}, "the start is of 8 x 8 pixels"),
        ({"start": SMALL.replace(height=48, width=64, blend="paper")}, "paper blend"),
    ],
)
def test_impossible_options_are_refused(picture, options, message):
    imagegs.fit(picture, steps=1)
    with pytest.raises(ValueError, match=message):
        imagegs.fit(picture, **{"steps": 1} | options)


@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf),
        np.zeros((0, 4, 3)),
        np.zeros((4, 4, 33)),
        np.zeros((2, 2, 2, 2)),
    ],
    ids=["nan", "inf", "empty", "channels", "dimensions"],
)
def test_impossible_pictures_are_refused(image):
    with pytest.raises(ValueError, match=r".+"):
        imagegs.fit(image, 1, steps=1)


def test_pixels_are_drawn_without_replacement_by_weight():
    rng = np.random.default_rng(0)
    weights = np.zeros((10, 10), np.float32)
    weights[2, :5] = [1, 2, 3, 4, 1e-9]
    counts = np.zeros(100)
    for _ in range(2000):
        pixels = draw_pixels(rng, weights, (10, 10), 1)
        counts[pixels] += 1
    np.testing.assert_allclose(counts[20:24] / 2000, [0.1, 0.2, 0.3, 0.4], atol=0.05)
    for n in (4, 5, 60, 100):
        drawn = draw_pixels(rng, weights, (10, 10), n)
        assert len(set(drawn)) == n
        assert set(drawn) >= {20, 21, 22, 23}
    for n in (1, 20, 99, 100):
        assert len(set(draw_pixels(rng, None, (10, 10), n))) == n
    assert len(draw_pixels(rng, None, (1000, 1000), 70)) == 70


def test_placement_follows_the_gradient():
    image = np.zeros((1, 40, 60), np.float32)
    image[:, :, 30:] = 1
    slope = gradient_map(image)
    assert slope.shape == (40, 60) and slope[:, 29:31].min() == 4 and slope[:, :28].max() == 0
    pixels = place(np.random.default_rng(0), image, "gradient", 100)
    x = centers(pixels, 60)[:, 0]
    assert 70 <= ((x > 28) & (x < 32)).sum() <= 80


def test_growth_goes_where_the_error_is():
    target = np.zeros((3, 30, 30), np.float32)
    target[:, 5:9, 5:9] = 0.5
    pixels, residual = worst_pixels(np.random.default_rng(0), target, np.zeros_like(target), 16)
    assert set(pixels) == {y * 30 + x for y in range(5, 9) for x in range(5, 9)}
    np.testing.assert_array_equal(residual, np.full((16, 3), 0.5, np.float32))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 100, 5001])
def test_growth_ends_at_the_full_number(n):
    first, growths = growth_plan(n, 10, 100)
    assert first + sum(growths) == n and len(growths) <= 4 and n / 2 <= first <= n / 2 + 1
    assert growth_plan(n, 1, 4) == (n, [])


def test_the_growth_blur_is_the_published_one():
    assert growth_blur(300, 300) is None
    assert growth_blur(512, 768) == (3, 0.8)
    assert growth_blur(2048, 2048) == pytest.approx((5, 1.1))


def test_the_published_schedule_decays_once_then_ends():
    stop = _EarlyStop()
    assert not stop.should_end(20, 0.5) and stop.rates == RATES
    checks = [stop.should_end(20.05, 0.9) for _ in range(2 * PATIENCE // 100)]
    assert checks == [False] * (len(checks) - 1) + [True]
    assert stop.rates["color"] == RATES["color"] / DECAY
    better = _EarlyStop()
    assert not any(better.should_end(20 + i, 0.5 + i / 100) for i in range(40)) and better.rates == RATES


def test_neighbour_distance():
    xy = np.float32([[0, 0], [3, 0], [0, 3], [3, 3]])
    np.testing.assert_allclose(neighbour_distance(engine(1), xy), (3 + 3 + 18**0.5) / 3, rtol=1e-6)
    assert neighbour_distance(engine(1), xy[:1]) == [25]


def test_adam_grows_and_forgets():
    from imagegs.engine import engine

    adam, value = Adam(engine(1)), {"x": np.zeros((2, 2), np.float32)}
    adam.step(value, {"x": np.ones((2, 2), np.float32)}, {"x": 0.5})
    np.testing.assert_allclose(value["x"], -0.5)
    adam.grow(1)
    value = {"x": np.zeros((3, 2), np.float32)}
    adam.step(value, {"x": np.zeros((3, 2), np.float32)}, {"x": 0.5})
    assert (value["x"][:2] < 0).all() and (value["x"][2] == 0).all()
    adam.reset()
    value = {"x": np.zeros((1,), np.float32)}
    adam.step(value, {"x": np.ones(1, np.float32)}, {"x": 0.5})
    np.testing.assert_allclose(value["x"], -0.5)
