"""Fits on a device, by stand-ins for the card: the losses and gradients of PyTorch, whole fits, refusals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

import imagegs
import oracle
from imagegs.cli import main
from imagegs.errors import ImageGSError
from imagegs.fitting.device import choosing
from imagegs.fitting.objective import LossWeights, Objective
from imagegs.fitting.visual import Observer
from imagegs.metrics import psnr
from test_gradients import arrays_of

from triton_interpreter import kernels  # isort: skip
import torch

import twin_kernels
from imagegs.fitting.device.objective import DeviceObjective
from imagegs.fitting.device.observer import DeviceObserver

LOSSES = {
    "l1": LossWeights(l1=1.0),
    "l2": LossWeights(l2=1.0),
    "ssim": LossWeights(l2=1.0, ssim=0.03),
    "visual": LossWeights(l2=1.0, visual=1e-4),
}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A card: the CPU of PyTorch, one thread of it, on which the plain twin paints."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(choosing, "TORCH_DEVICE", "cpu")
    monkeypatch.setattr(choosing, "what_a_card_lacks", lambda: None)
    monkeypatch.setitem(sys.modules, "imagegs.torch.triton", twin_kernels)
    yield
    torch.set_num_threads(threads)


def picture(height: int = 48, width: int = 64, channels: int = 3) -> Any:
    y, x = np.mgrid[:height, :width] / height
    planes = [x % 1, np.sin(9 * x * y) / 2 + 0.5, np.hypot(x - 0.6, y - 0.5) < 0.3, 0.25 + y / 2]
    return np.round(255 * np.stack(planes[-channels:], axis=2)).astype(np.uint8)


def objectives(channels: int, weighted: str) -> tuple[Objective, Objective, Any]:
    """A native one, one of a device, and Gaussians for both."""
    rng = np.random.default_rng(0)
    height, width = 37, 50
    g = oracle.random_gaussians(rng, 40, height, width, channels, "softmax")
    smooth = picture(height, width, channels).astype(np.float32) / 255
    target = np.ascontiguousarray(np.moveaxis(smooth, 2, 0))
    shape = {"none": None, "pixels": (height, width), "channels": (channels, height, width)}[weighted]
    weights = None if shape is None else rng.uniform(0.5, 1.5, shape).astype(np.float32)
    of_pixels = weights if weighted == "pixels" else None
    factors = np.linspace(0.9, 1.1, channels).astype(np.float32)
    native = Objective(target, "softmax", 1, weights)
    native.observer = Observer(native.engine, target, factors, of_pixels)
    observer = DeviceObserver("cpu", target, factors, of_pixels)
    return native, DeviceObjective("cpu", target, "softmax", 1, weights, observer=observer), arrays_of(g)


def close(found: Any, expected: Any, tolerance: float = 2e-4) -> None:
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("weighted", ["none", "pixels", "channels"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_slopes_are_those_of_the_native_kernels(
    name: str, channels: int, weighted: str, card: None
) -> None:
    native, device, arrays = objectives(channels, weighted)
    painted, loss = native.render(arrays), LOSSES[name]
    expected, found = np.empty_like(painted), np.empty_like(painted)
    before, now = native.loss(painted, loss, expected), device.loss(painted, loss, found)
    np.testing.assert_allclose(now, before, rtol=1e-4, atol=1e-7)
    close(found, expected)
    np.testing.assert_allclose(device.loss(painted, loss), before, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("weighted", ["none", "pixels", "channels"])
@pytest.mark.parametrize("name", LOSSES)
def test_evaluations_are_those_of_the_native_kernels(name: str, weighted: str, card: None) -> None:
    native, device, arrays = objectives(3, weighted)
    expected, found = (objective.kept(arrays).evaluate(LOSSES[name]) for objective in (native, device))
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-4)
    close(found.gradient, expected.gradient, 1e-3)
    np.testing.assert_allclose(
        device.measure(arrays, LOSSES[name]), native.measure(arrays, LOSSES[name]), rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("weighted", ["none", "pixels", "channels"])
def test_squared_errors_and_stand_ins_are_those_of_the_native_kernels(weighted: str, card: None) -> None:
    native, device, arrays = objectives(3, weighted)
    expected, found = native.squared_error(arrays), device.squared_error(arrays)
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-5)
    close(found.gradient, expected.gradient)
    results = []
    for objective in (native, device):
        kept = objective.kept(arrays)
        kept.evaluate(LOSSES["visual"])
        results.append(objective.squared_error(arrays, kept.stand_in()).gradient)
    close(results[1], results[0], 1e-3)


@pytest.mark.parametrize("weighted", ["none", "pixels", "channels"])
def test_the_triton_kernels_serve_an_objective(weighted: str) -> None:
    """Run by Triton's interpreter: picture, gradient, products, diagonal, removal costs."""
    native, device, arrays = objectives(3, weighted)
    assert isinstance(device, DeviceObjective) and device.kernels is kernels
    ours, theirs, metric = device.kept(arrays), native.kept(arrays), native.pixel_weights
    np.testing.assert_allclose(ours.picture, theirs.picture, atol=1e-5)
    np.testing.assert_allclose(device.render(arrays), theirs.picture, atol=1e-5)
    close(ours.evaluate(LOSSES["l2"]).gradient, theirs.evaluate(LOSSES["l2"]).gradient)
    tangent = np.random.default_rng(1).normal(size=arrays.own_units).astype(np.float32)
    close(ours.normal_product(tangent, metric), theirs.normal_product(tangent, metric))
    close(ours.normal_diagonal(metric), theirs.normal_diagonal(metric))
    close(ours.normal_diagonal(None), theirs.normal_diagonal(None))
    close(ours.removal_cost(metric), theirs.removal_cost(metric))


FITS: list[dict[str, Any]] = [
    {"tune": "psnr"},
    {"tune": "balanced", "layers": 3},
    {"tune": "ssim", "wrap": True},
    {"tune": "visual"},
    {"tune": "balanced", "pixel_weights": np.linspace(0.2, 1, 48 * 64).reshape(48, 64)},
]


@pytest.mark.parametrize("options", FITS, ids=lambda each: "-".join(each) + each["tune"])
def test_a_fit_is_as_good_as_on_the_cpu(options: dict[str, Any], card: None) -> None:
    pixels = picture()
    given = {"steps": 24, **options}
    fits = [imagegs.fit(pixels, 60, **given, device=device, threads=1) for device in ("cpu", "cuda")]
    before, now = (psnr(imagegs.render(each), pixels / 255) for each in fits)
    assert len(fits[1]) == 60 and fits[1].layers == fits[0].layers
    assert abs(now - before) < 0.05


def test_a_fit_for_the_eye_looks_now_and_then_as_on_the_cpu(card: None) -> None:
    """Later steps are not compared: relocations make small differences large, on the CPU alone as well."""
    pixels = picture()
    start = imagegs.fit(pixels, 60, steps=20, threads=1)
    losses = []
    for device in ("cpu", "cuda"):
        given: dict[str, Any] = {"start": start, "steps": 110, "tune": "visual", "device": device}
        steps = imagegs.fit_progressively(pixels, 60, threads=1, **given)
        losses.append([next(steps).loss for _ in range(8)])
    assert losses[1][1] == losses[1][2]  # there was no look in the third step
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)


SHORT = [
    {"tune": "visual", "target_size": 350},
    {"tune": "psnr", "n_gaussians": 20},
    {"tune": "balanced", "n_gaussians": 20},
]


@pytest.mark.parametrize("options", SHORT)
def test_a_compression_is_as_good_as_on_the_cpu(options: dict[str, Any], card: None) -> None:
    """Short fits: settling, pruning and the choice of colours run on the device as well."""
    pixels, given = picture(24, 32), {"steps": 5, "effort": 1, "threads": 1, **options}
    before, now = (imagegs.compress_with_report(pixels, device=on, **given) for on in ("cpu", "cuda"))
    assert abs(now.psnr - before.psnr) < 0.05
    assert abs(len(now.data) - len(before.data)) <= 0.03 * len(before.data)


def test_gray_with_alpha_and_small_pictures_are_fitted(card: None) -> None:
    """Two grounds; sides below the window of SSIM and below the scales of the visual distance."""
    for shape in ((20, 24, 2), (7, 9, 4), (1, 3, 3)):
        pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        given: dict[str, Any] = {"steps": 6, "threads": 1, "tune": "visual"}
        fits = [imagegs.fit(pixels, 3, device=device, **given) for device in ("cpu", "cuda")]
        first, second = (imagegs.render(each) for each in fits)
        np.testing.assert_allclose(second, first, atol=2e-3)


def test_an_unknown_device_is_refused() -> None:
    pixels, unknown = picture(8, 8), cast(Any, "tpu")
    for call in (imagegs.fit, imagegs.compress):
        with pytest.raises(ValueError, match="no device 'tpu'; there are cpu, cuda, auto"):
            call(pixels, device=unknown)


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        ({"torch", "triton"}, "needs torch and triton"),
        ({"triton"}, "needs triton"),
        (set(), "no graphics card that PyTorch"),
    ],
)
def test_what_a_card_lacks_is_told(absent: set[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "find_spec", lambda name: None if name in absent else "found")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    pixels = picture(8, 8)
    for call in (imagegs.fit, imagegs.compress):
        with pytest.raises(ImageGSError, match=told) as error:
            call(pixels, device="cuda")
        assert "\n" not in str(error.value)
    a, b = (imagegs.compress(pixels, n_gaussians=4, steps=2, device=on) for on in ("auto", "cpu"))
    assert a == b


def test_the_paper_recipe_stays_on_the_cpu(card: None) -> None:
    pixels = picture(8, 8)
    with pytest.raises(ValueError, match="paper recipe has no fit on a graphics card"):
        imagegs.fit(pixels, 4, recipe="paper", device="cuda")
    assert len(imagegs.fit(pixels, 4, recipe="paper", steps=2, device="auto")) == 4


def test_the_command_line_has_the_option(tmp_path: Path, card: None, capsys: Any) -> None:
    source, target = tmp_path / "a.png", tmp_path / "a.gsimg"
    Image.fromarray(picture(16, 20)).save(source)
    shared = ["encode", str(source), "-o", str(target), "-n", "5", "--steps", "4"]
    assert main([*shared, "--device", "cuda"]) == 0
    assert len(imagegs.load(target)) == 5
    assert main([*shared, "--device", "cuda", "--recipe", "paper"]) == 2
    assert "--device cuda needs the imagegs recipe" in capsys.readouterr().err


def test_the_command_line_tells_that_there_is_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(
        choosing, "what_a_card_lacks", lambda: "there is no graphics card that PyTorch can use"
    )
    source = tmp_path / "a.png"
    Image.fromarray(picture(16, 20)).save(source)
    assert main(["encode", str(source), "--device", "cuda"]) == 1
    assert (
        capsys.readouterr()
        .err.strip()
        .splitlines()[-1]
        .endswith("there is no graphics card that PyTorch can use")
    )
    assert not source.with_suffix(".gsimg").exists()
