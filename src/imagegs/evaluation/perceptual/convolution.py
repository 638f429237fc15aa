"""The layers of AlexNet in NumPy: planes of float32, (C, H, W), as PyTorch computes them."""

from __future__ import annotations

import numpy as np

from imagegs.ssimulacra.single_precision import Singles

_STRIP_VALUES = 1 << 22  # of the patches that are held at once


def convolved(planes: Singles, weight: Singles, bias: Singles, stride: int, padding: int) -> Singles:
    """Cross-correlation with (O, C, k, k) weights of planes with zeros around."""
    padded = np.pad(planes, [(0, 0), (padding, padding), (padding, padding)])
    side = weight.shape[2]
    patches = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    patches = patches[:, ::stride, ::stride].transpose(0, 3, 4, 1, 2)
    matrix = weight.reshape(len(weight), -1)
    height, width = patches.shape[3:]
    out = np.empty((len(weight), height, width), np.float32)
    rows = max(1, _STRIP_VALUES // (matrix.shape[1] * width))
    for top in range(0, height, rows):
        strip = patches[:, :, :, top : top + rows]
        products = matrix @ strip.reshape(matrix.shape[1], -1)
        out[:, top : top + rows] = products.reshape(len(weight), -1, width)
    out += bias[:, None, None]
    return out


def max_pooled(planes: Singles, stride: int) -> Singles:
    """The greatest of 3 x 3, where they fit."""
    rows = np.maximum(np.maximum(planes[:, :-2], planes[:, 1:-1]), planes[:, 2:])[:, ::stride]
    pooled = np.maximum(np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])[:, :, ::stride]
    return np.asarray(pooled)


def blur_pooled(planes: Singles) -> Singles:
    """Every other sample of means of 3 x 3, weighted 1 2 1 each way, of planes mirrored for two pixels more
    around: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again"."""
    padded = np.pad(planes, [(0, 0), (2, 2), (2, 2)], mode="reflect")
    rows = padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]
    sums = rows[:, :, :-2:2] + 2 * rows[:, :, 1:-1:2] + rows[:, :, 2::2]
    return np.asarray(sums * np.float32(1 / 16))
