"""The numbers of a compression that are decided before its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from imagegs.codec import Bits, coded_frame_size, gaussians_for_bytes
from imagegs.compression.options import CompressionOptions
from imagegs.fitting import Tune, steps_of
from imagegs.fitting.recipes import check_recipe
from imagegs.gaussians import DEFAULT_LAYERS, BlendName, FloatArray, layer_ends
from imagegs.grain.estimating import most_grain_bytes, room_for_grain
from imagegs.pictures.transparency import Alphas
from imagegs.restoration.restoring import Restoration
from imagegs.textures.map_list import TextureMap, alphas_of_maps, to_metadata
from imagegs.version import __version__

CODED_BITS = 39  # of a Gaussian, about, where it is worth as much to have one more as to have finer ones
NOISY_CODED_BITS = 44  # where more Gaussians would paint more of the noise


@dataclass(frozen=True, eq=False)
class Plan:
    """How a picture is fitted and stored, beside the options."""

    n_gaussians: int | None  # None: as `psnr` takes, or one in 100 pixels
    psnr: float | None  # dB, wanted
    max_bytes: int | None  # of the file
    tune: Tune
    layers: int  # at most
    bits: Bits | None  # None: coded
    alphas: Alphas | None  # of the channels; None: what their names say
    pixel_weights: NDArray[Any] | None = None  # as given
    channel_weights: tuple[float, ...] | None = None
    grain: float = 0.0  # strength, in proportion to what is lost; 0: none is looked for

    def weights(self, of_pixels: FloatArray | None) -> dict[str, Any]:
        """How much each pixel and each channel counts, and the channels' alphas, as `fit` and `quantise` take
        it; None: all the same.

        of_pixels: (H, W), what a restoration says of them; they are multiplied with those given.
        """
        given = self.pixel_weights
        both = given if of_pixels is None else of_pixels if given is None else of_pixels * given
        return {"pixel_weights": both, "channel_weights": self.channel_weights, "alphas": self.alphas}


def make_plan(options: CompressionOptions, restoration: Restoration, maps: Sequence[TextureMap]) -> Plan:
    """The plan for a picture, of options that `check_options` has let through.

    Raises ValueError for layers, sizes and grain that cannot be.
    """
    fit, target = options.fit, options.target
    bits = Bits() if options.bits is None and fit.recipe == "paper" else options.bits
    plan = Plan(
        n_gaussians=restoration.n_gaussians if target.n_gaussians is None else target.n_gaussians,
        psnr=target.decibels,
        max_bytes=None,
        tune=fit.tune or ("balanced" if restoration.mode is None else "psnr"),
        layers=_layers(fit.layers, bits),
        bits=bits,
        alphas=_alphas(options.exact, restoration, maps),
        pixel_weights=options.pixel_weights,
        channel_weights=options.channel_weights,
        grain=options.grain_strength(bool(maps)),
    )
    height, width, _ = restoration.shown.pixels.shape
    if (n_bytes := target.most_bytes(height, width)) is None:
        return plan
    if plan.grain and room_for_grain(n_bytes):
        n_bytes -= most_grain_bytes(n_bytes)
    return _within(n_bytes, plan, options, restoration, maps)


def check_options(options: CompressionOptions) -> None:
    """Raise ValueError for options that do not go together, TypeError for `bits` that are no Bits."""
    fit, target = options.fit, options.target
    if not (options.bits is None or isinstance(options.bits, Bits)):
        raise TypeError(f"bits must be an imagegs.Bits, not {options.bits!r}")
    check_recipe(
        fit.recipe,
        psnr=target.decibels is not None,
        tune=fit.tune not in (None, "balanced"),
        time_budget=fit.time_budget is not None,
        wrap=fit.wrap,
        channel_weights=options.channel_weights is not None,
        pixel_weights=options.pixel_weights is not None,
        restore=options.restore is not None,
    )
    if target.decibels is not None and fit.time_budget is not None:
        raise ValueError("a wanted PSNR takes the time that it needs: no time budget with it")
    if target.decibels is not None and options.restore is not None:
        raise ValueError("a wanted PSNR would be measured against the damage: no restoration with it")
    if options.restore == "upscale" and (options.pixel_weights is not None or not isinstance(fit.init, str)):
        raise ValueError(
            "the restoration upscale fits an enlarged picture: no weights of pixels or map with it"
        )
    if options.restore is not None and options.exact:
        raise ValueError("a restoration fills what alpha hides: it is not kept exactly")
    if options.mask is not None and options.restore != "inpaint":
        raise ValueError("a mask is for the restoration inpaint")
    if options.bits is not None and options.bits.weight == 0 and fit.recipe != "paper":
        raise ValueError(f"the {fit.recipe} recipe needs at least 1 bit for the weight")


def _alphas(exact: bool, restoration: Restoration, maps: Sequence[TextureMap]) -> Alphas | None:
    if exact:
        return (None,) * len(restoration.shown.channels)
    return alphas_of_maps(maps) if maps else None


def _layers(layers: int | None, bits: Bits | None) -> int:
    if bits is None:
        return DEFAULT_LAYERS if layers is None else layers
    if layers is not None and layers > 1:
        raise ValueError("numbers in fixed point have no layers")
    return 1


def file_metadata(
    options: CompressionOptions, tune: Tune, maps: Sequence[TextureMap], steps: int
) -> dict[str, Any]:
    """What the file says of its making, and of its maps."""
    fit = options.fit
    told = {"recipe": fit.recipe} if fit.recipe == "paper" else {"recipe": fit.recipe, "tune": tune}
    made = {"software": f"imagegs {__version__}", **told, "steps": steps, "seed": fit.seed}
    return {**made, **to_metadata(maps)}


def _within(
    n_bytes: int,
    plan: Plan,
    options: CompressionOptions,
    restoration: Restoration,
    maps: Sequence[TextureMap],
) -> Plan:
    """The plan with as many Gaussians as a file of so many bytes should have, one a pixel at most."""
    fit, picture = options.fit, restoration.shown
    height, width, _ = picture.pixels.shape
    # A fit that ends early writes a smaller number of steps, so the file is never larger than this.
    written = file_metadata(options, plan.tune, maps, steps_of(fit.recipe, fit.effort, fit.steps, plan.tune))
    if plan.bits is not None:
        blend: BlendName = "paper" if fit.recipe == "paper" else "softmax"
        n = gaussians_for_bytes(n_bytes, picture.channels, blend, plan.bits, written)
        return replace(plan, n_gaussians=min(n, height * width))
    coded_bits = NOISY_CODED_BITS if restoration.mode == "denoise" else CODED_BITS
    n, layers = 0, 1
    for _ in range(2):  # how many layers there are follows from the number of Gaussians
        frame = coded_frame_size(picture.channels, written, layers)
        n = int(8 * (n_bytes - frame) / coded_bits)
        if n < 1:
            raise ValueError(f"{n_bytes} bytes are too few for a Gaussian")
        layers = len(layer_ends(n, plan.layers))
    return replace(plan, n_gaussians=min(n, height * width), max_bytes=n_bytes)
