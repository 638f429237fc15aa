"""Colours on a lattice, chosen by the error that they make and by the bits that they take.

A colour that is rounded to the nearest step is not the best for its file: often the next step takes a bit
less and does little harm. With the curvature h of the squared error (a number of the diagonal of J^T J, times
the square of the step), a stored colour q in place of the best one x adds h (q - x)^2 to it. So q minimises
h (q - x)^2 + price bits(q), where the coder itself says how many bits each q takes after the numbers before
it (native/entropy/choosing.h). Video coders do the same with their coefficients (rate-distortion optimised
quantisation: Sullivan and Wiegand 1998, "Rate-distortion optimization for video compression").

The price follows from the lattice: if all steps were a little finer, a bit of each number would buy 2 ln 2
h / 12 of squared error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import usual_grid
from imagegs.codec.lattice import (
    CELL_X,
    CELL_Y,
    FIRST_COLOR,
    MOST,
    Lattice,
    Table,
    from_table,
    lattice_steps,
    power,
    shown_colors,
    stored_colors,
    to_table,
)
from imagegs.codec.layer_coders import LayerCoders
from imagegs.fitting.losses import aimed, measured
from imagegs.fitting.objective import SQUARED_ERROR, GaussianArrays, LossWeights, Objective
from imagegs.fitting.weighing import with_colors
from imagegs.gaussians import FloatArray
from imagegs.own_units import OWN

USUAL_PRICE = 0.1  # of a bit, x the mean curvature; 2 ln 2 / 12 = 0.116, and 0.17 is as good
# Factors of the price that fit a file to its size: up to twice the price a byte costs no more than on a
# coarser lattice, at four times half as much again.
PRICE_FACTORS = 2.0 ** (np.arange(17) / 8)

Numbers = NDArray[np.float64]


class _Best(NamedTuple):
    """Gaussians with about the best colours, not on the lattice."""

    arrays: GaussianArrays
    curvature: FloatArray  # (N, 6 + C), in own units, at the colours before
    loss: LossWeights  # of the aim there
    before: float  # the loss there


class Part(NamedTuple):
    """The rows of Gaussians that go onto a lattice, and where the coder has them: on the canvas of a file, or
    of one of its blocks.
    """

    rows: NDArray[np.intp]  # layer by layer
    ends: list[int]  # of the layers of the part
    all_ends: list[int]  # of the layers of all Gaussians, those that stay among them
    corner: tuple[int, int]  # of the coder's canvas, pixels from that of the picture, multiples of a cell
    width: int  # of the coder's canvas, pixels
    height: int


def whole_part(n: int, layers: Sequence[int], height: int, width: int) -> Part:
    """All n Gaussians on a canvas; layers: their numbers of Gaussians."""
    ends = np.cumsum(layers or n).tolist()
    return Part(np.arange(n), ends, ends, (0, 0), width, height)


class ColorRounding:
    """Chooses the colours of a part of Gaussians whose other numbers are on a lattice already.

    roots (C,): by which the colours of arrays are multiplied (weighing.py).
    """

    def __init__(self, objective: Objective, lattice: Lattice, roots: FloatArray, part: Part) -> None:
        self._objective, self._lattice, self._roots, self._part = objective, lattice, roots, part

    def chosen(
        self, arrays: GaussianArrays, curvature: FloatArray, free: NDArray[np.bool_], factor: float = 1.0
    ) -> GaussianArrays:
        """The arrays with the colours of the lattice that are best near theirs; those that are not free (N,)
        stay.

        curvature (N, 6 + C): the diagonal of J^T J, in own units. factor: of the usual price of a bit.
        """
        _, height, width = self._objective.target.shape
        given = with_colors(arrays, 1 / self._roots)
        table = to_table(given, self._lattice)
        step = power(lattice_steps(table, self._lattice)[:, 3])[:, None]
        wanted = stored_colors(given.color.astype(np.float64), self._lattice) / step
        worth = self._of_stored(curvature[:, OWN["color"]].astype(np.float64)) * step**2
        price = USUAL_PRICE * factor * float(worth[free].mean()) if free.any() else 0.0
        if not price > 0:
            return arrays
        worth /= price
        worth[~free] = -1
        self._choose(table, np.clip(wanted, 1 - MOST, MOST - 1), worth)
        color = from_table(table, self._lattice, height, width)["color"] * self._roots
        kept = np.where(free[:, None], color.astype(np.float32), arrays.color)
        return replace(arrays, color=kept)

    def refined(self, arrays: GaussianArrays) -> GaussianArrays:
        """Gaussians whose colours are on the lattice, with some of them on other steps if that is better."""
        best = self._best(arrays)
        found = self.chosen(best.arrays, best.curvature, self._in_part(arrays))
        return found if measured(self._objective, found, best.loss).loss < best.before else arrays

    def fitted(self, arrays: GaussianArrays, fits: Callable[[GaussianArrays], bool]) -> GaussianArrays:
        """`refined` at the least price of a bit at which the arrays fit, at the highest one if none does."""
        best, every = self._best(arrays), self._in_part(arrays)
        low, high = 0, len(PRICE_FACTORS) - 1
        found: dict[int, GaussianArrays] = {}

        def priced(k: int) -> GaussianArrays:
            return self.chosen(best.arrays, best.curvature, every, PRICE_FACTORS[k])

        while low < high:
            middle = (low + high) // 2
            found[middle] = priced(middle)
            low, high = (low, middle) if fits(found[middle]) else (middle + 1, high)
        return found[low] if low in found else priced(low)

    def _best(self, arrays: GaussianArrays) -> _Best:
        """A step along each colour by itself, over the sum of its row of J^T J among the colours: no entry is
        negative, so that the steps together go no further than they should (Gershgorin).
        """
        kept = self._objective.kept(arrays)
        (loss, metric), result = aimed(kept)
        ones = np.zeros(arrays.own_units, np.float32)
        ones[self._part.rows, OWN["color"]] = 1
        row_sums = kept.normal_product(ones, metric)[:, OWN["color"]].astype(np.float64)
        slope = result.gradient[:, OWN["color"]] * (self._objective.target.size / 2)
        step = np.where(self._in_part(arrays)[:, None], -slope / np.maximum(row_sums, 1e-3), 0)
        share = self._share_that_helps(arrays, step, result.loss, loss)
        better = replace(arrays, color=(arrays.color + share * step).astype(np.float32))
        return _Best(better, kept.normal_diagonal(metric), loss, result.loss)

    def _share_that_helps(
        self, arrays: GaussianArrays, step: Numbers, before: float, loss: LossWeights
    ) -> float:
        """The largest share of a step of the colours (N, C) after which the loss is lower.

        Of the squared error that is all of the step. Of another loss the metric tells the curvature only
        about.
        """
        if loss == SQUARED_ERROR:
            return 1.0
        for share in (1.0, 0.5, 0.25, 0.125):
            moved = replace(arrays, color=(arrays.color + share * step).astype(np.float32))
            if measured(self._objective, moved, loss).loss < before:
                return share
        return 0.0

    def _of_stored(self, curvature: Numbers) -> Numbers:
        """Of stored colours, from that of colours (N, C)."""
        shown = shown_colors(np.eye(curvature.shape[1]), self._lattice) * self._roots
        in_steps: Numbers = np.einsum("nk,jk->nj", curvature, shown**2)
        return in_steps

    def _choose(self, table: Table, wanted: Numbers, worth: Numbers) -> None:
        rows, ends, _, corner, width, height = self._part
        cell = self._lattice.cell
        part = table[rows]
        part[:, [CELL_X, CELL_Y]] -= [corner[0] >> cell, corner[1] >> cell]
        grid = usual_grid(len(part), width, height, cell)
        threads = self._objective.engine.threads
        coders = LayerCoders(self._lattice, grid, table.shape[1] - FIRST_COLOR, True, threads)
        layers = np.split(part, ends[:-1])
        coders.choose_colors(layers, np.split(wanted[rows], ends[:-1]), np.split(worth[rows], ends[:-1]))
        table[rows, FIRST_COLOR:] = part[:, FIRST_COLOR:]

    def _in_part(self, arrays: GaussianArrays) -> NDArray[np.bool_]:
        """(N,)"""
        found = np.zeros(len(arrays), bool)
        found[self._part.rows] = True
        return found
