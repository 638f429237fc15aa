"""`imagegs.render` and `imagegs.sample`: of Gaussians, or of a .gsimg file that is read as far as needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from imagegs import rendering
from imagegs.codec.decoding import decode_contents
from imagegs.codec.opening import source_of
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.limits import DEFAULT_SIZE_LIMIT, Limits
from imagegs.rendering import View, check_painting


def render(
    gaussians: Gaussians | str | os.PathLike[str],
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    lod: float = 1.0,
    dtype: DTypeLike = np.float32,
    filtered: bool = True,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    threads: int | None = None,
) -> NDArray[Any]:
    """Paints a picture: (H, W, C) in `dtype`.

    gaussians: Gaussians, or the path of a .gsimg file. Of a file in blocks only those are read that matter in
    the region, and only the layers that the level of detail has. `imread` adds grain and parts the maps of a
    stack.

    float32 colours are about 0..1 and not clipped; uint8 and uint16 are clipped and rounded to 0..255 and
    0..65535. The size is the canvas', or follows from `height` (pixels) or `scale`; `region` = (x, y, width,
    height) in pixels of that size paints only that rectangle, at a cost in proportion to it. lod: the level
    of detail 0..1, as in `Gaussians.at_lod`.

    Below the canvas' size pixels are filtered: each is the mean of the picture over its own area, from
    samples about a canvas pixel apart (16 across and down at most). So at 1/2, 1/3, ... it is the mean of the
    pixels that the whole picture has there, for integer dtypes of clipped ones. filtered=False gives the
    colours at the pixels' centres, as `sample` does: faster, but it aliases. threads: as in `Painter`.

    size_limit: pixels, of a file, as in `decompress`; Gaussians are painted however large that is.

    Raises ValueError for sizes and regions that are empty or outside the picture, TypeError for other dtypes;
    of a file what `decompress` raises, and OSError where it cannot be read.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> imagegs.render(gaussians, scale=2).shape
    (32, 48, 3)
    >>> imagegs.render(gaussians, height=160, region=(100, 40, 8, 4), dtype=np.uint8).shape
    (4, 8, 3)
    >>> imagegs.save("a.gsimg", gaussians) > 0
    True
    >>> imagegs.render("a.gsimg", region=(4, 4, 8, 2)).shape
    (2, 8, 3)
    """
    view: dict[str, Any] = {"height": height, "scale": scale, "region": region}
    if isinstance(gaussians, Gaussians):
        found = gaussians.at_lod(lod)
    else:
        found = _read(gaussians, lod=lod, view=View(**view), size_limit=size_limit, threads=threads)
        check_painting(found, Limits.of(size_limit), **view, filtered=filtered)
    return rendering.render(found, **view, dtype=dtype, filtered=filtered, threads=threads)


def sample(
    gaussians: Gaussians | str | os.PathLike[str],
    xy: ArrayLike,
    *,
    footprint: ArrayLike | None = None,
    lod: float = 1.0,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Colours at points: xy (M, 2) in canvas pixels (pixel centres at +0.5) -> (M, C) float32.

    gaussians, lod and size_limit: as in `render`. Of a file in blocks only those are read that matter at the
    points.

    Points outside the canvas give the colour of the nearest point of its border, or, where it wraps, of the
    same place modulo its sides. threads: as in `Painter`.

    footprint: the sides of squares around the points, in canvas pixels: one for all, or (M,). The colours are
    then means over the squares, from samples about a canvas pixel apart (16 across and down at most), as
    `render` paints smaller pictures. With 2, 4, 8 or 16 they are those of mip level 1 to 4 where the canvas'
    sides are multiples of them, but for alpha and unit length, which `decode --mip` sees to.

    Raises ValueError for another shape, for coordinates that are not finite, and for footprints that are
    negative, not finite or above 1e37; of a file what `decode` raises, and OSError where it cannot be read.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> colors = imagegs.sample(gaussians, [[0.5, 0.5], [23.5, 15.5]])
    >>> picture = imagegs.render(gaussians)
    >>> np.allclose(colors, [picture[0, 0], picture[15, 23]], atol=1e-5)
    True
    >>> half = imagegs.render(gaussians, scale=0.5)
    >>> means = imagegs.sample(gaussians, [[1, 1], [23, 15]], footprint=2)
    >>> np.allclose(means, [half[0, 0], half[7, 11]], atol=1e-5)
    True
    """
    points, sides = rendering.check_points(xy, footprint)
    if isinstance(gaussians, Gaussians):
        found = gaussians.at_lod(lod)
    else:
        squares = _squares(points, sides)
        found = _read(gaussians, lod=lod, squares=squares, size_limit=size_limit, threads=threads)
    return rendering.sample(found, points, footprint=footprint, threads=threads)


def _squares(points: FloatArray, sides: FloatArray | None) -> NDArray[np.float64]:
    """(M, 4) left, top, right and bottom of squares around points (M, 2); the corner where there are none."""
    if not len(points):
        return np.zeros((1, 4))
    half = np.zeros((1, 1)) if sides is None else sides.astype(np.float64) / 2
    return np.concatenate([points - half, points + half], axis=1)


def _read(path: str | os.PathLike[str], **keywords: Any) -> Gaussians:
    with Path(path).open("rb") as file:
        source = source_of(file, keywords["size_limit"])
        return decode_contents(source, whole=False, **keywords).gaussians
