"""How many bits a Gaussian of a texture stack should take, told by a small fit before the real one.

At a given size of the file more Gaussians mean coarser numbers. Which number of bits is best depends on the
channels and on what is in them: 40 for noise, 75 for clean edges in nine channels. One rule tells it of
fitted Gaussians (`quantising.ROUNDING_LOSS`); what it tells of a small copy of the picture, with as many
Gaussians for each pixel and fewer steps, is about what it will tell of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from imagegs.pictures.transparency import checked_alphas, with_hidden_filled

STEPS = 60  # of the small fit, whatever the effort
MOST_PIXELS = 2**18  # of the small copy, which has a quarter of the picture's,
LEAST_PIXELS = 2**10  # but all of them where a quarter would be fewer than that
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
    alphas: Sequence[int | None] | None = None,
    **weights: Any,
) -> float:
    """The bits of a Gaussian of such a picture (H, W, C), its share of the frame not counted.

    n_gaussians: about as many as the picture will have. The other arguments are those of `fit`.
    """
    # What alpha hides must not reach over edges of what is seen.
    planes = with_hidden_filled(to_planes(pixels), checked_alphas(alphas, pixels.shape[2]))
    of_pixels = None if pixel_weights is None else np.asarray(pixel_weights, np.float32)[np.newaxis]
    is_whole = True
    while planes[0].size >= 4 * LEAST_PIXELS and (is_whole or planes[0].size > MOST_PIXELS):
        planes, is_whole = halved(engine(threads), planes), False
        of_pixels = None if of_pixels is None else halved(engine(threads), of_pixels)
    small = np.moveaxis(planes, 0, 2)
    n = max(1, int(n_gaussians * planes[0].size // (pixels.shape[0] * pixels.shape[1])))
    shared: dict[str, Any] = {**weights, "alphas": alphas, "threads": threads}
    shared["pixel_weights"] = None if of_pixels is None else of_pixels[0]
    fitted = fit(small, n, steps=STEPS, tune=tune, layers=layers, seed=seed, **shared)
    gaussians = inside_canvas(fitted)
    lattice = lattice_for(Reference(small, gaussians, **shared), gaussians)
    layers_alone = read_info(encode(gaussians, lattice, threads=threads)).layers
    return SHARE * 8 * sum(layer.n_bytes for layer in layers_alone) / n
