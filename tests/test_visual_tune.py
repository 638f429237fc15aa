"""The tune for the eye: fits, quantised files and dropped Gaussians go by what is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imagegs
from imagegs.engine import engine
from imagegs.fitting.losses import aim_near, aimed, loss_of
from imagegs.fitting.objective import SQUARED_ERROR, LossWeights, Objective
from imagegs.fitting.quantising import Reference
from imagegs.fitting.rounding import ColorRounding, whole_part
from imagegs.fitting.visual import MOST_METRIC, Observer, local_metric
from imagegs.pictures.pixels import to_planes
from imagegs.ssimulacra.looks import SeenReference
from imagegs.ssimulacra.score import ssimulacra2
from test_gradients import arrays_of, random_scene

SAMPLE = Path(__file__).parent.parent / "assets/sample.png"


def sample(side=160):
    """A square of the sample picture, (side, side, 3) uint8."""
    from PIL import Image

    pixels = np.asarray(Image.open(SAMPLE).convert("RGB"))
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


def with_alpha(pixels):
    """The pixels, and an alpha that rises from left to right."""
    ramp = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    return np.dstack([pixels, np.broadcast_to(ramp, pixels.shape[:2])])


def objective_with_observer(target, threads=1):
    observer = Observer(engine(threads), target, np.ones(len(target), np.float32))
    return Objective(target, "softmax", threads, observer=observer)


def score(pixels, **options):
    data = imagegs.compress(pixels, bpp=0.5, effort=1, **options)
    return ssimulacra2(pixels, imagegs.decompress(data)), len(data)


def test_a_file_looks_better_at_the_same_size():
    pixels = sample()
    (seen, seen_bytes), (usual, usual_bytes) = score(pixels, tune="visual"), score(pixels, tune="balanced")
    assert seen > usual + 3 and seen_bytes <= 0.5 * 160 * 160 / 8 and usual_bytes <= 0.5 * 160 * 160 / 8


def test_threads_do_not_change_a_byte():
    pixels = sample(96)
    one, three = (imagegs.compress(pixels, bpp=0.6, effort=1, tune="visual", threads=t) for t in (1, 3))
    assert one == three


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 1), np.uint8),
        np.full((1, 7, 3), 200, np.uint8),
        np.full((20, 12, 4), 0, np.uint8),
        np.full((9, 9, 2), 255, np.uint8),
        np.full((33, 8, 3), 65535, np.uint16),
    ],
)
def test_small_pictures_of_one_color_come_back(pixels):
    back = imagegs.decompress(imagegs.compress(pixels, n_gaussians=1, effort=1, tune="visual"))
    visible = pixels if pixels.ndim == 2 or pixels.shape[2] in (1, 3) else pixels * (pixels[:, :, -1:] > 0)
    shown = back if back.ndim == 2 or back.shape[2] in (1, 3) else back * (back[:, :, -1:] > 0)
    most = np.iinfo(pixels.dtype).max
    assert np.abs(shown.astype(int) - visible.astype(int)).max() <= 0.02 * most


def test_alpha_and_gray_have_what_is_seen_too():
    for pixels in (with_alpha(sample(64)), sample(64)[:, :, 0]):
        assert (
            imagegs.decompress(imagegs.compress(pixels, bpp=1, effort=1, tune="visual")).shape == pixels.shape
        )


def test_a_stack_of_maps_has_no_look():
    maps = {"albedo": sample(64), "height": sample(64)[:, :, 0]}
    with pytest.raises(ValueError, match='tune="visual" is for a picture that is looked at, not for maps'):
        imagegs.compress(maps, bpp=1, effort=1, tune="visual")
    with pytest.raises(ValueError, match="what an eye sees"):
        imagegs.fit(np.zeros((8, 8, 5), np.float32), 2, tune="visual")


def test_the_paper_recipe_has_no_visual_tune():
    with pytest.raises(ValueError, match="the paper recipe has no tune"):
        imagegs.compress(sample(32), bpp=2, recipe="paper", tune="visual")


def test_an_objective_without_observer_refuses_the_visual_loss():
    g, target = random_scene("softmax")
    with pytest.raises(ValueError, match="no visual loss"):
        Objective(target, "softmax", 1).evaluate(arrays_of(g), LossWeights(l2=1, visual=0.1))


def test_the_loss_is_the_sum_of_its_parts_and_falls_along_its_gradient():
    g, target = random_scene("softmax", 48, 64, n=30)
    objective, arrays = objective_with_observer(target), arrays_of(g)
    weights = LossWeights(l2=1, visual=3e-3)
    result = objective.evaluate(arrays, weights)
    picture = objective.render(arrays)
    assert objective.observer is not None
    assert result.loss == pytest.approx(result.l2 + 3e-3 * objective.observer.distance(picture), rel=1e-5)
    step = 1e-3 * result.gradient[:, 6:] / np.abs(result.gradient[:, 6:]).max()
    losses = []
    for sign in (1, -1):
        moved = arrays_of(g)
        moved.color = np.ascontiguousarray(moved.color + np.float32(sign) * step, np.float32)
        losses.append(objective.evaluate(moved, weights).loss)
    slope = 2 * float((step * result.gradient[:, 6:]).sum())
    assert losses[0] - losses[1] == pytest.approx(slope, rel=0.05)


def test_the_aim_without_a_viewer_is_the_squared_error():
    g, target = random_scene("softmax")
    assert aim_near(Objective(target, "softmax", 1).kept(arrays_of(g))) == (SQUARED_ERROR, None)


def test_the_aim_with_a_viewer_has_its_loss_and_metric():
    g, target = random_scene("softmax")
    kept = objective_with_observer(target).kept(arrays_of(g))
    loss, metric = aim_near(kept)
    l2 = float(np.mean(np.square(kept.residual()), dtype=np.float64))
    assert loss.l2 == 1 and loss.visual == pytest.approx(loss_of("visual", l2).visual, rel=1e-5)
    assert metric.shape == target.shape[1:] and metric.min() >= 0 and metric.max() <= MOST_METRIC


def test_the_metric_of_a_weighed_squared_error_is_its_weights():
    rng = np.random.default_rng(0)
    error = rng.normal(0, 0.1, (3, 60, 80)).astype(np.float32)
    weights = np.where(np.arange(80) < 40, 1.0, 3.0)
    slope = (2 * weights * error / error.size).astype(np.float32)
    metric = local_metric(engine(1), error, np.zeros_like(error), slope, None)
    np.testing.assert_allclose(metric[:, :25], 1, rtol=0.05)
    np.testing.assert_allclose(metric[:, 55:], 3, rtol=0.05)


def test_the_metric_of_pixels_without_weight_is_0():
    error = np.random.default_rng(0).normal(0, 0.1, (3, 20, 30)).astype(np.float32)
    own = np.ones((20, 30), np.float32)
    own[:, :10] = 0
    metric = local_metric(engine(1), error, np.zeros_like(error), 2 * error * own / error.size, own)
    assert not metric[:, :10].any() and metric[:, 12:].all()


def test_the_metric_of_channels_is_that_of_their_weights():
    """A plain squared error with weights of its own has these as its metric, another one a multiple."""
    rng = np.random.default_rng(0)
    error = rng.normal(0, 0.1, (4, 40, 60)).astype(np.float32)
    own = np.repeat(np.repeat(rng.uniform(0.7, 1.3, (4, 10, 15)), 4, axis=1), 4, axis=2).astype(np.float32)
    own[:3, :, :20] = 0  # where alpha is 0 no colour is seen
    slope = 2 * own * error / error.size
    for times in (1, 3):
        metric = local_metric(engine(1), error, np.zeros_like(error), times * slope, own)
        least = 1 if times == 1 else 0.85 * times  # it is nearer to 1 where there is hardly an error
        assert np.all(metric >= least * (1 - 1e-5) * own) and np.all(metric <= times * (1 + 1e-5) * own)


def test_pictures_with_alpha_look_better_than_by_the_balanced_tune():
    """A disk cut out of the sample."""
    pixels = sample(128)
    y, x = np.mgrid[:128, :128] - 63.5
    cut_out = np.dstack([pixels, np.where(np.hypot(x, y) < 55, 255, 0).astype(np.uint8)])
    reference, found = SeenReference(cut_out, "RGBA"), {}
    for tune in ("balanced", "visual"):
        files = [imagegs.compress(cut_out, bpp=bpp, effort=1, tune=tune) for bpp in (0.3, 0.4, 0.5, 0.6)]
        found[tune] = np.mean([reference.score(imagegs.decompress(file)) for file in files])
    assert found["visual"] > found["balanced"] + 4.5


def test_the_distance_orders_pictures_as_the_score_does():
    pixels = sample(128)
    target = to_planes(pixels)
    observer = Observer(engine(1), target, np.ones(3, np.float32))
    rng = np.random.default_rng(0)
    found = []
    for noise in (0.0, 0.01, 0.03, 0.1):
        picture = np.clip(target + rng.normal(0, noise, target.shape), 0, 1).astype(np.float32)
        back = np.moveaxis(np.round(255 * picture), 0, -1).astype(np.uint8)
        found.append((observer.distance(picture), -ssimulacra2(pixels, back)))
    assert found[0][0] < 1e-3 * found[1][0] and found == sorted(found)


def test_quantising_loses_less_of_what_is_seen():
    pixels = sample(96)
    gaussians = imagegs.fit(pixels, 150, effort=1, tune="visual")
    lattice = imagegs.Lattice.of_fineness(0.5)
    observer = Observer(engine(1), to_planes(pixels), np.ones(3, np.float32))
    distances = {}
    for tune in ("balanced", "visual"):
        quantised = imagegs.quantise(pixels, gaussians, lattice, tune=tune)
        picture = np.ascontiguousarray(np.moveaxis(imagegs.render(quantised), -1, 0))
        distances[tune] = observer.distance(picture)
    assert distances["visual"] < 0.95 * distances["balanced"]


def test_the_aim_and_the_evaluation_by_its_loss():
    pixels = sample(64)
    gaussians = imagegs.fit(pixels, 80, effort=1, tune="visual")
    reference = Reference(pixels, gaussians, 1, tune="visual")
    kept = reference.objective.kept(reference.arrays_of(gaussians))
    aim, result = aimed(kept)
    alone, expected = aim_near(kept), kept.evaluate(aim.loss)
    assert aim.loss == alone.loss and aim.loss.visual > 0 and (aim.metric == alone.metric).all()
    assert result.loss == expected.loss and result.l2 == expected.l2
    np.testing.assert_array_equal(result.gradient, expected.gradient)


def test_a_step_of_colors_that_goes_too_far_is_shortened():
    pixels = sample(96)
    gaussians = imagegs.fit(pixels, 150, effort=1, tune="visual")
    reference = Reference(pixels, gaussians, 1, tune="visual")
    objective, arrays = reference.objective, reference.arrays_of(gaussians)
    aim = aim_near(objective.kept(arrays))
    part = whole_part(150, [], gaussians.height, gaussians.width)
    colors = ColorRounding(objective, imagegs.Lattice.of_fineness(1), reference.roots, part)
    before = objective.evaluate(arrays, aim.loss).loss
    better = colors._best(arrays).arrays
    assert objective.evaluate(better, aim.loss).loss < before
    helpful = better.color - arrays.color
    assert colors._share_that_helps(arrays, helpful, before, aim.loss) == 1
    assert colors._share_that_helps(arrays, 6 * helpful, before, aim.loss) < 1
    assert colors._share_that_helps(arrays, -helpful, before, aim.loss) == 0
