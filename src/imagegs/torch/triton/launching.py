"""Starts kernels, each with its number of warps (32 threads) a program.

Of the kernels that go over the 256 points of a block, more warps mean fewer points a thread. What one warp
holds is added without shared memory, so those that add up the points for each candidate have one: by the
machine code for an A100 (docs/gpu.md), its loop has 56 instructions for a point and a candidate, with two
warps 91. No card has tuned them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

WARPS = {
    "shape_kernel": 4,
    "count_kernel": 2,
    "fill_kernel": 2,
    "choose_kernel": 2,
    "mix_kernel": 2,
    "gradient_kernel": 1,
    "tangent_kernel": 4,
    "diagonal_kernel": 1,
    "removal_kernel": 1,
    "add_kernel": 1,
    "chain_kernel": 4,
}


def launch(kernel: Any, grid: tuple[int, ...], *given: Any, **constants: Any) -> None:
    """Starts a kernel, a program for each place of the grid.

    Whether products and sums may be fused is told, since versions of Triton differ in what they do without.
    """
    kernel[grid](*given, **constants, num_warps=WARPS[kernel.__name__], enable_fp_fusion=True)


def on_device(tensor: Tensor) -> AbstractContextManager[object]:
    """Makes the tensor's graphics card the current one, where kernels start."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()
