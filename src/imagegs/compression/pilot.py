"""How many bits a Gaussian of a texture stack should take, told by a small fit before the real one.

At a given size of the file more Gaussians mean coarser numbers. Which number of bits is best depends on the
channels and on what is in them: 40 for noise, 75 for clean edges in nine channels. One rule tells it of
fitted Gaussians (`quantising.ROUNDING_LOSS`); what it tells of a small copy of the picture, with as many
Gaussians for each pixel and fewer steps, is about what it will tell of the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs.choices import Tune
from imagegs.codec import encode, read_info
from imagegs.engine import engine
from imagegs.fitting import fit
from imagegs.fitting.halving import halved
from imagegs.fitting.quantising import Reference, inside_canvas, lattice_for
from imagegs.pictures.pixels import IntegerPixels, to_planes

STEPS = 60  # of the small fit, whatever the effort
MOST_PIXELS = 2**18  # of the small copy, which has a quarter of the picture's at most
LEAST_PIXELS = 2**10
# Times the bits that the small fit tells: more steps come closer to the picture, and need finer numbers.
SHARE = 1.15


def coded_bits(
    pixels: IntegerPixels,
    n_gaussians: int,
    *,
    tune: Tune,
    layers: int,
    seed: int,
    threads: int | None,
    pixel_weights: NDArray[Any] | None = None,
    **weights: Any,
) -> float:
    """The bits of a Gaussian of such a picture (H, W, C), its share of the frame not counted.

    n_gaussians: about as many as the picture will have. The other arguments are those of `fit`.
    """
    planes, weights_plane, factor = to_planes(pixels), _plane(pixel_weights), 1
    while factor == 1 or planes[0].size > MOST_PIXELS:
        if planes[0].size < 4 * LEAST_PIXELS:
            break
        planes, factor = halved(engine(threads), planes), 2 * factor
        weights_plane = None if weights_plane is None else halved(engine(threads), weights_plane)
    small, n = np.moveaxis(planes, 0, 2), max(1, n_gaussians // factor**2)
    of_pixels = None if weights_plane is None else weights_plane[0]
    shared: dict[str, Any] = {**weights, "pixel_weights": of_pixels, "threads": threads}
    fitted = fit(small, n, steps=STEPS, tune=tune, layers=layers, seed=seed, **shared)
    gaussians = inside_canvas(fitted)
    lattice = lattice_for(Reference(small, gaussians, **shared), gaussians)
    layers_alone = read_info(encode(gaussians, lattice, threads=threads)).layers
    return SHARE * 8 * sum(layer.n_bytes for layer in layers_alone) / n


def _plane(pixel_weights: NDArray[Any] | None) -> NDArray[np.float32] | None:
    """(1, H, W)."""
    return None if pixel_weights is None else np.asarray(pixel_weights, np.float32)[np.newaxis]
