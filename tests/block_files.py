"""Gaussians and files in blocks that several tests share."""

from __future__ import annotations

import struct

import numpy as np

import chunks
from imagegs import Gaussians, Lattice, encode

USUAL = Lattice.of_fineness(2)


def scattered(n: int, layers: tuple[int, ...] = (), seed: int = 0, **changes: object) -> Gaussians:
    """Gaussians on a canvas of 100 x 70 pixels, most of them small: they do not reach far."""
    rng = np.random.default_rng(seed)
    width, height = 100, 70
    g = Gaussians(
        xy=rng.uniform(0, (width, height), (n, 2)),
        scale=np.exp(rng.normal(1, 0.6, (n, 2))),
        angle=rng.uniform(0, 3.1, n),
        log_weight=rng.normal(0, 1, n),
        color=rng.uniform(0, 1, (n, 3)),
        height=height,
        width=width,
        channels=("R", "G", "B"),
        layers=layers,
    )
    return g.replace(**changes)


def with_damage() -> tuple[bytes, bytes]:
    """A file, and the same with damage in its last block, at the bottom right."""
    data = encode(scattered(900, seed=3), USUAL, block_side=8)
    parts = chunks.split(data)
    index, layer = parts[-3][1], bytearray(parts[-2][1])
    sizes = [struct.unpack_from("<I", index, at + 4)[0] for at in range(2, len(index), 14)]
    layer[4 + sum(sizes[:-1])] ^= 1  # the first byte of the last block
    return data, chunks.join([*parts[:-2], (b"LAYR", bytes(layer)), parts[-1]])
