"""The channels of a program's group: GROUP of them, named a to d, of points and of Gaussians.

A picture of more than GROUP channels has several groups, the second number of a program. Channels past the
last one are 0 and are never stored. Which of the first four exist is known when a kernel is compiled.
"""

from __future__ import annotations

import triton
import triton.language as tl

from imagegs.torch.triton.constants import GROUP


@triton.jit
def has_channel(index, exists, channel, CHANNELS: tl.constexpr):
    """The points that exist, if the channel does; lane by lane: the interpreter cannot spread one truth."""
    return exists & (tl.zeros_like(index) + channel < CHANNELS)


@triton.jit
def load_channel(values, index, exists, channel, CHANNELS: tl.constexpr):
    """One channel of points in values (M, C); 0 past the last channel and where points do not exist."""
    mask = has_channel(index, exists, channel, CHANNELS)
    return tl.load(values + index * CHANNELS + channel, mask=mask, other=0.0)


@triton.jit
def load_channels(values, index, exists, CHANNELS: tl.constexpr):
    """The channels of points in values (M, C)."""
    first = tl.program_id(1) * GROUP
    a = load_channel(values, index, exists, first, CHANNELS)
    b = tl.zeros_like(a)
    c = b
    d = b
    if CHANNELS > 1:
        b = load_channel(values, index, exists, first + 1, CHANNELS)
    if CHANNELS > 2:
        c = load_channel(values, index, exists, first + 2, CHANNELS)
    if CHANNELS > 3:
        d = load_channel(values, index, exists, first + 3, CHANNELS)
    return a, b, c, d


@triton.jit
def store_channel(out, index, exists, value, number: tl.constexpr, CHANNELS: tl.constexpr):
    """One channel of the group, the number'th, to points in out (M, C)."""
    if number < CHANNELS:
        channel = tl.program_id(1) * GROUP + number
        mask = has_channel(index, exists, channel, CHANNELS)
        tl.store(out + index * CHANNELS + channel, value, mask=mask)


@triton.jit
def store_channels(out, index, exists, a, b, c, d, CHANNELS: tl.constexpr):
    """The channels of points to out (M, C)."""
    store_channel(out, index, exists, a, 0, CHANNELS)
    store_channel(out, index, exists, b, 1, CHANNELS)
    store_channel(out, index, exists, c, 2, CHANNELS)
    store_channel(out, index, exists, d, 3, CHANNELS)


@triton.jit
def color_of(colors, gaussian, number: tl.constexpr, CHANNELS: tl.constexpr):
    """One channel of the group, the number'th, of a Gaussian in colors (N, C)."""
    value = tl.zeros([], tl.float32)
    if number < CHANNELS:
        channel = tl.program_id(1) * GROUP + number
        at = colors + gaussian.to(tl.int64) * CHANNELS + channel
        value = tl.load(at, mask=channel < CHANNELS, other=0.0)
    return value


@triton.jit
def colors_of(colors, gaussian, CHANNELS: tl.constexpr):
    """The channels of a Gaussian in colors (N, C)."""
    a = color_of(colors, gaussian, 0, CHANNELS)
    b = color_of(colors, gaussian, 1, CHANNELS)
    c = color_of(colors, gaussian, 2, CHANNELS)
    d = color_of(colors, gaussian, 3, CHANNELS)
    return a, b, c, d
