"""The differentiable renderer for PyTorch: `pip install 'imagegs[torch]'`; docs/pytorch.md shows it at work.

    picture = imagegs.torch.render(xy, scale, angle, log_weight, color, height, width)  # [..., H, W, C]
    module = imagegs.torch.GaussianImage.from_gaussians(imagegs.load("a.gsimg"))

Nothing else in imagegs imports this package, and so nothing else needs PyTorch.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("imagegs.torch needs PyTorch: pip install 'imagegs[torch]'") from error

from imagegs.torch.functions import render, sample
from imagegs.torch.module import GaussianImage

__all__ = ["GaussianImage", "render", "sample"]
