"""fit(): from a picture to Gaussians, by one of the recipes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import (
    DEFAULT_EFFORT,
    LEAST_EFFORT,
    MOST_EFFORT,
    PLACEMENTS,
    RECIPES,
    TUNES,
    RecipeName,
    Tune,
)
from imagegs.engine import engine
from imagegs.fitting.imagegs_recipe import fit_record
from imagegs.fitting.objective import GaussianArrays, weights_of_pixels
from imagegs.fitting.paper_recipe import fit_paper
from imagegs.fitting.placement import Placement
from imagegs.fitting.progress import AttributeBits, FitOptions, Progress
from imagegs.fitting.weighing import seen_weights, weight_roots
from imagegs.gaussians import (
    MAX_COLOR,
    MAX_LAYERS,
    MAX_POSITION,
    MAX_SCALE,
    MIN_SCALE,
    BlendName,
    FloatArray,
    Gaussians,
    layer_ends,
)
from imagegs.pictures.pixels import as_pixels, channel_names, to_planes
from imagegs.pictures.transparency import checked_alphas, with_hidden_filled

PAPER_STEPS = 5000
MAX_STEPS = 1_000_000
EFFORT_STEPS = {1: 60, 2: 105, 3: 180, 4: 270, 5: 400, 6: 700, 7: 1200, 8: 2200, 9: 4000}
PSNR_STEPS_SHARE = 2.25  # without SSIM a step is cheaper, and the last digits want more of them
DEFAULT_PIXELS_PER_GAUSSIAN = 100  # when nothing says how many


# What only the imagegs recipe knows: keyword of `fit` or of a compression -> what the paper recipe has not.
_PAPER_LACKS = {
    "psnr": "search for a wanted PSNR",
    "tune": "tune",
    "time_budget": "time budget",
    "start": "start from other Gaussians",
    "layers": "layers",
    "wrap": "canvas that wraps",
    "pixel_weights": "weights of pixels",
    "channel_weights": "weights of channels",
    "restore": "restoration",
}


class RecipeError(ValueError):
    """A recipe does not know an option: `option` is its keyword."""

    def __init__(self, option: str) -> None:
        super().__init__(f"the paper recipe has no {_PAPER_LACKS[option]}")
        self.option = option


def check_recipe(recipe: RecipeName, **asked: bool) -> None:
    """Raise RecipeError for the first option that is asked for and that the recipe does not know."""
    if recipe == "paper":
        for option, is_asked in asked.items():
            if is_asked:
                raise RecipeError(option)


def default_gaussians(height: int, width: int) -> int:
    """One Gaussian for every 100 pixels, but not fewer than 64 or one for every second pixel."""
    pixels = height * width
    return max(pixels // DEFAULT_PIXELS_PER_GAUSSIAN, min(64, (pixels + 1) // 2))


def steps_of(
    recipe: RecipeName, effort: int = DEFAULT_EFFORT, steps: int | None = None, tune: Tune = "balanced"
) -> int:
    """How many steps a fit takes at most: `steps` if given, else what the recipe and its effort say.

    Raises ValueError for an unknown recipe or tune, another effort than 1..9, or no steps.
    """
    if recipe not in RECIPES:
        raise ValueError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
    if effort not in EFFORT_STEPS:
        raise ValueError(f"effort is {LEAST_EFFORT} to {MOST_EFFORT}, not {effort}")
    if steps is not None and operator.index(steps) < 1:
        raise ValueError(f"at least one step is needed, not {steps}")
    if steps is not None and steps > MAX_STEPS:
        raise ValueError(f"more than {MAX_STEPS} steps are not sensible")
    if tune not in TUNES:
        raise ValueError(f"no tune {tune!r}; there are {', '.join(TUNES)}")
    if steps is not None or recipe == "paper":
        return steps or PAPER_STEPS
    return round(EFFORT_STEPS[effort] * (PSNR_STEPS_SHARE if tune == "psnr" else 1))


def fit_progressively(
    image: NDArray[Any],
    n_gaussians: int | None = None,
    *,
    recipe: RecipeName = "imagegs",
    effort: int = DEFAULT_EFFORT,
    steps: int | None = None,
    tune: Tune = "balanced",
    seconds: float | None = None,
    start: Gaussians | None = None,
    init: Placement | NDArray[Any] = "gradient",
    pixel_weights: NDArray[Any] | None = None,
    bits: AttributeBits | None = None,
    layers: int = 1,
    channel_weights: Sequence[float] | None = None,
    wrap: bool | None = None,
    seed: int = 0,
    threads: int | None = None,
    channels: tuple[str, ...] | None = None,
    alphas: Sequence[int | None] | None = None,
) -> Iterator[Progress]:
    """Fits Gaussians to a picture, a Progress for each step; the last one is `done`.

    image: (H, W) or (H, W, C), uint8, uint16 or float in 0..1, 1 to 32 channels: see `as_pixels`.
    n_gaussians: 1..H*W; None: as many as `start` has, else one for every 100 pixels.
    recipe: "imagegs", or "paper" for the published method (Image-GS, SIGGRAPH 2025).
    effort: 1..9, how long the imagegs recipe runs; `steps` says it exactly, for either recipe.
    tune: what the imagegs recipe makes good: "psnr", "ssim", or "balanced", between the two.
    seconds: of wall-clock time that the imagegs recipe may take, in place of effort and steps. Such fits do
        not repeat: how far they come depends on the machine.
    start: Gaussians of this canvas that the imagegs recipe goes on from (the last frame of a video, a picture
        since edited); with fewer of them when n_gaussians is less, with more when it is greater.
    init: where Gaussians start: "gradient", "random", or an (H, W) map of weights >= 0.
    pixel_weights: (H, W) >= 0, how much each pixel counts beside the others, in all that the imagegs recipe
        does. Pixels of weight 0 are free: they draw no Gaussians, and take the colours of those around.
    bits: the paper recipe trains with its quantiser at these bits.
    layers: up to so many, 1..MAX_LAYERS; the first Gaussians alone are then a good picture too, see
        `Gaussians.layers`, at some 0.15 dB less for all of them (the imagegs recipe).
    channel_weights: (C,) above 0: of the squared errors of the channels, brought to a mean of 1; what SSIM
        compares is then the channels times the roots of their weights (the imagegs recipe). The PSNR that is
        reported on the way is weighed too.
    wrap: the canvas is periodic, for textures that tile (the imagegs recipe); None: as that of `start`, else
        not.
    seed: runs with one seed give the same bits, with any number of threads.
    channels: names; by default Y, YA, RGB or RGBA, else C0, C1, ...
    alphas: for each channel the number of the alpha channel that covers it, or None; by default what the
        names say, Y A and R G B A (transparency.py). Errors of colours then count as they are seen; where
        alpha is 0 colours are free, whatever they are, and take those of the visible ones around.

    Raises ValueError or TypeError for arguments out of range. Checks at once, works when iterated.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> for progress in imagegs.fit_progressively(image, 20, effort=1):
    ...     pass  # progress.psnr, progress.n_gaussians
    >>> progress.done, len(progress.snapshot())
    (True, 20)
    """
    pixels = as_pixels(image)
    height, width, n_channels = pixels.shape
    default = default_gaussians(height, width) if start is None else len(start)
    n = default if n_gaussians is None else operator.index(n_gaussians)
    if not 1 <= n <= height * width:
        raise ValueError(
            f"1 to {height * width} Gaussians are possible on {width} x {height} pixels, not {n}"
        )
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
        time_budget=seconds is not None,
        start=start is not None,
        layers=layers > 1,
        wrap=wraps,
        pixel_weights=pixel_weights is not None,
        channel_weights=channel_weights is not None,
    )
    roots = weight_roots(channel_weights, n_channels)
    if seconds is not None and not 0 < seconds < math.inf:
        raise ValueError(f"a fit needs a time above 0 s, not {seconds}")
    if start is not None:
        _check_start(start, height, width, n_channels)
        start = start.replace(color=start.color * roots)
    placement = _checked_placement(init, height, width)
    weights = weights_of_pixels(pixel_weights, height, width)
    names = channel_names(n_channels) if channels is None else channels
    covered = checked_alphas(alphas, names)
    planes = with_hidden_filled(to_planes(pixels), covered)
    weights = weights if recipe == "paper" else seen_weights(planes, covered, weights)
    options = FitOptions(
        n, steps, placement, bits, seed, tune, seconds, start, layers, weights, covered, wraps
    )
    blend: BlendName = "paper" if recipe == "paper" else "softmax"
    finish = partial(
        _finish,
        height=height,
        width=width,
        channels=names,
        blend=blend,
        wrap=wraps,
        bit_depth=8 if pixels.dtype == np.uint8 else 16,
        layers=layers,
        roots=roots,
    )
    finish(
        GaussianArrays(*(np.ones(s, np.float32) for s in ((1, 2), (1, 2), 1, 1, (1, n_channels))))
    )  # checks the canvas
    engine(threads)
    target = planes * roots[:, None, None]
    run = fit_paper if recipe == "paper" else fit_record
    return run(target, options, threads, finish)


def fit(
    image: NDArray[Any],
    n_gaussians: int | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Gaussians:
    """Fits Gaussians to a picture: `fit_progressively` run to its end, which see for the options.

    image: (H, W) or (H, W, C), uint8, uint16 or float in 0..1. n_gaussians: by default one for every 100
    pixels. progress: called after every step.

    Raises ValueError or TypeError for arguments out of range.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> imagegs.fit(image, 20, effort=1).xy.shape
    (20, 2)
    """
    last = None
    for last in fit_progressively(image, n_gaussians, **options):
        if progress is not None:
            progress(last)
    assert last is not None  # there is at least one step
    return last.snapshot()


def _check_start(start: Gaussians, height: int, width: int, n_channels: int) -> None:
    if (start.height, start.width, len(start.channels)) != (height, width, n_channels):
        raise ValueError(
            f"the start is of {start.width} x {start.height} pixels with {len(start.channels)} channels, "
            f"the picture of {width} x {height} with {n_channels}"
        )
    if start.blend != "softmax":
        raise ValueError(f"the imagegs recipe cannot go on from Gaussians of the {start.blend} blend")


def _checked_placement(init: Placement | NDArray[Any], height: int, width: int) -> Placement:
    if isinstance(init, str):
        if init not in PLACEMENTS:
            raise ValueError(f"no placement {init!r}; there are {', '.join(PLACEMENTS)}, or a map")
        return init
    weights = np.asarray(init, np.float32)
    if weights.shape != (height, width):
        raise ValueError(f"the placement map has shape {weights.shape}, the picture {(height, width)}")
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError("the placement map has values that are negative or not finite")
    return weights


def _finish(arrays: GaussianArrays, layers: int, roots: FloatArray, **canvas: Any) -> Gaussians:
    """Gaussians of fitted arrays, within the ranges that `Gaussians` allows."""
    ends = layer_ends(len(arrays), layers)
    return Gaussians(
        xy=np.clip(arrays.xy, -MAX_POSITION, MAX_POSITION),
        scale=np.clip(arrays.scale, MIN_SCALE, MAX_SCALE),
        angle=arrays.angle,
        log_weight=arrays.log_weight,
        color=np.clip(arrays.color / roots, -MAX_COLOR, MAX_COLOR),
        layers=tuple(np.diff([0, *ends]).tolist()),
        **canvas,
    )
