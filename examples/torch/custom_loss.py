"""Trains Gaussians by a loss of one's own and saves a .gsimg file.

    python examples/torch/custom_loss.py assets/sample.png sample.gsimg

The loss is a smooth L1 of the colours plus that of the differences between neighbouring pixels, so that edges
count twice. Any other function of the picture would do, such as the features that a network sees.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import imagegs
from imagegs.torch import GaussianImage


def scattered(target: Tensor, n: int, seed: int = 0) -> GaussianImage:
    """n round Gaussians at random places of a target [H, W, C], in its colours there."""
    height, width, _ = target.shape
    place = torch.randperm(height * width, generator=torch.Generator().manual_seed(seed))[:n]
    rows, columns = place // width, place % width
    xy = torch.stack([columns, rows], dim=1) + 0.5
    scale = torch.full((n, 2), 0.5 * (height * width / n) ** 0.5)
    zeros = torch.zeros(n)
    return GaussianImage(xy, scale, zeros, zeros, target[rows, columns], height=height, width=width)


def smooth_l1(difference: Tensor) -> Tensor:
    """The mean of sqrt(d^2 + 0.001^2) (Charbonnier et al. 1994)."""
    return (difference.square() + 1e-6).sqrt().mean()


def loss_of(picture: Tensor, target: Tensor) -> Tensor:
    """The loss of a picture [H, W, C]."""
    error = picture - target
    return smooth_l1(error) + smooth_l1(error.diff(dim=0)) + smooth_l1(error.diff(dim=1))


def train(target: Tensor, n: int, steps: int) -> GaussianImage:
    """n Gaussians after some steps of Adam, whose rates fall along a cosine."""
    module = scattered(target, n)
    optimizer = torch.optim.Adam(module.parameter_groups(), betas=(0.8, 0.95))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(module(), target).backward()
        optimizer.step()
        module.clamp_()
        schedule.step()
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("-n", type=int, default=2000, help="Gaussians")
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    target = torch.tensor(np.asarray(Image.open(options.picture).convert("RGB")) / np.float32(255))
    module = train(target, options.n, options.steps)
    imagegs.save(options.file, module.to_gaussians())
    with torch.no_grad():
        psnr = -10 * (module().clamp(0, 1) - target).square().mean().log10()
    print(f"{options.file}: {options.file.stat().st_size} bytes, {psnr:.2f} dB before rounding")


if __name__ == "__main__":
    main()
