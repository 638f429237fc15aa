"""How alike two pictures are: PSNR (of a region, too), SSIM and MS-SSIM.

Each takes two pictures of one shape, (H, W) or (H, W, C), uint8, uint16 or floating point; integers are
divided by their maximum, so the data range is 1 and the two may differ in type. All channels count
alike, alpha too. The work goes by strips of rows, so PSNR and SSIM need some MB of memory and MS-SSIM
a float32 copy of one channel of each picture.

Raises ValueError where the shapes differ, and what `as_pixels` raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagegs.pixels import Pixels, as_pixels

_SIGMA, _RADIUS = 1.5, 5  # of SSIM's Gaussian window, 11 x 11 pixels
_C1, _C2 = 0.01**2, 0.03**2
_SCALE_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_STRIP_ROWS = 128

Plane = NDArray[np.float32]  # (H, W)


def psnr(a: ArrayLike, b: ArrayLike) -> float:
    """Peak signal-to-noise ratio in dB, of the mean squared error of all samples; inf when equal."""
    first, second = _pair(a, b)
    total = sum(float(np.vdot(difference, difference)) for _, difference in _differences(first, second))
    return decibels(total / first.size)


def weighted_psnr(a: ArrayLike, b: ArrayLike, weights: Plane) -> float:
    """PSNR in dB of the weighted mean of the pixels' squared errors, sum of w e^2 / sum of w; inf when equal
    wherever a weight is above 0.

    weights: (H, W), finite, 0 or more; of 0 and 1, they tell the PSNR of a region. Raises ValueError for
    weights of another shape or all 0.
    """
    first, second = _pair(a, b)
    if weights.shape != first.shape[:2]:
        raise ValueError(f"the weights have shape {weights.shape}, the pictures {first.shape[:2]}")
    if not (sum_of_weights := float(weights.sum(dtype=np.float64))) > 0:
        raise ValueError("no weight is above 0")
    total = 0.0
    for rows, difference in _differences(first, second):
        total += float(np.vdot(np.square(difference).sum(axis=2), weights[rows]))
    return decibels(total / (sum_of_weights * first.shape[2]))


def pixel_errors(a: ArrayLike, b: ArrayLike) -> Plane:
    """Of each pixel (H, W) the root mean square difference of its samples, with the data range 1: the mean of
    their squares is the error that `psnr` tells.
    """
    first, second = _pair(a, b)
    errors = np.empty(first.shape[:2], np.float32)
    for rows, difference in _differences(first, second):
        errors[rows] = np.sqrt(np.square(difference).mean(axis=2))
    return errors


def decibels(mean_squared_error: float) -> float:
    """PSNR of a mean squared error of samples in 0..1; inf when it is 0."""
    return math.inf if mean_squared_error == 0.0 else -10.0 * math.log10(mean_squared_error)


def ssim(a: ArrayLike, b: ArrayLike) -> float:
    """Structural similarity, 1 when equal: the mean over channels and pixels.

    Gaussian window of 11 x 11 pixels, sigma 1.5, population covariance, only where the window fits. A side
    shorter than 11 pixels has no such place: along it the picture is mirrored (edge pixel repeated) and every
    pixel counts.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, equation 13. It equals scikit-image's structural_similarity
    with gaussian_weights=True, sigma=1.5, use_sample_covariance=False.
    """
    first, second = _pair(a, b)
    total = 0.0
    for channel in range(first.shape[2]):
        total += _similarities(first[:, :, channel], second[:, :, channel])[0]
    return total / int(first.shape[2])


def ms_ssim(a: ArrayLike, b: ArrayLike) -> float:
    """Multi-scale structural similarity, 1 when equal: the mean over channels.

    Five scales, each half the one before (means of 2 x 2 pixels; an odd side is padded with a row or
    column of zeros first), windows as in `ssim`; negative terms count as 0. A picture with a side under
    161 pixels has fewer scales, as many as leave it at least 11 pixels, with the first weights divided by
    their sum; with a side under 21 pixels it is `ssim`, not below 0 in any channel.

    Source: Wang, Simoncelli, Bovik 2003, equation 7; the details are those of the package pytorch-msssim.
    """
    first, second = _pair(a, b)
    side = min(first.shape[:2])
    n_scales = next(n for n in (5, 4, 3, 2, 1) if n == 1 or side > 2 * _RADIUS << (n - 1))
    weights = _SCALE_WEIGHTS[:n_scales] / _SCALE_WEIGHTS[:n_scales].sum()
    total = 0.0
    for channel in range(first.shape[2]):
        x, y = (_unit(picture[:, :, channel], np.float32) for picture in (first, second))
        product = 1.0
        for scale, weight in enumerate(weights.tolist()):
            if scale:
                x, y = _halved(x), _halved(y)
            similarity, contrast = _similarities(x, y)
            product *= max(0.0, similarity if scale == n_scales - 1 else contrast) ** weight
        total += product
    return total / int(first.shape[2])


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Pixels, Pixels]:
    first, second = as_pixels(a, overshoot=True), as_pixels(b, overshoot=True)
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in shape: {first.shape} and {second.shape}")
    return first, second


def _differences(first: Pixels, second: Pixels) -> Iterator[tuple[slice, Pixels]]:
    """Strips of rows, and the difference there of samples with the data range 1."""
    for top in range(0, len(first), _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        yield rows, _unit(first[rows], np.float64) - _unit(second[rows], np.float64)


def _unit(pixels: Pixels, dtype: type[np.floating[Any]]) -> Pixels:
    """Samples with the data range 1; floats are not clipped."""
    values = pixels.astype(dtype)
    return values / dtype(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else values


def _similarities(x: Pixels, y: Pixels) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term (the SSIM without its luminance) of two planes."""
    height, width = x.shape
    margins = [_RADIUS if side > 2 * _RADIUS else 0 for side in (height, width)]
    top, bottom = margins[0], height - margins[0]
    similarity = contrast = 0.0
    for start in range(top, bottom, _STRIP_ROWS):
        end = min(start + _STRIP_ROWS, bottom)
        rows = slice(start - margins[0], end + margins[0])
        x_strip, y_strip = _unit(x[rows], np.float32), _unit(y[rows], np.float32)
        strip_similarity, strip_contrast = _strip_sums(x_strip, y_strip, margins)
        similarity, contrast = similarity + strip_similarity, contrast + strip_contrast
    count = (bottom - top) * (width - 2 * margins[1])
    return similarity / count, contrast / count


def _strip_sums(x: Plane, y: Plane, margins: list[int]) -> tuple[float, float]:
    # About the middle of the range, so that float32 keeps enough digits of the variances.
    x, y = x - np.float32(0.5), y - np.float32(0.5)
    mean_x, mean_y = _windowed(x, margins), _windowed(y, margins)
    variance_x = _windowed(x * x, margins) - mean_x * mean_x
    variance_y = _windowed(y * y, margins) - mean_y * mean_y
    covariance = _windowed(x * y, margins) - mean_x * mean_y
    mean_x += np.float32(0.5)
    mean_y += np.float32(0.5)
    contrast = (2 * covariance + np.float32(_C2)) / (variance_x + variance_y + np.float32(_C2))
    luminance = (2 * mean_x * mean_y + np.float32(_C1)) / (mean_x**2 + mean_y**2 + np.float32(_C1))
    return float((luminance * contrast).sum(dtype=np.float64)), float(contrast.sum(dtype=np.float64))


def _windowed(plane: Plane, margins: list[int]) -> Plane:
    """Gaussian-weighted means, cut back by the margins (rows, columns)."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(plane, _SIGMA, mode="reflect", radius=_RADIUS)
    (dy, dx), (height, width) = margins, plane.shape
    return np.asarray(blurred[dy : height - dy, dx : width - dx])


def _halved(plane: Plane) -> Plane:
    """Means of 2 x 2 pixels; a zero row or column goes before an odd side."""
    padded = np.pad(plane, [(side % 2, 0) for side in plane.shape])
    sums = padded[0::2, 0::2] + padded[1::2, 0::2] + padded[0::2, 1::2] + padded[1::2, 1::2]
    return np.asarray(sums * np.float32(0.25))
