"""Fits a batch of pictures of one size at once: one optimizer, one call of the operator a step.

python examples/torch/batch.py a.png b.png c.png -n 500
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import imagegs
import imagegs.torch

RATES = {"xy": 0.5, "log_scale": 0.08, "angle": 0.06, "log_weight": 0.12, "color": 0.02}


def scattered(targets: Tensor, n: int) -> dict[str, Tensor]:
    """n Gaussians a picture of targets [B, H, W, C], at the same random places of all."""
    batch, height, width, _ = targets.shape
    place = torch.randperm(height * width, generator=torch.Generator().manual_seed(0))[:n]
    rows, columns = place // width, place % width
    usual = 0.5 * (height * width / n) ** 0.5
    start = {
        "xy": (torch.stack([columns, rows], dim=1) + 0.5).expand(batch, n, 2),
        "log_scale": torch.full((batch, n, 2), usual).log(),
        "angle": torch.zeros(batch, n),
        "log_weight": torch.zeros(batch, n),
        "color": targets[:, rows, columns],
    }
    return {name: values.clone().requires_grad_() for name, values in start.items()}


def pictures_of(values: dict[str, Tensor], height: int, width: int) -> Tensor:
    """[B, H, W, C]"""
    scale = values["log_scale"].exp()
    others = values["angle"], values["log_weight"], values["color"]
    return imagegs.torch.render(values["xy"], scale, *others, height, width)


def fit(targets: Tensor, n: int, steps: int) -> tuple[dict[str, Tensor], Tensor]:
    """The Gaussians of all pictures, and the PSNR of each in dB."""
    height, width = targets.shape[1:3]
    values = scattered(targets, n)
    optimizer = torch.optim.Adam([{"params": [values[name]], "lr": rate} for name, rate in RATES.items()])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        error = (pictures_of(values, height, width) - targets).square().mean(dim=(1, 2, 3))
        error.sum().backward()  # a sum: no picture's steps depend on the others
        optimizer.step()
        schedule.step()
        with torch.no_grad():  # files hold centres on the canvas only
            values["xy"].clamp_(torch.zeros(2), torch.tensor([width, height]))
    with torch.no_grad():
        picture = pictures_of(values, height, width).clamp(0, 1)
        psnr = -10 * (picture - targets).square().mean(dim=(1, 2, 3)).log10()
    return values, psnr


def gaussians_of(values: dict[str, Tensor], b: int, height: int, width: int) -> imagegs.Gaussians:
    """Those of one picture of the batch."""
    arrays = {name: tensor[b].detach().numpy() for name, tensor in values.items()}
    return imagegs.Gaussians(scale=np.exp(arrays.pop("log_scale")), height=height, width=width, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("-n", type=int, default=500, help="Gaussians a picture")
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    read = [np.asarray(Image.open(path).convert("RGB")) / np.float32(255) for path in options.pictures]
    values, psnr = fit(torch.tensor(np.stack(read)), options.n, options.steps)
    for b, path in enumerate(options.pictures):
        file = path.with_suffix(".gsimg")
        imagegs.save(file, gaussians_of(values, b, *read[b].shape[:2]))
        print(f"{file}: {psnr[b]:.2f} dB before rounding")


if __name__ == "__main__":
    main()
