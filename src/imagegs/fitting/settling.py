"""Onto the lattice of a file: what is rounded first is made up for by what is still free.

Rounding all numbers of fitted Gaussians at once costs several times what it must. Here one attribute after
the other, positions and colours a part of the Gaussians at a time, is put on the lattice for good, and after
each the rest moves to where it is best then, by Gauss-Newton steps (after Hassibi and Stork 1993, "Optimal
brain surgeon", who make up for weights removed).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.gauss_newton import polish
from imagegs.fitting.objective import Objective, Shapes, weights_of_pixels
from imagegs.gaussians import Gaussians, canonical_axes
from imagegs.lattice import Lattice, from_table, to_table
from imagegs.pixels import as_pixels, to_planes

# Attributes, and the share of the Gaussians whose are on the lattice then.
PLAN = (
    ("log_weight", 1.0),
    ("scale", 1.0),
    ("angle", 1.0),
    *(("xy", share) for share in (0.4, 0.7, 0.9, 1.0)),
    *(("color", share) for share in (0.5, 0.8, 1.0)),
)
# What rounding all at once may cost before anything makes up for it: where more Gaussians would buy as much
# as finer steps do. Settling leaves a quarter of it or so.
ROUNDING_LOSS = 1.5  # dB
FINENESS = range(-32, 33)  # of lattices to choose from, in sixteenths of an octave
UNKNOWNS = {
    "xy": slice(0, 2),
    "scale": slice(2, 4),
    "angle": slice(4, 5),
    "log_weight": slice(5, 6),
    "color": slice(6, None),
}


def choose_lattice(
    image: NDArray[Any],
    gaussians: Gaussians,
    threads: int | None = None,
    *,
    pixel_weights: NDArray[Any] | None = None,
    error: float | None = None,
) -> Lattice:
    """The lattice whose bits are worth their price for these Gaussians of the image, by one rule for all
    pictures: see ROUNDING_LOSS. pixel_weights: those of `fit`. error: the mean squared error, 1 = white, that
    rounding may raise by this; by default that of the picture. It is less where the image is noisy. Raises
    ValueError as `settle` does.
    """
    objective, shapes = begin(image, gaussians, threads, pixel_weights)
    now = objective.squared_error(shapes).l2
    most = now + (now if error is None else error) * (10 ** (ROUNDING_LOSS / 10) - 1)

    def is_enough(fineness: int) -> bool:
        return objective.squared_error(_nearest(objective, shapes, lattice_of(fineness))).l2 <= most

    return lattice_of(FINENESS[min(bisect_left(FINENESS, True, key=is_enough), len(FINENESS) - 1)])


def lattice_of(fineness: int) -> Lattice:
    """The lattice of a step of FINENESS."""
    return Lattice.of_fineness(2 ** (fineness / 16))


def settle(
    image: NDArray[Any],
    gaussians: Gaussians,
    lattice: Lattice,
    *,
    steps: int = 1,
    seed: int = 0,
    threads: int | None = None,
    pixel_weights: NDArray[Any] | None = None,
) -> Gaussians:
    """Gaussians on the lattice that paint the image (H, W, C) well, from fitted ones of the softmax blend; in
    their layers, if they have any.

    steps: of Gauss-Newton after each rounding, 0 or more; the first brings nearly all.
    pixel_weights: those of `fit`.

    Raises ValueError when they are of another blend or the image has another size or other channels.
    """
    objective, shapes = begin(image, gaussians, threads, pixel_weights)
    ends = np.cumsum(gaussians.layers or len(gaussians)).tolist()
    settled = _settled(objective, shapes, lattice, steps, ends, np.random.default_rng(seed))
    return gaussians.replace(**vars(_nearest(objective, settled, lattice)))


def begin(
    image: NDArray[Any], gaussians: Gaussians, threads: int | None, pixel_weights: NDArray[Any] | None = None
) -> tuple[Objective, Shapes]:
    """What the image asks of the Gaussians, and their numbers, on the canvas. Raises ValueError."""
    if gaussians.blend != "softmax":
        raise ValueError(f"only the softmax blend has a lattice, not the {gaussians.blend} blend")
    target = to_planes(as_pixels(image))
    if target.shape != (len(gaussians.channels), gaussians.height, gaussians.width):
        raise ValueError("the image is not of the Gaussians' canvas and channels")
    g, corner = gaussians, np.array([gaussians.width, gaussians.height], np.float32)
    others = (np.array(a) for a in (g.scale, g.angle, g.log_weight, g.color))
    weights = weights_of_pixels(pixel_weights, g.height, g.width)
    return Objective(target, "softmax", threads, weights), Shapes(np.clip(g.xy, 0, corner), *others)


def _nearest(objective: Objective, shapes: Shapes, lattice: Lattice) -> Shapes:
    _, height, width = objective.target.shape
    return Shapes(**from_table(to_table(shapes, lattice), lattice, height, width))


def _settled(
    objective: Objective,
    shapes: Shapes,
    lattice: Lattice,
    steps: int,
    ends: list[int],
    rng: np.random.Generator,
) -> Shapes:
    order = rng.permutation(len(shapes))
    free = np.ones((len(shapes), 6 + shapes.color.shape[1]))
    for name, share in PLAN:
        scale, angle = canonical_axes(shapes.scale, shapes.angle)
        shapes = Shapes(shapes.xy.copy(), scale, angle, shapes.log_weight.copy(), shapes.color.copy())
        rows = order[: round(share * len(order))]
        new = rows[free[rows, UNKNOWNS[name].start] > 0]
        getattr(shapes, name)[new] = getattr(_nearest(objective, shapes, lattice), name)[new]
        free[rows, UNKNOWNS[name]] = 0
        better = shapes
        for better, _ in polish(objective, shapes, steps, free, ends):  # noqa: B007
            pass
        shapes = _with_fixed(better, vars(shapes), free)
    return shapes


def _with_fixed(shapes: Shapes, fixed: dict[str, NDArray[np.float32]], free: NDArray[np.float64]) -> Shapes:
    """The shapes with the very numbers of what was not free: steps of 0 may have rounded them."""
    kept = {}
    for name, before in fixed.items():
        now = getattr(shapes, name)
        moved = free[:, UNKNOWNS[name]][:, : 1 if now.ndim == 1 else now.shape[1]]
        kept[name] = np.where(moved.reshape(now.shape) > 0, now, before)
    return replace(shapes, **kept)
