"""A picture with less of what JPEG did to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.pictures.pixels import LUMA_OF_RGB
from imagegs.restoration.jpeg_traces import JpegTraces
from imagegs.restoration.shrinkage import SIDE, thresholded, to_coefficients, to_plane, wiener_filtered

# The deviation of the noise, in that of an error that is even over a step of quantisation. Many coefficients
# are 0, and their errors are smaller.
LUMA_SHARE, CHROMA_SHARE = 0.7, 0.5
THRESHOLD = 2.0  # deviations
# How far a coefficient may move from what the file says, of a step; half a step is all that quantisation did.
SLACK = 0.3
BRIGHT = 128 / 255  # is subtracted before JPEG's transform
BLUE, RED = 1.772, 1.402  # times Cb, Cr: JFIF
NO_SUBSAMPLING, HALF_WIDTH = 0, 1  # in Pillow's numbers


def deblocked(colors: NDArray[np.float32], traces: JpegTraces) -> NDArray[np.float32]:
    """(H, W, C), 1 = white, shrunk (shrinkage.py) by the noise that follows from the steps of the
    quantisation; then luma is brought back to near the coefficients that the file had.
    """
    if colors.shape[2] != 3:
        return np.stack([_luma(plane, traces) for plane in np.moveaxis(colors, 2, 0)], axis=2)
    luma = colors @ np.array(LUMA_OF_RGB, np.float32)
    blue, red = (colors[:, :, 2] - luma) / np.float32(BLUE), (colors[:, :, 0] - luma) / np.float32(RED)
    noise = CHROMA_SHARE * _chroma_noise(traces)
    blue, red = (_shrunk(plane, noise) for plane in (blue, red))
    return _rgb(_luma(luma, traces), blue, red)


def _rgb(
    luma: NDArray[np.float32], blue: NDArray[np.float32], red: NDArray[np.float32]
) -> NDArray[np.float32]:
    r, b = luma + np.float32(RED) * red, luma + np.float32(BLUE) * blue
    of_r, of_g, of_b = (np.float32(share) for share in LUMA_OF_RGB)
    return np.stack([r, (luma - of_r * r - of_b * b) / of_g, b], axis=2)


def _luma(plane: NDArray[np.float32], traces: JpegTraces) -> NDArray[np.float32]:
    steps = _steps(traces.luma)
    return _near(_shrunk(plane, LUMA_SHARE * _noise(steps)), plane, steps.ravel())


def _shrunk(plane: NDArray[np.float32], noise: NDArray[Any]) -> NDArray[np.float32]:
    noise = noise.ravel()
    return wiener_filtered(plane, thresholded(plane, noise, THRESHOLD), noise)


def _steps(table: tuple[int, ...]) -> NDArray[np.float32]:
    """(8, 8), 1 = white."""
    return np.array(table, np.float32).reshape(SIDE, SIDE) / np.float32(255)


def _noise(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The deviations of errors that are even over the steps."""
    return steps / np.float32(12**0.5)


def _chroma_noise(traces: JpegTraces) -> NDArray[np.float32]:
    """(8, 8) of chroma as large as luma. Where it was halved, a frequency had twice the place in its
    table, and its errors are spread over twice the pixels.
    """
    noise = _noise(_steps(traces.chroma))
    twice = np.minimum(2 * np.arange(SIDE), SIDE - 1)
    if traces.subsampling != NO_SUBSAMPLING:
        noise = np.float32(2**0.5) * noise[:, twice]
    if traces.subsampling not in (NO_SUBSAMPLING, HALF_WIDTH):
        noise = np.float32(2**0.5) * noise[twice]
    return noise


def _near(
    plane: NDArray[np.float32], original: NDArray[np.float32], steps: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The plane with coefficients of whole blocks no further from those of the original than the slack."""
    height, width = (side // SIDE * SIDE for side in plane.shape)
    if not height or not width:
        return plane
    quantised, moved = (
        to_coefficients(np.ascontiguousarray(p[:height, :width] - np.float32(BRIGHT)))
        for p in (original, plane)
    )
    quantised = np.rint(quantised / steps) * steps
    slack = np.float32(SLACK) * steps
    result = plane.copy()
    nearest = to_plane(np.clip(moved, quantised - slack, quantised + slack), (height, width))
    result[:height, :width] = nearest + np.float32(BRIGHT)
    return result
