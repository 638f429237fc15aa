"""The plan for a large picture: what is decided before anything is fitted."""

from __future__ import annotations

from typing import Any, NamedTuple

from imagegs.codec.block_files import block_file_frame
from imagegs.codec.blocks import BlockGrid, grid_of_side
from imagegs.codec.header import Header
from imagegs.compression.options import CompressionOptions, Target
from imagegs.compression.plan import CODED_BITS, MANY_CODED_BITS, file_metadata, is_looked_at
from imagegs.fitting.recipes import default_gaussians, steps_of
from imagegs.gaussians import DEFAULT_LAYERS, layer_ends
from imagegs.large.how import How
from imagegs.large.windows import HALO
from imagegs.pictures.huge import PictureSource
from imagegs.pictures.transparency import alphas_of


def how_for(source: PictureSource, options: CompressionOptions, block_side: int) -> How:
    """The plan for the picture of a source.

    Raises ValueError for options that only pictures in memory have, and for a block_side that is no power of
    2 from 64 to 32768.
    """
    _check_known(options)
    fit, channels = options.fit, tuple(source.channels)
    alphas = (None,) * len(channels) if options.exact else alphas_of(channels)
    tune = fit.tune or ("visual" if is_looked_at(channels, options.exact) else "balanced")
    grid = grid_of_side(block_side, source.width, source.height, HALO)
    steps = steps_of("imagegs", fit.effort, fit.steps, tune)
    metadata = file_metadata(options, tune, (), steps)
    layers = DEFAULT_LAYERS if fit.layers is None else fit.layers
    header = Header(grid.width, grid.height, 1, "softmax", source.bit_depth, channels)
    amount = _amount(options.target, header, grid, layers, metadata)
    return How(
        grid=grid,
        channels=channels,
        bit_depth=source.bit_depth,
        alphas=alphas,
        tune=tune,
        effort=fit.effort,
        steps=steps,
        layers=amount.layers,
        seed=fit.seed,
        n_gaussians=amount.n_gaussians,
        stream_bytes=amount.stream_bytes,
        metadata=metadata,
        threads=options.threads,
    )


class _Amount(NamedTuple):
    n_gaussians: int
    layers: int  # of the file
    stream_bytes: int | None


def _amount(
    target: Target, header: Header, grid: BlockGrid, layers: int, metadata: dict[str, Any]
) -> _Amount:
    """The Gaussians, layers and bytes that the file gets; layers: at most."""
    n_bytes, most = target.most_bytes(grid.height, grid.width), grid.height * grid.width
    if n_bytes is None:
        n = min(target.n_gaussians or default_gaussians(grid.height, grid.width), most)
        return _Amount(n, _layers_of(n, grid, layers), None)
    bits, used = CODED_BITS.get(len(header.channels), MANY_CODED_BITS), 1
    for _ in range(2):  # twice, because the number of layers follows from the number of Gaussians
        room = n_bytes - block_file_frame(header, len(grid), used, metadata)
        if (n := int(8 * room / bits)) < len(grid):
            raise ValueError(f"{n_bytes} bytes are too few for a Gaussian in each of {len(grid)} blocks")
        amount = _Amount(min(n, most), used, room)
        used = _layers_of(n, grid, layers)
    return amount


def _layers_of(n_gaussians: int, grid: BlockGrid, layers: int) -> int:
    """The layers of so many Gaussians: as many as an average block has."""
    return len(layer_ends(max(1, n_gaussians // len(grid)), layers))


def _check_known(options: CompressionOptions) -> None:
    fit, target = options.fit, options.target
    unknown = {
        "psnr": target.psnr is not None,
        "quality": target.quality is not None,
        "ssimulacra2": target.ssimulacra2 is not None,
        "the paper recipe": fit.recipe == "paper",
        "time_budget": fit.time_budget is not None,
        "init": not isinstance(fit.init, str) or fit.init != "gradient",
        "wrap": fit.wrap,
        "bits": options.bits is not None,
        "pixel_weights": options.pixel_weights is not None,
        "channel_weights": options.channel_weights is not None,
        "grain": options.grain not in ("off", 0),
        "restore": options.restore is not None,
        "a device": fit.device != "cpu",
    }
    for name, is_given in unknown.items():
        if is_given:
            raise ValueError(f"{name}: a picture that is compressed in blocks cannot have that")
