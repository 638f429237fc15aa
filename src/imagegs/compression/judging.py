"""The picture that a file is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imagegs.engine import thread_count
from imagegs.gaussians import Gaussians
from imagegs.metrics import psnr, ssim
from imagegs.pictures.pixels import IntegerPixels
from imagegs.pictures.transparency import Alphas
from imagegs.rendering import render
from imagegs.restoration.restoring import Restoration
from imagegs.ssimulacra.looks import SeenReference
from imagegs.textures.map_list import TextureMap
from imagegs.textures.painting import paint_stack


@dataclass(frozen=True, eq=False)
class Original:
    """What was compressed, and how the picture of a file compares with it."""

    restoration: Restoration
    maps: tuple[TextureMap, ...]  # () of a picture
    alphas: Alphas | None  # of the channels; None: what their names say
    threads: int | None

    def painted(self, gaussians: Gaussians) -> IntegerPixels:
        """The picture of decoded Gaussians that a decoder writes, (H, W, C), of the size
        and dtype of the input."""
        if self.maps:
            return paint_stack(gaussians, self.maps, self.threads)
        dtype = self.restoration.shown.pixels.dtype
        painted: IntegerPixels = render(gaussians, dtype=dtype, threads=self.threads)
        return painted

    def psnr(self, painted: IntegerPixels) -> float:
        """PSNR in dB of the visible colours of known pixels; infinite for equal pictures."""
        known = self.restoration.known
        share = 1.0 if known is None else float(known.mean())
        return psnr(self._beside(painted), painted, self.alphas) + 10 * math.log10(share)

    def ssim(self, painted: IntegerPixels) -> float:
        """Structural similarity (SSIM); unknown pixels count as equal."""
        return ssim(self._beside(painted), painted, self.alphas, threads=thread_count(self.threads))

    def ssimulacra2(self, painted: IntegerPixels) -> float:
        """The score of SSIMULACRA 2, at most 100; unknown pixels count as equal.

        Raises ValueError for maps, for channels that are no picture, and for sides under 8 pixels.
        """
        if self.restoration.known is None:
            return self._reference.score(painted)
        return self._seen(self._beside(painted)).score(painted)

    @cached_property
    def _reference(self) -> SeenReference:
        return self._seen(self.restoration.shown.pixels)

    def _seen(self, pixels: IntegerPixels) -> SeenReference:
        return SeenReference(pixels, self.restoration.shown.channels, self.alphas)

    def _beside(self, painted: IntegerPixels) -> IntegerPixels:
        """The picture that the painted one is compared with; unknown pixels are those of the painted one."""
        known, pixels = self.restoration.known, self.restoration.shown.pixels
        return pixels if known is None else np.where(known[:, :, None], pixels, painted)
