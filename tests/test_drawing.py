"""Ellipses: where they are, what colour they have, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import sample_gaussians
from imagegs.drawing import BACKGROUNDS, MAX_SIGMAS, draw_ellipses
from imagegs.gaussians import MAX_POSITION, MAX_SCALE, Gaussians


def one(angle: float = 0.0, color: tuple[float, ...] = (1.0, 0.5, 0.0), **changes: object) -> Gaussians:
    names = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}[len(color)]
    fields = {
        "xy": [[30.0, 20.0]],
        "scale": [[12.0, 4.0]],
        "angle": [angle],
        "log_weight": [0.0],
        "color": [color],
    }
    canvas = {"height": 40, "width": 60, "channels": names}
    return Gaussians(**{**{k: np.float32(v) for k, v in fields.items()}, **canvas, **changes})


def painted(gaussians: Gaussians, **options: object) -> np.ndarray:
    """Where something was drawn."""
    return (draw_ellipses(gaussians, **options) != BACKGROUNDS["dark"]).any(axis=2)


@pytest.mark.parametrize(("angle", "spread"), [(0.0, (4, 12)), (np.pi / 2, (12, 4))])
def test_an_ellipse_lies_where_its_gaussian_is(angle: float, spread: tuple[int, int]) -> None:
    rows, columns = np.nonzero(painted(one(angle), sigmas=1.0))
    assert rows.mean() == pytest.approx(19.5, abs=0.3) and columns.mean() == pytest.approx(29.5, abs=0.3)
    assert np.ptp(rows) / 2 == pytest.approx(spread[0], abs=1.2)
    assert np.ptp(columns) / 2 == pytest.approx(spread[1], abs=1.2)


def test_angles_turn_from_x_towards_y() -> None:
    rows, columns = np.nonzero(painted(one(np.pi / 4)))
    assert np.corrcoef(rows, columns)[0, 1] > 0.5


def test_sizes_follow_height_and_sigmas() -> None:
    small, large = painted(one(), sigmas=1.0), painted(one(), sigmas=2.0)
    assert large.sum() == pytest.approx(4 * small.sum(), rel=0.15)
    tall = draw_ellipses(one(), height=120)
    assert tall.shape == (120, 180, 3) and tall.dtype == np.uint8


def test_the_fill_has_the_colour_and_the_largest_lies_below() -> None:
    r, g, b = draw_ellipses(one())[20, 30].tolist()
    assert r > 200 and 100 < g < 140 and b < 20
    two = Gaussians(
        xy=np.float32([[30, 20], [30, 20]]),
        scale=np.float32([[3, 3], [12, 12]]),
        angle=np.zeros(2),
        log_weight=np.zeros(2),
        color=np.float32([[0, 0, 1], [1, 0, 0]]),
        height=40,
        width=60,
    )
    r, _, b = draw_ellipses(two)[20, 30].tolist()
    assert b > 200 > 60 > r


def test_gray_and_alpha() -> None:
    gray = draw_ellipses(one(color=(1.0,)))[20, 30]
    assert np.ptp(gray) <= 2 and gray.min() > 200
    assert draw_ellipses(one(color=(1.0, 0.0)))[20, 30].tolist() == list(BACKGROUNDS["dark"])
    assert draw_ellipses(one(color=(1.0, 0.0, 0.0, 0.5)))[20, 30, 0] < 140
    many = sample_gaussians(tuple("ABCDEFG"))
    assert draw_ellipses(many).shape == (32, 48, 3)


def test_a_share_depends_on_the_seed_alone() -> None:
    many = sample_gaussians()
    half, again, other = (draw_ellipses(many, share=0.5, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(half, again) and not np.array_equal(half, other)
    assert painted(many, share=0.01).sum() > 0
    assert painted(many, share=0.2).sum() < painted(many).sum()


def test_extreme_gaussians_are_drawn() -> None:
    covering = one(scale=np.float32([[MAX_SCALE, MAX_SCALE]]))
    assert painted(covering).all()
    assert not painted(one(xy=np.float32([[MAX_POSITION, -MAX_POSITION]]))).any()
    assert painted(one(scale=np.float32([[2**-10, 2**-10]]))).sum() >= 1
    assert painted(covering, sigmas=MAX_SIGMAS).all()


@pytest.mark.parametrize(
    "options",
    [
        {"share": 0.0},
        {"share": 1.1},
        {"share": float("nan")},
        {"sigmas": 0.0},
        {"sigmas": float("inf")},
        {"sigmas": float("nan")},
        {"sigmas": 1001.0},
        {"sigmas": 1e308},
        {"height": 0},
        {"background": "red"},
    ],
)
def test_values_out_of_range(options: dict[str, object]) -> None:
    draw_ellipses(one())
    with pytest.raises(ValueError):
        draw_ellipses(one(), **options)
