"""FFN: Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional
Domains", NeurIPS 2020.

A network of rectified layers on cos(2 pi B x) and sin(2 pi B x), the Gaussian mapping of the paper. B is
drawn from a normal distribution: always the same numbers, which the file need not have. Four layers, a
sigmoid, and as many frequencies as the layers are wide, as in the paper's fits of pictures. The width follows
from the bytes.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from imagegs.evaluation.codec import Shape
from imagegs.evaluation.neural.layers import rectified_layers
from imagegs.evaluation.neural.model import (
    ELEMENTARY,
    Architecture,
    Model,
    Network,
    chain,
    chain_multiply_adds,
    widest,
)

LAYERS = 4  # the last one, of the colours, counted
SIGMA = 3.0  # of B, cycles along the longer side; the paper has 10, for more frequencies
RATE = 2e-2  # the paper has 1e-3, with which narrow layers hardly learn in so few steps
_SEED = 1


class FourierFeatures(nn.Module):
    """A network of `layers` layers, each `width` wide, the last one 3 wide."""

    def __init__(self, layers: int, width: int) -> None:
        super().__init__()
        self.frequencies = SIGMA * torch.randn(2, width, generator=torch.Generator().manual_seed(_SEED))
        self.net = rectified_layers(widths((layers, width)))

    def encoded(self, xy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(P, 2 width): cosines and sines."""
        waves = math.pi * xy @ self.frequencies  # the longer side is 2 long
        return (torch.cat([waves.cos(), waves.sin()], dim=1),)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(P, 3)."""
        found: torch.Tensor = 2 * self.net(features).sigmoid() - 1
        return found


def widths(architecture: Architecture) -> list[int]:
    """The widths of the layers' inputs and of the colours. architecture: number of layers, their width."""
    layers, width = architecture
    return [2 * width, *[width] * (layers - 1), 3]


def n_parameters(architecture: Architecture, shape: Shape) -> int:
    """Weights and biases."""
    return chain(widths(architecture))


def _sized(most: int, shape: Shape) -> Architecture:
    return widest(widths, LAYERS, most)


def _build(architecture: Architecture, shape: Shape) -> Network:
    return FourierFeatures(*architecture)


def _multiply_adds(architecture: Architecture, shape: Shape) -> int:
    waves = architecture[1] * (2 + 2 * ELEMENTARY)
    return waves + chain_multiply_adds(widths(architecture)) + 3 * ELEMENTARY


MODEL = Model(3, "BH", RATE, _sized, n_parameters, _build, _multiply_adds)
