"""`imagegs.decompress` and its like: the bytes of a .gsimg file to arrays of pixels."""

from __future__ import annotations

from typing import Any

from imagegs.codec.byte_source import ByteSource, Memory
from imagegs.grain.adding import add_grain, grain_factor
from imagegs.limits import DEFAULT_SIZE_LIMIT, Limits
from imagegs.pictures.pixels import IntegerPixels
from imagegs.rendering import View, check_painting, render
from imagegs.textures.painting import decode_for_painting, paint_map


def decompress(
    data: bytes | bytearray | memoryview,
    *,
    height: int | None = None,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    lod: float = 1.0,
    grain: float = 1.0,
    filtered: bool = True,
    allow_partial: bool = False,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    threads: int | None = None,
) -> IntegerPixels | dict[str, IntegerPixels]:
    """Paint the picture in a .gsimg file: what `imagegs decode` writes.

    The result has the shape (H, W) for one channel, else (H, W, C), and the type uint8 or uint16 that the
    picture had. Of a texture stack it is a dict of such arrays by the maps' names.

    height, scale: the size, in pixels or in proportion to the original's.
    region: (x, y, width, height), paints only these pixels of that size; of a file in blocks only the blocks
        that matter there are decoded.
    lod: the level of detail, 0 (the first layer alone) to 1 (all).
    grain: 0..2, a factor on the strength of the grain that the file asks for; 0 leaves it out.
    filtered: each pixel of a smaller picture is a mean; False: a single sample, which is faster but aliases.
    allow_partial: reads a file that was cut short, up to its last whole layer.
    size_limit: pixels; refuses larger pictures, and more Gaussians, samples and work in proportion; None for
        the default.

    Raises FormatError for damaged data, LimitError above the limit, ValueError for a view that is empty or
    outside the picture, and for another strength of grain.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> data = imagegs.compress(image, n_gaussians=20, effort=1)
    >>> imagegs.decompress(data, scale=2, region=(10, 10, 8, 4)).shape
    (4, 8, 3)
    """
    return painted_of(
        Memory(data),
        View(height, scale, region),
        lod=lod,
        grain=grain,
        filtered=filtered,
        allow_partial=allow_partial,
        size_limit=size_limit,
        threads=threads,
    )


def painted_of(
    source: ByteSource,
    part: View,
    *,
    lod: float,
    grain: float,
    filtered: bool,
    allow_partial: bool,
    size_limit: int | None,
    threads: int | None,
) -> IntegerPixels | dict[str, IntegerPixels]:
    """`decompress` of bytes from anywhere."""
    grain_factor(grain)  # raises out of range
    gaussians, maps, found = decode_for_painting(
        source,
        size_limit=size_limit,
        allow_partial=allow_partial,
        lod=lod,
        whole=False,
        view=part,
        threads=threads,
    )
    view: dict[str, Any] = {**part._asdict(), "filtered": filtered}
    check_painting(gaussians, Limits.of(size_limit), pictures=max(1, len(maps)), **view)
    if maps:
        return {each.name: _squeezed(paint_map(gaussians, each, threads, **view)) for each in maps}
    painted = render(gaussians, dtype=f"uint{gaussians.bit_depth}", threads=threads, **view)
    if found is not None:
        add_grain(painted, found, gaussians, strength=grain, **view)
    return _squeezed(painted)


def _squeezed(pixels: IntegerPixels) -> IntegerPixels:
    """Pixels (H, W, C), or (H, W) where there is one channel."""
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
