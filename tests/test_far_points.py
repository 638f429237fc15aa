"""Points thousands of standard deviations from all Gaussians: what docs/format.md, section 9, promises there.

Each Gaussian has a channel of its own, of colour 1, so that the colours of a point are its shares.
"""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from imagegs import _native

N = 32  # Gaussians of a scene
ROUNDING = 2.0**-22  # of a coordinate in standard deviations, over |p - mu| / min(s)
CUTOFF, TOP_K = 7, 10


@pytest.fixture(params=_native.isa_names(), autouse=True)
def isa(request, monkeypatch):
    monkeypatch.setenv("IMAGEGS_ISA", request.param)


def scene(rng: np.random.Generator) -> imagegs.Gaussians:
    """Gaussians of a few shapes at a few places near the top left corner, alike or all but alike."""
    side, spread = int(rng.choice([300, 300, 4000, 20_000])), rng.choice([1, 30, 300])
    low = rng.uniform(-10, 0)
    kind = rng.integers(0, rng.choice([1, 3, N]), N)
    near = 1 + rng.choice([0, 1e-7, 1e-5]) * rng.standard_normal((N, 2))
    return imagegs.Gaussians(
        xy=rng.uniform(0, spread, (N, 2))[kind] * near,
        scale=np.maximum(2 ** rng.uniform(low, low + 3, (N, 2))[kind] * near, 2.0**-10),
        angle=rng.uniform(0, np.pi, N)[kind],
        log_weight=rng.uniform(-1, 1, N) * rng.choice([2, 8, 100]),
        color=np.eye(N),
        height=side,
        width=side,
        channels=tuple(f"c{i}" for i in range(N)),
    )


def exponents(g: imagegs.Gaussians, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In float64, and by how much an implementation may be off: (M, N) both."""
    away = points[:, None].astype(np.float64) - g.xy
    cosine, sine = np.cos(g.angle, dtype=np.float64), np.sin(g.angle, dtype=np.float64)
    along = (cosine * away[..., 0] + sine * away[..., 1]) / g.scale[:, 0]
    across = (cosine * away[..., 1] - sine * away[..., 0]) / g.scale[:, 1]
    distance = np.hypot(along, across)
    off = ROUNDING * np.hypot(*away.transpose(2, 0, 1)) / g.scale.min(axis=1)
    return g.log_weight - distance**2 / 2, np.sqrt(2) * distance * off + off**2 + 0.001


def shares(e: np.ndarray) -> np.ndarray:
    """By the rule, of exponents (M, N)."""
    below = e - e.max(axis=1, keepdims=True)
    last = np.sort(below, axis=1)[:, -TOP_K, None]
    weights = np.exp(below) * (below >= np.maximum(last, -CUTOFF))
    return weights / weights.sum(axis=1, keepdims=True)


def painted(g: imagegs.Gaussians, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points (M, 2) near the bottom right corner, and their colours: those of samples and of pixels."""
    points = (g.width - rng.uniform(0, g.width / 3, (60, 2))).astype(np.float32)
    x, y = (g.width - np.array([9, 5])).tolist()
    rows, columns = np.mgrid[y : y + 5, x : x + 9]
    pixels = np.stack([columns + 0.5, rows + 0.5], -1).reshape(-1, 2)
    picture = imagegs.render(g, region=(x, y, 9, 5)).reshape(-1, N)
    return np.concatenate([points, pixels]), np.concatenate([imagegs.sample(g, points), picture])


def test_no_point_sees_gaussians_that_are_farther_than_the_rounding_of_float32_excuses():
    rng, confused = np.random.default_rng(0), 0
    for _ in range(60):
        g = scene(rng)
        points, found = painted(g, rng)
        e, error = exponents(g, points)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
        lowest = (e - error).max(axis=1, keepdims=True) - CUTOFF
        assert (e + error >= lowest)[found > 1e-6].all()
        confused += (np.abs(found - shares(e)).max(axis=1) > 0.05).sum()
    assert confused > 100  # otherwise the scenes say nothing


def test_points_within_some_hundred_standard_deviations_agree_with_float64():
    rng, compared = np.random.default_rng(1), 0
    for _ in range(30):
        g = scene(rng)
        away = rng.uniform(-1, 1, (200, 2)) * g.scale.min() * 400
        points = np.clip(g.xy[rng.integers(0, N, 200)] + away, 0, g.width).astype(np.float32)
        e, error = exponents(g, points)
        ranked = np.sort(e, axis=1)[:, ::-1]
        near = np.where(e > ranked[:, :1] - CUTOFF - 1, error, 0).max(axis=1) < 0.02
        # Away from the cutoff and from ties at the last place, where the set that is seen may change.
        clear = (np.abs(ranked[:, :TOP_K] - ranked[:, :1] + CUTOFF).min(axis=1) > 0.1) & (
            (ranked[:, TOP_K - 1] - ranked[:, TOP_K] > 0.1) | (ranked[:, TOP_K - 1] < ranked[:, 0] - CUTOFF)
        )
        chosen = near & clear
        np.testing.assert_allclose(imagegs.sample(g, points)[chosen], shares(e)[chosen], atol=0.05)
        compared += chosen.sum()
    assert compared > 1000
