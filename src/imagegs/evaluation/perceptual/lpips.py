"""LPIPS and ST-LPIPS: distances between what a network of photographs sees in two pictures.

LPIPS is Zhang, Isola, Efros, Shechtman, Wang 2018, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", version 0.1 with AlexNet; ST-LPIPS is Ghildyal and Liu 2022, "Shift-tolerant Perceptual
Similarity Metric", whose AlexNet has no strides but blurs before it drops samples. The networks run in NumPy.

No weights are part of this package. Those of ST-LPIPS come with the package stlpips-pytorch, of which nothing
is imported. Those of LPIPS are AlexNet's, trained on ImageNet, which no package holds: the environment
variable IMAGEGS_LPIPS names a NumPy file of them, which the package lpips writes where PyTorch may download:

    import lpips, numpy
    weights = lpips.LPIPS(net="alex").state_dict()
    numpy.savez("lpips.npz", **{name: tensor.numpy() for name, tensor in weights.items()})

LPIPS was compared with the package lpips 0.1.4 on weights drawn at random only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from imagegs.errors import reading
from imagegs.evaluation.perceptual.convolution import blur_pooled, convolved, max_pooled
from imagegs.evaluation.perceptual.torch_file import read_tensors
from imagegs.pictures.pixels import Pixels
from imagegs.ssimulacra.single_precision import Singles

VARIABLE = "IMAGEGS_LPIPS"
MIN_SIDE = 32  # pixels; below, the networks run out of samples
_CHANNELS = (3, 64, 192, 384, 256, 256)
_SIDES = (11, 5, 3, 3, 3)  # of the filters


@dataclass(frozen=True)
class Stage:
    """A convolution, whose output is compared, and how much each of its channels counts."""

    weight: Singles  # (O, C, k, k)
    bias: Singles  # (O,)
    importance: Singles  # (O,)


@dataclass(frozen=True)
class Network:
    stages: tuple[Stage, ...]
    mean: Singles  # (3,), of sRGB in -1..1, as are the deviations
    deviation: Singles
    shift_tolerant: bool


def lpips(reference: Pixels, picture: Pixels) -> float:
    """LPIPS of two (H, W, 3) uint8 sRGB pictures, 0 when equal, with the weights that IMAGEGS_LPIPS names.

    Raises ValueError for pictures that differ in shape or have a side under 32 pixels; FormatError for a file
    of other weights; KeyError where the variable is not set; OSError.
    """
    return distance(_lpips_network(Path(os.environ[VARIABLE])), reference, picture)


def st_lpips(reference: Pixels, picture: Pixels) -> float:
    """ST-LPIPS (AlexNet) of two (H, W, 3) uint8 sRGB pictures, 0 when equal. It takes 0.8 KB of memory a
    pixel.

    Raises ValueError as `lpips`; FileNotFoundError where stlpips-pytorch is not installed.
    """
    if (path := st_lpips_weights()) is None:
        raise FileNotFoundError("the weights of ST-LPIPS come with the package stlpips-pytorch")
    return distance(_st_lpips_network(path), reference, picture)


def st_lpips_weights() -> Path | None:
    """The file with the weights in the package stlpips-pytorch, which is not imported; None without it."""
    spec = find_spec("stlpips_pytorch")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "weights" / "vST0.0" / "alex_shift_tolerant.pth").is_file():
            return path
    return None


def distance(network: Network, reference: Pixels, picture: Pixels) -> float:
    """Zhang 2018, equation 1: the mean squared differences of the channels' unit vectors, summed."""
    if reference.shape != picture.shape:
        raise ValueError(f"the pictures differ in shape: {reference.shape} and {picture.shape}")
    if min(reference.shape[:2]) < MIN_SIDE:
        raise ValueError(f"LPIPS takes pictures of at least {MIN_SIDE} x {MIN_SIDE} pixels")
    total = 0.0
    features = zip(_features(network, reference), _features(network, picture), strict=True)
    for stage, (x, y) in zip(network.stages, features, strict=True):
        differences = np.square(_unit_vectors(x) - _unit_vectors(y))
        total += float(stage.importance @ differences.mean(axis=(1, 2), dtype=np.float64))
    return total


def network(tensors: Mapping[str, Singles], shift_tolerant: bool) -> Network:
    """Makes the network of the named tensors of either package's class LPIPS.

    Raises KeyError and ValueError for other tensors.
    """
    stages = []
    for i, (side, n_in, n_out) in enumerate(zip(_SIDES, _CHANNELS, _CHANNELS[1:], strict=False)):
        (name,) = (n for n in tensors if n.startswith(f"net.slice{i + 1}.") and n.endswith(".weight"))
        weight = tensors[name].reshape(n_out, n_in, side, side)
        bias = tensors[name.replace(".weight", ".bias")].reshape(n_out)
        stages.append(Stage(weight, bias, tensors[f"lin{i}.model.1.weight"].reshape(n_out)))
    mean, deviation = (tensors[f"scaling_layer.{name}"].reshape(3) for name in ("shift", "scale"))
    return Network(tuple(stages), mean, deviation, shift_tolerant)


@lru_cache(maxsize=1)
def _lpips_network(path: Path) -> Network:
    problem = f"{path}: not the weights of LPIPS with AlexNet"
    with path.open("rb") as file, reading(problem), np.load(file, allow_pickle=False) as tensors:
        return network(dict(tensors), shift_tolerant=False)


@lru_cache(maxsize=1)
def _st_lpips_network(path: Path) -> Network:
    tensors = read_tensors(path)
    with reading(f"{path}: not the weights of ST-LPIPS"):
        return network(tensors, shift_tolerant=True)


def _features(network: Network, pixels: Pixels) -> Iterator[Singles]:
    """Yields the features (C, H, W) of each stage, none below 0."""
    colors = (pixels.astype(np.float32) / np.float32(127.5) - 1 - network.mean) / network.deviation
    planes = np.ascontiguousarray(np.moveaxis(colors, 2, 0))
    for i, stage in enumerate(network.stages):
        if i in (1, 2):
            planes = max_pooled(planes, 1 if network.shift_tolerant else 2)
            planes = blur_pooled(planes) if network.shift_tolerant else planes
        stride = 4 if i == 0 and not network.shift_tolerant else 1
        planes = convolved(planes, stage.weight, stage.bias, stride, padding=2 if i < 2 else 1)
        if i == 0 and network.shift_tolerant:
            planes = blur_pooled(planes)
        planes = np.maximum(planes, np.float32(0))
        yield planes


def _unit_vectors(planes: Singles) -> Singles:
    """Over the channels."""
    return np.asarray(planes / (np.sqrt(np.square(planes).sum(axis=0)) + np.float32(1e-10)))
