"""What all blocks of a large picture have in common: the picture, and how it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from imagegs.choices import Tune
from imagegs.codec.blocks import MOST_BLOCKS, MOST_SIDE, BlockGrid
from imagegs.compression.options import CompressionOptions
from imagegs.compression.rate_control import BRIEF_EFFORT, steps_after_rounding
from imagegs.fitting.recipes import steps_of
from imagegs.gaussians import DEFAULT_LAYERS
from imagegs.large.windows import HALO, Window
from imagegs.pictures.pixels import IntegerPixels, is_seen
from imagegs.pictures.transparency import Alphas, alphas_of


@dataclass(frozen=True)
class How:
    """The canvas, its blocks, and how each is fitted; small, and goes to every worker."""

    grid: BlockGrid
    channels: tuple[str, ...]
    bit_depth: Literal[8, 16]
    alphas: Alphas
    tune: Tune
    effort: int
    steps: int  # of a fit
    layers: int  # of the file
    seed: int
    drops: bool  # Gaussians that are not worth their bytes, since the file's size is limited
    threads: int | None = None

    @property
    def brief(self) -> bool:
        """Whether quantising takes fewer roundings."""
        return self.effort <= BRIEF_EFFORT

    @property
    def roundings(self) -> int:
        """The steps of Gauss-Newton after each rounding."""
        return steps_after_rounding(self.effort)

    def canvas(self, window: Window) -> dict[str, Any]:
        """The keywords of `Gaussians` for the canvas of a window."""
        return {
            "height": window.height,
            "width": window.width,
            "channels": self.channels,
            "blend": "softmax",
            "wrap": False,
            "bit_depth": self.bit_depth,
        }


def how_for(source: Any, options: CompressionOptions, block_side: int) -> How:
    """How the picture of a source is compressed.

    Raises ValueError for options that only pictures in memory have, and for a block_side that is no power of
    2 from 64 to 32768.
    """
    _check_known(options)
    fit, channels = options.fit, tuple(source.channels)
    alphas = (None,) * len(channels) if options.exact else alphas_of(channels)
    keeps_hidden = options.exact and channels[-1] == "A"  # alpha may hold something else
    tune = fit.tune or ("visual" if is_seen(channels) and not keeps_hidden else "balanced")
    side = block_side.bit_length() - 1
    if block_side != 1 << side or not HALO <= block_side <= 1 << MOST_SIDE:
        raise ValueError(f"blocks of {block_side} pixels: only powers of 2 from {HALO} to {1 << MOST_SIDE}")
    grid = BlockGrid(source.width, source.height, side)
    if len(grid) > MOST_BLOCKS:
        raise ValueError(f"{len(grid)} blocks of {block_side} pixels: at most {MOST_BLOCKS} are possible")
    return How(
        grid=grid,
        channels=channels,
        bit_depth=source.bit_depth,
        alphas=alphas,
        tune=tune,
        effort=fit.effort,
        steps=steps_of("imagegs", fit.effort, fit.steps, tune),
        layers=DEFAULT_LAYERS if fit.layers is None else fit.layers,
        seed=fit.seed,
        drops=options.target.most_bytes(grid.height, grid.width) is not None,
        threads=options.threads,
    )


def _check_known(options: CompressionOptions) -> None:
    fit, target = options.fit, options.target
    unknown = {
        "psnr": target.psnr is not None,
        "quality": target.quality is not None,
        "ssimulacra2": target.ssimulacra2 is not None,
        "the paper recipe": fit.recipe == "paper",
        "time_budget": fit.time_budget is not None,
        "init": not isinstance(fit.init, str) or fit.init != "gradient",
        "wrap": fit.wrap,
        "bits": options.bits is not None,
        "pixel_weights": options.pixel_weights is not None,
        "channel_weights": options.channel_weights is not None,
        "grain": options.grain not in ("off", 0),
        "restore": options.restore is not None,
    }
    for name, is_given in unknown.items():
        if is_given:
            raise ValueError(f"{name}: a picture that is compressed in blocks cannot have that")


def read_window(source: Any, window: Window) -> IntegerPixels:
    """The pixels (H, W, C) of a window."""
    pixels: IntegerPixels = source.read(window.left, window.top, window.width, window.height)
    return pixels
