"""The published fit (Image-GS, SIGGRAPH 2025, arXiv 2407.01866) in a hundred lines on top of the operator.

    python examples/torch/paper_recipe.py assets/sample.png sample.gsimg

Half of the Gaussians are placed by the squared gradient (30% of them at random). The rest come in four
growths where the squared error is largest. Adam moves position, 1/scale, angle and colour by
L1 + 0.1 (1 - SSIM), through a straight-through quantiser. The early stop is left out (the command
`imagegs encode --recipe paper` has it).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d, pad

import imagegs
import imagegs.torch

RATES = {
    "position": 5e-4,
    "inverse_scale": 2e-3,
    "angle": 2e-3,
    "color": 5e-3,
}  # position: of the unit square
GROWTHS, INITIAL_SCALE, RANDOM_SHARE, SSIM_WEIGHT = 4, 5.0, 0.3, 0.1
BITS = {"position": 12, "inverse_scale": 8, "angle": 6, "color": 8}

Values = dict[str, Tensor]


def squared_gradient(target: Tensor) -> Tensor:
    """(H W,) the squared Sobel gradient of [H, W, C], summed over the channels."""
    down = torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
    planes = pad(target.movedim(2, 0)[:, None], (1, 1, 1, 1), mode="replicate")
    slopes = conv2d(planes, torch.stack([down, down.T])[:, None])
    return slopes.square().sum(dim=(0, 1)).flatten()


def born(pixels: Tensor, colors: Tensor, target: Tensor) -> Values:
    """Round Gaussians at flat indices (N,) of pixels."""
    height, width, _ = target.shape
    n = len(pixels)
    return {
        "position": torch.stack([(pixels % width + 0.5) / width, (pixels // width + 0.5) / height], dim=1),
        "inverse_scale": torch.full((n, 2), 1 / INITIAL_SCALE),
        "angle": torch.zeros(n),
        "color": colors,
    }


def placed(target: Tensor, n: int) -> Values:
    """The first n Gaussians, in the target's colours."""
    scattered = round(RANDOM_SHARE * n)
    flat = target.flatten(0, 1)
    pixels = torch.cat(
        [
            torch.randperm(len(flat))[:scattered],
            torch.multinomial(squared_gradient(target) + 1e-12, n - scattered),
        ]
    )
    return born(pixels, flat[pixels], target)


def grown(values: Values, picture: Tensor, target: Tensor, n: int) -> Values:
    """n more where the squared error is largest, which have the error as their colour."""
    error = (target - picture.detach().clamp(0, 1)).flatten(0, 1)
    pixels = torch.multinomial(error.abs().mean(dim=1).square() + 1e-12, n)
    new = born(pixels, error[pixels], target)
    return {name: torch.cat([value.detach(), new[name]]) for name, value in values.items()}


def quantised(value: Tensor, bits: int) -> Tensor:
    """The nearest of 2^bits levels from the minimum to the maximum; its gradient passes unchanged."""
    low, high = value.detach().aminmax()
    step = ((high - low) / (2**bits - 1)).clamp_min(1e-12)
    return value + (((value - low) / step).round() * step + low - value).detach()


def numbers_of(values: Values, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The tensors that the operator takes."""
    position, inverse_scale, angle, color = (quantised(values[name], bits) for name, bits in BITS.items())
    height, width, _ = target.shape
    return position * torch.tensor([width, height]), 1 / inverse_scale, angle, torch.zeros_like(angle), color


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean SSIM (Wang et al. 2004) of [H, W, C]: windows of 11 x 11, sigma 1.5, zeros outside."""
    taps = torch.exp(-(torch.arange(-5.0, 6.0) ** 2) / 4.5)
    window = torch.outer(taps, taps) / taps.sum() ** 2
    planes = torch.cat([a, b, a * a, b * b, a * b], dim=2).movedim(2, 0)[:, None]
    blurred = conv2d(planes, window[None, None], padding=5)[:, 0]
    ma, mb, aa, bb, ab = blurred.chunk(5)
    top = (2 * ma * mb + 0.01**2) * (2 * (ab - ma * mb) + 0.03**2)
    return (top / ((ma**2 + mb**2 + 0.01**2) * (aa + bb - ma**2 - mb**2 + 0.03**2))).mean()


def optimizer_of(values: Values) -> torch.optim.Adam:
    """A new Adam, as after each growth."""
    groups = [{"params": [values[name].requires_grad_()], "lr": rate} for name, rate in RATES.items()]
    return torch.optim.Adam(groups)


def fit(target: Tensor, n: int, steps: int = 5000, interval: int = 500) -> imagegs.Gaussians:
    """n Gaussians of a picture [H, W, C] in 0..1; a growth every `interval` steps."""
    torch.manual_seed(0)
    height, width, _ = target.shape
    first = n - GROWTHS * (n // (2 * GROWTHS))
    values = placed(target, first)
    optimizer = optimizer_of(values)
    for step in range(1, steps + 1):
        picture = imagegs.torch.render(*numbers_of(values, target), height, width, blend="paper")
        loss = (picture - target).abs().mean() + SSIM_WEIGHT * (1 - ssim(picture, target))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            values["inverse_scale"].clamp_(1e-3, 1e3)
        if step % interval == 0 and step // interval <= GROWTHS:
            values = grown(values, picture, target, n // (2 * GROWTHS))
            optimizer = optimizer_of(values)
    arrays = (tensor.detach().numpy() for tensor in numbers_of(values, target))
    return imagegs.Gaussians(*arrays, height=height, width=width, blend="paper")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("-n", type=int, default=2000, help="Gaussians")
    parser.add_argument("--steps", type=int, default=5000)
    options = parser.parse_args()
    target = torch.tensor(np.asarray(Image.open(options.picture).convert("RGB")) / np.float32(255))
    bits = imagegs.Bits(position=12, scale=8, angle=6, color=8)
    imagegs.save(options.file, fit(target, options.n, options.steps), bits)


if __name__ == "__main__":
    main()
