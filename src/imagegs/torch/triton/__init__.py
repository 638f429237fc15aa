"""The renderer, its gradient and its J^T J as Triton kernels, for graphics cards of NVIDIA (CUDA) and AMD
(ROCm).

All functions take the Gaussians of one picture as contiguous float32 tensors on one device. They paint what
docs/format.md, section 9, defines, and sums are added in a fixed order, so that runs repeat to the bit.
docs/gpu.md tells how the kernels were proven without a card.
"""

from imagegs.torch.triton.gauss_newton import normal_diagonal, normal_product, removal_cost
from imagegs.torch.triton.rendering import Saved, backward, forward, own_gradient

__all__ = [
    "Saved",
    "backward",
    "forward",
    "normal_diagonal",
    "normal_product",
    "own_gradient",
    "removal_cost",
]
