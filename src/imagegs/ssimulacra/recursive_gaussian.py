"""The Gaussian of SSIMULACRA 2, sigma 1.5, with the rounding errors that the tool makes.

Charalampidis 2016, "Recursive Implementation of the Gaussian Filter Using Truncated Cosine Functions": the
Gaussian is a sum of three cosines, cut where they are 0, and each is a recursion over two earlier values. The
poles lie on the unit circle, so in float32 no rounding error fades, and in smooth areas the errors of 1e-5 or
so are what is left of a variance: on smooth pictures of good quality the score of the tool is some points
below that of exact sums. So the operations here are libjxl's, in its order: down the columns one value after
the other, along the rows four at a time, fused multiply-adds throughout.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from imagegs.ssimulacra.single_precision import Singles, multiply_add

_SIGMA = 1.5
_RADIUS = round(3.2795 * _SIGMA + 0.2546)  # equation 57
_BLOCK = 4  # values along a row that come at once


class _Recursion(NamedTuple):
    """Factors of y[n] = gain s[n] + turn y[n - 1] - y[n - 2]; s is the sum of two values of the signal."""

    gain: Singles  # (3, 1), for each cosine
    turn: Singles
    # For the values n to n + 3 at once, (3, 4, 1): factors of s[n + j], one array for each j, of y[n - 1] and
    # of y[n - 2].
    from_sums: list[Singles]
    from_last: Singles
    from_last_but_one: Singles


def blurred(planes: Singles) -> Singles:
    """Gaussian-weighted sums of (K, H, W); beyond the edges a plane is 0."""
    n, height, width = planes.shape
    columns = _along_rows(planes.transpose(2, 0, 1).reshape(width, -1))
    rows = _down_columns(columns.reshape(width, n, height).transpose(2, 1, 0).reshape(height, -1))
    return np.ascontiguousarray(rows.reshape(height, n, width).transpose(1, 0, 2))


def _down_columns(signal: Singles) -> Singles:
    """(n, m) -> (n, m), each of the m columns by itself."""
    recursion, sums, out = _recursion(), _sums(signal), np.empty_like(signal)
    last = last_but_one = np.zeros((3, signal.shape[1]), np.float32)
    for i, total in enumerate(sums, 1 - _RADIUS):
        turned = multiply_add(recursion.turn, last, -last_but_one)
        last, last_but_one = multiply_add(recursion.gain, total, turned), last
        if i >= 0:
            out[i] = _sum_of_cosines(last)
    return out


def _along_rows(signal: Singles) -> Singles:
    """(n, m) -> (n, m) as `_down_columns`, with the rounding of blocks; near the ends there are none."""
    sums, out = _sums(signal), np.empty_like(signal)
    n, i = len(signal), 1 - _RADIUS
    last = last_but_one = np.zeros((3, signal.shape[1]), np.float32)
    first_block = -(-(_RADIUS + 1) // _BLOCK) * _BLOCK
    while i < n:
        here = i + _RADIUS - 1
        if first_block <= i < n - _RADIUS - _BLOCK + 2:
            block = _block(sums[here : here + _BLOCK], last, last_but_one)
            last_but_one, last = block[:, -2], block[:, -1]
            out[i : i + _BLOCK] = _sum_of_cosines(block)
            i += _BLOCK
        else:
            last, last_but_one = _single(sums[here], last, last_but_one), last
            if i >= 0:
                out[i] = _sum_of_cosines(last)
            i += 1
    return out


def _single(total: Singles, last: Singles, last_but_one: Singles) -> Singles:
    recursion = _recursion()
    return multiply_add(recursion.turn, last, recursion.gain * total - last_but_one)


def _block(sums: Singles, last: Singles, last_but_one: Singles) -> Singles:
    """(4, m), (3, m), (3, m) -> (3, 4, m)."""
    recursion = _recursion()
    values = recursion.from_sums[0] * sums[0]
    for factors, total in zip(recursion.from_sums[1:], sums[1:], strict=True):
        values = multiply_add(factors, total, values)
    values = multiply_add(recursion.from_last_but_one, last_but_one[:, None], values)
    return multiply_add(recursion.from_last, last[:, None], values)


def _sums(signal: Singles) -> Singles:
    """Equation 35: x[n - N - 1] + x[n + N - 1] for n from 1 - N on, where N is the radius."""
    n = len(signal)
    sums = np.zeros((n + _RADIUS - 1, signal.shape[1]), np.float32)
    sums[:n] = signal
    sums[2 * _RADIUS :] += signal[: max(0, n - _RADIUS - 1)]
    return sums


def _sum_of_cosines(values: Singles) -> Singles:
    return np.asarray(values[0] + (values[1] + values[2]))


@cache
def _recursion() -> _Recursion:
    """Equations 33 to 57: the sum of the weights is 1, the variance sigma squared, and otherwise the cosines
    have the amplitudes of the Gaussian's spectrum."""
    signs = np.array([1, -1, 1])
    frequencies = np.array([1, 3, 5]) * np.pi / (2 * _RADIUS)
    sums = signs / np.tan(frequencies / 2)
    moments = signs * sums**2 / np.sin(frequencies)
    free = np.cross(sums, moments)  # what the first two conditions leave undetermined
    spectrum = np.exp(-0.5 * (_SIGMA * frequencies) ** 2) / _RADIUS
    wanted = np.array([1, _RADIUS**2 - _SIGMA**2, free @ spectrum])
    amplitudes = np.linalg.solve(np.stack([sums, moments, free]), wanted)
    gain = -amplitudes * np.cos(frequencies * (_RADIUS + 1))
    turn = 2 * np.cos(frequencies)
    powers = [np.zeros(3), np.ones(3)]  # the response of y to a 1: 0 before it, then 1
    for _ in range(_BLOCK):
        powers.append(turn * powers[-1] - powers[-2])
    late = [np.stack([gain * powers[max(0, 1 + i - j)] for i in range(_BLOCK)], 1) for j in range(_BLOCK)]
    return _Recursion(
        gain[:, None].astype(np.float32),
        turn[:, None].astype(np.float32),
        [factors[:, :, None].astype(np.float32) for factors in late],
        np.stack(powers[2:], 1)[:, :, None].astype(np.float32),
        -np.stack(powers[1:-1], 1)[:, :, None].astype(np.float32),
    )
