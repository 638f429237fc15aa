"""The lattice of a coded file: Gaussians to whole numbers and back.

Each attribute has a step of its own for every Gaussian, which follows from those before it: scales,
log-weight, angle, place, colour (native/entropy/lattice.h has the rules and why). A table holds a row for
each Gaussian, its columns in the order of native/entropy/layer.h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from imagegs._native import LOWEST_SCALE
from imagegs._native import Lattice as NativeLattice
from imagegs.codec.color_transform import ColorTransform
from imagegs.codec.quantization import exp2
from imagegs.engine import thread_count
from imagegs.gaussians import MAX_COLOR, MAX_LOG_WEIGHT, canonical_axes

Table = NDArray[np.int32]  # (N, FIRST_COLOR + channels)
Numbers = NDArray[np.floating[Any]]

CELL_X, CELL_Y, SHORTER, RATIO, WEIGHT, ANGLE, PLACE_X, PLACE_Y, FIRST_COLOR = range(9)
MOST = 2**24  # of a stored number
ROWS_AT_ONCE = 2**14  # of a table, by each thread
# Rows: luma and two differences, orthonormal, of the first three channels.
DECORRELATION = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


@dataclass(frozen=True)
class Lattice:
    """How fine a file's numbers are. The steps are those of a round Gaussian of 1 px and log-weight 0, as
    exponents of 2 in sixteenths, -128..127.

    Raises ValueError for what a file cannot hold.

    >>> usual, finer = imagegs.Lattice.of_fineness(1), imagegs.Lattice.of_fineness(2)
    >>> usual.position - finer.position  # sixteenths: half as large a step
    16
    """

    scales_an_octave: int  # 1..64
    position: int  # of canvas pixels
    angle: int  # of pi, where s0 / s1 - s1 / s0 is 1
    weight: int  # of nats
    color: int  # of units
    cell: int = 2  # positions are told by cells of 2^cell pixels first; 0..15
    color_transform: ColorTransform | None = None  # None: `DECORRELATION` of 3 or 4 channels, else nothing

    def __post_init__(self) -> None:
        native_lattice(self)  # its checks

    @classmethod
    def of_fineness(cls, fineness: float) -> Lattice:
        """A lattice `fineness` times as fine as the usual one, with the steps that cost least."""
        coarser = round(-16 * math.log2(fineness))
        return cls(
            scales_an_octave=min(64, max(1, round(SCALES * fineness))),
            position=POSITION + coarser,
            angle=ANGLES + coarser,
            weight=WEIGHTS + coarser,
            color=COLORS + coarser,
        )


def native_lattice(lattice: Lattice) -> NativeLattice:
    """The object for native calls, made anew: one that lives on at exit would be reported as a leak.

    Raises ValueError for what a file cannot hold.
    """
    steps = lattice.position, lattice.angle, lattice.weight, lattice.color
    return NativeLattice(lattice.scales_an_octave, *steps, lattice.cell)


def lattice_steps(table: Table, lattice: Lattice) -> Table:
    """(N, 6): see `lattice_steps` in native/python/entropy.cpp."""
    out = np.empty((len(table), 6), np.int32)
    native_lattice(lattice).steps(table, out)
    return out


# In equal shares of the error; see docs/experiments.md.
SCALES, POSITION, ANGLES, WEIGHTS, COLORS = 10, -40, -64, -11, -66


def power(exponents: NDArray[np.int32]) -> NDArray[np.float64]:
    """2^(exponent / 16)."""
    return _exp2_of(exponents, 16)


def _exp2_of(steps: NDArray[np.int32], an_octave: int, plus: int = 0) -> NDArray[np.float64]:
    """2^(step / an_octave + plus), looked up: many Gaussians share few steps."""
    low, high = int(steps.min()), int(steps.max())
    return exp2(np.arange(low, high + 1) / an_octave + plus)[steps - low]


class Arrays(Protocol):
    """Gaussians of the softmax blend: `Gaussians`, or the arrays of a fit."""

    @property
    def xy(self) -> NDArray[np.float32]: ...
    @property
    def scale(self) -> NDArray[np.float32]: ...
    @property
    def angle(self) -> NDArray[np.float32]: ...
    @property
    def log_weight(self) -> NDArray[np.float32]: ...
    @property
    def color(self) -> NDArray[np.float32]: ...


def to_table(g: Arrays, lattice: Lattice) -> Table:
    """The nearest points of the lattice (N, FIRST_COLOR + C); centres must lie on the canvas.

    Raises ValueError for colours that are too large, and a transform of other channels.
    """
    scale, angle = (a.astype(np.float64) for a in canonical_axes(g.scale, g.angle))
    table = np.zeros((len(scale), FIRST_COLOR + g.color.shape[1]), np.int32)
    q = lattice.scales_an_octave
    size = np.clip(np.rint((np.log2(scale) - LOWEST_SCALE) * q), 0, 30 * q).astype(np.int32)
    table[:, SHORTER], table[:, RATIO] = size[:, 1], size[:, 0] - size[:, 1]
    weight_step = power(lattice_steps(table, lattice)[:, 0])
    most = np.floor(MAX_LOG_WEIGHT * (1 - 1e-4) / weight_step)  # the kernels round the step: keep clear of it
    table[:, WEIGHT] = np.clip(np.rint(g.log_weight / weight_step), -most, most)
    angles = lattice_steps(table, lattice)[:, 2]
    table[:, ANGLE] = np.floor(angle / np.pi * angles).astype(np.int64) % angles
    steps = lattice_steps(table, lattice)
    for axis in range(2):
        bits = steps[:, 4 + axis]
        fine = np.floor(g.xy[:, axis].astype(np.float64) * np.exp2(bits - lattice.cell)).astype(np.int64)
        table[:, CELL_X + axis], table[:, PLACE_X + axis] = fine >> bits, fine & ((1 << bits) - 1)
    color = np.rint(stored_colors(g.color.astype(np.float64), lattice) / power(steps[:, 3])[:, None])
    if (np.abs(color) >= MOST).any() or (np.abs(g.color) >= MAX_COLOR / 2).any():
        raise ValueError("a colour is too large for the lattice")
    table[:, FIRST_COLOR:] = color
    return table


def from_table(
    table: Table, lattice: Lattice, height: int, width: int, threads: int | None = 1
) -> dict[str, NDArray[np.float32]]:
    """The arrays of `Gaussians` on a canvas of this size that a table stands for."""
    if threads == 1 or len(table) <= ROWS_AT_ONCE:
        return _from_rows(table, lattice, height, width)
    from concurrent.futures import ThreadPoolExecutor  # a small file starts without it

    pieces = [table[first : first + ROWS_AT_ONCE] for first in range(0, len(table), ROWS_AT_ONCE)]
    with ThreadPoolExecutor(min(thread_count(threads), len(pieces))) as pool:
        parts = list(pool.map(lambda rows: _from_rows(rows, lattice, height, width), pieces))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _from_rows(table: Table, lattice: Lattice, height: int, width: int) -> dict[str, NDArray[np.float32]]:
    steps = lattice_steps(table, lattice)
    size = np.stack([table[:, SHORTER] + table[:, RATIO], table[:, SHORTER]], axis=1)
    xy = np.empty((len(table), 2))
    for axis in range(2):
        bits = steps[:, 4 + axis]
        place = table[:, CELL_X + axis] + np.ldexp(table[:, PLACE_X + axis] + 0.5, -bits)
        xy[:, axis] = np.minimum(place * 2.0**lattice.cell, (width, height)[axis])
    stored = table[:, FIRST_COLOR:] * power(steps[:, 3])[:, None]
    color = shown_colors(stored, lattice)
    arrays = {
        "xy": xy,
        "scale": _exp2_of(size, lattice.scales_an_octave, LOWEST_SCALE),
        "angle": (table[:, ANGLE] + 0.5) * np.pi / steps[:, 2],
        # Decoders check with rounded steps, and colours before their transform: these may lie beyond.
        "log_weight": (table[:, WEIGHT] * power(steps[:, 0])).clip(-MAX_LOG_WEIGHT, MAX_LOG_WEIGHT),
        "color": color.clip(-MAX_COLOR, MAX_COLOR),
    }
    return {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}


def stored_colors(color: Numbers, lattice: Lattice) -> Numbers:
    """Colours (N, C) as a file on the lattice stores them, before they are rounded to steps.

    Raises ValueError for a transform of other channels.
    """
    if lattice.color_transform is not None and len(lattice.color_transform.exponents) != color.shape[1]:
        raise ValueError(
            f"a colour transform of {len(lattice.color_transform.exponents)} channels, not {color.shape[1]}"
        )
    return decorrelated(color) if lattice.color_transform is None else lattice.color_transform.stored(color)


def shown_colors(stored: Numbers, lattice: Lattice) -> Numbers:
    """The colours (N, C) that are stored so: the inverse of `stored_colors`."""
    return correlated(stored) if lattice.color_transform is None else lattice.color_transform.colors(stored)


def decorrelated(color: Numbers) -> Numbers:
    """Colours (N, C) as they are stored: of 3 or 4 channels the first three are transformed, others stay."""
    if color.shape[1] not in (3, 4):
        return color
    return np.concatenate([color[:, :3] @ DECORRELATION.T, color[:, 3:]], axis=1)


def correlated(stored: Numbers) -> Numbers:
    """The colours that are stored so: the inverse of `decorrelated`."""
    if stored.shape[1] not in (3, 4):
        return stored
    color = np.empty_like(stored)
    # Sum by sum: a library's matrix product rounds in an order of its own, and wakes its threads.
    for c in range(3):
        a, b, d = DECORRELATION[:, c]
        color[:, c] = stored[:, 0] * a + stored[:, 1] * b + stored[:, 2] * d
    color[:, 3:] = stored[:, 3:]
    return color
