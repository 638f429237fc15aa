"""`imagegs.imwrite` and `imagegs.imread`: pictures to .gsimg files and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from imagegs.choices import DeviceName, GrainChoice, RestorationName
from imagegs.codec import Bits
from imagegs.codec.opening import source_of
from imagegs.compression.bytes_to_pixels import painted_of
from imagegs.compression.keywords import compress_image
from imagegs.files import write_atomically
from imagegs.fitting import DEFAULT_EFFORT, Placement, Progress, RecipeName, Tune
from imagegs.limits import DEFAULT_SIZE_LIMIT
from imagegs.pictures.given import ImageLike
from imagegs.pictures.pixels import IntegerPixels
from imagegs.rendering import View


def imwrite(
    path: str | os.PathLike[str],
    image: ImageLike | Mapping[str, ImageLike],
    *,
    n_gaussians: int | None = None,
    bpp: float | None = None,
    target_size: int | None = None,
    psnr: float | None = None,
    quality: float | None = None,
    ssimulacra2: float | None = None,
    effort: int = DEFAULT_EFFORT,
    tune: Tune | None = None,
    steps: int | None = None,
    time_budget: float | None = None,
    recipe: RecipeName = "imagegs",
    init: Placement = "gradient",
    layers: int | None = None,
    bits: Bits | None = None,
    wrap: bool = False,
    seed: int = 0,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    grain: GrainChoice = "off",
    exact: bool = False,
    restore: RestorationName | None = None,
    mask: ImageLike | None = None,
    channels: tuple[str, ...] | None = None,
    threads: int | None = None,
    device: DeviceName = "cpu",
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Compress a picture into a file, and return the size of the file in bytes.

    The file is written whole or not at all: an error leaves an existing file as it was. `compress` explains
    the other arguments. Raises what `compress` raises, and OSError where the file cannot be written.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> imagegs.imwrite("a.gsimg", image, target_size=300, effort=1) <= 300
    True
    """
    keywords = {**locals()}  # all that was given, by name
    del keywords["path"]
    return write_atomically(path, compress_image(**keywords).data)


def imread(
    path: str | os.PathLike[str],
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
    """Paint the picture in a .gsimg file: see `decompress` for the arguments and what comes back.

    Of a file in blocks no more is read than what is painted needs.

    Raises what `decompress` raises, and OSError where the file cannot be read.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> imagegs.imwrite("a.gsimg", image, n_gaussians=20, effort=1) > 0
    True
    >>> imagegs.imread("a.gsimg").shape
    (16, 24, 3)
    """
    with Path(path).open("rb") as file:
        return painted_of(
            source_of(file, size_limit),
            View(height, scale, region),
            lod=lod,
            grain=grain,
            filtered=filtered,
            allow_partial=allow_partial,
            size_limit=size_limit,
            threads=threads,
        )
