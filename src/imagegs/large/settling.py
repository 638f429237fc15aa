"""A block between its neighbours: its Gaussians are settled beside theirs, rounded and coded.

Fits of single blocks do not go together: on both sides of a border Gaussians count on others that the
neighbour's fit has put elsewhere. So blocks are settled in four phases, no two neighbours in one. A block
then sees its neighbours' Gaussians as they are, and moves its own: those that are of little use go to where
the picture lacks them most, and a few Gauss-Newton steps on the window, halo and all, make up for the rest
(alternating minimisation over overlapping parts: Schwarz 1870).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.lattice import Lattice
from imagegs.compression.rate_control import roundings
from imagegs.fitting.gauss_newton import polish
from imagegs.fitting.imagegs_recipe import born_where_worst
from imagegs.fitting.layering import rows_of
from imagegs.fitting.losses import aim_near
from imagegs.fitting.objective import GaussianArrays, Room
from imagegs.fitting.quantising import Reference, free_numbers, part_onto_lattice
from imagegs.fitting.rounding import Part
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.large.block_fit import LARGEST_SCALE
from imagegs.large.block_gaussians import BlockGaussians, in_window
from imagegs.large.coding import CodedBlock, coded_block
from imagegs.large.how import How
from imagegs.large.windows import Window
from imagegs.pictures.pixels import IntegerPixels

# docs/experiments.md has the ratio of errors along borders to errors elsewhere by both numbers.
RELOCATED_SHARE = 0.03  # of a block's Gaussians
SETTLING_STEPS = 3  # of Gauss-Newton, before the rounding
ROUNDED_SCALE = 1.25  # times the largest one: rounding may go beyond it
LEAST_DROPPED, MOST_ROUNDS = 0.01, 12  # where a block takes too many bytes: of its Gaussians; of attempts


def settle_block(
    pixels: IntegerPixels,
    window: Window,
    blocks: Mapping[int, BlockGaussians],
    lattice: Lattice,
    n_bytes: float | None,
    how: How,
) -> CodedBlock:
    """Settles the Gaussians of a block beside those of its neighbours, which stay as they are.

    pixels: (H, W, C) of the window. blocks: those of the block and its neighbours. n_bytes: that the streams
    may have.
    """
    settling = _Settling(pixels, window, in_window(how.grid, window, blocks), how)
    settling.relocate()
    settling.settle()
    for _ in range(MOST_ROUNDS):
        coded = settling.coded(lattice, n_bytes)
        if n_bytes is None or coded.n_bytes <= n_bytes or sum(coded.counts) == 1:
            break
        settling.drop(max(LEAST_DROPPED, 1 - n_bytes / coded.n_bytes))
    return coded


class _Settling:
    """The Gaussians that are seen in a window, of which those of the block are settled."""

    def __init__(
        self,
        pixels: IntegerPixels,
        window: Window,
        seen: tuple[GaussianArrays, NDArray[np.intp], NDArray[np.intp]],
        how: How,
    ) -> None:
        self._window, self._how = window, how
        arrays, self._rows, self._layer = seen
        canvas = Gaussians(**vars(arrays), **how.canvas(window))
        self._reference = Reference(
            pixels, canvas, how.threads, alphas=how.alphas, tune=how.tune, room=_room(window)
        )
        self._arrays = arrays

    def relocate(self) -> None:
        """Moves the Gaussians of the last layers whose removal costs least to where they are missing."""
        rows, layer = self._rows, self._layer
        n = round(RELOCATED_SHARE * len(rows))
        movable = rows[layer[rows] >= max(1, layer.max() - 1)]
        if not 0 < n < len(movable):
            return
        kept = self._reference.objective.kept(self._arrays)
        metric = aim_near(kept).metric
        useless = movable[np.argpartition(kept.removal_cost(metric)[movable], n)[:n]]
        rng = np.random.default_rng([self._how.seed, self._window.block])
        born = born_where_worst(rng, kept, n, self._inside(metric)).arrays()
        low, high = np.array(self._reference.objective.room[:4], np.float32).reshape(2, 2)
        born.xy = np.clip(born.xy, low, high)
        for name, values in vars(born).items():
            changed = getattr(self._arrays, name).copy()
            changed[useless] = values
            setattr(self._arrays, name, changed)

    def settle(self) -> None:
        """Moves the block's Gaussians to where they are best."""
        part = self._part()
        free = free_numbers(self._arrays, part)
        for step in polish(self._reference.copies, self._arrays, SETTLING_STEPS, free, part.all_ends):
            self._arrays = step.arrays

    def coded(self, lattice: Lattice, n_bytes: float | None) -> CodedBlock:
        """The block's Gaussians on the lattice; few enough bytes, if colours alone can do that."""
        how = self._how

        def coded(arrays: GaussianArrays) -> CodedBlock:
            size = self._window.core_size
            return coded_block(self._own(arrays), size, lattice, how.layers, how.threads)

        def fits(arrays: GaussianArrays) -> bool:
            return coded(arrays).n_bytes <= (n_bytes or 0)

        steps, stages = roundings(how.effort)
        limit = None if n_bytes is None else fits
        shared = self._reference, self._arrays, self._part(), lattice, steps
        return coded(part_onto_lattice(*shared, how.seed, limit, stages))

    def drop(self, share: float) -> None:
        """Drops a share of the block's Gaussians, at least one: those whose removal costs least."""
        n = max(1, round(share * len(self._rows)))
        kept = self._reference.objective.kept(self._arrays)
        cost = kept.removal_cost(aim_near(kept).metric)[self._rows]
        left = np.ones(len(self._arrays), bool)
        left[self._rows[np.argpartition(cost, n)[:n]]] = False
        is_own = np.zeros(len(left), bool)
        is_own[self._rows] = True
        rows = np.flatnonzero(left)
        self._arrays, self._layer = rows_of(self._arrays, rows), self._layer[rows]
        self._rows = np.flatnonzero(is_own[rows])

    def _inside(self, metric: FloatArray | None) -> FloatArray:
        """A metric that is 0 outside of the block."""
        left, top, right, bottom = self._window.core
        inside = np.zeros((self._window.height, self._window.width), np.float32)
        inside[top:bottom, left:right] = 1
        return inside if metric is None else inside * metric

    def _part(self) -> Part:
        rows, layer, n = self._rows, self._layer, self._how.layers
        ends = np.cumsum(np.bincount(layer[rows], minlength=n)).tolist()
        all_ends = np.unique(np.cumsum(np.bincount(layer, minlength=n)))
        left, top, _, _ = self._window.core
        return Part(rows, ends, all_ends[all_ends > 0].tolist(), (left, top), *self._window.core_size)

    def _own(self, arrays: GaussianArrays) -> BlockGaussians:
        own = rows_of(arrays, self._rows)
        left, top, _, _ = self._window.core
        return BlockGaussians(**vars(own), layer=self._layer[self._rows]).moved(-left, -top)


def _room(window: Window) -> Room:
    left, top, right, bottom = window.core
    last = np.nextafter(np.array([right, bottom], np.float32), np.float32(0))
    return Room(left, top, float(last[0]), float(last[1]), ROUNDED_SCALE * LARGEST_SCALE)
