"""Layers that several models have."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def rectified_layers(widths: list[int], slope: float = 0.0) -> nn.Sequential:
    """Dense layers from each width to the next, rectified but for the last one. slope: below 0."""
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.LeakyReLU(slope))]
    return nn.Sequential(*parts[:-1])
