"""Scenes that the tests of imagegs.torch share."""

from __future__ import annotations

from typing import Any

import numpy as np

import oracle
from imagegs.gaussians import BlendName, Gaussians

NAMES = ("xy", "scale", "angle", "log_weight", "color")
KINDS: list[tuple[BlendName, bool]] = [("softmax", False), ("softmax", True), ("paper", False)]  # blend, wrap
HEIGHT, WIDTH = 33, 47


def scene(blend: BlendName = "softmax", wrap: bool = False, n: int = 60, channels: int = 3) -> Gaussians:
    """Gaussians at random on a canvas of 47 x 33."""
    rng = np.random.default_rng(3)
    return oracle.random_gaussians(rng, n, HEIGHT, WIDTH, channels, blend).replace(wrap=wrap)


def tensors(g: Gaussians, dtype: Any = None, grad: bool = True) -> list[Any]:
    """The five tensors of some Gaussians, float32 by default, as leaves."""
    import torch

    arrays = (torch.tensor(getattr(g, name), dtype=dtype or torch.float32) for name in NAMES)
    return [array.requires_grad_(grad) for array in arrays]


def view_of(g: Gaussians) -> dict[str, Any]:
    """The other arguments of `render` and `sample`."""
    return {"height": g.height, "width": g.width, "blend": g.blend, "wrap": g.wrap}


def near_a_change(g: Gaussians, points: np.ndarray, relative: float = 1e-5) -> np.ndarray:
    """(M,) whether float32 may choose other Gaussians at points (M, 2) than float64."""
    best = oracle.ranked(oracle.with_copies(g), points, g.blend, 1)[1][:, 0]
    return oracle.selection_margin(g, points) < relative * np.maximum(1, np.abs(best))


def largest_difference(found: Any, expected: Any) -> float:
    """Relative to the largest expected value."""
    scale = max(float(expected.detach().abs().max()), 1e-12)
    return float((found.detach().double() - expected.detach().double()).abs().max()) / scale
