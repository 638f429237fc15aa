"""`imagegs.fit` and its like: from a picture to Gaussians, by one of the recipes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import DEFAULT_EFFORT, DeviceName, RecipeName, Tune
from imagegs.codec.bits import Bits
from imagegs.engine import engine
from imagegs.fitting.device.choosing import chosen_device
from imagegs.fitting.imagegs_recipe import fit_record
from imagegs.fitting.objective import weights_of_pixels
from imagegs.fitting.paper_recipe import fit_paper
from imagegs.fitting.placement import Placement
from imagegs.fitting.preparing import check_canvas, checked_count, checked_placement, checked_start, finished
from imagegs.fitting.progress import FitOptions, Progress
from imagegs.fitting.recipes import check_recipe, steps_of
from imagegs.fitting.weighing import weighed, weight_roots
from imagegs.gaussians import MAX_LAYERS, BlendName, Gaussians
from imagegs.memory import check_memory, fit_bytes
from imagegs.pictures.given import ImageLike, pixels_from
from imagegs.pictures.pixels import channel_names
from imagegs.pictures.transparency import checked_alphas


def fit(
    image: ImageLike,
    n_gaussians: int | None = None,
    *,
    effort: int = DEFAULT_EFFORT,
    tune: Tune = "balanced",
    steps: int | None = None,
    time_budget: float | None = None,
    recipe: RecipeName = "imagegs",
    start: Gaussians | None = None,
    init: Placement = "gradient",
    layers: int = 1,
    bits: Bits | None = None,
    wrap: bool | None = None,
    seed: int = 0,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    channels: tuple[str, ...] | None = None,
    threads: int | None = None,
    device: DeviceName = "cpu",
    progress: Callable[[Progress], None] | None = None,
) -> Gaussians:
    """Fit Gaussians to a picture.

    image: (H, W) or (H, W, C), uint8, uint16 or floats in 0..1, 1 to 32 channels; or a picture of Pillow.
    n_gaussians: 1..H*W; None: as many as `start` has, else one for every 100 pixels.
    effort: 1..9, how long the imagegs recipe runs; `steps` says it exactly, for either recipe.
    tune: what the imagegs recipe makes good: "psnr", "ssim", "balanced", between the two, or "visual", what
        an eye sees (SSIMULACRA 2), of gray and RGB pictures with or without alpha: the one that `compress`
        has for them by default.
    time_budget: seconds of wall-clock time that the imagegs recipe may take, in place of effort and steps.
        Such fits do not repeat: how far they come depends on the machine.
    recipe: "imagegs", or "paper" for the published method (Image-GS, SIGGRAPH 2025).
    start: Gaussians of this canvas that the imagegs recipe goes on from (the last frame of a video, a picture
        since edited); with fewer of them when n_gaussians is less, with more when it is greater.
    init: where Gaussians start: "gradient", "random", or an (H, W) map of weights >= 0.
    layers: up to so many, 1..64; the first Gaussians alone are then a good picture too, see
        `Gaussians.layers`, at some 0.15 dB less for all of them (the imagegs recipe).
    bits: the paper recipe trains with its quantiser at these bits.
    wrap: the canvas is periodic, for textures that tile (the imagegs recipe); None: as that of `start`, else
        not.
    seed: 0 or more; runs with one seed give the same bits, with any number of threads.
    pixel_weights: (H, W) >= 0, how much each pixel counts beside the others, in all that the imagegs recipe
        does. Pixels of weight 0 are free: they draw no Gaussians, and take the colours of those around.
    channel_weights: (C,) above 0: of the squared errors of the channels, brought to a mean of 1; what SSIM
        compares is then the channels times the roots of their weights (the imagegs recipe). The PSNR that is
        reported on the way is weighed too.
    alphas: for each channel the number of the alpha channel that covers it, or None; by default what the
        names say, Y A and R G B A. Errors of colours then count as they are seen; where alpha is 0 colours
        are free, whatever they are, and take those of the visible ones around.
    channels: names; by default Y, YA, RGB or RGBA, else C0, C1, ...
    threads: 1 or more; by default one a core.
    device: what the imagegs recipe runs on: "cpu", "cuda" for a graphics card of NVIDIA or AMD, which needs
        imagegs[gpu], or "auto" for a card if there is one that can be used. Fits on a card differ from those
        on the CPU in the last digits.
    progress: called after every step.

    Raises ValueError or TypeError for arguments out of range, ImageGSError where a card is asked for and
    cannot be used.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> imagegs.fit(image, 20, effort=1).xy.shape
    (20, 2)
    """
    keywords = {**locals()}  # all that was given, by name
    del keywords["progress"]
    last = None
    for last in fit_progressively(**keywords):
        if progress is not None:
            progress(last)
    assert last is not None  # there is at least one step
    return last.snapshot()


def fit_progressively(
    image: ImageLike,
    n_gaussians: int | None = None,
    *,
    effort: int = DEFAULT_EFFORT,
    tune: Tune = "balanced",
    steps: int | None = None,
    time_budget: float | None = None,
    recipe: RecipeName = "imagegs",
    start: Gaussians | None = None,
    init: Placement = "gradient",
    layers: int = 1,
    bits: Bits | None = None,
    wrap: bool | None = None,
    seed: int = 0,
    pixel_weights: NDArray[Any] | None = None,
    channel_weights: Sequence[float] | None = None,
    alphas: Sequence[int | None] | None = None,
    channels: tuple[str, ...] | None = None,
    threads: int | None = None,
    device: DeviceName = "cpu",
) -> Iterator[Progress]:
    """Fit Gaussians to a picture step by step: a Progress for each step; the last one is `done`.

    `fit` explains the arguments. Raises what `fit` raises, at once; works when iterated.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> for progress in imagegs.fit_progressively(image, 20, effort=1):
    ...     pass  # progress.psnr, progress.n_gaussians
    >>> progress.done, len(progress.snapshot())
    (True, 20)
    """
    pixels = pixels_from(image)
    height, width, n_channels = pixels.shape
    n = checked_count(n_gaussians, start, height, width)
    steps = steps_of(recipe, effort, steps, tune)
    if operator.index(seed) < 0:
        raise ValueError(f"the seed must not be negative: {seed}")
    if bits is not None and recipe != "paper":
        raise ValueError("only the paper recipe trains with a quantiser of given bits")
    if not 1 <= operator.index(layers) <= MAX_LAYERS:
        raise ValueError(f"1 to {MAX_LAYERS} layers are possible, not {layers}")
    wraps = bool(start is not None and start.wrap) if wrap is None else wrap
    check_recipe(
        recipe,
        tune=tune != "balanced",
        time_budget=time_budget is not None,
        start=start is not None,
        layers=layers > 1,
        wrap=wraps,
        pixel_weights=pixel_weights is not None,
        channel_weights=channel_weights is not None,
        device=device == "cuda",
    )
    chosen = chosen_device("cpu" if recipe == "paper" and device == "auto" else device)
    roots = weight_roots(channel_weights, n_channels)
    if time_budget is not None and not 0 < time_budget < math.inf:
        raise ValueError(f"a fit needs a time above 0 s, not {time_budget}")
    if start is not None:
        start = checked_start(start, height, width, roots)
    placement = checked_placement(init, height, width)
    weights = weights_of_pixels(pixel_weights, height, width)
    names = channel_names(n_channels) if channels is None else channels
    covered = checked_alphas(alphas, names)
    needed = fit_bytes(height, width, n_channels, n, is_seen=tune == "visual")
    what = f"the fit of {width} x {height} pixels with {n_channels} channels"
    check_memory(needed, what, "`imagegs encode --blocks` takes little memory")
    picture = weighed(pixels, names, covered, roots, weights, tune, threads, chosen)
    weights = weights if recipe == "paper" else picture.pixel_weights
    options = FitOptions(
        n,
        steps,
        placement,
        bits,
        seed,
        tune,
        time_budget,
        start,
        layers,
        weights,
        covered,
        wraps,
        picture.observer,
        device=chosen,
    )
    blend: BlendName = "paper" if recipe == "paper" else "softmax"
    canvas: dict[str, Any] = {
        "height": height,
        "width": width,
        "channels": names,
        "blend": blend,
        "wrap": wraps,
        "bit_depth": 8 if pixels.dtype == np.uint8 else 16,
    }
    check_canvas(n_channels, **canvas)
    engine(threads)
    run = fit_paper if recipe == "paper" else fit_record
    return run(picture.target, options, threads, partial(finished, layers=layers, roots=roots, **canvas))
