"""Mip levels: a texture at 1/2, 1/4, 1/8, ... of its size, as graphics cards filter by them.

A texel of a level is the mean of the texture under it, so nothing that is smaller than the texel can alias.
Where sides are odd, edges of texels cut pixels: such a pixel counts by the part that lies inside.
Means are of the samples as they are stored: of sRGB-encoded ones where the map has these. Colours count by
their alpha, and the mean of vectors of length 1 gets length 1 again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

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
_STRIP_ROWS = 256  # of what means are taken of


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
    height, width, _ = pixels.shape
    depth, has_covered = 8 * pixels.dtype.itemsize, any(alpha is not None for alpha in alphas)
    means: Samples | None = None
    for level in range(1, last_level(width, height) + 1):
        size = level_size(width, height, level)
        if means is not None and _divides(size, means):  # whole texels of the level before: fewer are as good
            means = _area_means(means, size)
        else:
            means = _area_means(pixels, size, alphas)
        samples = _straight(means, alphas) if has_covered else means
        yield to_integers(with_unit_normals(samples) if unit_length else samples, depth)


def _weighed(pixels: IntegerPixels, alphas: Alphas) -> Samples:
    """The samples, and behind them the covered channels times their alpha."""
    samples = to_float(pixels)
    covered = [(i, alpha) for i, alpha in enumerate(alphas) if alpha is not None]
    return np.concatenate([samples, *(samples[:, :, [i]] * samples[:, :, [a]] for i, a in covered)], axis=2)


def _straight(means: Samples, alphas: Alphas) -> Samples:
    """The means of the channels, from those of what `_weighed` gives."""
    n = len(alphas)
    samples, weighed = means[:, :, :n].copy(), iter(np.moveaxis(means[:, :, n:], 2, 0))
    for i, alpha in enumerate(alphas):
        if alpha is not None:
            total = samples[:, :, alpha]
            # Where alpha is 0 all over, no colour is seen: the plain mean is as good as any.
            np.divide(next(weighed), total, out=samples[:, :, i], where=total > 0)
    return samples


def _divides(size: Size, means: Samples) -> bool:
    """Whether each texel of that size is a whole number of texels of `means`."""
    height, width = means.shape[:2]
    return bool(width % size.width == 0 and height % size.height == 0)


def _area_means(source: NDArray[Any], size: Size, alphas: Alphas | None = None) -> Samples:
    """The means of the parts that divide (H, W, C) evenly, a strip of rows at a time; with alphas those of
    what `_weighed` makes of integers.
    """
    height, strips = len(source), []
    rows = max(1, _STRIP_ROWS * size.height // height)
    for top in range(0, size.height, rows):
        edges = np.arange(top, min(top + rows, size.height) + 1)
        first, last = edges[0] * height // size.height, -(-edges[-1] * height // size.height)
        strip = source[first:last]
        samples = strip if alphas is None else _weighed(strip, alphas)
        means = _means_between(samples, edges * height - first * size.height, size.height, 0)
        across = np.arange(size.width + 1) * source.shape[1]
        strips.append(_means_between(means, across, size.width, 1))
    return np.concatenate(strips)


def _means_between(samples: Samples, edges: NDArray[np.intp], n: int, axis: int) -> Samples:
    """Means of equal parts of an axis, between edges at edges / n samples."""
    first, rest = np.divmod(edges, n)
    before_last = [slice(None)] * axis + [slice(first[-1])]
    sums: Samples = np.add.reduceat(samples[tuple(before_last)], first[:-1], axis=axis)
    if rest.any():
        shape = [-1 if i == axis else 1 for i in range(samples.ndim)]
        shares = (rest / n).astype(np.float32).reshape(shape)
        # A sample that an edge cuts belongs to both parts: what lies before the edge goes to the former.
        cut = np.take(samples, np.minimum(first, samples.shape[axis] - 1), axis=axis) * shares
        parts = range(len(edges) - 1)
        sums += np.take(cut, [i + 1 for i in parts], axis=axis) - np.take(cut, parts, axis=axis)
    sums *= np.float32(n / (edges[1] - edges[0]))
    return sums
