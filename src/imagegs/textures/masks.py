"""Masks, which have 0 and 1 alone: the alpha of a cutout such as a leaf or a fence."""

from __future__ import annotations

import numpy as np

from imagegs.pictures.pixels import IntegerPixels


def is_mask(plane: IntegerPixels) -> bool:
    """Whether a plane (H, W) has no values but 0 and the largest one."""
    return bool(((plane == 0) | (plane == np.iinfo(plane.dtype).max)).all())


def to_mask(plane: IntegerPixels) -> None:
    """Brings each value of a plane (H, W) to 0 or to the largest one, the nearer, in place."""
    largest = np.iinfo(plane.dtype).max
    np.multiply(plane > largest // 2, largest, out=plane, dtype=plane.dtype, casting="unsafe")
