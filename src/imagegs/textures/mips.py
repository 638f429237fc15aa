"""Mip levels: a texture at 1/2, 1/4, 1/8, ... of its size, as graphics cards filter by them.

A texel of a level is the mean of the texture under it, so nothing that is smaller than the texel can alias.
Means are of the samples as they are stored: of sRGB-encoded ones where the map has these. Colours count by
their alpha, and the mean of vectors of length 1 gets length 1 again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from imagegs.gaussians import Gaussians
from imagegs.pictures.pixels import IntegerPixels, to_float, to_integers
from imagegs.pictures.transparency import Alphas
from imagegs.rendering import Size
from imagegs.textures.map_list import TextureMap
from imagegs.textures.normals import with_unit_normals
from imagegs.textures.painting import paint_map

Samples = NDArray[np.float32]  # (H, W, C), 0..1


def last_level(width: int, height: int) -> int:
    """The number of the level of a single texel; the full size is level 0."""
    return max(width, height).bit_length() - 1


def level_size(width: int, height: int, level: int) -> Size:
    """The size of a level: half of the one before it, rounded down, 1 at least.

    Raises ValueError for a level that such a texture has not.
    """
    last = last_level(width, height)
    if not 0 <= level <= last:
        raise ValueError(f"a texture of {width} x {height} has the mip levels 0 to {last}, not {level}")
    return Size(max(1, width >> level), max(1, height >> level))


def mip_chain(
    gaussians: Gaussians, texture_map: TextureMap, threads: int | None = None
) -> list[IntegerPixels]:
    """All levels of a map, (H, W, C) each, of its own bit depth; the first is what `paint_map` paints.

    Raises ValueError where the Gaussians lack the map's channels.
    """
    pixels = paint_map(gaussians, texture_map, threads)
    return list(mip_levels(pixels, texture_map.alphas, texture_map.unit_length))


def mip_level(pixels: IntegerPixels, level: int, alphas: Alphas, unit_length: bool = False) -> IntegerPixels:
    """One level of a painted map: see `mip_levels`. Raises ValueError as `level_size` does."""
    level_size(pixels.shape[1], pixels.shape[0], level)
    return next(islice(mip_levels(pixels, alphas, unit_length), level, None))


def mip_levels(pixels: IntegerPixels, alphas: Alphas, unit_length: bool = False) -> Iterator[IntegerPixels]:
    """The levels of a map (H, W, C) that is painted already, itself first, each in its dtype.

    alphas: for each channel the number of the alpha that covers it, or None. unit_length: colours stand for
    vectors 2 v - 1 of length 1.
    """
    yield pixels
    depth, samples = 8 * pixels.dtype.itemsize, to_float(pixels)
    for _ in range(last_level(pixels.shape[1], pixels.shape[0])):
        samples = _next_level(samples, alphas)
        yield to_integers(with_unit_normals(samples) if unit_length else samples, depth)


def _next_level(samples: Samples, alphas: Alphas) -> Samples:
    """Means at half the size; covered channels are weighed by their alpha."""
    means = _halved(_halved(samples, 0), 1)
    if all(alpha is None for alpha in alphas):
        return means
    own = np.array([i if alpha is None else alpha for i, alpha in enumerate(alphas)])
    is_covered = np.array([alpha is not None for alpha in alphas])
    weights = np.where(is_covered, samples[:, :, own], np.float32(1))
    total = np.where(is_covered, means[:, :, own], np.float32(1))
    weighed = _halved(_halved(samples * weights, 0), 1)
    # Where alpha is 0 all over, no colour is seen: the plain mean is as good as any.
    return np.divide(weighed, total, out=means, where=total > 0)


def _halved(samples: Samples, axis: int) -> Samples:
    """Means along an axis, of 2 samples, or of 2 + 1/m of 2 m + 1 samples; a single sample stays."""
    a = np.moveaxis(samples, axis, 0)
    if len(a) == 1:
        return samples
    m = len(a) // 2
    if len(a) % 2 == 0:
        means = (a[0::2] + a[1::2]) * np.float32(0.5)
    else:
        share = (np.arange(m + 1, dtype=np.float32) / m).reshape(-1, *[1] * (a.ndim - 1))
        parts = (1 - share[:-1]) * a[0:-1:2] + a[1::2] + share[1:] * a[2::2]
        means = parts * np.float32(m / len(a))
    return np.moveaxis(means, 0, axis)
