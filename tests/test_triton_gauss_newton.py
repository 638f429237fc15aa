"""J^T W J and removal costs of the Triton kernels, run by Triton's interpreter, against the native ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import oracle
from imagegs.fitting.objective import KeptRender, Objective
from test_gradients import arrays_of

from triton_interpreter import kernels  # isort: skip
import torch

NAMES = ("xy", "scale", "angle", "log_weight", "color")
HEIGHT, WIDTH, N = 9, 21, 12


@cache
def both(blend: Any, channels: int, weighted: str, wrap: bool = False) -> tuple[Any, KeptRender, Any, Any]:
    """A picture saved by the kernels and one kept by the native code, and weights for each."""
    rng = np.random.default_rng(4)
    g = oracle.random_gaussians(rng, N, HEIGHT, WIDTH, channels, blend).replace(wrap=wrap)
    target = rng.uniform(0, 1, (channels, HEIGHT, WIDTH)).astype(np.float32)
    planes = {"none": None, "points": (HEIGHT, WIDTH), "channels": (channels, HEIGHT, WIDTH)}[weighted]
    weights = None if planes is None else rng.uniform(0.5, 2, planes).astype(np.float32)
    tensors = [torch.tensor(np.array(getattr(g, name))) for name in NAMES]
    _, saved = kernels.forward(*tensors, HEIGHT, WIDTH, blend, wrap, None)
    kept = Objective(target, blend, 1, weights, wrap=wrap).kept(arrays_of(g))
    rows = None if weights is None else torch.tensor(weights.reshape(-1, HEIGHT * WIDTH).T.copy())
    return saved, kept, weights, rows


def columns_of(blend: Any, channels: int) -> list[int]:
    """Those of (N, 6 + C) that a blend has: the paper blend has no log-weight."""
    return [k for k in range(6 + channels) if blend == "softmax" or k != 5]


def check(found: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5 * np.abs(expected).max())


CASES = [("softmax", 3, "none", False), ("softmax", 5, "channels", True), ("paper", 1, "points", False)]


@pytest.mark.parametrize(("blend", "channels", "weighted", "wrap"), CASES)
def test_products_are_those_of_the_native_kernels(
    blend: Any, channels: int, weighted: str, wrap: bool
) -> None:
    saved, kept, weights, rows = both(blend, channels, weighted, wrap)
    tangent = np.random.default_rng(0).normal(size=(N, 6 + channels)).astype(np.float32)
    columns = columns_of(blend, channels)
    if blend == "paper":
        tangent[:, 5] = 0
    product = kernels.normal_product(saved, torch.tensor(tangent), rows)
    check(product[:, columns], kept.normal_product(tangent, weights)[:, columns])


@pytest.mark.parametrize(("blend", "channels", "weighted", "wrap"), CASES)
def test_diagonals_are_those_of_the_native_kernels(
    blend: Any, channels: int, weighted: str, wrap: bool
) -> None:
    saved, kept, weights, rows = both(blend, channels, weighted, wrap)
    columns = columns_of(blend, channels)
    found, expected = kernels.normal_diagonal(saved, rows), kept.normal_diagonal(weights)
    for k in columns:
        check(found[:, k], expected[:, k])


@pytest.mark.parametrize(("blend", "channels", "weighted", "wrap"), CASES)
def test_removal_costs_are_those_of_the_native_kernels(
    blend: Any, channels: int, weighted: str, wrap: bool
) -> None:
    saved, kept, weights, rows = both(blend, channels, weighted, wrap)
    residual = torch.tensor(np.moveaxis(kept.residual(), 0, -1).copy())
    check(kernels.removal_cost(saved, residual, rows), kept.removal_cost(weights))
