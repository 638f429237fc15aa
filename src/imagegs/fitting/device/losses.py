"""The parts of a loss by operations of PyTorch, differentiable: native/training/loss.h has the same."""

from __future__ import annotations

from torch import Tensor

from imagegs.fitting.device.planes import blurred

C1, C2 = 0.01**2, 0.03**2


def weighted_mean(values: Tensor, pixel_weights: Tensor | None) -> Tensor:
    """The mean over values (C, H, W), each times its weight, (H, W) or (C, H, W); None: all are 1."""
    return (values if pixel_weights is None else values * pixel_weights).mean()


def ssim(picture: Tensor, target: Tensor, pixel_weights: Tensor | None) -> Tensor:
    """The mean SSIM (Wang et al. 2004) of pictures (C, H, W) of the range 0..1.

    The window has 11 pixels and sigma 1.5; outside the pictures all is 0, and the mean is over all pixels
    (native/training/kernels/ssim.h).
    """
    m, n = blurred(picture), blurred(target)
    squares = blurred(picture.square() + target.square())
    both, means = m * n, m.square() + n.square()
    alike = (2 * both + C1) * (2 * (blurred(picture * target) - both) + C2)
    return weighted_mean(alike / ((means + C1) * (squares - means + C2)), pixel_weights)
