"""Makes a .gsimg file of a gigapixel without a fit of a gigapixel.

    python benchmarks/gigapixel_file.py OUT.gsimg [--side 32768] [--tile 1024] [-n 8000] [--effort 2]

A tile of noise of several sizes is fitted, in layers. Copies of its Gaussians, each with other colours and
log-weights, are put onto every tile of the canvas. The file has blocks of the tile's side. It is a picture of
nothing, but it has as many Gaussians in every layer and block as a fit would have.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import imagegs
from imagegs.evaluation.system import clouds
from imagegs.gaussians import Gaussians

ARRAYS = "xy", "scale", "angle", "log_weight", "color"
FINENESS = 1.0


def copied(tile: Gaussians, columns: int, rows: int, seed: int = 0) -> Gaussians:
    """The Gaussians of a tile on every tile of a larger canvas, changed a little; they keep their layers."""
    ends = np.cumsum(tile.layers or (len(tile),))
    starts = [0, *ends[:-1]]
    corners = np.array([(x * tile.width, y * tile.height) for y in range(rows) for x in range(columns)])
    rng = np.random.default_rng(seed)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
    for start, end in zip(starts, ends, strict=True):
        shape = len(corners), end - start
        layer = {name: getattr(tile, name)[start:end] for name in ARRAYS}
        shift = rng.uniform(-0.1, 0.1, (len(corners), 1, 3)).astype(np.float32)
        parts["xy"].append(layer["xy"].clip(0, tile.width)[None] + corners[:, None].astype(np.float32))
        parts["scale"].append(np.broadcast_to(layer["scale"], (*shape, 2)))
        parts["angle"].append(np.broadcast_to(layer["angle"], shape))
        parts["log_weight"].append(layer["log_weight"] + rng.normal(0, 0.05, shape).astype(np.float32))
        parts["color"].append(layer["color"] + shift + rng.normal(0, 0.01, (*shape, 3)).astype(np.float32))
    joined = {
        name: np.concatenate([part.reshape(-1, *part.shape[2:]) for part in each])
        for name, each in parts.items()
    }
    return Gaussians(
        **joined,
        height=rows * tile.height,
        width=columns * tile.width,
        channels=tile.channels,
        layers=tuple((np.array(tile.layers) * len(corners)).tolist()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=32768)
    parser.add_argument("--tile", type=int, default=1024)
    parser.add_argument("-n", type=int, default=8000, help="Gaussians of a tile")
    parser.add_argument("--effort", type=int, default=2)
    options = parser.parse_args()
    tile = imagegs.fit(clouds(options.tile, options.tile), options.n, effort=options.effort, layers=8)
    many = copied(tile, options.side // options.tile, options.side // options.tile)
    start = time.perf_counter()
    size = imagegs.save(options.out, many, imagegs.Lattice.of_fineness(FINENESS), block_side=options.tile)
    print(f"{len(many):,} Gaussians, {size:,} bytes, written in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
