"""How many Gaussians a stack has at a wanted size: what a small fit tells."""

from __future__ import annotations

import numpy as np
import pytest

import imagegs
from imagegs.compression import plan
from imagegs.compression.pilot import coded_bits

HOW = {"tune": "balanced", "layers": 8, "seed": 0, "threads": 1}


def maps(side: int = 96) -> dict[str, np.ndarray]:
    """Six channels: clean shapes, of which each Gaussian needs precise numbers."""
    y, x = np.mgrid[:side, :side]
    disc = ((x - 40) ** 2 + (y - 50) ** 2 < 700).astype(np.float64)
    stripes = (x + y) // 24 % 2
    color = np.stack([0.2 + 0.6 * disc, 0.7 - 0.5 * stripes, 0.3 + 0.4 * disc * stripes], axis=2)
    pixels = np.round(255 * color).astype(np.uint8)
    return {"Color": pixels, "Other": np.ascontiguousarray(pixels[:, :, ::-1])}


def noise(side: int = 96) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side, 6), np.uint8)


def test_clean_shapes_get_more_bits_than_noise() -> None:
    clean = coded_bits(np.concatenate([*maps().values()], axis=2), 100, **HOW)
    assert clean > 1.1 * coded_bits(noise(), 100, **HOW)


def test_a_stack_has_as_many_gaussians_as_the_bits_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for bits in (40, 80):
        monkeypatch.setattr(plan, "coded_bits", lambda *_, bits=bits, **__: bits)
        data = imagegs.compress(maps(), target_size=3000, effort=1)
        found[bits] = imagegs.read_info(data).n_gaussians
        assert len(data) <= 3000
    assert 1.7 < found[40] / found[80] < 2.3


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_need_no_small_fit(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(plan, "coded_bits")
    picture = noise(48)[:, :, :channels]
    assert len(imagegs.compress(picture, target_size=900, effort=1)) <= 900


@pytest.mark.parametrize("shape", [(1, 20_000), (3, 3000), (20, 20), (600, 600)])
def test_sides_that_cannot_be_halved_alike(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = imagegs.fit

    def noted(image: np.ndarray, n: int, **options: object) -> imagegs.Gaussians:
        seen.append(n / image[:, :, 0].size)
        return real(image, n, **options)

    monkeypatch.setattr("imagegs.compression.pilot.fit", noted)
    assert coded_bits(np.zeros((*shape, 5), np.uint8), shape[0] * shape[1] // 100, **HOW) > 0
    assert 0.008 < seen[0] <= 0.0101


def test_weights_of_pixels_and_alphas_are_those_of_the_fit() -> None:
    pixels, weights = noise(64), np.ones((64, 64), np.float32)
    weights[:, :40] = 0
    pixels[:, :40, 0] = 0
    weighed = {"pixel_weights": weights, "alphas": (3, 3, 3, None, None, None)}
    assert coded_bits(pixels, 50, **weighed, channel_weights=[1, 1, 1, 2, 1, 1], **HOW) > 0
