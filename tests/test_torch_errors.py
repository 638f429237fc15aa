"""Bad input of the operator: which error, and what it says."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import imagegs
from requirements import need_torch
from test_architecture import modules_after
from torch_scenes import NAMES, scene, tensors, view_of

torch = need_torch()
import imagegs.torch  # noqa: E402
from imagegs.torch import ops  # noqa: E402

DTYPES = [torch.float32, torch.float64]


def five(**changes: Any) -> list[Any]:
    """The tensors of a scene, some of them others."""
    values = dict(zip(NAMES, tensors(scene(n=9), grad=False), strict=True))
    return list((values | changes).values())


def render(**changes: Any) -> Any:
    return imagegs.torch.render(*five(**changes), 33, 47)


@pytest.mark.parametrize(
    "name, shape, told",
    [
        ("xy", (9, 3), r"xy has shape \(9, 3\), expected \[..., N, 2\]"),
        ("xy", (9,), r"xy has shape \(9,\)"),
        ("scale", (9,), r"scale has shape \(9,\), expected \[..., N, 2\]"),
        ("angle", (), r"angle has shape \(\), expected \[..., N\]"),
        ("color", (9,), r"color has shape \(9,\), expected \[..., N, C\]"),
        ("color", (8, 3), "different numbers of Gaussians"),
        ("angle", (1,), "different numbers of Gaussians"),
        ("color", (9, 0), "1 to 32 channels are possible, not 0"),
        ("color", (9, 33), "1 to 32 channels are possible, not 33"),
    ],
)
def test_shapes(name: str, shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        render(**{name: torch.ones(shape)})


def test_leading_dimensions_that_do_not_broadcast() -> None:
    with pytest.raises(RuntimeError, match=r"[Bb]roadcast"):
        render(xy=torch.ones(2, 9, 2), color=torch.ones(3, 9, 3))


def test_no_gaussians() -> None:
    none = [tensor[:0] for tensor in five()]
    with pytest.raises(ValueError, match="at least one Gaussian is needed"):
        imagegs.torch.render(*none, 33, 47)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.complex64])
def test_dtypes(dtype: Any) -> None:
    with pytest.raises(TypeError, match=f"color is {dtype}, not torch.float32 or torch.float64"):
        render(color=torch.ones(9, 3, dtype=dtype))


def test_what_is_no_tensor() -> None:
    with pytest.raises(TypeError, match="angle is a list, not a tensor"):
        render(angle=[0.0] * 9)


def test_mixed_dtypes_and_devices() -> None:
    with pytest.raises(RuntimeError, match=r"the same dtype \(xy: torch.float32, scale: torch.float64"):
        render(scale=torch.ones(9, 2, dtype=torch.float64))
    with pytest.raises(RuntimeError, match=r"the same device \(.*color: meta"):
        render(color=torch.ones(9, 3, device="meta"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite(dtype: Any, name: str, value: float) -> None:
    values = dict(zip(NAMES, tensors(scene(n=9), dtype, grad=False), strict=True))
    values[name].view(-1)[4] = value
    with pytest.raises(ValueError, match=f"{name} has values that are not finite"):
        imagegs.torch.render(*values.values(), 33, 47)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name, value, told",
    [
        ("scale", 0.0, "scale has values below 0.000976"),
        ("scale", -1.0, "scale has values below 0.000976"),
        ("scale", 2.0**21, "scale has values beyond"),
        ("xy", -(2.0**21), "xy has values beyond"),
        ("log_weight", 129.0, "log_weight has values beyond 128"),
        ("color", 2.0**21, "color has values beyond"),
    ],
)
def test_numbers_out_of_range(dtype: Any, name: str, value: float, told: str) -> None:
    values = dict(zip(NAMES, tensors(scene(n=9), dtype, grad=False), strict=True))
    values[name].view(-1)[4] = value
    with pytest.raises(ValueError, match=told):
        imagegs.torch.render(*values.values(), 33, 47)


def test_the_ends_of_the_ranges_are_in_them() -> None:
    ends = five(scale=torch.full((9, 2), 2.0**-10), log_weight=torch.full((9,), -128.0))
    assert imagegs.torch.render(*ends, 33, 47).isfinite().all()


@pytest.mark.parametrize(
    "height, width, error, told",
    [
        (0, 47, ValueError, "1 to 65535 pixels, not 0"),
        (33, 65_536, ValueError, "1 to 65535 pixels, not 65536"),
        (33.0, 47, TypeError, "a whole number of pixels, not 33.0"),
        (True, 47, TypeError, "a whole number of pixels, not True"),
    ],
)
def test_canvases(height: Any, width: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        imagegs.torch.render(*five(), height, width)
    with pytest.raises(error, match=told):
        imagegs.torch.sample(*five(), torch.zeros(1, 2), height=height, width=width)


@pytest.mark.parametrize(
    "options, told",
    [
        ({"blend": "mean"}, "unknown blend: 'mean'"),
        ({"blend": "paper", "wrap": True}, "only the softmax blend wraps"),
        ({"region": (40, 0, 8, 8)}, r"region \(40, 0, 8, 8\) is not inside the picture of 47 x 33"),
        ({"region": (0, 0, 0, 8)}, "is not inside"),
        ({"region": (-1, 0, 5, 8)}, "is not inside"),
        ({"size": (0, 8)}, "a side of a picture is 1 to 8388607 pixels"),
        ({"size": (8, 2**23)}, "a side of a picture is 1 to 8388607 pixels"),
        ({"size": (8, 8), "region": (0, 0, 9, 8)}, "is not inside the picture of 8 x 8"),
    ],
)
def test_options(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        imagegs.torch.render(*five(), 33, 47, **options)


@pytest.mark.parametrize(
    "points, error, told",
    [
        (torch.zeros(4, 3), ValueError, r"points has shape \(4, 3\), expected \[..., M, 2\]"),
        (torch.full((1, 2), float("nan")), ValueError, "points has values that are not finite"),
        (torch.zeros(1, 2, dtype=torch.float64), RuntimeError, "the same dtype"),
        (torch.zeros(1, 2, dtype=torch.int64), TypeError, "points is torch.int64"),
        (torch.zeros(1, 2, requires_grad=True), RuntimeError, r"no gradient .* detach\(\)"),
    ],
)
def test_points(points: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        imagegs.torch.sample(*five(), points, height=33, width=47)


def test_the_operator_itself_has_kernels_for_float32_only() -> None:
    batch = [tensor[None] for tensor in tensors(scene(n=9), torch.float64, grad=False)]
    with pytest.raises(RuntimeError, match=r"no kernels for torch.float64 on cpu"):
        ops.paint(*batch, None, [33, 47], "softmax", False, [0, 0, 47, 33], [1.0, 1.0], False)


def test_a_loss_that_is_not_finite_gives_gradients_that_are_not() -> None:
    """As elsewhere in PyTorch, and no crash."""
    leaves = tensors(scene(n=9))
    picture = imagegs.torch.render(*leaves, **view_of(scene(n=9)))
    (picture / 0.0).sum().backward()
    assert not leaves[4].grad.isfinite().all()


def test_nothing_else_loads_pytorch() -> None:
    loaded = modules_after("import imagegs, imagegs.cli, imagegs.fitting, imagegs.compression")
    assert "torch" not in loaded and "imagegs.torch" not in loaded


def test_without_pytorch_the_message_names_the_extra() -> None:
    code = "import sys; sys.modules['torch'] = None; import imagegs.torch"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "ImportError: imagegs.torch needs PyTorch: pip install 'imagegs[torch]'" in ended.stderr
