"""COIN: Dupont et al., "COIN: COmpression with Implicit Neural representations", 2021, arXiv 2103.03123.

A SIREN whose weights, rounded to 16 bits, are the file. The number of layers is that of the nearest in size
of the architectures in the paper's appendix A; the width follows from the bytes. The learning rate is
half of `siren`'s; the paper has 2e-4, for 50,000 steps.
"""

from __future__ import annotations

import math

from imagegs.evaluation.codec import Shape
from imagegs.evaluation.neural import siren
from imagegs.evaluation.neural.model import Architecture, Model, widest

PUBLISHED = ((5, 20), (5, 30), (10, 28), (10, 40), (13, 49))  # layers of sines, width


def layers_for(n_parameters: int) -> int:
    """The number of layers of the published architecture of nearly so many parameters."""

    def distance(architecture: Architecture) -> float:
        return abs(math.log(siren.n_parameters(architecture, (0, 0, 3)) / max(n_parameters, 1)))

    return min(PUBLISHED, key=distance)[0]


def _sized(most: int, shape: Shape) -> Architecture:
    return widest(siren.widths, layers_for(most), most)


MODEL = Model(2, "BH", siren.RATE / 2, _sized, siren.n_parameters, siren.build, siren.multiply_adds)
