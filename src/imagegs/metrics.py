"""How alike two pictures are: PSNR (of a region, too), SSIM and MS-SSIM.

Each takes two pictures of one shape, (H, W) or (H, W, C), uint8, uint16 or floating point; integers are
divided by their maximum, so the data range is 1 and the two may differ in type. All channels count
alike, but for alpha: colours that it covers are measured as they are seen, over black and over white
(transparency.py), and the alpha itself is no further channel. `alphas`: for each channel the number of the
alpha that covers it, or None; by default those of pictures with so many channels, Y A and R G B A.

The work goes by strips of rows, so PSNR and SSIM need some MB of memory and MS-SSIM a float32 copy of one
channel of each picture.

Raises ValueError where the shapes differ and for impossible alphas, and what `as_pixels` raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagegs.pictures.pixels import Pixels, as_pixels
from imagegs.pictures.transparency import Alphas, checked_alphas, n_seen, seen

_SIGMA, _RADIUS = 1.5, 5  # of SSIM's Gaussian window, 11 x 11 pixels
_C1, _C2 = 0.01**2, 0.03**2
_SCALE_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_STRIP_ROWS = 128

Plane = NDArray[np.float32]  # (H, W)
Covering = Sequence[int | None] | None  # the alphas that a caller names
Strips = Callable[[slice], Plane]  # some rows of a plane
Map = Callable[[Callable[[int], tuple[float, float]], range], Iterable[tuple[float, float]]]


def psnr(a: ArrayLike, b: ArrayLike, alphas: Covering = None) -> float:
    """Peak signal-to-noise ratio in dB, of the mean squared error of what is seen; inf when equal."""
    return decibels(mean_squared_error(a, b, alphas))


def mean_squared_error(a: ArrayLike, b: ArrayLike, alphas: Covering = None) -> float:
    """The mean squared difference of all samples.

    Colours that an alpha covers count as they are seen: the mean over black and over white.
    """
    first, second, covered = _pair(a, b, alphas)
    strips = _differences(first, second, covered)
    total = sum(float(np.vdot(difference, difference)) for _, difference in strips)
    height, width, _ = first.shape
    return total / (int(height) * int(width) * n_seen(covered))


def weighted_psnr(a: ArrayLike, b: ArrayLike, weights: Plane, alphas: Covering = None) -> float:
    """PSNR in dB of the weighted mean of the pixels' squared errors, sum of w e^2 / sum of w; inf when equal
    wherever a weight is above 0.

    weights: (H, W), finite, 0 or more; of 0 and 1, they tell the PSNR of a region. Raises ValueError for
    weights of another shape or all 0.
    """
    first, second, covered = _pair(a, b, alphas)
    if weights.shape != first.shape[:2]:
        raise ValueError(f"the weights have shape {weights.shape}, the pictures {first.shape[:2]}")
    if not (sum_of_weights := float(weights.sum(dtype=np.float64))) > 0:
        raise ValueError("no weight is above 0")
    total = 0.0
    for rows, difference in _differences(first, second, covered):
        total += float(np.vdot(np.square(difference).sum(axis=2), weights[rows]))
    return decibels(total / (sum_of_weights * n_seen(covered)))


def pixel_errors(a: ArrayLike, b: ArrayLike, alphas: Covering = None) -> Plane:
    """The root mean square difference of each pixel's samples, (H, W), with the data range 1.

    The mean of the squares of this map is the error that `psnr` tells.
    """
    first, second, covered = _pair(a, b, alphas)
    errors = np.empty(first.shape[:2], np.float32)
    for rows, difference in _differences(first, second, covered):
        errors[rows] = np.sqrt(np.square(difference).sum(axis=2) / n_seen(covered))
    return errors


def decibels(mean_squared_error: float) -> float:
    """PSNR of a mean squared error of samples in 0..1; inf when it is 0."""
    return math.inf if mean_squared_error == 0.0 else -10.0 * math.log10(mean_squared_error)


def ssim(a: ArrayLike, b: ArrayLike, alphas: Covering = None, *, threads: int = 1) -> float:
    """Structural similarity, 1 when equal: the mean over channels, pixels and, with alpha, both grounds.

    Gaussian window of 11 x 11 pixels, sigma 1.5, population covariance, only where the window fits. A side
    shorter than 11 pixels has no such place: along it the picture is mirrored (edge pixel repeated) and every
    pixel counts. threads: how many work on strips of rows; they do not change the result.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, equation 13. It equals scikit-image's structural_similarity
    with gaussian_weights=True, sigma=1.5, use_sample_covariance=False.
    """
    first, second, covered = _pair(a, b, alphas)
    found = []
    with _side_by_side(threads) as each:
        for view in _views(covered):
            x, y = (_strips(picture, view) for picture in (first, second))
            found.append((view.share, _similarities(first.shape[:2], x, y, each)[0]))
    return _mean(found)


def ms_ssim(a: ArrayLike, b: ArrayLike, alphas: Covering = None) -> float:
    """Multi-scale structural similarity, 1 when equal: the mean over channels and, with alpha, both grounds.

    Five scales, each half the one before (means of 2 x 2 pixels; an odd side is padded with a row or
    column of zeros first), windows as in `ssim`; negative terms count as 0. A picture with a side under
    161 pixels has fewer scales, as many as leave it at least 11 pixels, with the first weights divided by
    their sum; with a side under 21 pixels it is `ssim`, not below 0 in any channel.

    Source: Wang, Simoncelli, Bovik 2003, equation 7; the details are those of the package pytorch-msssim.
    """
    first, second, covered = _pair(a, b, alphas)
    side = min(first.shape[:2])
    n_scales = next(n for n in (5, 4, 3, 2, 1) if n == 1 or side > 2 * _RADIUS << (n - 1))
    weights = _SCALE_WEIGHTS[:n_scales] / _SCALE_WEIGHTS[:n_scales].sum()
    found = []
    for view in _views(covered):
        x, y = (_strips(picture, view)(slice(None)) for picture in (first, second))
        product = 1.0
        for scale, weight in enumerate(weights.tolist()):
            if scale:
                x, y = _halved(x), _halved(y)
            similarity, contrast = _similarities(x.shape, x.__getitem__, y.__getitem__)
            product *= max(0.0, similarity if scale == n_scales - 1 else contrast) ** weight
        found.append((view.share, product))
    return _mean(found)


class _View(NamedTuple):
    """A channel as it is seen."""

    channel: int
    alpha: int | None
    ground: float
    share: float  # of the channel's measure


def _views(alphas: Alphas) -> list[_View]:
    """How a viewer sees the channels: over black and over white where an alpha covers them.

    An alpha that covers others is no view of its own.
    """
    views = []
    for channel, alpha in enumerate(alphas):
        if alpha is not None:
            views += [_View(channel, alpha, ground, 0.5) for ground in (0.0, 1.0)]
        elif channel not in alphas:
            views.append(_View(channel, None, 0.0, 1.0))
    return views


def _strips(picture: Pixels, view: _View) -> Strips:
    """A channel as it is seen, float32 with the data range 1."""

    def rows_of(rows: slice) -> Plane:
        values: Plane = _unit(picture[rows, :, view.channel], np.float32)
        if view.alpha is None:
            return values
        ground = np.float32(view.ground)
        return ground + (values - ground) * _unit(picture[rows, :, view.alpha], np.float32)

    return rows_of


def _mean(found: list[tuple[float, float]]) -> float:
    """The mean of values by their shares, from pairs (share, value)."""
    return sum(share * value for share, value in found) / sum(share for share, _ in found)


def _pair(a: ArrayLike, b: ArrayLike, alphas: Covering) -> tuple[Pixels, Pixels, Alphas]:
    first, second = as_pixels(a, overshoot=True), as_pixels(b, overshoot=True)
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in shape: {first.shape} and {second.shape}")
    return first, second, checked_alphas(alphas, int(first.shape[2]))


def _differences(first: Pixels, second: Pixels, alphas: Alphas) -> Iterator[tuple[slice, Pixels]]:
    """Strips of rows, and the difference there of samples with the data range 1, as `seen` has them."""
    for top in range(0, len(first), _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        yield rows, _seen(first[rows], alphas) - _seen(second[rows], alphas)


def _seen(pixels: Pixels, alphas: Alphas) -> Pixels:
    return seen(_unit(pixels, np.float64), alphas)


def _unit(pixels: Pixels, dtype: type[np.floating[Any]]) -> Pixels:
    """Samples with the data range 1; floats are not clipped."""
    values = pixels.astype(dtype)
    return values / dtype(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else values


@contextmanager
def _side_by_side(threads: int) -> Iterator[Map]:
    """`map`, or one that calls from several threads."""
    if threads == 1:
        yield map
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _similarities(shape: tuple[int, ...], x: Strips, y: Strips, each: Map = map) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term (the SSIM without its luminance) of two planes (H, W)."""
    height, width = shape
    margins = [_RADIUS if side > 2 * _RADIUS else 0 for side in (height, width)]
    top, bottom = margins[0], height - margins[0]
    similarity = contrast = 0.0

    def sums_from(start: int) -> tuple[float, float]:
        rows = slice(start - margins[0], min(start + _STRIP_ROWS, bottom) + margins[0])
        return _strip_sums(x(rows), y(rows), margins)

    for strip_similarity, strip_contrast in each(sums_from, range(top, bottom, _STRIP_ROWS)):
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
