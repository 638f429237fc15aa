"""How strong the incoherent part of what a file loses of a picture is, and where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.container import CHUNK_BYTES
from imagegs.codec.grain import FIXED_BYTES, LEVEL_BITS, MOST_CELLS, MOST_STRENGTH, UNITS, WHOLE, Grain
from imagegs.pictures.pixels import LUMA_OF_RGB, IntegerPixels

AUTO_STRENGTH = 0.9  # of the incoherent part that is lost
SHARE = 100  # the chunk has at most this part of a file's bytes,
MOST_BYTES = 300  # and at most so many
LEAST_CELL = 32  # pixels
LEAST_DEVIATION = WHOLE / 255  # of grain, in 1 / WHOLE: weaker grain does not change a sample of 8 bits
LEAST_CELLS = 1 / 16  # of all: fewer are rather structure that was taken for grain

_BLOCK = 16  # pixels
_COARSE = 2.0  # pixels: what is larger than this is no grain
_NORMAL = 1.4826  # standard deviation of Gaussian noise of which the median of magnitudes is 1
_INCOHERENT, _COHERENT = 0.5, 0.8  # up to here a block counts in full, from there on not at all
_SPARSE, _EVEN = 0.12, 0.28  # the same the other way round; noise has 0.54
_QUANTILE = 0.4  # of a cell's blocks: grain is better missing in some than wrong in others
_DERIVATIVE, _WINDOW = 0.7, 2.0  # pixels, of the structure tensor
_LUMA = dict(zip("RGB", LUMA_OF_RGB, strict=True)) | {"Y": 1.0}

Map = NDArray[np.float64]


def most_grain_bytes(n_bytes: int) -> int:
    """Bytes that the chunk may have in a file of so many, all in."""
    return min(n_bytes // SHARE, MOST_BYTES)


def room_for_grain(n_bytes: int) -> int:
    """Bytes of the largest payload that the chunk may have in a file of so many; 0 where no cell fits."""
    room = most_grain_bytes(n_bytes) - CHUNK_BYTES
    return room if room > FIXED_BYTES else 0


def estimate_grain(
    original: IntegerPixels,
    painted: IntegerPixels,
    channels: Sequence[str],
    room: int,
    strength: float = AUTO_STRENGTH,
) -> Grain | None:
    """The grain of a picture (H, W, C) that a file paints as `painted`; None where there is none to tell of.

    room: bytes of the chunk's payload. strength: 0..1, the deviation of the grain in proportion to that of
    the incoherent part of what is lost.

    What is lost at edges, of letters and of flat colours is no grain. So, in blocks of 16 pixels of the luma
    without its coarse part (Gaussian, 2 pixels), a deviation is 1.4826 times the median magnitude, which
    sparse differences do not change. That of the grain is the difference's, or what the painted picture's
    variance lacks of the original's, whichever is less: a painted edge that was not there counts nothing.
    It counts less where the gradients of the difference share one direction, as the structure tensor tells
    it (Bigün and Granlund 1987), or two, and where a quarter of the original is all but flat, as between
    letters. A cell has what 60% of its blocks reach.
    """
    cells = _grid(room, original.shape)
    if cells is None or not any(name in _LUMA for name in channels):
        return None
    lost = strength * _lost(_luma(original, channels), _luma(painted, channels))
    return _levels(_of_cells(lost, *cells))


def _grid(room: int, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Columns and rows of about square cells; None where there is no room for one."""
    height, width = shape[:2]
    most = 8 * (room - FIXED_BYTES) // LEVEL_BITS
    if most < 1:
        return None
    columns = round(math.sqrt(most * width / height))
    columns = min(max(columns, 1), most, math.ceil(width / LEAST_CELL), MOST_CELLS)
    return columns, min(most // columns, math.ceil(height / LEAST_CELL), MOST_CELLS)


def _luma(pixels: IntegerPixels, channels: Sequence[str]) -> Map:
    """(H, W) in 1 / WHOLE of the full range, as it is seen over black."""
    weights = [_LUMA.get(name, 0.0) for name in channels]
    luma: Map = np.einsum("yxc,c->yx", pixels, np.array(weights) * WHOLE / np.iinfo(pixels.dtype).max)
    if channels[-1] == "A":
        luma *= pixels[:, :, -1] / np.iinfo(pixels.dtype).max
    return luma


def _lost(original: Map, painted: Map) -> Map:
    """Deviations of what is lost in each block."""
    difference = original - painted
    fine = [_deviations(each - _blurred(each, _COARSE)) for each in (difference, original, painted)]
    lacking = np.sqrt(np.maximum(0, np.square(fine[1]) - np.square(fine[2])))
    incoherent = (_COHERENT - _coherence(difference)) / (_COHERENT - _INCOHERENT)
    even = (_evenness(original) - _SPARSE) / (_EVEN - _SPARSE)
    lost: Map = np.minimum(fine[0], lacking) * incoherent.clip(0, 1) * even.clip(0, 1)
    return lost


def _coherence(values: Map) -> Map:
    """Of each block, 0..1: how far its gradients share one line, or two at right angles, as a lattice's do.

    With a gradient as the complex number z these are |mean z^2| and |mean z^4 / |z|^2| over mean |z|^2.
    """
    across, down = _gradient(values)
    gradient = across + 1j * down
    energy = np.square(np.abs(gradient))
    twice = np.square(gradient)
    lines = (twice, np.square(twice) / np.maximum(energy, 1e-9))
    shared = np.maximum(*(np.abs(_blurred(each, _WINDOW)) for each in lines))
    coherence: Map = _blocks(shared).mean(axis=2) / np.maximum(_blocks(energy).mean(axis=2), 1e-9)
    return coherence


def _blurred(values: NDArray[Any], sigma: float, order: tuple[int, int] = (0, 0)) -> NDArray[Any]:
    """The Gaussian blur; order: of its derivatives down and across."""
    from scipy.ndimage import gaussian_filter

    blurred: NDArray[Any] = gaussian_filter(values, sigma, order=order)
    return blurred


def _evenness(values: Map) -> Map:
    """Of each block, 0..1: the lower quartile of the gradient's magnitudes over their root mean square."""
    sizes = _blocks(np.hypot(*_gradient(values)))
    evenness: Map = np.quantile(sizes, 0.25, axis=2) / np.sqrt(
        np.maximum(1e-9, np.square(sizes).mean(axis=2))
    )
    return evenness


def _gradient(values: Map) -> tuple[Map, Map]:
    across, down = (_blurred(values, _DERIVATIVE, order=order) for order in ((0, 1), (1, 0)))
    return across, down


def _deviations(values: Map) -> Map:
    deviations: Map = _NORMAL * np.median(np.abs(_blocks(values)), axis=2)
    return deviations


def _blocks(values: Map) -> Map:
    """(rows, columns, pixels) of the whole blocks; one where a side is shorter than a block."""
    height, width = (min(side, _BLOCK) for side in values.shape)
    rows, columns = values.shape[0] // height, values.shape[1] // width
    table = values[: rows * height, : columns * width].reshape(rows, height, columns, width)
    return table.swapaxes(1, 2).reshape(rows, columns, height * width)


def _of_cells(values: Map, columns: int, rows: int) -> Map:
    """(rows, columns) quantiles of the parts of a table, each of one entry at least."""
    down, across = (_parts(*pair) for pair in zip(values.shape, (rows, columns), strict=True))
    return np.array([[np.quantile(values[i, j], _QUANTILE) for j in across] for i in down])


def _parts(length: int, n: int) -> list[slice]:
    starts = [min(length * i // n, length - 1) for i in range(n)]
    return [slice(start, max(start + 1, length * (i + 1) // n)) for i, start in enumerate(starts)]


def _levels(deviations: Map) -> Grain | None:
    """The nearest level of each cell, in proportions."""
    if deviations.max() < LEAST_DEVIATION:
        return None
    strength = min(math.ceil(deviations.max() / UNITS[-1]), MOST_STRENGTH)
    distances = np.abs(np.log2(np.maximum(deviations, 1)[..., None] / (strength * np.array(UNITS[1:]))))
    levels = 1 + distances.argmin(axis=-1)
    weak = deviations < max(LEAST_DEVIATION, strength * UNITS[1] / math.sqrt(2))
    levels[weak] = 0
    rows, columns = levels.shape
    if np.count_nonzero(levels) < LEAST_CELLS * levels.size:
        return None
    return Grain(columns, rows, strength, tuple(levels.ravel().tolist()))
