"""The first fit of a block: its window alone, as if it were a picture of its own."""

from __future__ import annotations

from collections import deque
from functools import partial

import numpy as np

from imagegs.fitting.imagegs_recipe import fit_record
from imagegs.fitting.preparing import finished
from imagegs.fitting.progress import FitOptions
from imagegs.fitting.pruning import without_useless
from imagegs.fitting.quantising import Reference
from imagegs.fitting.weighing import weighed, weight_roots
from imagegs.gaussians import Gaussians
from imagegs.large.block_gaussians import BlockGaussians
from imagegs.large.how import How
from imagegs.large.windows import Window
from imagegs.pictures.pixels import IntegerPixels

# Pixels. A Gaussian that is wider would be seen in blocks that know nothing of it, and parts of the picture
# could not be painted without blocks from far away.
LARGEST_SCALE = 96.0


def fit_block(pixels: IntegerPixels, window: Window, n_gaussians: int, how: How) -> BlockGaussians:
    """The Gaussians of the block, after a fit of its whole window with so many.

    pixels: (H, W, C) of the window.
    """
    roots = weight_roots(None, len(how.channels))
    target, weights, observer = weighed(pixels, how.channels, how.alphas, roots, None, how.tune, how.threads)
    n = min(max(1, n_gaussians), window.width * window.height)
    options = FitOptions(
        n,
        how.steps,
        seed=how.seed,
        tune=how.tune,
        layers=how.layers,
        pixel_weights=weights,
        alphas=how.alphas,
        observer=observer,
        largest_scale=LARGEST_SCALE,
    )
    finish = partial(finished, layers=how.layers, roots=roots, **how.canvas(window))
    gaussians = deque(fit_record(target, options, how.threads, finish), maxlen=1)[0].snapshot()
    del target, weights, observer, options
    if how.stream_bytes is not None:
        reference = Reference(pixels, gaussians, how.threads, alphas=how.alphas, tune=how.tune)
        gaussians = without_useless(reference, gaussians)
    return _of_core(gaussians, window, how.layers)


def _of_core(gaussians: Gaussians, window: Window, layers: int) -> BlockGaussians:
    """The Gaussians of the block, in its pixels; at least one of them."""
    left, top, right, bottom = window.core
    x, y = gaussians.xy.T
    inside = (x >= left) & (y >= top) & (x < right) & (y < bottom)
    if not inside.any():
        nearest = np.argmin(np.hypot(x - (left + right) / 2, y - (top + bottom) / 2))
        inside[nearest] = True
    rows = np.flatnonzero(inside)
    counts = gaussians.layers or (len(gaussians),)
    layer = np.repeat(_file_layers(len(counts), layers), counts)
    xy = gaussians.xy[rows] - np.array([left, top], np.float32)
    high = np.nextafter(np.array([right - left, bottom - top], np.float32), np.float32(0))
    g = gaussians
    others = g.scale[rows], g.angle[rows], g.log_weight[rows], g.color[rows]
    return BlockGaussians(np.clip(xy, 0, high), *others, layer[rows])


def _file_layers(n: int, layers: int) -> list[int]:
    """The layer in a file of so many for each of n: a small block has fewer, whose first one holds what is in
    several of a large block.
    """
    return [0, *range(layers - n + 1, layers)]
