"""Adam over named parameter arrays that can grow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from imagegs._native import Engine, adam
from imagegs.gaussians import FloatArray


class Adam:
    """Kingma and Ba 2015. State is made when a name is first stepped."""

    def __init__(
        self, engine: Engine, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self._engine = engine
        self._betas = beta1, beta2, epsilon
        self._state: dict[str, tuple[FloatArray, FloatArray]] = {}
        self._steps = 0

    def step(
        self,
        values: Mapping[str, FloatArray],
        gradients: Mapping[str, FloatArray],
        rates: Mapping[str, float],
        units: Mapping[str, FloatArray] | None = None,
    ) -> None:
        """Moves each value in place by its rate; `units` (same shape) scales the step of single numbers."""
        self._steps += 1
        beta1, beta2, epsilon = self._betas
        for name, value in values.items():
            if name not in self._state:
                self._state[name] = np.zeros_like(value), np.zeros_like(value)
            mean, square = self._state[name]
            unit = (units or {}).get(name)
            rate = rates[name]
            adam(
                self._engine,
                value,
                gradients[name],
                mean,
                square,
                unit,
                rate,
                beta1,
                beta2,
                epsilon,
                self._steps,
            )

    def grow(self, n: int) -> None:
        """Makes room for n more rows; the state of the old ones is kept."""
        for name, state in self._state.items():
            self._state[name] = tuple(  # type: ignore[assignment]
                np.concatenate([a, np.zeros((n, *a.shape[1:]), np.float32)]) for a in state
            )

    def reorder(self, order: NDArray[np.intp]) -> None:
        """Follows a new order of the rows."""
        for name, (mean, square) in self._state.items():
            self._state[name] = np.ascontiguousarray(mean[order]), np.ascontiguousarray(square[order])

    def forget(self, rows: NDArray[np.intp]) -> None:
        """Clears the state of some rows, which are something new from now on."""
        for mean, square in self._state.values():
            mean[rows] = square[rows] = 0

    def reset(self) -> None:
        """Forgets all state."""
        self._state.clear()
        self._steps = 0
