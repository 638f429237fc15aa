"""The mip levels of a map: the map itself, then half of it again and again, down to one texel.

Means are of the values as they are stored: colours are not made linear first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.gaussians import FloatArray, Gaussians
from imagegs.pictures.pixels import to_float, to_integers
from imagegs.textures.map_list import TextureMap
from imagegs.textures.normals import with_unit_normals
from imagegs.textures.painting import paint_map


def mip_chain(
    gaussians: Gaussians, texture_map: TextureMap, threads: int | None = None
) -> list[NDArray[np.uint8]]:
    """The levels of a map of a stack, each (H, W, C) uint8, from the full size down to 1 x 1.

    Level k has max(1, width >> k) x max(1, height >> k) texels, each the mean of level 0 over its area; an
    area that is no whole number of texels weighs those that it cuts by the part inside. Colours with alpha
    are averaged with alpha as weight and stored straight; where all alpha of an area is 0 their plain mean is
    stored. Vectors of a map with `unit_length` are averaged as vectors and brought to length 1.

    Raises what `paint_map` does.
    """
    painted: NDArray[Any] = paint_map(gaussians, replace(texture_map, bit_depth=8), threads)
    height, width = painted.shape[:2]
    has_alpha = any(alpha is not None for alpha in texture_map.alphas)
    base = _weighted(painted) if has_alpha else to_float(painted)
    levels, means = [painted], base
    for size in level_sizes(width, height)[1:]:
        means = _area_means(means if _divides(size, means) else base, *size)
        colors = _straight(means) if has_alpha else means
        if texture_map.unit_length:
            colors = with_unit_normals(colors)
        levels.append(to_integers(colors, 8))
    return levels


def level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """(width, height) of each level, in texels; the last is (1, 1)."""
    n_levels = max(width, height).bit_length()
    return [(max(1, width >> k), max(1, height >> k)) for k in range(n_levels)]


def _weighted(pixels: NDArray[Any]) -> FloatArray:
    """(H, W, 2 C - 1) of (H, W, C): colours times alpha, alpha, colours."""
    values = to_float(pixels)
    colors, alpha = values[:, :, :-1], values[:, :, -1:]
    return np.concatenate([colors * alpha, alpha, colors], axis=2)


def _straight(means: FloatArray) -> FloatArray:
    """Colours and alpha (H, W, C) of the means of what `_weighted` gives."""
    n_colors = means.shape[2] // 2
    weighted, alpha, plain = np.split(means, [n_colors, n_colors + 1], axis=2)
    colors = np.where(alpha > 0, weighted / np.where(alpha > 0, alpha, 1), plain)
    return np.concatenate([colors, alpha], axis=2)


def _divides(size: tuple[int, int], means: FloatArray) -> bool:
    """Whether each area of a level of this size is a whole number of texels of `means`."""
    height, width = means.shape[:2]
    return bool(width % size[0] == 0 and height % size[1] == 0)


def _area_means(values: FloatArray, width: int, height: int) -> FloatArray:
    """The means (height, width, C) of the areas that divide (H, W, C) evenly."""
    return _means_along(_means_along(values, height, 0), width, 1)


def _means_along(values: FloatArray, n: int, axis: int) -> FloatArray:
    """The means of n equal parts of an axis of m >= n texels: whole texels, and what their ends cut off."""
    m = values.shape[axis]
    if m == n:
        return values
    first, rest = np.divmod(np.arange(n + 1) * m, n)  # edge i lies at first + rest / n texels
    sums: FloatArray = np.add.reduceat(values, first[:-1], axis=axis)
    if rest.any():
        shape = [-1 if i == axis else 1 for i in range(values.ndim)]
        cut = np.take(values, np.minimum(first, m - 1), axis=axis)
        cut *= (rest / n).astype(np.float32).reshape(shape)  # of each edge's texel the part before it
        sums += np.take(cut, range(1, n + 1), axis=axis) - np.take(cut, range(n), axis=axis)
    sums *= np.float32(n / m)
    return sums
