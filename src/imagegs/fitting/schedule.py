"""When a fit grows, moves Gaussians and slows down: by its steps, or by the clock.

Everything is set in shares of the fit that are done, 0..1, so one schedule serves fits of any length.
"""

from __future__ import annotations

import math
import time
from typing import Protocol

WARM_UP = 20  # steps
FINAL_RATE = 0.02  # of the full one, at the end of the cosine
GROWTH_SHARE = 0.08  # of the fit between two growths
RELOCATION_SPAN = 0.20, 0.75  # of the fit
RELOCATION_SHARE = 0.05  # of the fit between two relocations,
RELOCATION_STEPS = 40, 5  # but no more steps than the first and no fewer than the second


class Clock(Protocol):
    """How much of a fit is done."""

    def done(self, step: int) -> float:
        """The share at the end of step 1, 2, ...; 1 or more ends the fit."""

    def relocation_interval(self, factor: float = 1.0) -> float:
        """The share between two relocations; `factor` times the usual one."""


class StepClock:
    """A fit of so many steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def done(self, step: int) -> float:
        return step / self._steps

    def relocation_interval(self, factor: float = 1.0) -> float:
        most, least = (steps / self._steps for steps in RELOCATION_STEPS)
        return max(factor * min(RELOCATION_SHARE, most), least)


class WallClock:
    """A fit that ends after so many seconds of wall-clock time, counted from here."""

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._seconds = seconds

    def done(self, step: int) -> float:
        elapsed = max(time.monotonic() - self._start, 1e-9)  # some clocks tick slowly
        # The next step would end too late when it takes as long as the mean so far.
        return 1.0 if elapsed * (1 + 1 / step) > self._seconds else elapsed / self._seconds

    def relocation_interval(self, factor: float = 1.0) -> float:
        return factor * RELOCATION_SHARE


class Events:
    """Tells once for each growth and relocation when it is due."""

    def __init__(self, growths: list[int], relocation_interval: float) -> None:
        self._growths = list(growths)
        self._next_growth = GROWTH_SHARE
        self._next_relocation = RELOCATION_SPAN[0]
        self._interval = relocation_interval

    def growth(self, done: float) -> int:
        """How many Gaussians are to be born now; all that are left when the fit ends."""
        born = 0
        while self._growths and (_reached(done, self._next_growth) or done >= 1):
            born += self._growths.pop(0)
            self._next_growth += GROWTH_SHARE
        return born

    def relocation(self, done: float) -> bool:
        """Whether Gaussians are to be moved now."""
        if not _reached(done, self._next_relocation) or done > RELOCATION_SPAN[1]:
            return False
        while _reached(done, self._next_relocation):
            self._next_relocation += self._interval
        return True


def _reached(done: float, share: float) -> bool:
    return done >= share - 1e-9  # sums of shares have rounded


def learning_rate(step: int, done: float) -> float:
    """The share of the full rate: a linear warm-up, a quarter of the fit at most, times a cosine to
    FINAL_RATE.
    """
    warm_up = min(1.0, max(step / WARM_UP, 4 * done))
    return warm_up * (FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
