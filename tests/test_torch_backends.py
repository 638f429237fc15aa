"""Who paints what, and what the operator makes of kernels that take whole canvases and points only."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

import imagegs
from requirements import need_torch
from torch_scenes import NAMES, largest_difference, scene, tensors, view_of

torch = need_torch()
import imagegs.torch  # noqa: E402
from imagegs.torch import backends, functions, native_backend, ops, triton_backend  # noqa: E402
from imagegs.torch.views import View  # noqa: E402


@pytest.mark.parametrize(
    "device, dtype, triton, expected",
    [
        ("cpu", "float32", True, "native"),
        ("cpu", "float64", True, "twin"),
        ("cuda", "float32", True, "triton"),
        ("cuda:1", "float32", True, "triton"),
        ("cuda", "float64", True, "twin"),
        ("cuda", "float32", False, "twin"),
        ("mps", "float32", True, "twin"),
        ("xpu", "float64", False, "twin"),
    ],
)
@pytest.mark.filterwarnings("ignore:imagegs.torch paints by plain:UserWarning")
def test_the_choice(
    device: str, dtype: str, triton: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "has_triton", lambda: triton)
    assert backends.choose(torch.device(device), getattr(torch, dtype)) == expected


class Kernels(ModuleType):
    """The interface of the Triton kernels, by the native ones; it notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__("imagegs.torch.triton")
        self.asked: list[Any] = []

    def forward(self, *args: Any) -> tuple[Any, Any]:
        *five, height, width, blend, wrap, points = args
        assert all(tensor.is_contiguous() for tensor in five)
        self.asked.append(None if points is None else len(points))
        region = imagegs.rendering.Region(0, 0, width, height)
        view = View(height, width, blend, wrap, region, (1.0, 1.0), points)
        shape = (five[4].shape[1], height, width) if points is None else (len(points), five[4].shape[1])
        out = torch.empty(shape)
        kept = native_backend.paint(tuple(five), view, out, True)
        return out if points is not None else out.permute(1, 2, 0), (kept, five, view, out)

    def backward(self, saved: Any, grad: Any) -> Any:
        kept, five, view, out = saved
        assert grad.is_contiguous() and grad.ndim == (3 if view.points is None else 2)
        grad = grad if view.points is not None else grad.permute(2, 0, 1).contiguous()
        return native_backend.gradients(kept, tuple(five), view, out, grad)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Kernels:
    """Stands for the Triton kernels, and paints all float32 tensors."""
    found = Kernels()
    monkeypatch.setitem(sys.modules, "imagegs.torch.triton", found)
    for module in (functions, ops):
        monkeypatch.setattr(
            module, "choose", lambda device, dtype: "triton" if dtype == torch.float32 else "twin"
        )
    return found


@pytest.mark.parametrize(
    "options, asked",
    [
        ({}, None),
        ({"region": (3, 5, 20, 11)}, 220),
        ({"size": (66, 94)}, 66 * 94),
        ({"size": (11, 16), "region": (0, 0, 2, 2)}, 36),
    ],
)
def test_pictures_of_kernels_for_devices(
    options: dict[str, Any], asked: int | None, kernels: Kernels
) -> None:
    g = scene()
    leaves, twins = tensors(g), tensors(g, torch.float64)
    for each in (leaves, twins):
        imagegs.torch.render(*each, **view_of(g), **options).square().sum().backward()
    assert kernels.asked == [asked]
    for name, a, b in zip(NAMES, leaves, twins, strict=True):
        assert largest_difference(a.grad, b.grad) < 2e-5, name


def test_points_and_batches_of_kernels_for_devices(kernels: Kernels) -> None:
    g = scene()
    xy, *others = tensors(g)
    points = torch.rand(12, 2) * 30
    both = torch.stack([xy, xy + 1])
    colors = imagegs.torch.sample(both, *others, points, **view_of(g))
    assert kernels.asked == [12, 12]
    expected = imagegs.sample(g, points.numpy())
    assert largest_difference(colors[0], torch.tensor(expected)) < 1e-6
    (gradient,) = torch.autograd.grad(colors.sum(), xy)
    assert gradient.shape == xy.shape and gradient.any()


def test_the_real_kernels_have_that_interface() -> None:
    if not backends.has_triton():
        pytest.skip("Triton or the kernels for it are missing")
    kernels = triton_backend._kernels()
    assert callable(kernels.forward) and callable(kernels.backward)
