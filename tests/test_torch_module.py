"""Gaussians as a module."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imagegs
from requirements import need_torch
from torch_scenes import NAMES, scene, tensors

torch = need_torch()
from imagegs.torch import GaussianImage  # noqa: E402

PARAMETERS = {"xy", "log_scale", "angle", "log_weight", "color"}


def module(blend: Any = "softmax", wrap: bool = False) -> GaussianImage:
    return GaussianImage.from_gaussians(scene(blend, wrap))


@pytest.mark.parametrize("blend, wrap", [("softmax", False), ("softmax", True), ("paper", False)])
def test_there_and_back(blend: Any, wrap: bool) -> None:
    g = scene(blend, wrap).replace(bit_depth=16, channels=("a", "b", "c"))
    back = GaussianImage.from_gaussians(g).to_gaussians()
    for name in NAMES:
        np.testing.assert_allclose(getattr(back, name), getattr(g, name), rtol=1e-6)
    for name in ("height", "width", "channels", "blend", "wrap", "bit_depth"):
        assert getattr(back, name) == getattr(g, name)


def test_it_paints_as_the_functions_do() -> None:
    found, g = module(), scene()
    np.testing.assert_allclose(found().detach(), imagegs.render(g), atol=1e-5)
    part = found(region=(0, 4, 9, 8), size=(99, 141))
    np.testing.assert_allclose(part.detach(), imagegs.render(g, scale=3, region=(0, 4, 9, 8)), atol=1e-5)
    points = torch.tensor([[3.0, 4.0]])
    np.testing.assert_allclose(found.sample(points).detach(), imagegs.sample(g, points.numpy()), atol=1e-5)


def test_it_is_trained_and_saved_as_a_file(tmp_path: Path) -> None:
    found = module()
    optimizer = torch.optim.Adam(found.parameter_groups())
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = (found() - 0.5).square().mean()
        loss.backward()
        optimizer.step()
        found.clamp_()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    imagegs.save(tmp_path / "a.gsimg", found.to_gaussians())
    loaded = imagegs.load(tmp_path / "a.gsimg")
    assert np.abs(imagegs.render(loaded) - found().detach().numpy()).mean() < 0.003


def test_the_groups_have_all_that_is_trained() -> None:
    for blend, names in (("softmax", PARAMETERS), ("paper", PARAMETERS - {"log_weight"})):
        found = module(blend)
        groups = {id(group["params"][0]): group["lr"] for group in found.parameter_groups(0.5)}  # type: ignore[index]
        trained = {name: p for name, p in found.named_parameters() if p.requires_grad}
        assert trained.keys() == names and groups.keys() == {id(p) for p in trained.values()}
        full = [group["lr"] for group in found.parameter_groups()]
        assert list(groups.values()) == pytest.approx([0.5 * rate for rate in full])  # type: ignore[operator]


def test_its_state_is_loaded_and_copied() -> None:
    first, second = module(), GaussianImage.from_gaussians(scene().replace(color=np.zeros((60, 3))))
    assert first.state_dict().keys() == PARAMETERS
    stored = io.BytesIO()
    torch.save(first.state_dict(), stored)
    stored.seek(0)
    second.load_state_dict(torch.load(stored))
    for other in (second, copy.deepcopy(first)):
        assert torch.equal(other(), first())
    with pytest.raises(RuntimeError, match="size mismatch for xy"):
        GaussianImage.from_gaussians(scene(n=9)).load_state_dict(first.state_dict())


def test_its_dtype() -> None:
    found = GaussianImage.from_gaussians(scene(), dtype=torch.float64)
    assert found().dtype == torch.float64 and module().double()().dtype == torch.float64
    found.to_gaussians()


def test_what_it_tells_of_itself() -> None:
    assert repr(module(wrap=True)) == "GaussianImage(n=60, 47 x 33, c0c1c2, softmax, wrap=True)"


def test_it_has_its_own_memory() -> None:
    five = tensors(scene(), grad=False)
    found = GaussianImage(*five, height=33, width=47)
    five[0].zero_()
    assert found.xy.any()


@pytest.mark.parametrize(
    "changes, error, told",
    [
        ({"height": 0}, ValueError, "1 to 65535 pixels"),
        ({"blend": "paper", "wrap": True}, ValueError, "only the softmax blend wraps"),
        ({"channels": ("R", "G")}, ValueError, r"color has shape \(60, 3\), expected \(60, 2\)"),
        ({"channels": ["R", "G", "B"]}, TypeError, "channels are a tuple of names"),
        ({"bit_depth": 9}, ValueError, "bit depth"),
    ],
)
def test_bad_arguments(changes: dict[str, Any], error: type[Exception], told: str) -> None:
    options = {"height": 33, "width": 47} | changes
    with pytest.raises(error, match=told):
        GaussianImage(*tensors(scene(), grad=False), **options)


@pytest.mark.parametrize("name, value", [("scale", 0.0), ("scale", -1.0), ("xy", float("nan"))])
def test_bad_numbers(name: str, value: float) -> None:
    five = dict(zip(NAMES, tensors(scene(), grad=False), strict=True))
    five[name][3] = value
    with pytest.raises(ValueError, match=name):
        GaussianImage(*five.values(), height=33, width=47)


@pytest.mark.parametrize("wrap", [False, True])
def test_numbers_are_brought_back_into_their_ranges(wrap: bool) -> None:
    found = module(wrap=wrap)
    with torch.no_grad():
        found.xy[0], found.xy[1] = torch.tensor([-5.0, 40.0]), torch.tensor([50.0, 8.0])
        found.log_scale[0], found.log_scale[1] = -20, 20
        found.log_weight[0], found.color[0] = 500, -1e9
    with pytest.raises(ValueError, match="beyond"):
        found.to_gaussians()
    found.clamp_()
    g = found.to_gaussians()
    expected = [[42, 7], [3, 8]] if wrap else [[0, 33], [47, 8]]
    np.testing.assert_allclose(g.xy[:2], expected)
    assert g.scale[0, 0] == pytest.approx(2.0**-10, rel=1e-4) and g.scale[1, 0] == pytest.approx(
        2.0**20, rel=1e-4
    )
    assert g.log_weight[0] == 128 and g.color[0, 0] == -(2.0**20)


def test_a_fit_that_went_astray_is_told_of() -> None:
    found = module()
    with torch.no_grad():
        found.xy[0] = float("nan")
    with pytest.raises(ValueError, match="xy has values that are not finite"):
        found.to_gaussians()
    with pytest.raises(ValueError, match="xy has values that are not finite"):
        found()
