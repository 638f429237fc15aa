"""`imagegs.compress` and its like: pictures to the bytes of a .gsimg file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from imagegs.choices import DeviceName, GrainChoice, RestorationName
from imagegs.codec import Bits
from imagegs.compression.compressing import Compressed
from imagegs.compression.keywords import compress_image
from imagegs.fitting import DEFAULT_EFFORT, Placement, Progress, RecipeName, Tune
from imagegs.pictures.given import ImageLike


def compress(
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
) -> bytes:
    """Compress a picture: the bytes that `imagegs encode` writes for it.

    image: (H, W) or (H, W, C) pixels, uint8, uint16, or floats in 0..1, which become 16 bits; 1 to 32
        channels. Or a picture of Pillow, read as the command reads a file. Or a texture stack: a dict of such
        pictures, of one size, by their maps' names, such as "Color" and "Normal"; one set of Gaussians then
        paints them all.
    n_gaussians, bpp, target_size, psnr, quality, ssimulacra2: what the file comes to, one of them at most. By
        default one Gaussian for every 100 pixels. `bpp` (bits a pixel) and `target_size` (bytes) count the
        whole file and are never exceeded. `psnr` is in dB, of the file decoded again, by as few Gaussians as
        that takes; `quality` 0..100 is the same on a scale: 20 dB + quality / 4. `ssimulacra2` is a score of
        SSIMULACRA 2, 100 or less (90 is visually lossless, 70 high quality, 50 medium, 30 low), which is
        reached likewise, of pictures of Y, YA, RGB or RGBA of at least 8 x 8 pixels.
    effort: 1..9, fast to thorough. steps, time_budget: how long the fit runs, in place of the effort, in
        steps or in seconds.
    tune: "visual" for the eye (pictures of Y, YA, RGB or RGBA, no stacks), "psnr", "ssim", or "balanced",
        between these two. By default "psnr" where something is restored, "balanced" for other channels, for
        stacks, for an alpha that is kept exactly, and where a PSNR is wanted (`psnr`, `quality`), else
        "visual".
    recipe: "imagegs", or "paper" for the published method (Image-GS, SIGGRAPH 2025).
    init: where Gaussians start: "gradient", "random", or an (H, W) map of weights >= 0.
    layers: up to so many first parts of the file are a picture too; by default 8, and 1 with `bits`.
    bits: numbers in fixed point of so many bits, uncompressed, in place of the entropy-coded lattice.
    wrap: the picture tiles: no seam between opposite borders.
    seed: the same seed gives the same bytes, with any number of threads.
    pixel_weights: (H, W) >= 0, channel_weights: (C,) above 0: how much errors count.
    grain: noise that `decompress` adds in place of lost texture that is incoherent (grass, gravel, film): a
        number 0..1, its strength in proportion to what is lost; "auto" is 0.9 for pictures, and "off" for
        stacks and restorations; "off" is the default. It takes 1% of the file at most. PSNR and SSIM are
        measured without it.
    exact: alpha is a channel like another, and the colours that it hides are kept: for masks and packed data.
    restore: "denoise", "deblock", "inpaint", "upscale", or "auto" for what the picture shows; the file then
        decodes to the restored picture. mask: for "inpaint", white where pixels are unknown.
    channels: names of the channels; by default Y, YA, RGB or RGBA, else C0, C1, ...
    threads: by default one a core. device: "cpu", "cuda" for a graphics card, or "auto": see `fit`; the
        bytes from a card are others. progress: called after every step of the fit.

    Raises ValueError and TypeError for arguments that are out of range or do not go together; FormatError for
    a mask of another size, and for maps that make no stack; ImageGSError for a card that cannot be used.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> data = imagegs.compress(image, target_size=600, effort=1)
    >>> len(data) <= 600
    True
    >>> imagegs.decompress(data).shape
    (64, 96)
    """
    return compress_image(**locals()).data  # all that was given, by name


def compress_with_report(
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
) -> Compressed:
    """Compress a picture: the bytes, and a report of them.

    `compress` explains the arguments. Raises what `compress` raises.

    >>> image = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
    >>> result = imagegs.compress_with_report(image, psnr=30, effort=1)
    >>> result.met and result.psnr >= 30
    True
    """
    return compress_image(**locals())  # all that was given, by name
