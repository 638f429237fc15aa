"""The metrics of a comparison of codecs against the programs that define them."""

from __future__ import annotations

import pickle
import struct
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imagegs.errors import FormatError
from imagegs.evaluation import metrics
from imagegs.evaluation.metrics import METRICS
from imagegs.evaluation.perceptual import lpips
from imagegs.evaluation.perceptual.torch_file import read_tensors
from imagegs.ssimulacra.score import ssimulacra2
from picture_pairs import picture_pair
from requirements import need_bench, need_packages

# Printed by the tool ssimulacra2 of libjxl 0.11.2 (Debian's libjxl-devtools, an x86-64 with AVX-512) for the
# pictures as PNG without colour chunks. The large gradient is one of the pictures where the tool's rounding
# counts: with exact sums its score would be 96.3.
SSIMULACRA2 = [
    (8, 8, "noise", 88.34417),
    (8, 8, "blocks", 84.65283),
    (8, 8, "tint", 99.09802),
    (8, 8, "dither", 98.28447),
    (9, 15, "noise", 83.22229),
    (9, 15, "blocks", 83.42136),
    (9, 15, "tint", 98.85049),
    (9, 15, "dither", 98.19375),
    (16, 40, "noise", 57.34496),
    (16, 40, "blocks", 62.70359),
    (16, 40, "tint", 93.54567),
    (16, 40, "dither", 97.73636),
    (61, 50, "noise", -64.15713),
    (61, 50, "blocks", -55.10524),
    (61, 50, "tint", 83.08844),
    (61, 50, "dither", 92.06579),
    (130, 97, "noise", 4.24598),
    (130, 97, "blocks", -27.15213),
    (130, 97, "tint", 88.93283),
    (130, 97, "dither", 95.51614),
    (257, 300, "noise", 33.06664),
    (257, 300, "blocks", -63.88492),
    (257, 300, "tint", 76.35479),
    (257, 300, "dither", 95.52103),
]

# Of pytorch-msssim 1.0.0, ms_ssim(..., data_range=255), in float64 on PyTorch 2.13.0. There the weights of
# the five scales add up to 1.0001, here to 1: that changes x by up to max(-x ln x) 0.0001 = 0.000037.
MS_SSIM = [
    (161, 200, "noise", 0.893436),
    (161, 200, "blocks", 0.761455),
    (161, 200, "tint", 0.999110),
    (161, 200, "dither", 0.999510),
    (178, 163, "noise", 0.893445),
    (178, 163, "blocks", 0.776176),
    (178, 163, "tint", 0.999110),
    (178, 163, "dither", 0.999533),
]

# Of stlpips-pytorch 0.0.2, LPIPS(net="alex", variant="shift_tolerant"), on PyTorch 2.13.0.
ST_LPIPS = [
    (32, 32, "noise", 0.437890),
    (32, 32, "blocks", 0.415767),
    (32, 32, "tint", 0.021498),
    (45, 70, "noise", 0.415026),
    (45, 70, "blocks", 0.331194),
    (45, 70, "tint", 0.034914),
    (97, 130, "noise", 0.497575),
    (97, 130, "blocks", 0.343435),
    (97, 130, "tint", 0.046732),
]

# Of lpips 0.1.4, LPIPS(net="alex"), on PyTorch 2.13.0 with the weights of `_random_weights`.
LPIPS = [
    (32, 32, "noise", 0.230959),
    (32, 32, "blocks", 0.313117),
    (32, 32, "tint", 0.031178),
    (45, 70, "noise", 0.250969),
    (45, 70, "blocks", 0.374306),
    (45, 70, "tint", 0.046647),
    (97, 130, "noise", 0.253124),
    (97, 130, "blocks", 0.355591),
    (97, 130, "tint", 0.050905),
]


@pytest.mark.parametrize(("height", "width", "change", "score"), SSIMULACRA2)
def test_ssimulacra2_is_that_of_the_tool(height: int, width: int, change: str, score: float) -> None:
    assert ssimulacra2(*picture_pair(height, width, change)) == pytest.approx(score, abs=1e-3)


def test_ssimulacra2_of_equal_pictures_and_of_other_input() -> None:
    a, b = picture_pair(20, 30, "noise")
    assert ssimulacra2(a, a) == 100.0
    with pytest.raises(ValueError, match="differ in shape"):
        ssimulacra2(a, b[:19])
    with pytest.raises(ValueError, match="at least 8 x 8"):
        ssimulacra2(a[:7], b[:7])
    for other in (a[..., :1], a[..., 0], a / 255):
        with pytest.raises(ValueError, match="uint8"):
            ssimulacra2(other, other)


@pytest.mark.parametrize(("height", "width", "change", "value"), MS_SSIM)
def test_ms_ssim_is_that_of_pytorch_msssim(height: int, width: int, change: str, value: float) -> None:
    assert METRICS["ms-ssim"].measure(*picture_pair(height, width, change)) == pytest.approx(value, abs=4e-5)


def test_flip_is_that_of_its_package_on_files(tmp_path: Path) -> None:
    need_packages("flip_evaluator")
    from flip_evaluator import evaluate

    pair = picture_pair(60, 80, "blocks")
    paths = [str(tmp_path / f"{i}.png") for i in range(2)]
    for path, pixels in zip(paths, pair, strict=True):
        Image.fromarray(pixels).save(path)
    value = METRICS["flip"].measure(*pair)
    assert value == pytest.approx(evaluate(*paths, "LDR")[1], abs=1e-6)
    assert METRICS["flip"].measure(pair[0], pair[0]) == 0 < value < 1


@pytest.mark.parametrize(("height", "width", "change", "value"), ST_LPIPS)
def test_st_lpips_is_that_of_its_package(height: int, width: int, change: str, value: float) -> None:
    need_packages("stlpips_pytorch")
    assert lpips.st_lpips(*picture_pair(height, width, change)) == pytest.approx(value, abs=1e-5)


@pytest.fixture(scope="module")
def random_lpips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lpips") / "random.npz"
    np.savez(path, **_random_weights())
    return path


def _random_weights() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    tensors: dict[str, NDArray] = {}
    layers = [("1.0", 3, 64, 11), ("2.3", 64, 192, 5), ("3.6", 192, 384, 3), ("4.8", 384, 256, 3)]
    for i, (layer, n_in, n_out, side) in enumerate([*layers, ("5.10", 256, 256, 3)]):
        deviation = np.sqrt(n_in * side**2 / 2)
        tensors[f"net.slice{layer}.weight"] = rng.standard_normal((n_out, n_in, side, side)) / deviation
        tensors[f"net.slice{layer}.bias"] = 0.1 * rng.standard_normal(n_out)
        tensors[f"lin{i}.model.1.weight"] = rng.random((1, n_out, 1, 1))
    tensors["scaling_layer.shift"] = np.array([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
    tensors["scaling_layer.scale"] = np.array([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


@pytest.mark.parametrize(("height", "width", "change", "value"), LPIPS)
def test_lpips_of_random_weights_is_that_of_its_package(
    height: int, width: int, change: str, value: float, random_lpips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(lpips.VARIABLE, str(random_lpips))
    assert METRICS["lpips"].missing() is None
    measured = METRICS["lpips"].measure(*picture_pair(height, width, change))
    assert measured == pytest.approx(value, abs=1e-5)


def test_networks_need_pictures_of_some_size() -> None:
    need_packages("stlpips_pytorch")
    a, b = picture_pair(32, 40, "noise")
    with pytest.raises(ValueError, match="at least 32 x 32"):
        lpips.st_lpips(a[:31], b[:31])
    with pytest.raises(ValueError, match="differ in shape"):
        lpips.st_lpips(a, b[:, :39])


def test_files_of_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = picture_pair(32, 40, "noise")
    tensors = _random_weights()
    np.savez(tmp_path / "0.npz", **{n: t for n, t in tensors.items() if "lin3" not in n})
    np.savez(tmp_path / "1.npz", **{n: t[:5] for n, t in tensors.items()})
    np.savez(tmp_path / "2.npz", **dict.fromkeys(tensors, np.array([None])))
    with (tmp_path / "5.npz").open("wb") as file:
        np.save(file, a)
    (tmp_path / "3.npz").write_bytes(b"PK\3\4 and no more")
    (tmp_path / "4.npz").write_bytes(pickle.dumps(tensors))
    for i in range(6):
        monkeypatch.setenv(lpips.VARIABLE, str(tmp_path / f"{i}.npz"))
        with pytest.raises(FormatError, match="not the weights of LPIPS"):
            lpips.lpips(a, b)


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (metrics, lpips):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.delenv(lpips.VARIABLE, raising=False)
    reasons = {name: reason for name, metric in METRICS.items() if (reason := metric.missing())}
    assert list(reasons) == ["flip", "lpips", "st-lpips"]
    for name, needed in [
        ("flip", "flip-evaluator"),
        ("lpips", lpips.VARIABLE),
        ("st-lpips", "stlpips-pytorch"),
    ]:
        assert reasons[name].startswith(f"{name} needs ")
        assert needed in reasons[name]
        assert "\n" not in reasons[name]
    monkeypatch.setenv(lpips.VARIABLE, str(tmp_path / "none.npz"))
    assert "none.npz, where there is no file" in (METRICS["lpips"].missing() or "")
    with pytest.raises(FileNotFoundError, match="stlpips-pytorch"):
        lpips.st_lpips(*picture_pair(32, 32, "noise"))


def test_the_better_picture_has_the_better_value(random_lpips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_bench()
    monkeypatch.setenv(lpips.VARIABLE, str(random_lpips))
    reference, worse = picture_pair(64, 80, "noise")
    better = ((3 * reference.astype(int) + worse) // 4).astype(np.uint8)
    for metric in METRICS.values():
        gain = metric.measure(reference, better) - metric.measure(reference, worse)
        assert (gain > 0) == metric.higher_is_better, metric.name


def _write_tensors(path: Path, tensors: dict[str, NDArray[np.float32]], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """As PyTorch 1.5 wrote them, all in one storage that starts with a value of none."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})  # type: ignore[attr-defined]

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__ = _rebuild_tensor_v2.__qualname__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    count = 1 + sum(t.size for t in tensors.values())

    class Storage:
        pass

    class Tensor:
        def __init__(self, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
            self.view = (Storage(), start, shape, strides, False, {})

        def __reduce__(self) -> tuple:
            return _rebuild_tensor_v2, self.view

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> object:
            if isinstance(value, Storage):
                return ("storage", torch.FloatStorage, "key", "cpu", count, None)
            return None

    views, start = {}, 1
    for name, tensor in tensors.items():
        views[name] = Tensor(start, tensor.shape, tuple(s // 4 for s in tensor.strides))
        start += tensor.size
    values = np.concatenate([[0], *(t.ravel(order="K") for t in tensors.values())]).astype("<f4")
    with path.open("wb") as file:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, views, ["key"]):
            Pickler(file, 2).dump(part)
        file.write(struct.pack("<q", count) + values.tobytes())


def test_a_file_of_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    tensors = {"a": rng.random((2, 3, 4), np.float32), "b": np.asfortranarray(rng.random((5, 2), np.float32))}
    path = tmp_path / "weights.pth"
    _write_tensors(path, tensors, monkeypatch)
    read = read_tensors(path)
    assert list(read) == ["a", "b"]
    for name, tensor in tensors.items():
        assert np.array_equal(read[name], tensor)


def test_damaged_files_of_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pth"
    _write_tensors(path, {"a": np.ones((2, 3), np.float32)}, monkeypatch)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError, match=r"weights\.pth"):
            read_tensors(path)
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(FormatError, match=r"names builtins\.print"):
        read_tensors(path)
