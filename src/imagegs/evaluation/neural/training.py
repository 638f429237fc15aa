"""Training and painting of neural pictures: the same steps for all models, one thread, the same bits always.

Adam steps on the mean squared error. The learning rate falls to a tenth, evenly in its logarithm, as in the
code of WIRE (Saragadam et al., CVPR 2023; https://github.com/vishwa91/wire).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from imagegs.evaluation.codec import Pixels, Shape
from imagegs.evaluation.neural.model import Model, Network

SEED = 0
PIXELS_PER_STEP = 2**13  # small steps are many: 4,000 of them come further than 250 of a whole picture
PIXELS_PAINTED = 2**14  # at a time: few enough for the caches of a processor
PIXELS_ENCODED = 2**20  # of a larger picture the networks' inputs are made anew for each step
_LAST_RATE = 0.1


@contextmanager
def reproducible() -> Iterator[None]:
    """One thread, deterministic algorithms, random numbers of SEED; PyTorch is as before at the end."""
    threads, was_strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            yield
    finally:
        torch.use_deterministic_algorithms(was_strict)
        torch.set_num_threads(threads)


def train(model: Model, network: Network, pixels: Pixels, steps: int) -> None:
    """Fits a network to (H, W, 3) pixels in so many steps of Adam.

    The pixels are put in a random order once; each step takes the next PIXELS_PER_STEP of them, and after the
    last ones begins anew.
    """
    order = torch.randperm(pixels.shape[0] * pixels.shape[1])
    places = pixel_places(pixels.shape)[order].split(PIXELS_PER_STEP)
    all_colors = torch.from_numpy(pixels.reshape(-1, 3).astype(np.float32)) / 127.5 - 1
    colors = all_colors[order].split(PIXELS_PER_STEP)
    kept = [network.encoded(part) for part in places] if len(order) <= PIXELS_ENCODED else None
    optimizer = torch.optim.Adam(network.parameters(), model.learning_rate, model.betas, model.epsilon)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _LAST_RATE ** (step / steps))
    for step in range(steps):
        part = step % len(places)
        encoded = network.encoded(places[part]) if kept is None else kept[part]
        optimizer.zero_grad()
        loss = (network(*encoded) - colors[part]).square().mean()
        loss.backward()
        optimizer.step()
        schedule.step()


def painted(network: Network, shape: Shape) -> Pixels:
    """(H, W, 3) of a network."""
    with torch.no_grad():
        parts = [network(*network.encoded(part)) for part in pixel_places(shape).split(PIXELS_PAINTED)]
    levels = ((torch.cat(parts) + 1) * 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).numpy().reshape(shape)


def pixel_places(shape: Shape) -> torch.Tensor:
    """(H W, 2) float32: x and y of the pixels' centres, row by row; the longer side is -1..1."""
    height, width, _ = shape
    longer = max(height, width)
    y, x = ((2 * torch.arange(n) + 1 - n) / longer for n in (height, width))
    return torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).flip(-1).reshape(-1, 2)
