"""A transform of the colours for a file: the one that makes it smallest.

Colours are stored as differences from what their neighbours and their channel let expect. Those of fitted
Gaussians have heavy tails, and a Karhunen-Loeve transform, which looks at squares alone, spreads what is rare
and large over all channels: files of texture stacks grow as often as they shrink. What counts is about the
logarithm of each difference; here planes of two channels are rotated, one after the other, to where that sum
is least (Jacobi's method, as in independent component analysis: Comon 1994).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.blocks import usual_grid
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.lattice import (
    DECORRELATION,
    FIRST_COLOR,
    Lattice,
    Table,
    lattice_steps,
    power,
    to_table,
)
from imagegs.codec.layer_coders import LayerCoders
from imagegs.engine import engine
from imagegs.fitting.neighbours import nearest
from imagegs.gaussians import Gaussians

MOST_SAMPLES = 4000  # Gaussians that are looked at
NEAREST = 4  # neighbours that a colour is expected from
SWEEPS = 4  # over all pairs of channels
ANGLES = np.linspace(-np.pi / 4, np.pi / 4, 16, endpoint=False)  # tried first; each later sweep has a third
LEAST_GAIN = 1e-3  # of a sweep that another one follows

Vectors = NDArray[np.float64]
Roots = NDArray[np.floating[Any]]


def choose_color_transform(
    gaussians: Gaussians, lattice: Lattice, roots: Roots | None = None, threads: int | None = None
) -> Lattice:
    """The lattice with the transform of the colours on which the file of these Gaussians is smallest.

    roots (C,): the square roots of the channels' weights; channels that weigh more get finer steps. Without,
    pictures of one, three and four channels keep what they have: there is little to gain.
    """
    n = gaussians.color.shape[1]
    usual = usual_lattice(lattice, np.ones(n) if roots is None else roots)
    if n == 1 or (roots is None and n in (3, 4)):
        return usual
    scaled = gaussians.color * (1 if roots is None else roots)
    rows = sparsest_rows(_differences(gaussians, scaled.astype(np.float64), lattice))
    transformed = replace(lattice, color_transform=_nearest(rows, roots))
    return min(usual, transformed, key=lambda each: _size(gaussians, each, threads))


def usual_lattice(lattice: Lattice, roots: Roots) -> Lattice:
    """The lattice with the channels' weights, whose roots (C,) are given, and no other transform."""
    if (roots == 1).all():
        return lattice
    return replace(lattice, color_transform=_nearest(_usual_rows(len(roots)), roots))


def _nearest(rows: Vectors, roots: Roots | None) -> ColorTransform:
    return ColorTransform.nearest(rows, np.ones(len(rows)) if roots is None else 1 / roots)


def _usual_rows(n: int) -> Vectors:
    rows = np.eye(n)
    if n in (3, 4):
        rows[:3, :3] = DECORRELATION
    return rows


def _differences(gaussians: Gaussians, color: Vectors, lattice: Lattice) -> Vectors:
    """(M, C) in steps: from the neighbours' mean, the usual colour, or between, by what is smallest."""
    fixed = replace(lattice, color_transform=None)
    steps = power(lattice_steps(to_table(gaussians, fixed), lattice)[:, 3])[:, None]
    rows = np.unique(np.linspace(0, len(color) - 1, min(len(color), MOST_SAMPLES)).astype(np.intp))
    usual = np.median(color, axis=0)
    k = min(NEAREST + 1, len(color))
    if k == 1:
        return (color - usual) / steps
    _, near = nearest(engine(1), gaussians.xy, gaussians.xy[rows], k)
    around = color[near[:, 1:]].mean(axis=1)
    found = [((color[rows] - a) / steps[rows]) for a in (usual, (usual + around) / 2, around)]
    return min(found, key=lambda each: float(_costs(each).sum()))


def _costs(differences: Vectors) -> Vectors:
    """(C,) about bits."""
    costs: Vectors = np.log2(1 + np.abs(differences)).sum(axis=0)
    return costs


def sparsest_rows(differences: Vectors) -> Vectors:
    """An orthogonal matrix (C, C) by whose rows differences (M, C), in steps, take few bits."""
    n = differences.shape[1]
    # Each pair (i, j) of rows of `work` is rotated together: the differences, and the matrix behind them.
    work = np.concatenate([differences.T, np.eye(n)], axis=1)
    samples = differences.shape[0]
    costs = _costs(differences)
    for sweep in range(SWEEPS):
        before = costs.sum()
        for i in range(n):
            for j in range(i + 1, n):
                _rotate_pair(work, samples, i, j, ANGLES / 3.0**sweep, costs)
        if before - costs.sum() <= LEAST_GAIN * before:
            break
    rows: Vectors = work[:, samples:]
    return rows


def _rotate_pair(work: Vectors, samples: int, i: int, j: int, angles: Vectors, costs: Vectors) -> None:
    pair = work[[i, j]]
    best, found = costs[i] + costs[j], None
    for angle in angles:
        rotated = _rotated(pair[:, :samples], angle)
        both = _costs(rotated.T)
        if both.sum() < best:
            best, found = both.sum(), (angle, both)
    if found is not None:
        work[[i, j]] = _rotated(pair, found[0])
        costs[[i, j]] = found[1]


def _rotated(pair: Vectors, angle: float) -> Vectors:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * pair[0] + sine * pair[1], cosine * pair[1] - sine * pair[0]])


def _size(gaussians: Gaussians, lattice: Lattice, threads: int | None) -> int:
    """Bytes of the layers and of the transform."""
    table: Table = to_table(gaussians, lattice)
    g, n = gaussians, table.shape[1] - FIRST_COLOR
    grid = usual_grid(len(g), g.width, g.height, lattice.cell)
    layers = np.split(table, np.cumsum(g.layers)[:-1])
    _, streams = LayerCoders(lattice, grid, n, True, threads).encode(layers)
    transform = 0 if lattice.color_transform is None else 12 + len(lattice.color_transform.to_bytes())
    return transform + sum(len(stream) for of_layer in streams for stream in of_layer)
