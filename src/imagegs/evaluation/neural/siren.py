"""SIREN: Sitzmann et al., "Implicit Neural Representations with Periodic Activation Functions", NeurIPS 2020.

Layers x -> sin(30 (W x + b)), section 3 of the paper, and a linear one for the colours. Initial weights
(section 3.2): uniform within sqrt(6 / n) / 30 of 0, in the first layer within 1 / n, for n inputs. The
network is that of the package siren-pytorch. Four layers of sines, as the authors fit a picture; the width
follows from the bytes.
"""

from __future__ import annotations

import torch
from siren_pytorch import SirenNet
from torch import nn

from imagegs.evaluation.codec import Shape
from imagegs.evaluation.neural.model import (
    ELEMENTARY,
    Architecture,
    Model,
    Network,
    chain,
    chain_multiply_adds,
    widest,
)

LAYERS, OMEGA = 4, 30.0
RATE = 4e-3  # the paper has 1e-4, for wide layers; narrow ones end up to 0.3 dB better with this


class Siren(nn.Module):
    """A network of `layers` layers of sines, each `width` wide."""

    def __init__(self, layers: int, width: int) -> None:
        super().__init__()
        self.net = SirenNet(2, width, 3, layers, w0=OMEGA, w0_initial=OMEGA, final_activation=nn.Identity())

    def encoded(self, xy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The places themselves."""
        return (xy,)

    def forward(self, xy: torch.Tensor) -> torch.Tensor:
        """(P, 3) of (P, 2)."""
        found: torch.Tensor = self.net(xy)
        return found


def widths(architecture: Architecture) -> list[int]:
    """The widths of the layers' inputs and of the colours. architecture: layers of sines, their width."""
    layers, width = architecture
    return [2, *[width] * layers, 3]


def n_parameters(architecture: Architecture, shape: Shape) -> int:
    """Weights and biases."""
    return chain(widths(architecture))


def build(architecture: Architecture, shape: Shape) -> Network:
    """A network with initial weights, by PyTorch's random numbers."""
    return Siren(*architecture)


def multiply_adds(architecture: Architecture, shape: Shape) -> int:
    """The work of a pixel: products of weights, multiplication by 30, sines."""
    layers, width = architecture
    return chain_multiply_adds(widths(architecture)) + layers * width * (1 + ELEMENTARY)


def _sized(most: int, shape: Shape) -> Architecture:
    return widest(widths, LAYERS, most)


MODEL = Model(1, "BH", RATE, _sized, n_parameters, build, multiply_adds)
