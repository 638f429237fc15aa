"""Measures how well a large file paints its picture, block by block, from the bytes on the disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imagegs import codec
from imagegs.engine import thread_count
from imagegs.large.how import How
from imagegs.large.windows import Window
from imagegs.limits import NO_SIZE_LIMIT
from imagegs.metrics import psnr, ssim
from imagegs.pictures.huge import PictureSource
from imagegs.rendering import render


class Quality(NamedTuple):
    """The quality of a block, or of several: sums over pixels."""

    pixels: int
    squared_error: float  # of the visible colours, white = 1
    similarity: float  # SSIM

    @property
    def psnr(self) -> float:
        """PSNR in dB; infinite where there is no error."""
        mean = self.squared_error / self.pixels
        return -10 * math.log10(mean) if mean else math.inf

    @property
    def ssim(self) -> float:
        """The mean of the blocks' SSIM, each with its share of the pixels."""
        return self.similarity / self.pixels

    def plus(self, other: Quality) -> Quality:
        """Both together."""
        return Quality(
            self.pixels + other.pixels,
            self.squared_error + other.squared_error,
            self.similarity + other.similarity,
        )


def measure_block(source: PictureSource, path: Path, window: Window, how: How) -> Quality:
    """The quality of a block in a file."""
    (left, top), (width, height) = window.corner, window.core_size
    region = left, top, width, height
    gaussians = codec.load(path, region=region, whole=False, size_limit=NO_SIZE_LIMIT, threads=how.threads)
    dtype = np.uint8 if how.bit_depth == 8 else np.uint16
    painted = render(gaussians, region=region, dtype=dtype, threads=how.threads)
    pixels = source.read(*region)
    n = width * height
    decibels = psnr(pixels, painted, how.alphas)
    similarity = ssim(pixels, painted, how.alphas, threads=thread_count(how.threads))
    return Quality(n, n * 10 ** (-decibels / 10), n * similarity)
