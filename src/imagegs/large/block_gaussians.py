"""The Gaussians of one block, and those of its neighbours in a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from imagegs._native import SOFTMAX_CUTOFF
from imagegs.codec.blocks import BlockGrid
from imagegs.fitting.objective import GaussianArrays
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.large.windows import Window
from imagegs.pictures.pixels import channel_names

# Nats that a Gaussian may be below 0 at a place that it is seen at: where another one paints, its exponent is
# seldom below -8.
SEEN_DEPTH = SOFTMAX_CUTOFF + 8


@dataclass(frozen=True)
class BlockGaussians:
    """The N Gaussians whose centres are in a block, layer by layer; positions in pixels of the block."""

    xy: FloatArray  # (N, 2)
    scale: FloatArray  # (N, 2) pixels
    angle: FloatArray  # (N,)
    log_weight: FloatArray  # (N,)
    color: FloatArray  # (N, C)
    layer: NDArray[np.intp]  # (N,) rising, from 0

    def __len__(self) -> int:
        return len(self.xy)

    def rows(self, rows: NDArray[np.intp]) -> BlockGaussians:
        """Some of them."""
        return BlockGaussians(*(getattr(self, f.name)[rows] for f in fields(self)))

    def moved(self, x: float, y: float) -> BlockGaussians:
        """The same with (x, y) added to their centres."""
        return BlockGaussians(
            self.xy + np.array([x, y], np.float32),
            self.scale,
            self.angle,
            self.log_weight,
            self.color,
            self.layer,
        )

    def on_canvas(self, height: int, width: int) -> Gaussians:
        """The same on a canvas of their own, without layers, the channels named by their number."""
        return Gaussians(
            self.xy,
            self.scale,
            self.angle,
            self.log_weight,
            self.color,
            height=height,
            width=width,
            channels=channel_names(self.color.shape[1]),
        )

    @property
    def farthest(self) -> NDArray[np.float32]:
        """(N,): how far from its centre each may be seen, pixels."""
        depth = np.maximum(0, self.log_weight + SEEN_DEPTH)
        found: NDArray[np.float32] = self.scale.max(axis=1) * np.sqrt(2 * depth)
        return found


def in_window(
    grid: BlockGrid, window: Window, blocks: Mapping[int, BlockGaussians]
) -> tuple[GaussianArrays, NDArray[np.intp], NDArray[np.intp]]:
    """The Gaussians that are seen in a window, in its pixels, layer by layer; which of these rows are the
    block's own; and the layer of each row.

    blocks: those of the block and of its neighbours.
    """
    parts, own = [], []
    for block in sorted(blocks):
        left, top, _, _ = grid.rectangle(block)
        part = blocks[block].moved(left - window.left, top - window.top)
        if block != window.block:
            part = part.rows(np.flatnonzero(_distance(part.xy, window) <= part.farthest))
        parts.append(part)
        own.append(np.full(len(part), block == window.block))
    seen = joined(parts)
    order = np.argsort(seen.layer, kind="stable")
    seen = seen.rows(order)
    arrays = GaussianArrays(seen.xy, seen.scale, seen.angle, seen.log_weight, seen.color)
    return arrays, np.flatnonzero(np.concatenate(own)[order]), seen.layer


def _distance(xy: FloatArray, window: Window) -> FloatArray:
    """(N,): how far points are from a window, pixels."""
    size = np.array([window.width, window.height], np.float32)
    away = np.maximum(0, np.maximum(-xy, xy - size))
    found: FloatArray = np.hypot(away[:, 0], away[:, 1])
    return found


def joined(parts: Sequence[BlockGaussians]) -> BlockGaussians:
    """All of these, one after the other."""
    return BlockGaussians(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(BlockGaussians))
    )
