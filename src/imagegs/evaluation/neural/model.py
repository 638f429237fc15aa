"""A neural picture: a network from the place of a pixel to its colour, sized to a number of bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from imagegs.evaluation.codec import Shape

if TYPE_CHECKING:
    import torch

Architecture = tuple[int, ...]  # numbers that a file stores: what they mean is the model's affair
BYTES_PER_PARAMETER = 2  # float16
ELEMENTARY = 10  # multiply-adds of a sine or an exponential, as native/render/scene_cost.cpp counts one


class Network(Protocol):
    """A torch.nn.Module that has learned a picture."""

    def encoded(self, xy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The inputs that no parameter enters into, computed once for places xy, (P, 2) in -1..1."""

    def __call__(self, *encoded: torch.Tensor) -> torch.Tensor:
        """(P, 3): colours, 0..1 as -1..1."""

    def parameters(self) -> Any: ...


@dataclass(frozen=True)
class Model:
    """A kind of network. Shapes are (H, W, 3), those of the picture."""

    number: int  # in the file, 0..255
    fields: str  # the architecture's numbers as a format of `struct`
    learning_rate: float  # Adam's at the first step
    sized: Callable[[int, Shape], Architecture]  # the largest with at most so many parameters
    n_parameters: Callable[[Architecture, Shape], int]
    build: Callable[[Architecture, Shape], Network]
    multiply_adds: Callable[[Architecture, Shape], int]  # a pixel
    betas: tuple[float, float] = (0.9, 0.999)  # Adam's
    epsilon: float = 1e-8  # Adam's


def largest(count: Callable[[int], int], most: int, limit: int = 65535) -> int:
    """The largest size, 1 or more, with count(size) <= most. count rises with the size.

    Raises ValueError where even size 1 is too large.
    """
    if count(1) > most:
        raise ValueError(f"{most} numbers are too few: the smallest network has {count(1)}")
    low, high = 1, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= most else (low, middle)
    return low


def chain(widths: list[int]) -> int:
    """The parameters of dense layers with biases, from each width to the next."""
    return sum((a + 1) * b for a, b in pairwise(widths))


def widest(widths: Callable[[Architecture], list[int]], layers: int, most: int) -> Architecture:
    """The widest network of so many dense layers, of `widths`, within `most` parameters.

    widths: of (layers, width). Raises ValueError where there is none.
    """
    return layers, largest(lambda width: chain(widths((layers, width))), most)


def chain_multiply_adds(widths: list[int]) -> int:
    """The multiply-adds of the same layers; a bias is the first number of its sum."""
    return sum(a * b for a, b in pairwise(widths))
