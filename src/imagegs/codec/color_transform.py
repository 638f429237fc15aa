"""The transform of colours before they are put on a lattice: a matrix that a file holds (chunk TURN)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.quantization import exp2

WHOLE = 127  # of an entry that stands for 1
_LEAST, _MOST = -128, 127
_EXPONENTS = 16  # in an octave


@dataclass(frozen=True)
class ColorTransform:
    """color_k = 2^(exponents[k] / 16) sum_j matrix[k][j] / WHOLE stored_j, for C channels k; all -128..127.

    A matrix that is about orthogonal keeps squared errors; exponents make some channels coarser than others.
    Raises ValueError for another shape, or numbers out of their range.

    >>> same = imagegs.ColorTransform(exponents=(0, 0), matrix=((127, 0), (0, 127)))
    >>> same.colors(np.array([[0.25, 0.5]])).tolist()
    [[0.25, 0.5]]
    """

    exponents: tuple[int, ...]
    matrix: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        n = len(self.exponents)
        if len(self.matrix) != n or any(len(row) != n for row in self.matrix):
            raise ValueError("a colour transform has a row and a column for each channel")
        if any(not _LEAST <= v <= _MOST for row in (self.exponents, *self.matrix) for v in row):
            raise ValueError("a number of a colour transform is out of its range")

    @classmethod
    def nearest(cls, rows: NDArray[np.floating[Any]], scales: NDArray[np.floating[Any]]) -> ColorTransform:
        """The one whose stored colours are rows (C, C) @ (color / scales (C,)), about; rows orthonormal.

        Raises ValueError for scales that cannot be held.
        """
        exponents = np.rint(_EXPONENTS * np.log2(scales)).astype(int)
        matrix = np.rint(WHOLE * np.asarray(rows).T).astype(int)
        return cls(tuple(exponents.tolist()), tuple(tuple(row) for row in matrix.tolist()))

    @classmethod
    def from_bytes(cls, data: bytes, n_channels: int) -> ColorTransform:
        """Reads a transform from n_channels (n_channels + 1) bytes."""
        exponents, *matrix = np.frombuffer(data, np.int8).reshape(n_channels + 1, n_channels).tolist()
        return cls(tuple(exponents), tuple(tuple(row) for row in matrix))

    def to_bytes(self) -> bytes:
        """The payload of chunk TURN."""
        return np.array([self.exponents, *self.matrix], np.int8).tobytes()

    def colors(self, stored: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Colours (N, C) of stored ones, the same on all machines: term by term, in order."""
        color = np.zeros(stored.shape)
        for k, row in enumerate(self.matrix):
            for j, entry in enumerate(row):
                color[:, k] += stored[:, j] * float(entry)
        scaled: NDArray[np.float64] = color * exp2(np.array(self.exponents) / _EXPONENTS) / WHOLE
        return scaled

    def stored(self, color: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The numbers (N, C) that are stored for colours. Raises ValueError where there is no inverse."""
        forward = np.array(self.matrix) / WHOLE * exp2(np.array(self.exponents) / _EXPONENTS)[:, None]
        try:
            back = np.linalg.inv(forward)
        except np.linalg.LinAlgError:
            raise ValueError("the colour transform has no way back") from None
        # Not by BLAS, whose threads would spin on every other processor until the next call.
        stored: NDArray[np.float64] = np.einsum("nj,kj->nk", color, back)
        return stored
