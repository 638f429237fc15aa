"""How many Gaussians a picture is worth, told by pixels that the fit does not see.

Gaussians that paint noise paint pixels wrongly that were held out, so the error there falls as long as more
Gaussians bring more of the picture, and rises after (Batson and Royer 2019, "Noise2Self").
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting import fit
from imagegs.gaussians import Gaussians
from imagegs.pictures.pixels import Pixels, to_float
from imagegs.pictures.transparency import checked_alphas, n_seen, seen
from imagegs.rendering import render

HELD_OUT = 0.1  # of the known pixels
PROBE_STEPS = 100  # of a fit that only has to tell which number is better
FEWEST = 8  # Gaussians that are tried


class Amount(NamedTuple):
    """A number of Gaussians, and the mean squared error at pixels that a fit of it had not seen."""

    n_gaussians: int
    error: float


class HeldOut:
    """A picture (H, W, C) some of whose known pixels (H, W; None: all), chosen by the seed, are held out."""

    def __init__(
        self, pixels: Pixels, known: NDArray[np.bool_] | None, seed: int, threads: int | None
    ) -> None:
        known = np.ones(pixels.shape[:2], bool) if known is None else known
        drawn = np.random.default_rng(seed).random(known.shape) < HELD_OUT
        self._tested = known & drawn if (known & drawn).any() and (known & ~drawn).any() else known
        self._seen = known & ~drawn if (known & ~drawn).any() else known
        self._pixels, self._seed, self._threads = pixels, seed, threads

    def error(self, n_gaussians: int) -> float:
        """The mean squared error at the pixels held out, 1 = white, as seen, of a short fit to the others."""
        shared: dict[str, Any] = {"seed": self._seed, "threads": self._threads, "tune": "psnr"}
        gaussians: Gaussians = fit(
            self._pixels,
            n_gaussians,
            steps=PROBE_STEPS,
            pixel_weights=self._seen.astype(np.float32),
            **shared,
        )
        painted = np.clip(render(gaussians, threads=self._threads), 0.0, 1.0)
        alphas = checked_alphas(None, int(self._pixels.shape[2]))
        wanted, painted = (seen(a[self._tested], alphas) for a in (to_float(self._pixels), painted))
        return float(np.square(wanted - painted, dtype=np.float64).sum(axis=1).mean() / n_seen(alphas))

    def best(self, most: int) -> Amount:
        """The number of at most `most` with the least error: halved while that helps, then between."""
        tried = [Amount(most, self.error(most))]
        while tried[-1].n_gaussians // 2 >= FEWEST:
            n = tried[-1].n_gaussians // 2
            tried.append(Amount(n, self.error(n)))
            if tried[-1].error > tried[-2].error:
                break
        best = min(tried, key=lambda amount: amount.error)
        if best is tried[0] or best is tried[-1]:
            return best
        i = tried.index(best)
        return _between(*tried[i - 1 : i + 2])


def _between(more: Amount, best: Amount, fewer: Amount) -> Amount:
    """The amount where a parabola through three errors is least, over the logarithms of the numbers."""
    right, left = more.error - best.error, fewer.error - best.error
    if right + left <= 0:
        return best
    doublings = 0.5 * (left - right) / (left + right)
    return Amount(max(1, round(best.n_gaussians * math.exp2(doublings))), best.error)
