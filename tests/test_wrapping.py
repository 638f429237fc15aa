"""Canvases that wrap: against the float64 twin, on pictures that tile, and from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import imagegs
import oracle
from conftest import FAST, Run, pillow_restored
from imagegs.engine import engine
from imagegs.fitting.gauss_newton import _moved, _System
from imagegs.fitting.objective import SQUARED_ERROR, GaussianArrays, LossWeights, Objective
from imagegs.fitting.pursuit import residual_blobs
from imagegs.gaussians import Gaussians, layer_ends, with_copies
from imagegs.metrics import psnr
from imagegs.own_units import OWN
from imagegs.rendering import make_scene, most_pairs
from imagegs.textures.painting import paint_map
from test_gauss_newton import change_of_picture
from test_gradients import arrays_of, isa, twin  # noqa: F401 (isa is a fixture)

SAFE = 1e-3  # nats between a point and a change of its selected set


def wrapping(n=60, height=37, width=53, seed=0, **options) -> Gaussians:
    rng = np.random.default_rng(seed)
    return oracle.random_gaussians(rng, n, height, width, margin=70, **options).replace(wrap=True)


def tiling(height: int = 64, width: int = 64) -> np.ndarray:
    """A texture that tiles, with an edge here and there: a few waves of whole periods, and their sign."""
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]] * 2 * np.pi
    waves = [np.sin(x + 2 * y + 1), np.cos(3 * x - y), np.sin(2 * x + 0.5) + np.cos(2 * y)]
    planes = [0.5 + 0.15 * w + 0.15 * np.sign(waves[0] + 0.4 * waves[1]) for w in waves]
    return np.roll(
        np.stack(planes, axis=2), (10, 10), axis=(0, 1)
    )  # no more edges at the borders than inside


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 64), (90, 20)])
def test_pictures_and_samples_equal_the_twin(size, isa):  # noqa: F811
    height, width = size
    g = wrapping(80, height, width)
    points = oracle.pixel_centres(width, height)
    safe = oracle.selection_margin(g, points) > SAFE
    assert safe.mean() > 0.9
    expected = oracle.render(g, width, height).reshape(-1, 3)[safe]
    np.testing.assert_allclose(imagegs.render(g).reshape(-1, 3)[safe], expected, atol=1e-5)
    np.testing.assert_allclose(imagegs.sample(g, points)[safe], expected, atol=1e-5)
    away = imagegs.sample(g, points + np.array([3 * width, -2 * height]))
    np.testing.assert_allclose(away[safe], expected, atol=1e-4)


def test_a_picture_goes_on_at_the_opposite_border():
    g = wrapping()
    y = np.linspace(0, 37, 200)
    for left, right in (([0.0], [53.0]), ([-1e-3], [1e-3])):
        ends = [np.stack([np.full(200, x[0]), y], axis=1) for x in (left, right)]
        a, b = (imagegs.sample(g, points) for points in ends)
        assert np.abs(a - b).mean() < 2e-3
    plain = g.replace(wrap=False)
    a, b = (imagegs.sample(plain, np.stack([np.full(200, x), y], axis=1)) for x in (0.0, 53.0))
    assert np.abs(a - b).mean() > 0.05


def test_a_shift_of_all_centers_shifts_the_picture():
    g = wrapping()
    shifted = imagegs.render(g.replace(xy=g.xy + np.float32([11, -9])))
    rolled = np.roll(imagegs.render(g), (-9, 11), axis=(0, 1))
    assert np.mean(np.abs(shifted - rolled) < 1e-4) > 0.995  # rounding may turn a choice


def test_regions_scales_and_integers_are_those_of_the_whole():
    g = wrapping()
    for scale in (0.5, 1.0, 2.3):
        whole = imagegs.render(g, scale=scale)
        np.testing.assert_array_equal(imagegs.render(g, scale=scale, region=(3, 5, 7, 4)), whole[5:9, 3:10])
        rounded = np.clip(np.round(whole * 255), 0, 255)
        assert np.abs(imagegs.render(g, scale=scale, dtype=np.uint8) - rounded).max() <= 1


def test_threads_do_not_change_a_bit():
    g = wrapping(3000, 150, 210)
    target = np.random.default_rng(1).random((3, 150, 210), np.float32)
    tangent = np.random.default_rng(0).normal(size=(3000, 9)).astype(np.float32)
    results = []
    for threads in (1, 2, 5):
        objective = Objective(target, "softmax", threads, wrap=True)
        kept = objective.kept(arrays_of(g))
        parts = [kept.evaluate(SQUARED_ERROR).gradient]
        parts += [kept.normal_product(tangent, None), kept.normal_diagonal(None), kept.removal_cost(None)]
        results.append([kept.picture, *parts])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("weights", [(0, 1, 0), (1, 0.5, 0.3)])
def test_gradients_equal_the_twin(weights, isa):  # noqa: F811
    g = wrapping(60, 33, 47, seed=4)
    target = np.random.default_rng(5).random((3, 33, 47), np.float32)
    value, expected = twin(g, target, LossWeights(*weights))
    objective = Objective(target, "softmax", 1, wrap=True)
    found = objective.evaluate(arrays_of(g), LossWeights(*weights))
    assert found.loss == pytest.approx(value, rel=1e-4)
    for name, columns in OWN.items():
        reference = expected[name].reshape(len(g), -1)
        apart = np.abs(found.gradient[:, columns] - reference) > 2e-3 * np.abs(reference).max()
        assert apart.mean() < 0.02, name  # where a choice hangs on rounding
    if weights == (0, 1, 0):
        short = objective.squared_error(arrays_of(g)).gradient
        for columns in OWN.values():
            one, three = short[:, columns], found.gradient[:, columns]
            np.testing.assert_allclose(one, three, atol=1e-5 * np.abs(three).max())


def test_gauss_newton_products_equal_the_twin():
    """Two Gaussians, whose copies no point turns away."""
    g = wrapping(2, 30, 41, seed=6, scales=(9, 12)).replace(log_weight=[0.2, -0.1])
    g = g.replace(xy=np.mod(g.xy, [41, 30]))
    points = oracle.pixel_centres(41, 30)
    points = points[oracle.selection_margin(g, points) > 0.01]
    delta = np.random.default_rng(1).normal(size=(2, 9))
    objective = Objective(np.zeros((3, 30, 41), np.float32), "softmax", 1, wrap=True)
    arrays = arrays_of(g)
    kept = objective.kept(arrays)
    system = _System(kept, None, kept.evaluate(SQUARED_ERROR).gradient, None, None)
    change = change_of_picture(g, oracle.pixel_centres(41, 30), delta)
    assert len(points) > 0.95 * 30 * 41  # the others change little
    found = float(np.sum(delta * system._times(delta)))
    assert found == pytest.approx(float(np.square(change).sum()), rel=0.02)
    step = np.zeros((2, 9))
    step[:, 0] = 100
    assert (
        (_moved(arrays, step, objective).xy >= 0) & (_moved(arrays, step, objective).xy <= [41, 30])
    ).all()


def test_bounds_of_pairs_count_the_copies():
    g = wrapping(200, 130, 170)
    scene = make_scene(g, 1)
    imagegs.render(g, threads=1)
    assert most_pairs(g, 0) > most_pairs(g.replace(wrap=False, xy=np.mod(g.xy, [170, 130])), 0)
    mean, worst = scene.multiply_adds(imagegs.engine.engine(1), 2**26)
    assert 0 < mean <= worst


def seam(picture: np.ndarray) -> list[tuple[float, float]]:
    """Across both seams and between all neighbors along the same axis: mean, 99th percentile of steps."""
    p, result = picture.astype(float), []
    for axis in (0, 1):
        inside = np.abs(np.diff(p, axis=axis))
        across = np.abs(p.take(0, axis) - p.take(-1, axis))
        result += [(across.mean(), inside.mean()), (np.percentile(across, 99), np.percentile(inside, 99))]
    return result


def test_a_texture_that_tiles_has_no_seam():
    image = np.round(tiling() * 255).astype(np.uint8)
    pictures, quality = [], []
    for wrap in (True, False):
        g = imagegs.fit(image, 60, effort=4, wrap=wrap, threads=1)
        lattice = imagegs.choose_lattice(image, g)
        decoded = imagegs.decode(imagegs.encode(imagegs.quantise(image, g, lattice), lattice))
        assert decoded.wrap == wrap
        pictures.append(imagegs.render(decoded, dtype=np.uint8))
        quality.append(psnr(image, pictures[-1]))
    for (across, inside), (own, _) in zip(seam(pictures[0]), seam(image), strict=True):
        assert across <= max(inside, own)  # the picture itself has an edge there
    means = seam(pictures[1])[0::2]
    assert all(across > 1.5 * inside for across, inside in means), means
    assert quality[0] > quality[1]  # here; on larger textures they are about equal


def test_births_look_across_the_border():
    """A blob in the corner is one Gaussian, not four."""
    d = [(np.arange(side) + 0.5 + side / 2) % side - side / 2 for side in (64, 48)]
    residual = np.exp(-(d[0][:, None] ** 2 + d[1] ** 2) / 50)[None].astype(np.float32)
    first = residual_blobs(engine(1), residual, 1, 500, wrap=True)
    assert np.abs((first.xy + 8) % [48, 64] - 8).max() <= 4
    alone = residual_blobs(engine(1), residual, 1, 500)
    assert first.amplitude.max() > alone.amplitude.max() or first.scale[0] > alone.scale[0]


def test_layers_levels_and_maps_wrap_too():
    image = tiling()
    g = imagegs.fit(image, 200, effort=1, wrap=True, layers=2)
    assert g.layers == tuple(np.diff([0, *layer_ends(200, 2)])) and g.at_lod(0).wrap and g.at_lod(0.5).wrap
    again = imagegs.fit(image, 190, start=g, steps=3)
    assert again.wrap and not imagegs.fit(image, 190, start=g, steps=3, wrap=False).wrap
    names = ("Color.R", "Color.G", "Color.B")
    texture_map = imagegs.textures.map_list.make_map("Color", "Color.png", "color", 8, 3, False)
    painted = paint_map(g.replace(channels=names), texture_map)
    np.testing.assert_array_equal(painted, imagegs.render(g, dtype=np.uint8))


def test_the_paper_blend_does_not_wrap(run: Run, picture):
    with pytest.raises(ValueError, match="only the softmax blend wraps"):
        wrapping().replace(blend="paper", log_weight=np.zeros(60))
    with pytest.raises(ValueError, match="no canvas that wraps"):
        imagegs.fit(tiling(), 50, recipe="paper", wrap=True)
    with pytest.raises(ValueError, match="does not wrap"):
        arrays = vars(
            GaussianArrays(*(np.zeros(s, np.float32) for s in ((1, 2), (1, 2), 1, 1, (1, 3))))
        ).values()
        imagegs._native.Scene().update(imagegs.engine.engine(1), 0, True, 4, 4, *arrays)
    outcome = run("encode", picture, "--wrap", "--recipe", "paper")
    assert outcome.code == 2 and "--wrap needs the imagegs recipe" in outcome.err


def test_the_commands_know_about_it(run: Run, tmp_path):
    source, target = tmp_path / "tile.png", tmp_path / "tile.gsimg"
    Image.fromarray(np.round(tiling(32, 48) * 255).astype(np.uint8)).save(source)
    for options in (["-n", "40"], ["--bits", "12"], ["--target-size", "400"], ["--psnr", "12"]):
        report = run("encode", source, "-o", target, "--wrap", *options, *FAST, "--json").json
        assert report["wrap"] and imagegs.load(target).wrap
    assert run("info", target, "--json").json["wrap"]
    assert ", 8 bits a sample, wraps\n" in run("info", target).out
    run("encode", source, "-o", target, *FAST, "--quiet")
    assert not run("info", target, "--json").json["wrap"] and "wraps" not in run("info", target).out
    with pillow_restored():
        imagegs.register_pillow()
        with Image.open(source) as image:
            image.save(target, wrap=True, n_gaussians=30, steps=3)
        g = imagegs.load(target)
        with Image.open(target) as image:
            np.testing.assert_array_equal(np.asarray(image), imagegs.render(g, dtype=np.uint8))
    assert g.wrap


def test_copies_paint_the_same_where_nothing_wraps():
    g = wrapping(30, 20, 33).replace(layers=(10, 20))
    copies = with_copies(g)
    assert len(copies) == 270 and not copies.wrap and copies.layers == ()
    np.testing.assert_array_equal(imagegs.render(copies), imagegs.render(g))
