"""Kernel: from the sums of each Gaussian to the gradient with respect to its numbers.

Computes the chain rule of native/render/gaussian.h. With score = u^2 + v^2 - w and sums of g = dL/dscore,
    dL/d(x, y) = -2 (ux sum gu + vx sum gv, uy sum gu + vy sum gv),   dL/ds1 = -2 sum guu / s1,   dL/ds2 = -2
    sum gvv / s2, dL/dangle = 2 (s2 / s1 - s1 / s2) sum guv,   dL/dw = -sum g.
In the Gaussian's OWN units (shifts along its axes in standard deviations, logarithms of its scales) the first
four are -sqrt(2) sum gu, -sqrt(2) sum gv, -2 sum guu, -2 sum gvv.
Mapping: a program has BLOCK Gaussians, one a lane.
Shapes: sums (groups, N, 6 + GROUP), shapes (candidates, 12), scale (N, 2), to gradient (N, 6 + C): x, y, s1,
s2, angle, w, colours. Lengths are canvas pixels.
Edges: the paper blend has no log-weight, and its gradient is 0.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import GROUP, SHAPE_SUMS
from imagegs.torch.triton.whitening import shape_of

SQRT2 = tl.constexpr(2.0**0.5)


@triton.jit
def sum_of_groups(sums, gaussian, gaussians, exists, column, GROUPS: tl.constexpr, WIDTH: tl.constexpr):
    """One column of the sums, added over the groups of channels."""
    added = tl.load(sums + gaussian * WIDTH + column, mask=exists, other=0.0)
    for group in tl.static_range(1, GROUPS):
        added += tl.load(sums + (gaussian + group * gaussians) * WIDTH + column, mask=exists, other=0.0)
    return added


@triton.jit
def chain_kernel(
    sums, shapes, scale, gradient, gaussians,
    CHANNELS: tl.constexpr, GROUPS: tl.constexpr, PAPER: tl.constexpr, OWN: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    gaussian = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    exists = gaussian < gaussians
    width: tl.constexpr = SHAPE_SUMS + GROUP
    g = sum_of_groups(sums, gaussian, gaussians, exists, 0, GROUPS, width)
    gu = sum_of_groups(sums, gaussian, gaussians, exists, 1, GROUPS, width)
    gv = sum_of_groups(sums, gaussian, gaussians, exists, 2, GROUPS, width)
    guu = sum_of_groups(sums, gaussian, gaussians, exists, 3, GROUPS, width)
    guv = sum_of_groups(sums, gaussian, gaussians, exists, 4, GROUPS, width)
    gvv = sum_of_groups(sums, gaussian, gaussians, exists, 5, GROUPS, width)
    s = tl.load(scale + 2 * gaussian, mask=exists, other=1.0)
    t = tl.load(scale + 2 * gaussian + 1, mask=exists, other=1.0)
    to = gradient + gaussian * (SHAPE_SUMS + CHANNELS)
    if OWN:
        tl.store(to, gu * -SQRT2, mask=exists)
        tl.store(to + 1, gv * -SQRT2, mask=exists)
        tl.store(to + 2, -2 * guu, mask=exists)
        tl.store(to + 3, -2 * gvv, mask=exists)
    else:
        shape = shape_of(shapes, gaussian)
        ux = tl.load(shape + 2, mask=exists, other=0.0)
        uy = tl.load(shape + 3, mask=exists, other=0.0)
        vx = tl.load(shape + 4, mask=exists, other=0.0)
        vy = tl.load(shape + 5, mask=exists, other=0.0)
        tl.store(to, -2 * (ux * gu + vx * gv), mask=exists)
        tl.store(to + 1, -2 * (uy * gu + vy * gv), mask=exists)
        tl.store(to + 2, -2 * guu / s, mask=exists)
        tl.store(to + 3, -2 * gvv / t, mask=exists)
    tl.store(to + 4, 2 * (t / s - s / t) * guv, mask=exists)
    if PAPER:
        g = tl.zeros_like(g)
    tl.store(to + 5, -g, mask=exists)
    for group in tl.static_range(GROUPS):
        for channel in tl.static_range(GROUP):
            if GROUP * group + channel < CHANNELS:
                column = sums + (gaussian + group * gaussians) * width + SHAPE_SUMS + channel
                value = tl.load(column, mask=exists, other=0.0)
                tl.store(to + SHAPE_SUMS + GROUP * group + channel, value, mask=exists)
