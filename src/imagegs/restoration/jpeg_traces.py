"""What JPEG did to a picture: how coarsely its blocks were quantised.

How coarsely a file's blocks are quantised stands in the file. A picture that was a JPEG file once shows it
too: the transforms of its 8 x 8 blocks lie near multiples of the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from imagegs.errors import FormatError
from imagegs.pictures.formats import open_image
from imagegs.pictures.pixels import LUMA_OF_RGB, IntegerPixels, to_float, to_integers

SIDE = 8  # of a block, pixels
# Annex K.1 of ITU-T T.81, which most encoders scale by the quality: luma, chroma; row by row.
LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99, *(99,) * 32),
)
QUALITIES = range(3, 91)  # that pixels can tell
MOST_BLOCKS, FEWEST_BLOCKS = 4096, 12  # that are looked at; fewer tell nothing
LEAST_STEP = 5  # of a coefficient: rounding to whole pixels hides finer ones
FEWEST_COEFFICIENTS = 100  # that are not 0
# Mean distance from a multiple of the step, in that of values at random; where it is less, it was JPEG.
NEAR = 0.5
SUBSAMPLING_420 = 2  # in Pillow's numbers


@dataclass(frozen=True)
class JpegTraces:
    """How a JPEG file is, or was, quantised."""

    luma: tuple[int, ...]  # 64 steps, row by row
    chroma: tuple[int, ...]
    subsampling: int  # of the chroma, in Pillow's numbers: 0 none, 1 4:2:2, 2 4:2:0
    quality: int  # 1..100 of the usual tables that are as coarse
    in_file: bool  # not guessed from pixels


def traces_in_file(path: Path) -> JpegTraces | None:
    """Reads the traces from a JPEG file's tables. Raises OSError.

    The result is None where the path is no regular file or no JPEG file.
    """
    if not path.is_file():  # a pipe can be read once only
        return None
    try:
        with path.open("rb") as file, open_image(file) as image:
            if not isinstance(image, JpegImagePlugin.JpegImageFile):
                return None
            tables = [tuple(int(step) for step in table) for table in image.quantization.values()]
            sampling = JpegImagePlugin.get_sampling(image)
    except (UnidentifiedImageError, FormatError, Image.DecompressionBombError):
        return None
    if not tables:
        return None
    luma, chroma = tables[0], tables[min(1, len(tables) - 1)]
    return JpegTraces(luma, chroma, max(0, sampling), _quality_of(luma), True)


def traces_in_pixels(pixels: IntegerPixels) -> JpegTraces | None:
    """Finds the traces in a picture (H, W, C) that was decoded from a JPEG file.

    They are found for quality 3..90 of the usual tables, and where the picture was neither moved nor changed
    since. The result is None where nothing tells of JPEG.
    """
    coefficients = _luma_coefficients(pixels)
    if coefficients is None:
        return None
    scores = [_distance_from_multiples(coefficients, np.array(_scaled(LUMA, q))) for q in QUALITIES]
    best = int(np.argmin(scores))
    if scores[best] > NEAR:
        return None
    quality = QUALITIES[best]
    return JpegTraces(_scaled(LUMA, quality), _scaled(CHROMA, quality), SUBSAMPLING_420, quality, False)


def _scaled(table: tuple[int, ...], quality: int) -> tuple[int, ...]:
    """A table scaled by the quality, as libjpeg does for baseline files (jpeg_quality_scaling)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(255, max(1, (step * scale + 50) // 100)) for step in table)


def _quality_of(luma: tuple[int, ...]) -> int:
    """The quality whose usual table is nearest, by the logarithms of the steps."""
    wanted = np.log(np.maximum(1, luma))
    distances = [np.abs(np.log(_scaled(LUMA, q)) - wanted).sum() for q in range(1, 101)]
    return 1 + int(np.argmin(distances))


def _luma_coefficients(pixels: IntegerPixels) -> NDArray[np.float64] | None:
    """(M, 64), row by row, of blocks without black or white, where values were cut off."""
    from scipy.fft import dctn

    height, width = (side // SIDE * SIDE for side in pixels.shape[:2])
    colors = to_integers(to_float(_colors(pixels)), 8)[:height, :width]
    channels = colors.shape[2]
    blocks = colors.reshape(height // SIDE, SIDE, width // SIDE, SIDE, channels).swapaxes(1, 2)
    blocks = blocks.reshape(-1, SIDE, SIDE, channels)
    blocks = blocks[((blocks > 0) & (blocks < 255)).all(axis=(1, 2, 3))]
    if len(blocks) < FEWEST_BLOCKS:
        return None
    blocks = blocks[:: -(-len(blocks) // MOST_BLOCKS)].astype(np.float64)
    luma = blocks @ np.array(LUMA_OF_RGB) if blocks.shape[3] == 3 else blocks[..., 0]
    coefficients: NDArray[np.float64] = dctn(luma - 128, axes=(1, 2), norm="ortho")
    return coefficients.reshape(-1, SIDE * SIDE)


def _distance_from_multiples(coefficients: NDArray[np.float64], steps: NDArray[np.int_]) -> float:
    """How far the coefficients that are not 0 lie from multiples of their steps.

    The unit is that distance of random values. The result is infinite where too few coefficients tell it.
    """
    coarse = steps >= LEAST_STEP
    multiples = coefficients[:, coarse] / steps[coarse]
    nearest = np.rint(multiples)
    distance, told = np.abs(multiples - nearest) * steps[coarse], nearest != 0
    if told.sum() < FEWEST_COEFFICIENTS:
        return np.inf
    at_random = np.broadcast_to(steps[coarse] / 4, told.shape)[told].mean()
    return float(distance[told].mean() / at_random)


def _colors(pixels: NDArray[Any]) -> NDArray[Any]:
    """The picture without its alpha."""
    return pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]
