"""Rate-distortion curves, and the difference of two: the BD-rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Curve = list[tuple[float, float]]  # (quality, ln rate), both rising
LEAST_SHARED_SHARE = 0.02  # of the reference curve's qualities, below which two curves share too little


def rising(points: Sequence[tuple[float, float]]) -> Curve:
    """The curve of (quality, rate), without those that are no better than one of a lower rate."""
    kept: Curve = []
    for quality, rate in sorted(points, key=lambda p: p[1]):
        if not kept or (quality > kept[-1][0] and math.log(rate) > kept[-1][1]):
            kept.append((quality, math.log(rate)))
    return kept


def bd_rate(ours: Curve, theirs: Curve) -> float | None:
    """Our size against theirs at equal quality, as a share: -0.7 is 70% less; None without shared qualities.

    The mean difference of ln rate over the qualities that both curves reach (Bjontegaard 2001, VCEG-M33, with
    monotone cubics in place of one polynomial), or at the one point of a codec with one rate.
    """
    from scipy.interpolate import PchipInterpolator

    if len(ours) < 2 or not theirs:
        return None
    our_rate = PchipInterpolator(*np.transpose(ours))
    if len(theirs) == 1:
        ((quality, rate),) = theirs
        inside = ours[0][0] <= quality <= ours[-1][0]
        return math.expm1(float(our_rate(quality)) - rate) if inside else None
    low, high = max(ours[0][0], theirs[0][0]), min(ours[-1][0], theirs[-1][0])
    if high - low < LEAST_SHARED_SHARE * (ours[-1][0] - ours[0][0]):
        return None
    at = np.linspace(low, high, 100)
    difference = our_rate(at) - PchipInterpolator(*np.transpose(theirs))(at)
    return math.expm1(float(np.mean(difference)))
