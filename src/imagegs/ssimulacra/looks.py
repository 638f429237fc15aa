"""SSIMULACRA 2 of pictures as files have them: gray, with alpha, of 16 bits.

The score is of RGB pictures of 8 bits. Gray becomes RGB, 16 bits become 8, and colours that an alpha covers
are seen over black and over white: the score is the mean of both grounds', as that of SSIM is (metrics.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import Pixels, is_seen, to_float, to_integers
from imagegs.pictures.transparency import Alphas, checked_alphas
from imagegs.ssimulacra.score import Reference


class SeenReference:
    """A picture that others are held against, as it is seen.

    pixels: (H, W, C) uint8, uint16 or floats in 0..1, sRGB, at least 8 pixels a side. channels: Y, YA, RGB or
    RGBA. alphas: for each channel the number of the alpha that covers it, or None; by default what the names
    say. Raises ValueError for other channels, for a channel beside colours that is not their alpha, and for
    smaller pictures.
    """

    def __init__(
        self, pixels: Pixels, channels: Sequence[str], alphas: Sequence[int | None] | None = None
    ) -> None:
        if not is_seen(channels):
            raise ValueError(f"SSIMULACRA 2 is told of Y, YA, RGB or RGBA, not of {', '.join(channels)}")
        self._shape, self._alphas = pixels.shape, checked_alphas(alphas, channels)
        self._references = [Reference(look) for look in _looks(pixels, self._alphas)]

    def score(self, picture: Pixels) -> float:
        """SSIMULACRA 2 of a picture of the same shape, at most 100; the bits of the two may differ.

        Raises ValueError for another shape.
        """
        if picture.shape != self._shape:
            raise ValueError(f"the pictures differ in shape: {self._shape} and {picture.shape}")
        looks = _looks(picture, self._alphas)
        scores = [each.score(look) for each, look in zip(self._references, looks, strict=True)]
        return sum(scores) / len(scores)


def _looks(pixels: Pixels, alphas: Alphas) -> list[NDArray[np.uint8]]:
    """(H, W, 3) each: the picture, or the picture over black and over white."""
    colors = [i for i in range(len(alphas)) if i not in alphas]
    if len(colors) not in (1, 3):
        raise ValueError("SSIMULACRA 2 sees alpha as what covers the colours, not as a channel like another")
    samples = to_float(pixels)
    is_covered = any(alpha is not None for alpha in alphas)
    looks = []
    for ground in (0.0, 1.0) if is_covered else (0.0,):
        planes = [_over(samples, i, alphas[i], np.float32(ground)) for i in colors]
        looks.append(to_integers(np.stack(planes * (3 // len(planes)), axis=2), 8))
    return looks


def _over(
    samples: NDArray[np.float32], channel: int, alpha: int | None, ground: np.float32
) -> NDArray[np.float32]:
    values = samples[:, :, channel]
    return values if alpha is None else ground + (values - ground) * samples[:, :, alpha]
