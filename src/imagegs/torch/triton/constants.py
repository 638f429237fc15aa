"""The numbers that kernels are compiled with. Those of the format come from their home, the native code."""

from __future__ import annotations

import triton.language as tl

from imagegs import _native

assert _native.SOFTMAX_TOP_K == _native.PAPER_TOP_K == 10, "choosing.py is written for ten"

TILE_SIDE = _native.TILE  # pixels
TILE = tl.constexpr(_native.TILE)
POINTS = tl.constexpr(_native.TILE**2)  # of a block: a tile of pixels, or so many points on one tile
TOP_K = tl.constexpr(_native.SOFTMAX_TOP_K)
CUTOFF = tl.constexpr(_native.SOFTMAX_CUTOFF)  # nats
EPSILON = tl.constexpr(_native.PAPER_EPSILON)
RADIUS = tl.constexpr(_native.PAPER_RADIUS)  # standard deviations

SHAPE_ROW = 12  # floats of a candidate's shape
SHAPE = tl.constexpr(SHAPE_ROW)
SUMS = 6  # of a Gaussian's shape, see differentiating.py and diagonal.py
SHAPE_SUMS = tl.constexpr(SUMS)
GROUP_SIZE = 4  # channels that one program handles
GROUP = tl.constexpr(GROUP_SIZE)

FAN_OUT = 8  # a node of the lists has 8 x 8 children
ROOTS = 1024  # at most so many nodes look at all Gaussians
CANDIDATES_AT_ONCE = 128  # of a program that makes lists
PARTS_AT_ONCE = 32  # of a program that adds up the parts of a Gaussian
GAUSSIANS_AT_ONCE = 128  # of a program with one Gaussian a lane
