"""Arithmetic of float32 that rounds as vector units do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]


def multiply_add(a: Singles | np.float32, b: Singles | np.float32, c: Singles | np.float32) -> Singles:
    """a b + c, rounded to float32 once, as a fused multiply-add is: numpy has none. The product is exact in
    float64; the sum is rounded to float64 first, which makes a difference in about 1 of 10^8 cases."""
    total = np.multiply(a, b, dtype=np.float64)
    total += c
    return total.astype(np.float32)
