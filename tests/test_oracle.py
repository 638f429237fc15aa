"""The oracle itself: hand-computed cases, textbook forms and finite differences."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import oracle
from requirements import need

NAMES = ("xy", "scale", "angle", "log_weight", "color")
STEP = 1e-5  # of the central differences; far under the margins that the points are held to


def scene(**fields: Any) -> SimpleNamespace:
    """Float64 Gaussians; what is not given is plain: unit scales, angle and weight 0, white."""
    n = len(fields["xy"])
    plain = {
        "scale": np.ones((n, 2)),
        "angle": np.zeros(n),
        "log_weight": np.zeros(n),
        "color": np.ones((n, 1)),
        "height": 48,
        "width": 48,
        "blend": "softmax",
    }
    given = {k: np.array(v, np.float64) if isinstance(v, list) else v for k, v in fields.items()}
    return SimpleNamespace(**(plain | given))


def as_float64(g: Any) -> SimpleNamespace:
    arrays = {name: np.asarray(getattr(g, name), np.float64) for name in NAMES}
    return SimpleNamespace(**arrays, height=g.height, width=g.width, blend=g.blend)


def shifted(g: SimpleNamespace, name: str, index: tuple[int, ...], by: float) -> SimpleNamespace:
    changed = getattr(g, name).copy()
    changed[index] += by
    return SimpleNamespace(**(vars(g) | {name: changed}))


@pytest.mark.parametrize("blend", ["softmax", "paper"])
def test_gradients_match_finite_differences(blend: Any) -> None:
    rng = np.random.default_rng(3)
    g = as_float64(oracle.random_gaussians(rng, 40, 24, 40, blend=blend))
    points = rng.uniform(0, [40, 24], (300, 2))
    points = points[oracle.selection_margin(g, points, top_k=6) > 1e-2]
    v = rng.standard_normal((len(points), 3))
    assert len(points) > 200
    selected = oracle.select(g, points, top_k=6)
    assert (selected.share[:, -1] > 0).any(), "top_k must matter somewhere"

    def value(at: SimpleNamespace) -> float:
        assert (oracle.select(at, points, top_k=6).share > 0).sum() == (selected.share > 0).sum()
        return float((oracle.evaluate(at, points, top_k=6) * v).sum())

    found = oracle.gradients(g, points, v, top_k=6)
    for name in NAMES:
        expected = np.zeros_like(getattr(g, name))
        for index in np.ndindex(expected.shape):
            if name != "log_weight" or blend == "softmax":
                high, low = value(shifted(g, name, index, STEP)), value(shifted(g, name, index, -STEP))
                expected[index] = (high - low) / (2 * STEP)
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, atol=1e-7, err_msg=name)
    assert np.abs(found["xy"]).max() > 0.1


@pytest.mark.parametrize("weights", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.7, 0.4, 0.3)])
def test_loss_gradients_match_finite_differences(weights: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(5)
    r, t = rng.uniform(0, 1, (2, 9, 14, 2))
    value, gradient = oracle.loss(r, t, *weights)
    assert value > 0
    expected = np.zeros_like(r)
    for index in np.ndindex(r.shape):
        high, low = r.copy(), r.copy()
        high[index] += STEP
        low[index] -= STEP
        expected[index] = (oracle.loss(high, t, *weights)[0] - oracle.loss(low, t, *weights)[0]) / (2 * STEP)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)


def test_loss_values_by_hand() -> None:
    r, t = np.array([[[0.5, 0.25]]]), np.array([[[0.5, 0.75]]])
    assert oracle.loss(r, t, 1, 0, 0)[0] == 0.25
    np.testing.assert_array_equal(oracle.loss(r, t, 1, 0, 0)[1], [[[0, -0.5]]])
    assert oracle.loss(r, t, 0, 1, 0)[0] == 0.125
    assert oracle.loss(t, t, 1, 1, 1)[0] == pytest.approx(0, abs=1e-12)


def test_ssim_equals_a_loop_over_windows() -> None:
    rng = np.random.default_rng(7)
    height, width = 13, 7
    r, t = rng.uniform(0, 1, (2, height, width, 2))
    x = np.arange(-5, 6)
    weight = np.exp(-(x[:, None] ** 2 + x**2) / 4.5)[:, :, None]
    weight /= weight.sum()
    expected = np.empty_like(r)
    for row, column in np.ndindex(height, width):
        # zeros around the pictures are samples like all others
        a, b = (np.pad(im, ((5, 5), (5, 5), (0, 0)))[row : row + 11, column : column + 11] for im in (r, t))
        ma, mb = (weight * a).sum((0, 1)), (weight * b).sum((0, 1))
        va, vb = (weight * (a - ma) ** 2).sum((0, 1)), (weight * (b - mb) ** 2).sum((0, 1))
        cov = (weight * (a - ma) * (b - mb)).sum((0, 1))
        expected[row, column] = (2 * ma * mb + 1e-4) * (2 * cov + 9e-4)
        expected[row, column] /= (ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)
    np.testing.assert_allclose(oracle.ssim_map(r, t), expected, rtol=1e-10)


def test_ssim_agrees_with_scikit_image_away_from_the_border() -> None:
    metrics = need("skimage.metrics")
    r, t = np.random.default_rng(8).uniform(0, 1, (2, 30, 26, 1))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    _, expected = metrics.structural_similarity(r[..., 0], t[..., 0], full=True, **options)
    inner = (slice(5, -5), slice(5, -5))
    np.testing.assert_allclose(oracle.ssim_map(r, t)[..., 0][inner], expected[inner], rtol=1e-9)


def test_conics_invert_the_covariance() -> None:
    scale, angle = np.array([[2.0, 5.0], [0.5, 3.0]]), np.array([0.3, -2.0])
    for (a, b, c), s, t in zip(oracle.conics(scale, angle), scale, angle, strict=True):
        rotation = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        sigma = rotation @ np.diag(s**2) @ rotation.T
        np.testing.assert_allclose(sigma @ [[a, b], [b, c]], np.eye(2), atol=1e-12)


def test_exponent_of_one_gaussian_by_hand() -> None:
    # the first axis, sigma 2, points down: 4 px below the centre is 2 sigma, 3 px to the right 1 sigma
    g = scene(xy=[[10, 10]], scale=[[2, 3]], angle=[np.pi / 2], log_weight=[0.25])
    points = np.array([[10, 14], [13, 10], [10, 10.0]])
    np.testing.assert_allclose(oracle.exponents(g, points)[:, 0], [-1.75, -0.25, 0.25])
    np.testing.assert_allclose(oracle.exponents(g, points, "paper")[:, 0], [-2, -0.5, 0])


def test_positive_angles_turn_from_x_towards_y() -> None:
    g = scene(xy=[[0, 0]], scale=[[4, 1]], angle=[np.pi / 4])
    along, across = oracle.exponents(g, np.array([[1, 1], [1, -1.0]]))[:, 0]
    np.testing.assert_allclose([along, across], [-1 / 16, -1])


def test_one_softmax_gaussian_paints_everything() -> None:
    g = scene(xy=[[3, 3]], color=[[0.25, -2]], log_weight=[-5])
    np.testing.assert_array_equal(oracle.evaluate(g, np.array([[3, 3], [4000, 7.0]])), [[0.25, -2]] * 2)


def test_two_softmax_gaussians_by_hand() -> None:
    g = scene(xy=[[0, 0], [2, 0]], color=[[1], [0]], log_weight=[0, 1])
    # e = (-1/2, 1/2) half way, (0, -1) on the first centre
    found = oracle.evaluate(g, np.array([[1, 0], [0, 0.0]]))[:, 0]
    np.testing.assert_allclose(found, [1 / (1 + np.e), 1 / (1 + np.exp(-1))])


def test_one_paper_gaussian_by_hand() -> None:
    # 3 sigma = 6: the square is x, y in 2..14, all in the first tile; log_weight is ignored
    g = scene(xy=[[8, 8]], scale=[[2, 1]], color=[[0.5]], log_weight=[9], blend="paper")
    points = np.array([[8, 8], [12, 8], [15.5, 8], [16, 8], [8, 16.0]])
    weight = np.exp([0, -2, -(7.5**2) / 8])
    found = oracle.evaluate(g, points)[:, 0]
    np.testing.assert_allclose(found, [*(0.5 * weight / (weight + 1e-4)), 0, 0])


@pytest.mark.parametrize(
    ("x", "radius", "tiles"),
    [
        (8, 7.5, [1, 0, 0]),
        (8, 9, [1, 1, 0]),  # 17 is past the border at 16
        (8, 8, [1, 1, 0]),  # 16 is the second tile's own
        (24, 8, [0, 1, 1]),  # 16..32: the first tile ends before 16
        (24, 8.25, [1, 1, 1]),
        (-4, 3, [0, 0, 0]),
        (-4, 4.5, [1, 0, 0]),
    ],
)
def test_paper_tiles_by_hand(x: float, radius: float, tiles: list[int]) -> None:
    g = scene(xy=[[x, 8]], scale=[[radius / 3, 0.1]], blend="paper")
    points = np.array([[15.9, 8], [16, 8], [32, 8.0]])
    np.testing.assert_array_equal(oracle.visible(g, points)[:, 0], tiles)


def test_paper_points_beyond_the_canvas_use_its_last_tile() -> None:
    g = scene(xy=[[18, 8], [40, 8]], height=10, width=20, blend="paper")
    np.testing.assert_array_equal(oracle.visible(g, np.array([[45, 30.0]])), [[True, False]])


@pytest.mark.parametrize("top_k", [1, 2, 30])
@pytest.mark.parametrize("blend", ["softmax", "paper"])
def test_ties_go_to_the_lower_index(blend: Any, top_k: int) -> None:
    # every second one is farther away; 300 in all, as an unstable sort may keep the order of a few
    g = scene(xy=[[8, 8], [7, 8]] * 150, color=[[i] for i in range(300)], blend=blend)
    point = np.array([[9.0, 7]])
    np.testing.assert_array_equal(oracle.select(g, point, top_k=top_k).chosen, [2 * np.arange(top_k)])
    weight, rest = (np.exp(-1), 1e-4) if blend == "paper" else (1, 0)
    expected = weight * 2 * sum(range(top_k)) / (top_k * weight + rest)
    assert oracle.evaluate(g, point, top_k=top_k)[0, 0] == pytest.approx(expected, rel=1e-12)


def test_a_later_but_larger_exponent_is_kept() -> None:
    g = scene(xy=[[9, 8], [8, 8], [9, 8]], color=[[1], [2], [4]])
    assert oracle.evaluate(g, np.array([[8.0, 8]]), top_k=1)[0, 0] == 2
    np.testing.assert_array_equal(oracle.select(g, np.array([[8.0, 8]]), top_k=2).chosen, [[1, 0]])


def test_cutoff_keeps_what_is_on_it() -> None:
    g = scene(xy=[[0, 0]] * 3, color=[[0], [1], [1]], log_weight=[0, -8, -8.001])
    found = oracle.evaluate(g, np.zeros((1, 2)), cutoff=8.0)[0, 0]
    assert found == pytest.approx(np.exp(-8) / (1 + np.exp(-8)), rel=1e-12)


def test_unlimited_softmax_is_the_textbook_softmax() -> None:
    rng = np.random.default_rng(11)
    g = oracle.random_gaussians(rng, 60, 20, 30)
    points = rng.uniform(-5, 35, (200, 2))
    weight = np.exp(oracle.exponents(g, points))
    expected = weight @ g.color.astype(np.float64) / weight.sum(axis=1, keepdims=True)
    found = oracle.evaluate(g, points, top_k=60, cutoff=np.inf)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # and the defaults cost at most exp(-CUTOFF) a Gaussian, plus what top_k drops
    assert 0 < np.abs(oracle.evaluate(g, points) - expected).max() < 0.05


def test_softmax_weights_are_a_partition_of_unity() -> None:
    g = oracle.random_gaussians(np.random.default_rng(13), 100, 32, 32)
    flat = g.replace(color=np.full_like(g.color, 0.375))
    np.testing.assert_allclose(oracle.render(flat, 32, 32), 0.375, rtol=1e-14)


def test_render_places_pixels_rows_first() -> None:
    g = oracle.random_gaussians(np.random.default_rng(17), 30, 12, 20)
    picture = oracle.render(g, 20, 12)
    assert picture.shape == (12, 20, 3)
    np.testing.assert_array_equal(picture[3, 7], oracle.evaluate(g, np.array([[7.5, 3.5]]))[0])
    view = oracle.render(g, 5, 4, step=(0.5, 0.25), offset=(12, 8))
    np.testing.assert_array_equal(view[3, 1], oracle.evaluate(g, np.array([[6.75, 2.875]]))[0])


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(19)
    g = oracle.random_gaussians(rng, 20, 8, 8)
    points, v = rng.uniform(0, 8, (50, 2)), rng.standard_normal((50, 3))
    whole = oracle.evaluate(g, points), oracle.selection_margin(g, points), oracle.gradients(g, points, v)
    monkeypatch.setattr(oracle, "CHUNK", 20 * 7)
    np.testing.assert_array_equal(oracle.evaluate(g, points), whole[0])
    np.testing.assert_array_equal(oracle.selection_margin(g, points), whole[1])
    for name, gradient in oracle.gradients(g, points, v).items():
        np.testing.assert_allclose(gradient, whole[2][name], rtol=1e-12, atol=1e-14)


def test_selection_margin_by_hand() -> None:
    here = np.zeros((1, 2))
    g = scene(xy=[[0, 0]] * 4, log_weight=[0, -1, -1.5, -7])
    assert oracle.selection_margin(g, here, top_k=2)[0] == 0.5
    assert oracle.selection_margin(g, here, top_k=4, cutoff=8.0)[0] == 1  # of the last one to the cutoff
    assert oracle.selection_margin(g, here, top_k=4, cutoff=6.75)[0] == 0.25  # cut, but nearly in
    assert oracle.selection_margin(g, here, top_k=9, cutoff=np.inf)[0] == np.inf


def test_selection_margin_of_paper_counts_visible_gaussians_only() -> None:
    here = np.array([[8.0, 8]])
    g = scene(xy=[[8, 8], [9, 8], [40, 40]], blend="paper")
    assert oracle.selection_margin(g, here, top_k=1)[0] == 0.5
    assert oracle.selection_margin(g, here, top_k=2)[0] == np.inf


@pytest.mark.parametrize("blend", ["softmax", "paper"])
def test_smaller_changes_than_the_margin_keep_the_selection(blend: Any) -> None:
    rng = np.random.default_rng(23)
    g = as_float64(oracle.random_gaussians(rng, 60, 32, 32, blend=blend))
    points = rng.uniform(0, 32, (400, 2))
    moved = SimpleNamespace(**(vars(g) | {"angle": g.angle + 1e-3 * rng.standard_normal(60)}))
    change = np.abs(oracle.exponents(moved, points) - oracle.exponents(g, points)).max(axis=1)

    def kept(at: SimpleNamespace) -> np.ndarray:
        index, share = oracle.select(at, points, top_k=5)
        selected = np.zeros((len(points), 60), bool)
        np.put_along_axis(selected, index, share > 0, axis=1)
        return selected

    same = (kept(g) == kept(moved)).all(axis=1)
    safe = oracle.selection_margin(g, points, top_k=5) > 2 * change
    assert same[safe].all()
    assert safe.any()
    assert not safe.all()
