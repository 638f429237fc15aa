"""`imagegs.compress` and its like: arrays of pixels to the bytes of a .gsimg file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from imagegs.codec import Bits
from imagegs.compression.compressing import Compressed, Compression
from imagegs.compression.options import CompressionOptions, FitSettings, GrainChoice, Target
from imagegs.files import PathLike, write_atomically
from imagegs.fitting import Progress, RecipeName, Tune
from imagegs.fitting.placement import Placement
from imagegs.pictures.pixels import IntegerPixels, Picture, as_pixels, channel_names, to_integers
from imagegs.restoration.restoring import Mode
from imagegs.textures.map_list import TextureMap
from imagegs.textures.stacks import stack_of

Image = NDArray[Any]  # (H, W) or (H, W, C), uint8, uint16, or floats in 0..1, which become 16 bits


class CompressKeywords(TypedDict, total=False):
    """The keywords of `compress`, which explains them."""

    n_gaussians: int | None
    bpp: float | None
    target_size: int | None
    psnr: float | None
    quality: float | None
    effort: int
    tune: Tune | None
    steps: int | None
    time_budget: float | None
    recipe: RecipeName
    init: Placement
    layers: int | None
    bits: Bits | None
    wrap: bool
    seed: int
    pixel_weights: NDArray[Any] | None
    channel_weights: tuple[float, ...] | None
    grain: GrainChoice
    exact: bool
    restore: Mode | Literal["auto"] | None
    mask: Image | None
    channels: tuple[str, ...] | None
    threads: int | None
    progress: Callable[[Progress], None] | None


def compress(
    image: Image | Mapping[str, Image],
    *,
    n_gaussians: int | None = None,
    bpp: float | None = None,
    target_size: int | None = None,
    psnr: float | None = None,
    quality: float | None = None,
    effort: int = 5,
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
    channel_weights: tuple[float, ...] | None = None,
    grain: GrainChoice = "off",
    exact: bool = False,
    restore: Mode | Literal["auto"] | None = None,
    mask: Image | None = None,
    channels: tuple[str, ...] | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> bytes:
    """Compress a picture: the bytes that `imagegs encode` writes for it.

    image: (H, W) or (H, W, C) pixels, uint8, uint16, or floats in 0..1, which become 16 bits; 1 to 32
        channels. Or a texture stack: a dict of pictures of one size by their maps' names, such as "Color" and
        "Normal"; one set of Gaussians then paints them all.
    n_gaussians, bpp, target_size, psnr, quality: what the file comes to, one of them at most. By default one
        Gaussian for every 100 pixels. `bpp` (bits a pixel) and `target_size` (bytes) count the whole file and
        are never exceeded. `psnr` is in dB, of the file decoded again, by as few Gaussians as that takes;
        `quality` 0..100 is the same on a scale: 20 dB + quality / 4.
    effort: 1..9, fast to thorough. steps, time_budget: how long the fit runs, in place of the effort, in
        steps or in seconds.
    tune: "balanced", "psnr" or "ssim"; by default "balanced", or "psnr" where something is restored.
    recipe: "imagegs", or "paper" for the published method (Image-GS, SIGGRAPH 2025).
    init: where Gaussians start: "gradient", "random", or an (H, W) map of weights >= 0.
    layers: up to so many first parts of the file are a picture too; by default 8, and 1 with `bits`.
    bits: numbers in fixed point of so many bits, uncompressed, in place of the entropy-coded lattice.
    wrap: the picture tiles: no seam between opposite borders.
    seed: the same seed gives the same bytes, with any number of threads.
    pixel_weights: (H, W) >= 0, channel_weights: (C,) above 0: how much errors count.
    grain: noise in place of the texture that is lost, which `decompress` adds: "auto" looks for what is
        incoherent in it (grass, gravel, film), a number 0..1 chooses its strength in proportion to that, and
        "off", the default, has none. It takes 1% of the file at most. What is measured is without it.
    exact: alpha is a channel like another, and the colours that it hides are kept: for masks and packed data.
    restore: "denoise", "deblock", "inpaint", "upscale", or "auto" for what the picture shows; the file then
        decodes to the restored picture. mask: for "inpaint", white where pixels are unknown.
    channels: names of the channels; by default Y, YA, RGB or RGBA, else C0, C1, ...
    threads: by default one a core. progress: called after every step of the fit.

    Raises ValueError and TypeError for arguments that are out of range or do not go together; FormatError for
    a mask of another size, and for maps that make no stack.

    >>> import numpy as np
    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> data = imagegs.compress(image, target_size=600, effort=1)
    >>> len(data) <= 600
    True
    >>> imagegs.decompress(data).shape
    (64, 96)
    """
    result = compress_with_report(
        image,
        n_gaussians=n_gaussians,
        bpp=bpp,
        target_size=target_size,
        psnr=psnr,
        quality=quality,
        effort=effort,
        tune=tune,
        steps=steps,
        time_budget=time_budget,
        recipe=recipe,
        init=init,
        layers=layers,
        bits=bits,
        wrap=wrap,
        seed=seed,
        pixel_weights=pixel_weights,
        channel_weights=channel_weights,
        grain=grain,
        exact=exact,
        restore=restore,
        mask=mask,
        channels=channels,
        threads=threads,
        progress=progress,
    )
    return result.data


def compress_with_report(
    image: Image | Mapping[str, Image], **keywords: Unpack[CompressKeywords]
) -> Compressed:
    """Compress a picture, as `compress` does with these keywords: the bytes, and a report of them.

    Raises TypeError for a keyword that `compress` does not have, and what `compress` raises.

    >>> import numpy as np
    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> result = imagegs.compress_with_report(image, psnr=30, effort=1)
    >>> result.met and result.psnr >= 30
    True
    """
    channels = keywords.get("channels")
    if not isinstance(image, Mapping):
        return compress_picture(picture_from(image, channels), **keywords)
    if channels is not None:
        raise ValueError("the channels of a stack are named by its maps: give no channels")
    stack = stack_of({name: as_integers(pixels) for name, pixels in image.items()})
    return compress_picture(stack.picture, stack.maps, **keywords)


def compress_picture(
    picture: Picture, maps: tuple[TextureMap, ...] = (), **keywords: Unpack[CompressKeywords]
) -> Compressed:
    """Compress a picture whose channels have names, or the stack of these maps: see `compress`."""
    left: dict[str, Any] = {**keywords}
    left.pop("channels", None)
    progress = left.pop("progress", None)
    target, fit = Target(**_taken(Target, left)), FitSettings(**_taken(FitSettings, left))
    if (mask := left.get("mask")) is not None:
        left["mask"] = picture_from(mask)
    options = CompressionOptions(target=target, fit=fit, **left)
    return Compression(picture, options, maps).run(progress)


def _taken(record: type, keywords: dict[str, Any]) -> dict[str, Any]:
    """Those keywords that are fields of a record, taken out."""
    return {field.name: keywords.pop(field.name) for field in fields(record) if field.name in keywords}


def imwrite(path: PathLike, image: Image | Mapping[str, Image], **keywords: Unpack[CompressKeywords]) -> int:
    """Compress a picture into a file, written whole or not at all: the size of the file in bytes.

    The keywords are those of `compress`. Raises what `compress` raises, and OSError where the file cannot be
    written; an existing file is then as it was.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> imagegs.imwrite("a.gsimg", image, target_size=300, effort=1) <= 300
    True
    """
    return write_atomically(path, compress(image, **keywords))


def picture_from(image: Image, channels: tuple[str, ...] | None = None) -> Picture:
    """An array as a picture of integers: floats become 16 bits. Raises what `as_pixels` and `Picture` do."""
    pixels = as_integers(image)
    return Picture(pixels, channel_names(pixels.shape[2]) if channels is None else channels)


def as_integers(image: Image) -> IntegerPixels:
    """(H, W, C) uint8 or uint16 of a user's array; floats become 16 bits. Raises what `as_pixels` does."""
    pixels = as_pixels(image)
    return to_integers(pixels, 16) if pixels.dtype.kind == "f" else np.ascontiguousarray(pixels)
