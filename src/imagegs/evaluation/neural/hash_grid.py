"""A multiresolution hash grid: Mueller et al., "Instant Neural Graphics Primitives with a Multiresolution
Hash Encoding", SIGGRAPH 2022, and a small network on it.

Level l is a grid of N_l cells, equations (2) and (3) of the paper. Its corners have two features each, in a
table of at most T entries; where there are more corners, the hash of equation (4) finds the entry. A pixel
gets the features of each level, interpolated bilinearly, and the network makes a colour of them: two hidden
layers, as in the paper. T follows from the bytes.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from imagegs.evaluation.codec import Shape
from imagegs.evaluation.neural.layers import rectified_layers
from imagegs.evaluation.neural.model import (
    Architecture,
    Model,
    Network,
    chain,
    chain_multiply_adds,
    largest,
)
from imagegs.evaluation.neural.table_sums import CORNERS, TableSums

FEATURES = 2
LEVELS, COARSEST = 4, 6  # the paper has 16 and 16, for tables of 2^14 entries and more
CORNERS_PER_ENTRY = 16.0  # of the finest level, found by trials: more collide, fewer leave it coarse
NETWORK_SHARE = 0.25  # of the parameters
WIDEST = 64  # the paper's network
SLOPE = 0.1  # below 0; the paper has 0, with which layers as narrow as these may end at one colour
MOST_ENTRIES = 2**24  # the paper's largest table
_PRIME = 2654435761


class HashGrid(nn.Module):
    """`levels` grids with tables of at most `entries` entries, and layers of `width`, for a picture."""

    def __init__(self, levels: int, entries: int, width: int, shape: Shape) -> None:
        super().__init__()
        self.resolutions = _resolutions(levels, entries, shape)
        self.longer, self.sides = max(shape[:2]), shape[:2]
        self.sizes = [min(entries, _corners(n, shape)) for n in self.resolutions]
        self.table = nn.Parameter(torch.empty(sum(self.sizes), FEATURES).uniform_(-1e-4, 1e-4))
        self.net = rectified_layers(_widths(levels, width), SLOPE)

    def encoded(self, xy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The arguments of `TableSums` besides the table, for P levels sums."""
        extent = torch.tensor(self.sides[::-1]) / self.longer
        unit = (xy + extent) / 2  # 0..1 along the longer side
        rows, weights, start = [], [], 0
        for n, size in zip(self.resolutions, self.sizes, strict=True):
            cell = (unit * n).floor()
            part = unit * n - cell
            for corner in range(CORNERS):
                step = torch.tensor([corner % 2, corner // 2])
                rows.append(start + self._rows((cell + step).long(), n, size))
                weights.append((1 - step + (2 * step - 1) * part).prod(dim=1))
            start += size
        return tuple(torch.stack(each, dim=1).reshape(-1, CORNERS) for each in (rows, weights))

    def _rows(self, corner: torch.Tensor, n: int, size: int) -> torch.Tensor:
        columns, lines = _columns_and_lines(n, (*self.sides, 3))
        x, y = corner.unbind(1)
        return y * columns + x if columns * lines <= size else (x ^ (y * _PRIME)) % size

    def forward(self, *encoded: torch.Tensor) -> torch.Tensor:
        """(P, 3)."""
        mixed = TableSums.apply(self.table, *encoded)  # type: ignore[no-untyped-call]
        found: torch.Tensor = self.net(mixed.reshape(-1, FEATURES * len(self.sizes)))
        return found


def _columns_and_lines(n: int, shape: Shape) -> tuple[int, int]:
    """The corners of a level across and down: square cells, n along the longer side."""
    longer = max(shape[:2])
    return math.ceil(n * shape[1] / longer) + 1, math.ceil(n * shape[0] / longer) + 1


def _corners(n: int, shape: Shape) -> int:
    return math.prod(_columns_and_lines(n, shape))


def _resolutions(levels: int, entries: int, shape: Shape) -> list[int]:
    """The cells of each level along the longer side."""
    longer, shorter = max(shape[:2]), min(shape[:2])
    finest = math.sqrt(CORNERS_PER_ENTRY * entries * longer / shorter)
    growth = (max(COARSEST, min(finest, longer)) / COARSEST) ** (1 / (levels - 1))
    return [math.floor(COARSEST * growth**level) for level in range(levels)]


def _widths(levels: int, width: int) -> list[int]:
    return [FEATURES * levels, width, width, 3]


def n_parameters(architecture: Architecture, shape: Shape) -> int:
    """Features, weights and biases. architecture: levels, the most entries of a table, width."""
    levels, entries, width = architecture
    rows = sum(min(entries, _corners(n, shape)) for n in _resolutions(levels, entries, shape))
    return FEATURES * rows + chain(_widths(levels, width))


def _sized(most: int, shape: Shape) -> Architecture:
    for_network = max(int(NETWORK_SHARE * most), chain(_widths(LEVELS, 1)))
    width = largest(lambda width: chain(_widths(LEVELS, width)), for_network, WIDEST)
    entries = largest(lambda entries: n_parameters((LEVELS, entries, width), shape), most, MOST_ENTRIES)
    return LEVELS, entries, width


def _build(architecture: Architecture, shape: Shape) -> Network:
    levels, entries, width = architecture
    return HashGrid(levels, entries, width, shape)


def _multiply_adds(architecture: Architecture, shape: Shape) -> int:
    levels, _, width = architecture
    a_level = 2 + CORNERS * (1 + FEATURES)  # the place in the cell, weights, features
    return levels * a_level + chain_multiply_adds(_widths(levels, width))


MODEL = Model(4, "BIB", 2e-2, _sized, n_parameters, _build, _multiply_adds, (0.9, 0.99), 1e-15)
