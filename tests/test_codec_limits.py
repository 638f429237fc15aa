"""How much a file may ask for: pixels, work and memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gsimg_samples import encode_fixed as encode
from gsimg_samples import sample_gaussians
from imagegs.codec import Bits, decode, read_info
from imagegs.errors import LimitError
from imagegs.limits import DEFAULT_LIMITS
from imagegs.rendering import most_pairs


def test_the_size_limit() -> None:
    data = encode(sample_gaussians(1))
    assert len(decode(data, size_limit=48 * 32)) == 1
    with pytest.raises(LimitError, match="48 x 32 pixels is over the limit of 1535 pixels"):
        decode(data, size_limit=48 * 32 - 1)
    with pytest.raises(LimitError):
        decode(encode(sample_gaussians(1, width=65535, height=65535)))


def test_the_limit_of_work() -> None:
    """Some bytes that put all Gaussians on every tile: either all are large, or all are equally far off."""
    n, places = 1100, np.full((1100, 2), 9.0)
    for scale in (1.0, 2.0**19):
        scales, weights = np.full((n, 2), scale), np.zeros(n)
        g = sample_gaussians(n, xy=places, scale=scales, log_weight=weights, height=2**14, width=2**14)
        data = encode(g, Bits.parse("1"))
        with pytest.raises(LimitError, match="on more than 1073741824 tiles, all counted: over the limit"):
            decode(data)
        assert read_info(data).n_gaussians == len(decode(data, size_limit=2**29)) == n
    small = encode(g.replace(height=16, width=16))
    assert len(decode(small)) == len(decode(small, size_limit=275)) == n
    with pytest.raises(LimitError, match="more than 1096 tiles"):
        decode(small, size_limit=274)


def test_no_sensible_file_is_over_the_limit_of_work() -> None:
    """Ten times below it: as many Gaussians as the largest fits have, larger than they are far apart."""
    rng, n, side = np.random.default_rng(0), 100_000, 8192
    g = sample_gaussians(
        n,
        xy=rng.uniform(0, side, (n, 2)),
        scale=rng.uniform(0.2, 1.3, (n, 2)) * 1.5 * side / np.sqrt(n),
        height=side,
        width=side,
    )
    limit = DEFAULT_LIMITS.max_pairs // 10
    assert most_pairs(g, limit) <= limit


def test_memory_is_bounded_by_the_size_of_the_file() -> None:
    data = encode(sample_gaussians(200_000), Bits.parse("1"))
    tracemalloc.start()
    decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * len(data) + 2**24
