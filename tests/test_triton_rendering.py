"""The Triton kernels, run by Triton's interpreter, against the float64 twin: values, gradients, lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oracle
from imagegs.gaussians import Gaussians
from imagegs.rendering import tile_lists
from triton_cases import NAMES, Case

from triton_interpreter import kernels  # isort: skip
import torch

from imagegs.torch.triton import lists as lists_module

CASES = [
    Case("softmax", 19, 24, 1, 30),
    Case("softmax", 13, 37, 3, 40),
    Case("softmax", 16, 16, 12, 25),
    Case("softmax", 1, 1, 2, 1),
    Case("paper", 21, 17, 4, 30),
    Case("paper", 33, 9, 5, 20),
    Case("softmax", 11, 14, 2, 7, wrap=True),
    Case("softmax", 21, 37, 3, 30, points=300),
    Case("paper", 35, 20, 1, 30, points=40),
    Case("softmax", 18, 12, 1, 6, wrap=True, points=30),
]


def tensors(g: Gaussians) -> list[torch.Tensor]:
    return [torch.tensor(np.array(getattr(g, name))) for name in NAMES]


def painted(g: Gaussians, points: np.ndarray | None = None) -> tuple[torch.Tensor, Any]:
    at = None if points is None else torch.tensor(points, dtype=torch.float32)
    return kernels.forward(*tensors(g), g.height, g.width, g.blend, g.wrap, at)


def check(g: Gaussians, points: np.ndarray | None, clear: float = 1e-4) -> None:
    """Values and gradients at the points whose sets are clear of a change by so many nats."""
    places = oracle.pixel_centres(g.width, g.height) if points is None else points
    out, saved = painted(g, points)
    expected = oracle.evaluate(g, places)
    assert out.shape == ((g.height, g.width) if points is None else (len(points),)) + (len(g.channels),)
    certain = oracle.selection_margin(g, places) >= clear
    assert certain.mean() > 0.95
    np.testing.assert_allclose(out.numpy().reshape(expected.shape)[certain], expected[certain], atol=2e-6)
    slope = np.random.default_rng(1).normal(size=expected.shape) * certain[:, None]
    found = kernels.backward(saved, torch.tensor(slope, dtype=torch.float32).view(out.shape))
    twin = oracle.gradients(g, places, slope)
    for name, gradient in zip(NAMES, found, strict=True):
        scale = max(np.abs(twin[name]).max(), 1e-3)
        np.testing.assert_allclose(gradient.numpy(), twin[name], atol=1e-5 * scale, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(str(part) for part in c))
def test_colours_and_gradients_are_those_of_the_twin(case: Case) -> None:
    check(*case.drawn(np.random.default_rng(3)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("points", [0, 20])
def test_no_kernel_reads_memory_that_nothing_wrote(channels: int, points: int, monkeypatch: Any) -> None:
    """New memory holds numbers whose sum is beyond float32, which is a warning and so an error."""

    def poisoned(new: Any) -> Any:
        def made(*given: Any, **options: Any) -> torch.Tensor:
            memory: torch.Tensor = new(*given, **options)
            return memory.fill_(3e38) if memory.dtype == torch.float32 else memory

        return made

    for home, name in ((torch, "empty"), (torch, "empty_like"), (torch.Tensor, "new_empty")):
        monkeypatch.setattr(home, name, poisoned(getattr(home, name)))
    g = oracle.random_gaussians(np.random.default_rng(3), 6, 18, 12, channels)
    at = np.random.default_rng(0).uniform(0, (12, 18), (points, 2)) if points else None
    out, saved = painted(g, at)
    tangent = torch.ones(6, 6 + channels)
    found = [
        *kernels.backward(saved, torch.ones_like(out)),
        kernels.normal_product(saved, tangent),
        kernels.normal_diagonal(saved),
        kernels.removal_cost(saved, torch.zeros_like(out)),
    ]
    assert all((tensor.abs() < 1e30).all() for tensor in [out, *found])


@pytest.mark.parametrize("blend", ["softmax", "paper"])
def test_of_equal_exponents_the_lower_index_comes_first(blend: Any) -> None:
    """Fourteen Gaussians in one place, of which ten are kept, behind one that is better."""
    rng = np.random.default_rng(0)
    n = 15
    g = oracle.random_gaussians(rng, n, 9, 11, 2, blend)
    same = {name: np.repeat(getattr(g, name)[:1], n, axis=0) for name in ("scale", "angle", "log_weight")}
    xy = np.full((n, 2), 5.3, np.float32)
    xy[9] += 0.01
    check(g.replace(xy=xy, **same), None, clear=0)


def test_a_point_beyond_the_canvas_has_the_colour_of_its_border() -> None:
    g = oracle.random_gaussians(np.random.default_rng(2), 8, 10, 18, 1)
    outside, _ = painted(g, np.array([[-5, 3], [30, 20]]))
    border, _ = painted(g, np.array([[0, 3], [18, 10]]))
    np.testing.assert_array_equal(outside, border)


def test_a_gaussian_that_nothing_sees_has_no_gradient() -> None:
    g = oracle.random_gaussians(np.random.default_rng(2), 3, 8, 8, 1)
    xy = g.xy.copy()
    xy[1] = 5000
    out, saved = painted(g.replace(xy=xy))
    for gradient in kernels.backward(saved, torch.ones_like(out)):
        assert (gradient[1] == 0).all() and (gradient[0] != 0).any()


@pytest.mark.parametrize("blend", ["softmax", "paper"])
def test_lists_are_those_of_the_native_renderer_level_by_level(blend: Any, monkeypatch: Any) -> None:
    """With one node at the top there are three levels on a canvas of 10 x 9 tiles."""
    g = oracle.random_gaussians(np.random.default_rng(7), 60, 140, 155, 1, blend)
    whole = lists_module.Canvas(g.height, g.width, blend == "paper", False, 0.5)
    _, saved = painted(g, np.array([[1.0, 1.0]]))
    canvas = lists_module.Canvas(g.height, g.width, blend == "paper", False, 0.5 if blend == "paper" else 0.0)
    monkeypatch.setattr(lists_module, "ROOTS", 1)
    assert lists_module.spans(whole) == [64, 8, 1]
    found = lists_module.tile_lists(canvas, saved.shapes, None)
    native = tile_lists(g, most_ids=1 << 20)
    np.testing.assert_array_equal(found.offsets, native.offsets)
    np.testing.assert_array_equal(found.ids, native.ids)


def test_lists_of_some_tiles_are_those_of_all() -> None:
    g = oracle.random_gaussians(np.random.default_rng(7), 40, 60, 70, 1)
    _, saved = painted(g, np.array([[1.0, 1.0]]))
    canvas = saved.canvas
    every = lists_module.tile_lists(canvas, saved.shapes, None)
    some = lists_module.tile_lists(canvas, saved.shapes, torch.tensor([3, 11]))
    for tile in range(20):
        first, end = some.offsets[tile : tile + 2]
        expected = every.ids[every.offsets[tile] : every.offsets[tile + 1]] if tile in (3, 11) else []
        np.testing.assert_array_equal(some.ids[first:end], expected)


def test_bad_arguments_are_refused() -> None:
    g = oracle.random_gaussians(np.random.default_rng(2), 3, 8, 8, 2)
    good = tensors(g)

    def refused(
        match: str, *, blend: Any = "softmax", wrap: bool = False, points: Any = None, **changed: Any
    ) -> None:
        given = [changed.get(name, tensor) for name, tensor in zip(NAMES, good, strict=True)]
        with pytest.raises(ValueError, match=match):
            kernels.forward(*given, 8, 8, blend, wrap, points)

    refused("only the softmax blend wraps", blend="paper", wrap=True)
    refused("numbers of one or more", xy=good[0][:2])
    refused("numbers of one or more", angle=good[2][:, None])
    refused("numbers of one or more", color=torch.zeros(3, 33))
    refused("float32, contiguous", xy=good[0].double())
    refused("float32, contiguous", scale=torch.ones(2, 3).T)
    refused("points have the shape", points=torch.zeros(4, 3))
    refused("points have the shape", points=torch.zeros(0, 2))
    with pytest.raises(ValueError, match="numbers of one or more"):
        kernels.forward(*(tensor[:0] for tensor in good), 8, 8, "softmax", False, None)
