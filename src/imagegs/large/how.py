"""The settings that all blocks of a large picture share: the picture, and how it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from imagegs.choices import Tune
from imagegs.codec.blocks import BlockGrid
from imagegs.large.windows import Window
from imagegs.pictures.huge import PictureSource
from imagegs.pictures.pixels import IntegerPixels
from imagegs.pictures.transparency import Alphas


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
    n_gaussians: int  # of the picture, before those that are not worth their bytes are dropped
    stream_bytes: int | None  # that all streams of the file may have together; None: there is no limit
    metadata: dict[str, Any]  # of the file
    threads: int | None = None

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


def read_window(source: PictureSource, window: Window) -> IntegerPixels:
    """The pixels (H, W, C) of a window."""
    pixels: IntegerPixels = source.read(window.left, window.top, window.width, window.height)
    return pixels
