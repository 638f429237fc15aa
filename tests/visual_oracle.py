"""The visual loss in float64, written plainly: what native/training/visual_loss.h is held against."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d

WINDOW = np.array([0.00102838, 0.00759876, 0.03600077, 0.10936069, 0.21300553, 0.26601171])
WINDOW = np.concatenate([WINDOW, WINDOW[-2::-1]])
ABSORBANCE = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821],
    ]
)
BIAS = 0.0037930732552754493
SMALLEST_SIDE, SMALLEST_FOURTH, C = 8, 1e-14, 0.0009


def visual_loss(picture, target, weights, pixel_weights=None):
    """The sum over (scale, component, error) of weights (6, 3, 3, 2) x means and 4-norms; pictures (C, H, W)
    of 1 to 4 channels.
    """
    picture, target = (np.asarray(a, np.float64) for a in (picture, target))
    grounds = (0.0, 1.0) if len(target) % 2 == 0 and target[-1].min() < 1 else (0.0,)
    losses = []
    for ground in grounds:
        norms = visual_means(ground, picture, target, pixel_weights)
        norms[..., 1] *= np.maximum(norms[..., 1], SMALLEST_FOURTH) ** -0.75
        losses.append((weights * norms).sum())
    return float(np.mean(losses))


def visual_means(ground, picture, target, pixel_weights):
    """(6, 3, 3, 2) means of the errors and of their fourth powers; 0 at scales that a picture has not."""
    means = np.zeros((6, 3, 3, 2))
    light = [linear_light(_seen(a, ground)) for a in (picture, target)]
    weights = np.ones(light[0].shape[1:]) if pixel_weights is None else pixel_weights.astype(np.float64)
    for scale in range(6):
        if scale:
            if min(light[0].shape[1:]) < SMALLEST_SIDE:
                break
            light = [_halved(a) for a in light]
            weights = _halved(weights[None])[0]
        errors = _errors(xyb(light[0]), xyb(light[1]))
        for power in (1, 4):
            means[scale, :, :, int(power == 4)] = (weights * errors**power).mean(axis=(2, 3))
    return means


def _seen(planes, ground):
    planes = np.clip(planes, 0, 1)
    if len(planes) % 2 == 0:
        planes = (planes[:-1] - ground) * planes[-1] + ground
    return np.broadcast_to(planes, (3, *planes.shape[1:]))


def linear_light(v):
    return np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)


def xyb(light):
    roots = np.cbrt(np.einsum("kc,chw->khw", ABSORBANCE, light) + BIAS) - np.cbrt(BIAS)
    y = (roots[0] + roots[1]) / 2
    return np.stack([(roots[0] - roots[1]) * 7 + 0.42, y + 0.01, roots[2] - y + 0.55])


def _halved(planes):
    _, height, width = planes.shape
    even = np.pad(planes, [(0, 0), (0, height % 2), (0, width % 2)], mode="edge")
    return (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4


def _blurred(planes):
    across = correlate1d(planes, WINDOW, axis=2, mode="constant")
    return correlate1d(across, WINDOW, axis=1, mode="constant")


def _errors(x, y):
    """(component, error, H, W)."""
    m, n = _blurred(x), _blurred(y)
    variances = _blurred(x * x) - m * m + _blurred(y * y) - n * n
    similarity = (1 - (m - n) ** 2) * (2 * (_blurred(x * y) - m * n) + C) / (variances + C)
    edges = (1 + abs(x - m)) / (1 + abs(y - n)) - 1
    return np.stack([1 - similarity, edges, -edges], axis=1).clip(0)
