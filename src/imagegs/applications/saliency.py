"""What stands out in a picture: saliency maps, and what a fit makes of them.

A map is (H, W) float32 in 0..1: 1 where a viewer looks first, 0 where errors matter least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imagegs.choices import SALIENCY_METHODS, SaliencyMethod
from imagegs.fitting.placement import gradient_map
from imagegs.gaussians import FloatArray
from imagegs.pictures.pixels import Picture, to_float

Region = tuple[int, int, int, int]  # x, y, width, height in pixels

BACKDROP = 0.5  # behind what is transparent
# The sigma of a blur, in geometric means of the sides: what stands out is larger than a pixel.
SMOOTHING = 0.02
BRIGHTEST = 99.0  # percentile of a smoothed map that becomes 1: a few pixels must not set the scale
LEAST_RANGE = 0.1  # of a map that tells places apart

_TAPS = np.array([1, 4, 6, 4, 1], np.float32) / 16  # Achanta's separable binomial kernel
_TO_XYZ = np.array(  # from linear sRGB, D65 (IEC 61966-2-1), each row divided by its sum, the white point
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)


def find_salient(picture: Picture, method: SaliencyMethod = "model", model: Path | None = None) -> FloatArray:
    """The map (H, W) of a gray or RGB picture, with alpha or without; what is transparent is not salient.

    method: "model" asks a neural network (saliency_model.py; `model`: its file), "tuned" looks for colours
    unlike the picture's mean, "gradient" for edges.

    Raises ValueError for another method or a picture with other channels, ImageGSError where the network
    cannot run.
    """
    if method not in SALIENCY_METHODS:
        raise ValueError(f"no saliency method {method!r}; there are {', '.join(SALIENCY_METHODS)}")
    colors, opacity = _visible(picture)
    if method == "model":
        from imagegs.applications.saliency_model import foreground

        found = foreground(colors, model)
    elif method == "tuned":
        found = _scaled(tuned_distance(colors))
    else:
        found = _scaled(gradient_map(np.ascontiguousarray(np.moveaxis(colors, 2, 0))))
    return found if opacity is None else found * opacity


def _visible(picture: Picture) -> tuple[FloatArray, FloatArray | None]:
    """Colours (H, W, 3) over the backdrop, and opacity (H, W) or None."""
    values = to_float(picture.pixels)
    if picture.channels in (("R", "G", "B"), ("Y",)):
        return np.broadcast_to(values, (*values.shape[:2], 3)), None
    if picture.channels not in (("R", "G", "B", "A"), ("Y", "A")):
        raise ValueError(f"saliency is of colours, not of the channels {' '.join(picture.channels)}")
    opacity = values[:, :, -1]
    colors = BACKDROP + (values[:, :, :-1] - BACKDROP) * opacity[:, :, np.newaxis]
    return np.broadcast_to(colors, (*opacity.shape, 3)), opacity


def tuned_distance(colors: FloatArray) -> FloatArray:
    """Distance of each pixel, a little blurred, to the mean colour, in CIE Lab: (H, W, 3) sRGB -> (H, W).

    Achanta, Hemami, Estrada, Suesstrunk 2009, "Frequency-tuned salient region detection", equation 4.
    """
    from scipy.ndimage import convolve1d

    lab = to_lab(colors)
    mean = lab.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    for axis in (0, 1):
        lab = convolve1d(lab, _TAPS, axis, mode="nearest")
    return np.asarray(np.linalg.norm(lab - mean, axis=2), np.float32)


def to_lab(colors: FloatArray) -> FloatArray:
    """sRGB in 0..1 (H, W, 3) -> CIE 1976 L*a*b*, white point D65."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    xyz = linear.astype(np.float32) @ _TO_XYZ.T
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29))
    x, y, z = np.moveaxis(f, 2, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=2).astype(np.float32)


def _scaled(values: FloatArray) -> FloatArray:
    """Smoothed, and brought to 0..1; all 0 where nothing stands out."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(values, SMOOTHING * math.sqrt(values.size), mode="constant")
    low, high = float(smooth.min()), float(np.percentile(smooth, BRIGHTEST))
    if high - low <= 1e-4 * max(1.0, high):  # rounding
        return np.zeros_like(values)
    return np.asarray(((smooth - low) / np.float32(high - low)).clip(0, 1), np.float32)


def region_map(regions: Sequence[Region], height: int, width: int) -> FloatArray:
    """1 inside the regions, 0 elsewhere. Raises ValueError for one that is empty or leaves the picture."""
    found = np.zeros((height, width), np.float32)
    for x, y, w, h in regions:
        if min(w, h) < 1 or min(x, y) < 0 or x + w > width or y + h > height:
            raise ValueError(
                f"the region {x},{y},{w},{h} is empty or leaves the picture of {width} x {height} pixels"
            )
        found[y : y + h, x : x + w] = 1
    return found


def tells_apart(saliency: FloatArray) -> bool:
    """Whether some places of a map are clearly more salient than others."""
    return float(np.ptp(saliency)) >= LEAST_RANGE


def error_weights(saliency: FloatArray, strength: float) -> FloatArray:
    """What a squared error counts (H, W): 1 where nothing is salient, 1 + strength where the map is 1."""
    return 1 + np.float32(strength) * saliency
