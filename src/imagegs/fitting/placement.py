"""Where Gaussians go: drawing pixels without replacement, by how much happens there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import PlacementName
from imagegs.gaussians import FloatArray
from imagegs.pictures.transparency import Alphas

RANDOM_SHARE = 0.3  # of the first Gaussians, placed without looking (Image-GS, section 3.2)

Pixels = NDArray[np.intp]  # flat indices, row by row
Placement = PlacementName | NDArray[Any]
"""Where Gaussians start: by the picture's gradient, at random, or by an (H, W) map of weights, 0 or more."""


def gradient_map(
    target: FloatArray, wrap: bool = False, channel_weights: FloatArray | None = None
) -> FloatArray:
    """|grad I|: Sobel per channel of (C, H, W), Euclidean norm over channels and directions -> (H, W).

    Image-GS (arXiv 2407.01866), equation 5. channel_weights: (C, H, W), of the squares.
    """
    total = np.zeros(target.shape[1:], np.float32)
    for i, channel in enumerate(target):
        padded = np.pad(channel, 1, mode="wrap" if wrap else "symmetric")
        for slope in (_sobel(padded), _sobel(padded.T).T):
            squares = np.square(slope)
            total += squares if channel_weights is None else channel_weights[i] * squares
    return np.sqrt(total, out=total)


def _sobel(padded: FloatArray) -> FloatArray:
    """The slope down, times 8, of a plane with one more pixel at each side: (H + 2, W + 2) -> (H, W)."""
    slope = padded[2:] - padded[:-2]
    sides = np.add(slope[:, :-2], slope[:, 2:], dtype=np.float64)
    smoothed: FloatArray = (sides + 2 * slope[:, 1:-1]).astype(np.float32)
    return smoothed


def draw_pixels(
    rng: np.random.Generator, weights: FloatArray | None, shape: tuple[int, int], n: int
) -> Pixels:
    """n different pixels of an (H, W) picture, each draw in proportion to `weights` (None: uniform).

    Exponential keys: the n smallest of Exp(1) / weight are a draw without replacement (Efraimidis and
    Spirakis 2006). Pixels of weight 0 come last, at random, when fewer than n others are left.
    """
    size = shape[0] * shape[1]
    if weights is None:
        return rng.permutation(size)[:n] if n * 4 > size else _few_pixels(rng, size, n)
    keys = rng.standard_exponential(size, np.float32)
    flat = weights.reshape(-1)
    largest = float(flat.max()) or 1.0
    with np.errstate(over="ignore"):
        keys /= np.maximum(flat / largest, 1e-30)
    if n == size:
        return np.arange(size)
    limit = np.partition(keys, n - 1)[n - 1]
    return np.flatnonzero(keys <= limit)[:n]


def _few_pixels(rng: np.random.Generator, size: int, n: int) -> Pixels:
    """n different pixels out of many more, without a picture-sized permutation."""
    chosen = np.unique(rng.integers(0, size, n))
    while len(chosen) < n:
        chosen = np.unique(np.concatenate([chosen, rng.integers(0, size, n - len(chosen))]))
    return chosen


def place_weights(pixel_weights: FloatArray | None, alphas: Alphas) -> FloatArray | None:
    """(H, W): how much a place counts that is chosen without looking: by what is seen there."""
    if pixel_weights is None or pixel_weights.ndim == 2:
        return pixel_weights
    seen = [i for i in range(len(alphas)) if i not in alphas]
    return np.asarray(pixel_weights[seen].mean(axis=0))


def place(
    rng: np.random.Generator,
    target: FloatArray,
    placement: Placement,
    n: int,
    pixel_weights: FloatArray | None = None,
    wrap: bool = False,
    alphas: Alphas = (),
) -> Pixels:
    """The first n Gaussians' pixels: 30% at random, 70% in proportion to a map's square ("random": none).

    Image-GS, section 3.2. The map is |grad I| of the target (C, H, W), or given. The two parts may meet in
    a pixel. All draws are in proportion to the weights of the pixels (H, W) too; where each channel has its
    own (C, H, W), those of the gradient to these, channel by channel, and others to `place_weights`.
    """
    shape = target.shape[1], target.shape[2]
    by_channel = pixel_weights is not None and pixel_weights.ndim == 3
    of_places = place_weights(pixel_weights, alphas)
    if isinstance(placement, str) and placement == "random":
        return draw_pixels(rng, of_places, shape, n)
    if isinstance(placement, str):
        weights = gradient_map(target, wrap, pixel_weights if by_channel else None)
    else:
        weights = placement
    n_random = round(RANDOM_SHARE * n)
    scattered = draw_pixels(rng, of_places, shape, n_random)
    squares = np.square(weights / (float(weights.max()) or 1.0))
    if of_places is not None and not (by_channel and isinstance(placement, str)):
        squares *= of_places
    return np.concatenate([scattered, draw_pixels(rng, squares, shape, n - n_random)])


def centers(pixels: Pixels, width: int) -> FloatArray:
    """Flat indices -> pixel centres (N, 2) in canvas pixels."""
    return np.stack([pixels % width + 0.5, pixels // width + 0.5], axis=1).astype(np.float32)


def colors_at(picture: FloatArray, pixels: Pixels) -> FloatArray:
    """(C, H, W) -> (N, C)."""
    return np.ascontiguousarray(picture.reshape(len(picture), -1)[:, pixels].T)
