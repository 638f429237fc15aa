"""The bytes of a .gsimg file to Gaussians: all of them, or those of a part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from imagegs.codec.byte_source import ByteSource, Memory
from imagegs.codec.contents import read_contents
from imagegs.codec.grain import Grain
from imagegs.codec.header import Header
from imagegs.codec.opening import source_of
from imagegs.codec.wanted import Wanted
from imagegs.errors import LimitError
from imagegs.gaussians import Gaussians
from imagegs.limits import DEFAULT_SIZE_LIMIT, Limits
from imagegs.rendering import View, check_painting


class Decoded(NamedTuple):
    """All that a picture is painted from."""

    gaussians: Gaussians
    metadata: dict[str, Any] | None
    grain: Grain | None


class DecodeKeywords(TypedDict, total=False):
    """The keywords of `decode` and `decode_contents`, which explain them."""

    size_limit: int | None
    allow_partial: bool
    lod: float
    whole: bool
    region: tuple[int, int, int, int] | None
    view: View | None
    threads: int | None


def decode(
    data: bytes | bytearray | memoryview,
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    threads: int | None = None,
) -> Gaussians:
    """The Gaussians in the bytes of a .gsimg file.

    size_limit: pixels; None for the default. Memory is bounded by the size of data, whatever the file
        declares, and by the limits that go with so many pixels (`imagegs.limits`).
    allow_partial: data may end early, after the first layer of a coded file; then the whole layers count.
    lod: the level of detail 0..1, as in `Gaussians.at_lod`; what lies beyond it is not decoded.
    whole: all of the canvas is to be painted, at its own size; who paints a part or another size says False
        and calls `rendering.check_painting`.
    region: (x, y, width, height) in canvas pixels: of a file in blocks, decodes only those whose Gaussians
        matter there, and leaves out layers that have none.
    threads: that decode blocks side by side; one for each processor by default.

    Raises FormatError when data is not a valid .gsimg file, LimitError when its canvas has more than
    size_limit pixels, when it has more Gaussians or colour values than go with so many, or when painting it
    takes more memory or work; ValueError for another level, and for a region that is empty or not inside the
    canvas. Of a region or a lower level of detail the limits count what is decoded and painted
    (docs/format.md, section 8).

    >>> data = imagegs.compress(np.zeros((16, 24, 3), np.uint8), n_gaussians=4, effort=1)
    >>> gaussians = imagegs.decode(data)
    >>> gaussians.height, gaussians.width, gaussians.color.shape
    (16, 24, (4, 3))
    """
    return decode_contents(
        Memory(data),
        size_limit=size_limit,
        allow_partial=allow_partial,
        lod=lod,
        whole=whole,
        region=region,
        threads=threads,
    ).gaussians


def decode_contents(
    source: ByteSource,
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    view: View | None = None,
    squares: NDArray[np.float64] | None = None,
    threads: int | None = None,
) -> Decoded:
    """Decodes as `decode` does, and gives metadata and grain, too. Raises what `decode` raises.

    Of a file in blocks the source gives no more of the layers than is wanted.

    view: a part of a picture of some size, in place of a region of the canvas.
    squares: (M, 4) left, top, right and bottom of parts of the canvas, in place of a region.
    """
    limits = Limits.of(size_limit)
    wanted = Wanted(lod, region, view, squares)
    contents = read_contents(source, limits, allow_partial=allow_partial, wanted=wanted, threads=threads)
    _check_pixels(contents.header, wanted, whole, limits)
    gaussians = contents.gaussians(threads)
    if whole:
        check_painting(gaussians, limits, region=region)
    return Decoded(gaussians, contents.metadata, contents.grain)


def _check_pixels(header: Header, wanted: Wanted, whole: bool, limits: Limits) -> None:
    """Raises LimitError where canvas and picture have too many pixels. Of a part that is painted elsewhere,
    the picture is not known here.
    """
    if header.width * header.height <= limits.max_pixels:
        return
    is_elsewhere = not whole and wanted.is_part and wanted.region is None and wanted.view is None
    if not is_elsewhere and wanted.pixels(header) > limits.max_pixels:
        sides = f"{header.width} x {header.height}"
        raise LimitError(f"the canvas of {sides} pixels is over the limit of {limits.max_pixels} pixels")


def load(
    path: str | os.PathLike[str],
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    threads: int | None = None,
) -> Gaussians:
    """The Gaussians in a .gsimg file; the keywords are those of `decode`.

    Of a file in blocks no more is read than the blocks and layers that region and lod need.

    Raises what `decode` raises, and OSError where the file cannot be read.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> imagegs.save("a.gsimg", gaussians) > 0
    True
    >>> len(imagegs.load("a.gsimg"))
    20
    """
    with Path(path).open("rb") as file:
        return decode_contents(
            source_of(file, size_limit),
            size_limit=size_limit,
            allow_partial=allow_partial,
            lod=lod,
            whole=whole,
            region=region,
            threads=threads,
        ).gaussians
