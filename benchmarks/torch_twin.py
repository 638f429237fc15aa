"""The training step of the "paper" blend in plain PyTorch, to compare the native kernels' speed with.

Written as a careful PyTorch user would: each 16 x 16 tile gets a padded list of the M Gaussians whose
3-sigma squares touch it; exponents and colours are batched matrix products over (tiles, 256, M) blocks,
with `topk` and `scatter` between them. Blocks of 192 tiles stay small enough for the allocator to reuse,
which is a fifth faster than all tiles at once. One float32 a padded pair stays alive until the backward
pass, 100 MB at 768 x 512 with M = 60.

Each part is the fastest of several forms that were tried (gathers, masks, other layouts of the SSIM
convolutions), so that the ratio to the native kernels flatters nobody. Run as a script, it checks values
and gradients against tests/oracle.py and prints a time.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

TILE = 16
TOP_K = 10
EPSILON = 1e-4
SSIM_WEIGHT = 0.1
RATES = {"xy": 5e-4, "inverse_scale": 2e-3, "angle": 2e-3, "color": 5e-3}  # xy: of the canvas
BLOCK = 192  # tiles
MAX_PAIRS = 1_000_000_000  # padded pixel-Gaussian pairs, 4 GB


def tile_lists(torch: Any, xy: Any, scale: Any, height: int, width: int) -> Any:
    """(tiles, M) int64 indices of the Gaussians of each tile, in rising order; N fills the rest."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    radius = 3 * scale.amax(dim=1, keepdim=True)
    last = torch.tensor([columns - 1, rows - 1])
    first = torch.floor((xy - radius) / TILE).long().clamp_min(0)
    span = torch.clamp(torch.minimum(torch.floor((xy + radius) / TILE).long(), last) - first + 1, min=0)
    count = span.prod(dim=1)
    gaussian = torch.repeat_interleave(torch.arange(len(xy)), count)
    within = torch.arange(len(gaussian)) - (count.cumsum(0) - count)[gaussian]
    column = first[gaussian, 0] + within % span[gaussian, 0]
    row = first[gaussian, 1] + within // span[gaussian, 0]
    tile, order = torch.sort(row * columns + column, stable=True)
    filled = torch.bincount(tile, minlength=columns * rows)
    slot = torch.arange(len(tile)) - (filled.cumsum(0) - filled)[tile]
    lists = torch.full((columns * rows, max(1, int(filled.max()))), len(xy))
    lists[tile, slot] = gaussian[order]
    return lists


def exponents(torch: Any, xy: Any, scale: Any, angle: Any, tiles: Any, lists: Any, columns: int) -> Any:
    """(T, 256, M) exponents of the tiles (T,) with their lists (T, M), -inf in the padding.

    -1/2 (p - mu)^T Sigma^-1 (p - mu) is linear in (x^2, x y, y^2, x, y, 1), with p = (x, y) counted from
    the tile's centre so that float32 is enough: one batched product.
    """
    cos, sin = torch.cos(angle), torch.sin(angle)
    p1, p2 = (1 / scale**2).unbind(1)
    a, b, c = cos**2 * p1 + sin**2 * p2, cos * sin * (p1 - p2), sin**2 * p1 + cos**2 * p2
    shape = torch.nn.functional.pad(torch.stack([xy[:, 0], xy[:, 1], a, b, c], dim=1), (0, 0, 0, 1))
    centre = (torch.stack([tiles % columns, tiles // columns], dim=1) * TILE + TILE / 2).to(xy.dtype)
    x0, y0, a, b, c = shape[lists].unbind(2)  # (T, M) each
    x0, y0 = x0 - centre[:, :1], y0 - centre[:, 1:]
    to_x, to_y = a * x0 + b * y0, b * x0 + c * y0
    constant = -0.5 * (to_x * x0 + to_y * y0)
    constant = constant.masked_fill(lists == len(xy), -torch.inf)
    factors = torch.stack([-0.5 * a, -b, -0.5 * c, to_x, to_y], dim=1)  # (T, 5, M)
    side = torch.arange(TILE, dtype=xy.dtype) - TILE / 2 + 0.5
    y, x = (m.flatten() for m in torch.meshgrid(side, side, indexing="ij"))
    features = torch.stack([x * x, x * y, y * y, x, y], dim=1).expand(len(lists), -1, -1)
    return torch.baddbmm(constant[:, None], features, factors)


def blend(torch: Any, e: Any, painted: Any) -> Any:
    """(T, 256, C) colours from exponents (T, 256, M) and (T, M, C + 1) colours that end in a one.

    The column of ones makes the sum of the weights a part of the same product.
    """
    best, index = torch.topk(e, min(TOP_K, e.shape[2]), dim=2, sorted=False)
    total = torch.zeros_like(e).scatter(2, index, torch.exp(best)) @ painted
    return total[..., :-1] / (total[..., -1:] + EPSILON)


def render(torch: Any, xy: Any, scale: Any, angle: Any, color: Any, height: int, width: int) -> Any:
    """(height, width, C) picture in the "paper" blend; which of exactly tied Gaussians it keeps is open."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    with torch.no_grad():
        lists = tile_lists(torch, xy, scale, height, width)
    if lists.numel() * TILE**2 > MAX_PAIRS:
        raise ValueError("too many Gaussians on one tile for the padded lists")
    painted = torch.nn.functional.pad(torch.cat([color, torch.ones_like(color[:, :1])], dim=1), (0, 0, 0, 1))
    blocks = []
    for tiles in torch.arange(len(lists)).split(BLOCK):
        part = lists[tiles]
        part = part[:, : max(1, int((part < len(xy)).sum(dim=1).max()))]
        e = exponents(torch, xy, scale, angle, tiles, part, columns)
        blocks.append(blend(torch, e, painted[part]))
    picture = torch.cat(blocks).reshape(rows, columns, TILE, TILE, -1).transpose(1, 2)
    return picture.reshape(rows * TILE, columns * TILE, -1)[:height, :width]


def ssim(torch: Any, rendered: Any, target: Any) -> Any:
    """Mean SSIM of two (H, W, C) pictures, 11 x 11 window, zeros outside.

    Depthwise and separable over all maps at once, in the channels-last layout that the pictures have
    already: 40 times faster than the maps as a batch of one-channel pictures.
    """
    taps = torch.exp(-(torch.arange(-5, 6, dtype=rendered.dtype) ** 2) / 4.5)
    r, t = rendered, target
    maps = torch.cat([r, t, r * r, t * t, r * t], dim=2).movedim(2, 0)[None]
    taps = (taps / taps.sum()).view(1, 1, 11, 1).repeat(maps.shape[1], 1, 1, 1)
    down = torch.nn.functional.conv2d(maps, taps, padding=(5, 0), groups=len(taps))
    blurred = torch.nn.functional.conv2d(down, taps.mT.contiguous(), padding=(0, 5), groups=len(taps))
    mr, mt, rr, tt, rt = blurred.chunk(5, dim=1)
    power = mr * mr + mt * mt
    top = (2 * mr * mt + 0.01**2) * (2 * (rt - mr * mt) + 0.03**2)
    return (top / ((power + 0.01**2) * (rr + tt - power + 0.03**2))).mean()


def parameters(torch: Any, n: int, height: int, width: int, seed: int = 0) -> dict[str, Any]:
    """The tensors that are trained, drawn at random; sizes such that neighbours overlap as in a fit."""
    generator = torch.Generator().manual_seed(seed)
    xy = torch.rand(n, 2, generator=generator) * torch.tensor([width, height])
    usual = (height * width / n) ** 0.5 / 2  # px
    scale = usual * torch.exp(0.5 * torch.randn(n, 2, generator=generator))
    values = {
        "xy": xy,
        "inverse_scale": 1 / scale,
        "angle": torch.rand(n, generator=generator) * torch.pi,
        "color": torch.rand(n, 3, generator=generator),
    }
    return {name: value.requires_grad_() for name, value in values.items()}


def adam(torch: Any, params: dict[str, Any], height: int, width: int) -> Any:
    """Adam with the published rates."""
    rates = RATES | {"xy": RATES["xy"] * max(height, width)}
    return torch.optim.Adam([{"params": [params[name]], "lr": rate} for name, rate in rates.items()])


def step(torch: Any, params: dict[str, Any], target: Any, optimizer: Any) -> float:
    """One training step on `target` (H, W, C): forward, L1 + 0.1 (1 - SSIM), backward, Adam. The loss."""
    height, width, _ = target.shape
    picture = render(
        torch, params["xy"], 1 / params["inverse_scale"], params["angle"], params["color"], height, width
    )
    loss = (picture - target).abs().mean() + SSIM_WEIGHT * (1 - ssim(torch, picture, target))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def seconds_per_step(
    n: int = 5000, height: int = 512, width: int = 768, threads: int = 1, steps: int = 5
) -> float:
    """Median seconds of a step after one to warm up. Raises ImportError without torch."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        params = parameters(torch, n, height, width)
        optimizer = adam(torch, params, height, width)
        target = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(1))
        step(torch, params, target, optimizer)
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            step(torch, params, target, optimizer)
            seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return statistics.median(seconds)


def largest_errors(height: int = 44, width: int = 60, n: int = 80) -> dict[str, float]:
    """The largest difference from the oracle, in float64, relative to the largest value of each array."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import oracle

    rng = np.random.default_rng(0)
    g = oracle.random_gaussians(rng, n, height, width, blend="paper")
    points = oracle.pixel_centres(width, height)
    target = rng.uniform(0, 1, (height, width, 3))
    picture = oracle.render(g, width, height)
    value, gradient = oracle.loss(picture, target, 1, 0, SSIM_WEIGHT)
    expected = oracle.gradients(g, points, gradient.reshape(-1, 3))

    leaves = {k: torch.tensor(getattr(g, k)).double().requires_grad_() for k in expected if k != "log_weight"}
    found = render(torch, **leaves, height=height, width=width)
    against = torch.tensor(target)
    loss = (found - against).abs().mean() + SSIM_WEIGHT * (1 - ssim(torch, found, against))
    loss.backward()
    pairs = {name: (leaf.grad.numpy(), expected[name]) for name, leaf in leaves.items()}
    pairs |= {"picture": (found.detach().numpy(), picture), "loss": (loss.detach().numpy(), np.array(value))}
    return {name: float(np.abs(a - b).max() / np.abs(b).max()) for name, (a, b) in pairs.items()}


def main() -> None:
    """Check, then time."""
    errors = largest_errors()
    print("largest error, float64:", {name: f"{error:.1e}" for name, error in errors.items()})
    if max(errors.values()) > 1e-9:
        raise SystemExit("the twin does not agree with the oracle")
    print(f"{seconds_per_step():.3f} s a step: 768 x 512, 5,000 Gaussians, 1 thread")


if __name__ == "__main__":
    main()
