"""The plain twin against the oracle, which is NumPy and knows nothing of autograd; and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imagegs
import oracle
from imagegs.gaussians import Gaussians
from imagegs.rendering import Region
from requirements import need_torch
from torch_scenes import KINDS, NAMES, largest_difference, scene, tensors, view_of

torch = need_torch()
import imagegs.torch  # noqa: E402
from imagegs.torch import backends, twin  # noqa: E402
from imagegs.torch.views import View  # noqa: E402


@pytest.mark.parametrize("blend, wrap", KINDS)
def test_values_and_gradients_are_those_of_the_oracle(blend: Any, wrap: bool) -> None:
    g = scene(blend, wrap)
    leaves = tensors(g, torch.float64)
    picture = imagegs.torch.render(*leaves, **view_of(g))
    np.testing.assert_allclose(picture.detach(), oracle.render(g, 47, 33), rtol=0, atol=1e-9)
    slope = np.random.default_rng(0).normal(size=picture.shape)
    picture.backward(torch.tensor(slope))
    expected = oracle.gradients(g, oracle.pixel_centres(47, 33), slope.reshape(-1, 3))
    for name, leaf in zip(NAMES, leaves, strict=True):
        assert largest_difference(leaf.grad, torch.tensor(expected[name])) < 1e-8, name


@pytest.mark.parametrize("blend, wrap", KINDS)
def test_gradients_are_those_of_finite_differences(blend: Any, wrap: bool) -> None:
    """On a canvas that wraps the copies take part; no pixel changes its Gaussians within a step."""
    g = scene(blend, wrap, n=4)
    leaves = tensors(g, torch.float64)
    points = torch.tensor(oracle.pixel_centres(47, 33))
    sure = points[torch.tensor(oracle.selection_margin(g, points.numpy())) > 1e-3][::100]
    assert len(sure) > 8

    def at_points(*values: Any) -> Any:
        return imagegs.torch.sample(*values, sure, **view_of(g))

    assert torch.autograd.gradcheck(at_points, leaves)


def test_second_derivatives() -> None:
    leaves = tensors(scene(n=4), torch.float64)
    points = torch.tensor([[8.0, 9.0], [30.0, 20.0]], dtype=torch.float64)
    assert torch.autograd.gradgradcheck(
        lambda *values: imagegs.torch.sample(*values, points, height=33, width=47), leaves
    )


def test_of_equal_exponents_the_lower_indices_are_kept() -> None:
    """25 Gaussians in one place, of which ten are painted; the first one is darker, so all others win."""
    color = torch.arange(25, dtype=torch.float64)[:, None]
    weight = torch.zeros(25, dtype=torch.float64)
    weight[0] = -0.5
    same = (torch.full((25, 2), 4.0), torch.full((25, 2), 2.0), torch.zeros(25))
    for dtype in (torch.float32, torch.float64):
        five = [tensor.to(dtype) for tensor in (*same, weight, color)]
        picture = imagegs.torch.render(*five, 8, 8)
        assert torch.allclose(picture, torch.full_like(picture, np.arange(1, 11).mean()))


@pytest.mark.parametrize("chunk", [1, 700, 1 << 30])
def test_chunks_do_not_change_the_result(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    g = scene(n=12).replace(height=9, width=14)
    leaves = tensors(g, torch.float64)
    expected = imagegs.torch.render(*leaves, **view_of(g))
    monkeypatch.setattr(twin, "CHUNK", chunk)
    picture = imagegs.torch.render(*leaves, **view_of(g))
    assert torch.equal(picture, expected)
    for a, b in zip(
        torch.autograd.grad(picture.square().sum(), leaves),
        torch.autograd.grad(expected.square().sum(), leaves),
        strict=True,
    ):
        assert largest_difference(a, b) < 1e-12


def test_memory_for_backward_does_not_grow_with_gaussians(monkeypatch: pytest.MonkeyPatch) -> None:
    """Autograd holds the choices of the pixels, and no exponent of a pair."""
    monkeypatch.setattr(twin, "CHUNK", 1 << 12)
    held = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: held.append(t.numel() * t.element_size()) or t, lambda t: t
    ):
        g = scene(n=500)
        imagegs.torch.render(*tensors(g, torch.float64), **view_of(g))
    assert max(held) < 33 * 47 * 500 / 10


def test_nothing_is_seen_far_from_all_in_the_paper_blend() -> None:
    g = scene("paper", n=1).replace(xy=np.full((1, 2), 500.0))
    for dtype in (torch.float32, torch.float64):
        leaves = tensors(g, dtype)
        picture = imagegs.torch.render(*leaves, **view_of(g))
        assert not picture.any()
        picture.sum().backward()
        assert not any(leaf.grad.any() for leaf in leaves)


def test_float32_on_other_devices_runs_the_twin_and_says_so_once() -> None:
    """The device "meta" has shapes and no numbers; so the check of numbers is what ends the second call."""
    backends._warn_of_the_twin.cache_clear()
    device = torch.device("meta")
    with pytest.warns(UserWarning, match="plain tensor operations on the device 'meta', which is slow"):
        assert backends.choose(device, torch.float32) == "twin"
    assert backends.choose(device, torch.float32) == "twin"  # a second warning would be an error here
    assert backends.choose(device, torch.float64) == "twin"
    backends._warn_of_the_twin.cache_clear()


def test_the_twin_in_float32() -> None:
    g = scene()
    view = View(33, 47, "softmax", False, Region(0, 0, 47, 33), (1.0, 1.0))
    xy, scale, angle, log_weight, color = tensors(g)
    planes = twin.paint((xy, scale, angle, log_weight, color), view)
    assert planes.dtype == torch.float32
    np.testing.assert_allclose(planes.detach().permute(1, 2, 0), imagegs.render(g), atol=3e-5)


def test_a_scene_far_from_its_canvas() -> None:
    """The whitened frame loses no digits: a needle, seen from afar."""
    g = Gaussians(
        xy=[[-900.0, 4.0], [30.0, 900.0]],
        scale=[[400.0, 0.5], [0.3, 300.0]],
        angle=[0.01, -0.02],
        log_weight=[0.0, 0.0],
        color=[[0.0], [1.0]],
        height=8,
        width=8,
        channels=("Y",),
    )
    single = imagegs.torch.render(*tensors(g), **view_of(g))
    double = imagegs.torch.render(*tensors(g, torch.float64), **view_of(g))
    assert largest_difference(single, double) < 1e-3
