"""Who paints: one function that chooses by device and dtype, and what a backend of the operator has to do."""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from imagegs.torch import native_backend, triton_backend
from imagegs.torch.views import Five, View

BackendName = Literal["native", "triton", "twin"]


class Backend(Protocol):
    """Paints one picture, or the colours at points, and differentiates what it painted; contiguous float32.

    `out` is a picture (C, H, W), or colours (M, C) where the view has points; `grad` has its shape.
    """

    def paint(self, gaussians: Five, view: View, out: Tensor, keep: bool) -> Any:
        """Fills `out`; returns what `gradients` needs where it is to be kept."""

    def gradients(self, saved: Any, gaussians: Five, view: View, out: Tensor, grad: Tensor) -> Five:
        """The gradients of the five tensors."""


BACKENDS: dict[BackendName, Backend] = {"native": native_backend, "triton": triton_backend}


def choose(device: torch.device, dtype: torch.dtype) -> BackendName:
    """The backend for tensors of a device and a dtype.

    float32 is for the native kernels on the CPU and for the Triton kernels on CUDA and ROCm devices. All else
    is for the plain twin. Where that may surprise by its speed, a warning says so, once a process.
    """
    if dtype == torch.float64:
        return "twin"
    if device.type == "cpu":
        return "native"
    if device.type == "cuda" and has_triton():
        return "triton"
    _warn_of_the_twin(device.type)
    return "twin"


@cache
def has_triton() -> bool:
    """Whether Triton and the kernels for it are installed."""
    return find_spec("triton") is not None and find_spec("imagegs.torch.triton") is not None


@cache
def _warn_of_the_twin(device: str) -> None:
    why = "without Triton" if device == "cuda" else f"on the device {device!r}"
    warnings.warn(f"imagegs.torch paints by plain tensor operations {why}, which is slow", stacklevel=5)
