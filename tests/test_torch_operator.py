"""The operator on the CPU: values, gradients, what autograd and torch.compile make of it."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import imagegs
import oracle
from requirements import need_torch
from torch_scenes import KINDS, NAMES, largest_difference, near_a_change, scene, tensors, view_of

torch = need_torch()
import imagegs.torch  # noqa: E402
from imagegs.torch import native_backend, ops, saved  # noqa: E402

VIEWS: list[dict[str, Any]] = [
    {},
    {"region": (3, 5, 20, 11)},
    {"size": (70, 91)},
    {"size": (70, 91), "region": (40, 30, 51, 40)},
    {"size": (9, 13)},
    {"size": (3, 4), "region": (1, 1, 3, 2)},
    {"size": (9, 13), "filtered": False},
]


def gradients(loss: Any, leaves: list[Any]) -> tuple[Any, ...]:
    return torch.autograd.grad(loss, leaves, retain_graph=True)  # type: ignore[no-any-return]


@pytest.mark.parametrize("blend, wrap", KINDS)
def test_pictures_are_those_of_the_package(blend: Any, wrap: bool) -> None:
    g = scene(blend, wrap)
    for grad in (True, False):
        picture = imagegs.torch.render(*tensors(g, grad=grad), **view_of(g))
        assert picture.shape == (33, 47, 3) and picture.requires_grad == grad
        np.testing.assert_array_equal(picture.detach(), imagegs.render(g))
    doubled = imagegs.torch.render(*tensors(g), **view_of(g), size=(66, 94))
    np.testing.assert_allclose(doubled.detach(), imagegs.render(g, scale=2), atol=1e-6)
    small = imagegs.torch.render(*tensors(g), **view_of(g), size=(11, 16), region=(2, 3, 9, 8))
    expected = imagegs.render(g, height=11, region=(2, 3, 9, 8))
    np.testing.assert_allclose(small.detach(), expected, atol=1e-6)


@pytest.mark.parametrize("blend, wrap", KINDS)
@pytest.mark.parametrize("view", VIEWS)
def test_gradients_are_those_of_the_twin(blend: Any, wrap: bool, view: dict[str, Any]) -> None:
    """In float64 and by autograd alone; pixels count where both are sure to choose the same Gaussians."""
    g = scene(blend, wrap)
    single, double = tensors(g), tensors(g, torch.float64)
    picture, expected = (imagegs.torch.render(*each, **view_of(g), **view) for each in (single, double))
    weight = torch.rand(picture.shape, generator=torch.Generator().manual_seed(0))
    if not view:
        unsure = near_a_change(g, oracle.pixel_centres(47, 33)).reshape(33, 47)
        assert unsure.mean() < 0.1
        weight[torch.tensor(unsure)] = 0
    assert largest_difference(picture * weight, expected * weight) < 3e-6
    found = gradients((picture * weight).sum(), single)
    for name, a, b in zip(NAMES, found, gradients((expected * weight).sum(), double), strict=True):
        assert a.dtype == torch.float32 and largest_difference(a, b) < 1e-5, name


@pytest.mark.parametrize("blend, wrap", KINDS)
def test_colors_at_points_and_their_gradients(blend: Any, wrap: bool) -> None:
    g = scene(blend, wrap)
    points = torch.rand(400, 2, generator=torch.Generator().manual_seed(1)) * 60 - 6
    single, double = tensors(g), tensors(g, torch.float64)
    colors = imagegs.torch.sample(*single, points, **view_of(g))
    np.testing.assert_array_equal(colors.detach(), imagegs.sample(g, points.numpy()))
    expected = imagegs.torch.sample(*double, points.double(), **view_of(g))
    weight = torch.rand(colors.shape, generator=torch.Generator().manual_seed(2))
    found = gradients((colors * weight).sum(), single)
    for name, a, b in zip(NAMES, found, gradients((expected * weight).sum(), double), strict=True):
        assert largest_difference(a, b) < 1e-5, name


@pytest.mark.parametrize("channels", [1, 2, 12, 32])
def test_numbers_of_channels(channels: int) -> None:
    g = scene(n=20, channels=channels)
    leaves, twins = tensors(g), tensors(g, torch.float64)
    for each in (leaves, twins):
        imagegs.torch.render(*each, **view_of(g)).square().sum().backward()
    for a, b in zip(leaves, twins, strict=True):
        assert largest_difference(a.grad, b.grad) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batches_are_their_pictures(dtype: Any) -> None:
    """Leading dimensions broadcast, and shared tensors get the sum of the gradients."""
    xy, scale, angle, log_weight, color = tensors(scene(n=9), dtype, grad=False)
    many = torch.stack([xy, xy + 3, xy - 2]).reshape(3, 1, 9, 2).requires_grad_()
    colors = torch.stack([color, 1 - color]).requires_grad_()
    picture = imagegs.torch.render(many, scale, angle, log_weight, colors, 33, 47)
    assert picture.shape == (3, 2, 33, 47, 3)
    weight = torch.rand(picture.shape, dtype=dtype)
    of_many, of_colors = gradients((picture * weight).sum(), [many, colors])
    total = torch.zeros_like(colors)
    for i in range(3):
        for j in range(2):
            one = many.detach()[i, 0].requires_grad_(), colors.detach()[j].requires_grad_()
            alone = imagegs.torch.render(one[0], scale, angle, log_weight, one[1], 33, 47)
            assert torch.equal(alone, picture[i, j])
            total[j] += gradients((alone * weight[i, j]).sum(), [one[1]])[0]
    assert of_many.shape == many.shape and largest_difference(of_colors, total) < 1e-6
    points = torch.rand(2, 5, 2, dtype=dtype) * 30
    colors_at = imagegs.torch.sample(many, scale, angle, log_weight, color, points, height=33, width=47)
    assert colors_at.shape == (3, 2, 5, 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_empty_batches_and_no_points(dtype: Any) -> None:
    xy, scale, angle, log_weight, color = tensors(scene(n=9), dtype)
    none = xy.expand(0, 9, 2)
    picture = imagegs.torch.render(none, scale, angle, log_weight, color, 33, 47)
    assert picture.shape == (0, 33, 47, 3)
    picture.sum().backward()
    assert torch.equal(color.grad, torch.zeros_like(color))
    places = torch.zeros(0, 2, dtype=dtype)
    colors = imagegs.torch.sample(xy, scale, angle, log_weight, color, places, height=33, width=47)
    assert colors.shape == (0, 3)
    assert not any(gradient.any() for gradient in gradients(colors.sum(), [xy, color]))
    nobody = imagegs.torch.sample(none, scale, angle, log_weight, color, places, height=33, width=47)
    assert nobody.shape == (0, 0, 3)


def test_any_layout_of_memory_will_do() -> None:
    g = scene()
    leaves = tensors(g)
    spread = [torch.stack([leaf, leaf], dim=-1)[..., 0] for leaf in leaves]
    assert not spread[0].is_contiguous()
    picture, same = (imagegs.torch.render(*each, **view_of(g)) for each in (leaves, spread))
    assert torch.equal(picture, same)
    slope = torch.rand(3, 47, 33).permute(2, 1, 0)
    for a, b in zip(
        torch.autograd.grad(picture, leaves, slope), torch.autograd.grad(same, leaves, slope), strict=True
    ):
        assert torch.equal(a, b)
    one = [leaf[:1].detach().expand_as(leaf) for leaf in leaves]
    assert imagegs.torch.render(*one, **view_of(g)).isfinite().all()


def test_only_those_get_gradients_that_want_them() -> None:
    g = scene()
    leaves = tensors(g, grad=False)
    leaves[4].requires_grad_()
    imagegs.torch.render(*leaves, **view_of(g)).sum().backward()
    assert [leaf.grad is not None for leaf in leaves] == [False] * 4 + [True]


def test_results_are_the_same_bits_on_every_run_and_with_any_threads() -> None:
    g = scene(n=300)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            leaves = tensors(g)
            picture = imagegs.torch.render(*leaves, **view_of(g))
            found.append([picture, *gradients(picture.square().sum(), leaves)])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_the_planes_of_a_picture_are_contiguous() -> None:
    """So that a network of convolutions takes them as they are."""
    g = scene()
    assert imagegs.torch.render(*tensors(g), **view_of(g)).movedim(-1, -3).is_contiguous()


def test_backward_twice_and_backward_after_others() -> None:
    g, other = scene(), scene(n=30)
    leaves = tensors(g)
    picture = imagegs.torch.render(*leaves, **view_of(g))
    first = gradients(picture.square().sum(), leaves)
    imagegs.torch.render(*tensors(other), **view_of(other)).sum().backward()
    for a, b in zip(first, gradients(picture.square().sum(), leaves), strict=True):
        assert torch.equal(a, b)


def test_what_is_kept_lives_as_long_as_the_graph() -> None:
    g = scene()
    gc.collect()
    before = len(saved._kept)
    picture = imagegs.torch.render(*tensors(g), **view_of(g))
    assert len(saved._kept) == before + 1
    loss = picture.sum()
    del picture
    loss.backward()
    del loss
    gc.collect()
    assert len(saved._kept) == before
    with torch.no_grad():
        imagegs.torch.render(*tensors(g), **view_of(g))
    assert len(saved._kept) == before


@pytest.mark.parametrize("points", [False, True])
def test_a_copied_token_costs_another_picture_and_no_accuracy(
    points: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    g = scene()
    painted = []
    paint = native_backend.paint
    monkeypatch.setattr(native_backend, "paint", lambda *args: painted.append(1) or paint(*args))

    def slopes() -> tuple[Any, ...]:
        leaves = tensors(g)
        where = torch.tensor([[3.0, 4.0], [20.0, 9.0]])
        if points:
            return gradients(imagegs.torch.sample(*leaves, where, **view_of(g)).sum(), leaves)
        return gradients(imagegs.torch.render(*leaves, **view_of(g)).sum(), leaves)

    expected = slopes()
    assert len(painted) == 1
    monkeypatch.setattr(saved, "recall", lambda token: None)
    assert all(torch.equal(a, b) for a, b in zip(slopes(), expected, strict=True))
    assert len(painted) == 3


def test_a_picture_that_is_overwritten_is_noticed() -> None:
    g = scene()
    picture = imagegs.torch.render(*tensors(g), **view_of(g))
    picture.clamp_(0, 0.5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        picture.sum().backward()


def test_second_derivatives_are_refused_in_words() -> None:
    g = scene()
    leaves = tensors(g)
    loss = imagegs.torch.render(*leaves, **view_of(g)).square().sum()
    first = torch.autograd.grad(loss, leaves, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        first[0].sum().backward()


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("blend, wrap", KINDS)
def test_opcheck(blend: Any, wrap: bool, points: bool) -> None:
    """Schema, autograd registration, fake kernels, static and dynamic shapes under AOT autograd."""
    batch = [tensor.detach()[None].requires_grad_() for tensor in tensors(scene(blend, wrap))]
    where = torch.rand(1, 7, 2) * 30 if points else None
    view = where, [33, 47], blend, wrap, [2, 3, 20, 10], [1.0, 1.5]
    torch.library.opcheck(ops.paint, (*batch, *view, True))
    picture, token = (t.detach() for t in ops.paint(*batch, *view, False))
    others = [tensor.detach() for tensor in batch]
    torch.library.opcheck(ops.paint_backward, (torch.rand_like(picture), picture, token, *others, *view))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_compiles_to_one_graph(dtype: Any) -> None:
    g = scene(n=20)

    def loss(*leaves: Any) -> Any:
        picture = imagegs.torch.render(*leaves, **view_of(g), size=(16, 24), region=(1, 2, 20, 10))
        if dtype == torch.float64:  # the twin is plain operations, a long graph
            return picture.square().mean()
        points = leaves[0].detach()
        return picture.square().mean() + imagegs.torch.sample(*leaves, points, **view_of(g)).abs().sum()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    leaves, plain = tensors(g, dtype), tensors(g, dtype)
    compiled(*leaves).backward()
    loss(*plain).backward()
    for a, b in zip(leaves, plain, strict=True):
        assert largest_difference(a.grad, b.grad) < 1e-6


@pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")  # within PyTorch
def test_the_partition_of_inductor_keeps_the_token() -> None:
    """It chooses what of the forward graph is kept for backward; without its compiler of C++."""
    g, painted = scene(n=20), []
    compiled = torch.compile(
        lambda *leaves: imagegs.torch.render(*leaves, **view_of(g)).sigmoid().mean(),
        fullgraph=True,
        backend="aot_eager_decomp_partition",
    )
    leaves, plain = tensors(g), tensors(g)
    loss = compiled(*leaves)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native_backend, "paint", lambda *args: painted.append(1))
        loss.backward()
    assert not painted
    imagegs.torch.render(*plain, **view_of(g)).sigmoid().mean().backward()
    for a, b in zip(leaves, plain, strict=True):
        assert largest_difference(a.grad, b.grad) < 1e-5
