"""Scenes that the Triton kernels are held against the float64 twin with, here and in benchmarks/gpu.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import oracle
from imagegs.gaussians import BlendName, Gaussians

NAMES = ("xy", "scale", "angle", "log_weight", "color")


class Case(NamedTuple):
    """A kind of scene; points: how many are painted, 0 for all pixels."""

    blend: BlendName
    height: int
    width: int
    channels: int
    n: int
    wrap: bool = False
    points: int = 0

    def drawn(self, rng: np.random.Generator) -> tuple[Gaussians, np.ndarray | None]:
        """Random Gaussians of the kind, and the points (M, 2), None for pixels."""
        g = oracle.random_gaussians(rng, self.n, self.height, self.width, self.channels, self.blend)
        points = rng.uniform(0, (self.width, self.height), (self.points, 2)).astype(np.float32)
        return g.replace(wrap=self.wrap), points if self.points else None
