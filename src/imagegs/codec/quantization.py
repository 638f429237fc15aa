"""The uniform quantiser: the one home of its formula, for the codec and for quantiser-aware fitting.

A quantiser of b bits has L + 1 levels, L = 2^b - 1, evenly spaced from `low` to `high`. A level q stands for

    value = float32((low * (L - q) + high * q) / L)      (products, sum, quotient in float64)

`low` and `high` are float32 (24-bit mantissas) and q has at most 24 bits, so both products are exact in
float64: fused multiply-adds cannot change the result, and every decoder gets the same bits. The ends come
back exactly, and every value lies within low..high.

Image-GS (arXiv 2407.01866) quantises each attribute so, over the minimum and maximum of its whole tensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_BITS = 24


@dataclass(frozen=True)
class UniformQuantizer:
    """Maps float32 values in low..high to integers of 1..24 bits and back.

    Raises ValueError unless low and high are finite float32 values, low <= high, and bits is 1..24.
    """

    bits: int
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise ValueError(f"a quantiser has 1 to {MAX_BITS} bits, not {self.bits}")
        if not np.isfinite((self.low, self.high)).all() or self.low > self.high:
            raise ValueError(f"not a range: {self.low} to {self.high}")
        if float(np.float32(self.low)) != self.low or float(np.float32(self.high)) != self.high:
            raise ValueError(f"the ends of a range must be float32 values: {self.low} to {self.high}")

    @classmethod
    def over(cls, values: ArrayLike, bits: int) -> UniformQuantizer:
        """The quantiser over the minimum and maximum of values, rounded to float32.

        Raises ValueError when values is empty or not finite as float32.
        """
        array = np.asarray(values, dtype=np.float32)
        if array.size == 0 or not np.isfinite(array).all():
            raise ValueError("values to quantise must be finite, and there must be at least one")
        return cls(bits, float(array.min()), float(array.max()))

    def quantize(self, values: ArrayLike) -> NDArray[np.uint32]:
        """The nearest level of each value, 0..2^bits - 1, shape kept; outside low..high they are clipped."""
        array = np.asarray(values, dtype=np.float32)
        if self.low == self.high:
            return np.zeros(array.shape, dtype=np.uint32)
        levels = 2**self.bits - 1
        steps = (array.astype(np.float64) - self.low) / (self.high - self.low) * levels
        nearest: NDArray[np.uint32] = np.clip(np.floor(steps + 0.5), 0, levels).astype(np.uint32)
        return nearest

    def dequantize(self, integers: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The float32 values that the levels stand for (the formula above), shape kept."""
        levels = 2**self.bits - 1
        q = integers.astype(np.float64)
        values: NDArray[np.float32] = ((self.low * (levels - q) + self.high * q) / levels).astype(np.float32)
        return values


def round_trip(values: ArrayLike, bits: int) -> NDArray[np.float32]:
    """Values as they come back from a quantiser over their own minimum..maximum, shape kept.

    The forward pass of the straight-through quantiser of Image-GS; the gradient passes unchanged.
    """
    quantizer = UniformQuantizer.over(values, bits)
    return quantizer.dequantize(quantizer.quantize(values))


def exp2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """2^values by the additions, products and quotients that docs/format.md spells out.

    Library functions differ in their last bits between platforms; this does not, so every decoder gets
    the same scales.
    """
    whole = np.floor(values + 0.5)
    rest = (values - whole) * math.log(2.0)
    power = np.ones_like(values)
    for n in range(13, 0, -1):
        power = 1.0 + (power * rest) / n
    return np.ldexp(power, whole.astype(np.int32))
