"""sRGB to the colour space of SSIMULACRA 2, XYB of JPEG XL (ISO/IEC 18181-1), rounded as libjxl rounds it.

The curve of sRGB and the cube root are libjxl's approximations in float32: their last digits decide how the
errors of `recursive_gaussian` fall out.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from imagegs.pictures.pixels import Pixels
from imagegs.ssimulacra.single_precision import Singles, multiply_add

_ONE = np.float32(1)
# From linear sRGB to what the cones absorb (rows add up to 1), and what is added before the cube root.
_RED_AND_BLUE = np.array([[0.30, 0.078], [0.23, 0.078]], np.float32)
_RED_AND_GREEN_OF_SHORT = np.array([0.24342268924547819, 0.20476744424496821], np.float32)
_BIAS = np.float32(0.0037930732552754493)

# The curve of sRGB above 0.04045 as a quotient of polynomials, from the constant on.
_CURVE = np.array(
    [
        [2.200248328e-04, 1.043637593e-02, 1.624820318e-01, 7.961564959e-01, 8.210152774e-01],
        [2.631846970e-01, 1.076976492e00, 4.987528350e-01, -5.512498495e-02, 6.521209011e-03],
    ],
    np.float32,
)


def linear_light(pixels: Pixels) -> Singles:
    """(H, W, 3) uint8 sRGB -> (3, H, W), 0..1."""
    return np.ascontiguousarray(np.moveaxis(_curve()[pixels], 2, 0))


def positive_xyb(linear: Singles) -> Singles:
    """(3, H, W): X, Y and B - Y of linear sRGB, scaled and moved so that all of sRGB is within 0..1."""
    red, green, blue = linear
    roots = []
    for of_red, of_green, of_blue in _absorbance():
        absorbed = multiply_add(of_blue, blue, _BIAS)
        absorbed = multiply_add(of_red, red, multiply_add(of_green, green, absorbed))
        roots.append(_cube_root_less_that_of_bias(absorbed))
    half = np.float32(0.5)
    x, y = half * (roots[0] - roots[1]), half * (roots[0] + roots[1])
    return np.stack([x * np.float32(14) + np.float32(0.42), y + np.float32(0.01),
                     (roots[2] - y) + np.float32(0.55)])  # fmt: skip


def _absorbance() -> list[Singles]:
    rows = [np.array([red, _ONE - blue - red, blue]) for red, blue in _RED_AND_BLUE]
    red, green = _RED_AND_GREEN_OF_SHORT
    return [*rows, np.array([red, green, _ONE - red - green])]


@cache
def _curve() -> Singles:
    """(256,): IEC 61966-2-1."""
    coded = np.arange(256, dtype=np.float32) * np.float32(1 / 255)
    numerator, denominator = (np.full(256, coefficients[-1]) for coefficients in _CURVE)
    for above, below in _CURVE[:, -2::-1].T:
        numerator = multiply_add(numerator, coded, above)
        denominator = multiply_add(denominator, coded, below)
    low = coded * (_ONE / np.float32(12.92))
    return np.where(coded > np.float32(0.04045), numerator / denominator, low)


def _cube_root_less_that_of_bias(x: Singles) -> Singles:
    """x^(1/3) - bias^(1/3) for x > 0: Newton's iterations for x^(-1/3), whose square times x is the root."""
    third, four_thirds = np.float32(1 / 3), np.float32(4 / 3)
    # A third of the exponent, negated, is what the iterations start from; 0x00800000 is 1 in it.
    start = np.int32(0x54800000) - (x.view(np.int32) >> 23) * np.int32(0x00800000 // 3)
    r = start.view(np.float32)
    for _ in range(3):
        square = r * r
        r = multiply_add(-third * x, square * square, four_thirds * r)
    square = r * r
    r = multiply_add(third, multiply_add(-x, square * square, r), r)
    return multiply_add(r * r, x, -np.cbrt(_BIAS))
