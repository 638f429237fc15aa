"""The plan of a compression: what is decided before the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from imagegs.choices import GRAINS, RESTORATIONS, GrainChoice
from imagegs.codec import Bits, coded_frame_size, gaussians_for_bytes
from imagegs.compression.options import CompressionOptions
from imagegs.compression.pilot import coded_bits
from imagegs.compression.rules import Given, check_together
from imagegs.fitting import Tune, steps_of
from imagegs.fitting.device.choosing import chosen_device
from imagegs.fitting.recipes import check_recipe
from imagegs.gaussians import DEFAULT_LAYERS, BlendName, FloatArray, layer_ends
from imagegs.grain.estimating import AUTO_STRENGTH, most_grain_bytes, room_for_grain
from imagegs.pictures.pixels import Picture, is_seen
from imagegs.pictures.transparency import Alphas
from imagegs.restoration.restoring import Restoration
from imagegs.textures.map_list import TextureMap, alphas_of_maps, to_metadata
from imagegs.version import __version__

# About so many bits of a Gaussian bring the same gain whether they pay for more Gaussians or for finer ones,
# by the number of channels. A small fit tells it of stacks, and of more channels (pilot.py).
CODED_BITS = {1: 34, 2: 34, 3: 39, 4: 39}
MANY_CODED_BITS = 48  # where a small fit begins


@dataclass(frozen=True, eq=False)
class Plan:
    """How a picture is fitted and stored, as far as its options leave it open."""

    n_gaussians: int | None  # None: as many as `psnr` or `ssimulacra2` needs, or one in 100 pixels
    psnr: float | None  # the wanted PSNR in dB
    ssimulacra2: float | None  # the wanted score
    max_bytes: int | None  # of the file
    tune: Tune
    layers: int  # at most
    bits: Bits | None  # None: coded
    alphas: Alphas | None  # of the channels; None: what their names say
    pixel_weights: NDArray[Any] | None = None  # as given
    channel_weights: tuple[float, ...] | None = None
    grain: float = 0.0  # strength, in proportion to what is lost; 0: none is looked for

    def weights(self, of_pixels: FloatArray | None) -> dict[str, Any]:
        """The keywords of `fit` and `quantise` for weights of pixels and channels, and for alpha channels.

        of_pixels: weights (H, W) that a restoration asks for; they are multiplied with the given ones.
        """
        given = self.pixel_weights
        both = given if of_pixels is None else of_pixels if given is None else of_pixels * given
        return {"pixel_weights": both, "channel_weights": self.channel_weights, "alphas": self.alphas}


def make_plan(options: CompressionOptions, restoration: Restoration, maps: Sequence[TextureMap]) -> Plan:
    """The plan for a picture. The options have passed `check_options`.

    Raises ValueError for a size that cannot be.
    """
    fit, target = options.fit, options.target
    bits = Bits() if options.bits is None and fit.recipe == "paper" else options.bits
    plan = Plan(
        n_gaussians=target.n_gaussians,
        psnr=target.decibels,
        ssimulacra2=target.ssimulacra2,
        max_bytes=None,
        tune=fit.tune or _usual_tune(options, restoration, maps),
        layers=_layers(fit.layers, bits),
        bits=bits,
        alphas=_alphas(options.exact, restoration, maps),
        pixel_weights=options.pixel_weights,
        channel_weights=options.channel_weights,
        grain=_grain_strength(options, maps),
    )
    height, width, _ = restoration.shown.pixels.shape
    n_bytes = restoration.max_bytes if target.chooses_amount else target.most_bytes(height, width)
    if n_bytes is None:
        return plan
    if plan.grain and room_for_grain(n_bytes):
        n_bytes -= most_grain_bytes(n_bytes)
    return _within(n_bytes, plan, options, restoration, maps)


def check_options(options: CompressionOptions, picture: Picture, maps: Sequence[TextureMap]) -> None:
    """Refuse options that do not go together.

    Raises ValueError, also for an unknown restoration, grain or device; TypeError for `bits` that are no
    Bits; ImageGSError for a graphics card that cannot be used.
    """
    fit, target = options.fit, options.target
    if options.restore is not None and options.restore not in RESTORATIONS:
        raise ValueError(f"no restoration {options.restore!r}; there are {', '.join(RESTORATIONS)}")
    _check_grain(options.grain)
    if not (options.bits is None or isinstance(options.bits, Bits)):
        raise TypeError(f"bits must be an imagegs.Bits, not {options.bits!r}")
    check_together(_given(options, picture, maps))
    check_recipe(
        fit.recipe,
        psnr=target.decibels is not None,
        ssimulacra2=target.ssimulacra2 is not None,
        tune=fit.tune not in (None, "balanced"),
        time_budget=fit.time_budget is not None,
        wrap=fit.wrap,
        channel_weights=options.channel_weights is not None,
        pixel_weights=options.pixel_weights is not None,
        restore=options.restore is not None,
        device=fit.device == "cuda",
    )
    if fit.recipe != "paper":
        chosen_device(fit.device)
    if options.bits is not None and options.bits.weight == 0 and fit.recipe != "paper":
        raise ValueError(f"the {fit.recipe} recipe needs at least 1 bit for the weight")


def _given(options: CompressionOptions, picture: Picture, maps: Sequence[TextureMap]) -> Given:
    fit, target = options.fit, options.target
    return Given(
        restore=options.restore,
        psnr=target.decibels is not None,
        ssimulacra2=target.ssimulacra2 is not None,
        time_budget=fit.time_budget is not None,
        visual=fit.tune == "visual",
        exact=options.exact,
        grain=not isinstance(options.grain, str) and options.grain > 0,
        mask=options.mask is not None,
        init_map=not isinstance(fit.init, str),
        pixel_weights=options.pixel_weights is not None,
        more_layers=fit.layers is not None and fit.layers > 1,
        fixed_point=fit.recipe == "paper" or options.bits is not None,
        has_maps=bool(maps),
        channels=picture.channels,
        shorter_side=min(picture.pixels.shape[:2]),
    )


def _check_grain(grain: GrainChoice) -> None:
    known = grain in GRAINS if isinstance(grain, str) else 0 <= grain <= 1
    if isinstance(grain, bool) or not known:
        raise ValueError(f"grain is auto, off, or a strength from 0 to 1, not {grain!r}")


def _grain_strength(options: CompressionOptions, maps: Sequence[TextureMap]) -> float:
    """The strength of the grain that is looked for; "auto" looks for none in stacks and restored pictures."""
    if not isinstance(options.grain, str):
        return float(options.grain)
    wanted = options.grain == "auto" and not maps and options.restore is None
    return AUTO_STRENGTH if wanted else 0.0


def _usual_tune(options: CompressionOptions, restoration: Restoration, maps: Sequence[TextureMap]) -> Tune:
    """The tune for the eye where there is a picture to look at, unless it is PSNR that counts."""
    if restoration.mode is not None:
        return "psnr"
    looked_at = is_looked_at(restoration.shown.channels, options.exact) and not maps
    plain = options.fit.recipe == "paper" or options.target.decibels is not None
    return "visual" if looked_at and not plain else "balanced"


def is_looked_at(channels: Sequence[str], exact: bool) -> bool:
    """Whether there is a picture to look at: an alpha that is kept exactly may hold something else."""
    return is_seen(channels) and not (exact and channels[-1] == "A")


def _alphas(exact: bool, restoration: Restoration, maps: Sequence[TextureMap]) -> Alphas | None:
    if exact:
        return (None,) * len(restoration.shown.channels)
    return alphas_of_maps(maps) if maps else None


def _layers(layers: int | None, bits: Bits | None) -> int:
    if bits is None:
        return DEFAULT_LAYERS if layers is None else layers
    return 1


def file_metadata(
    options: CompressionOptions, tune: Tune, maps: Sequence[TextureMap], steps: int
) -> dict[str, Any]:
    """The metadata of the file: how it was made, and its maps."""
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
    """The plan with as many Gaussians as a file of n_bytes should have, at most one for each pixel."""
    fit, picture = options.fit, restoration.shown
    height, width, _ = picture.pixels.shape
    # A fit that ends early writes a smaller number of steps, so the file is never larger than this.
    written = file_metadata(options, plan.tune, maps, steps_of(fit.recipe, fit.effort, fit.steps, plan.tune))
    if plan.bits is not None:
        blend: BlendName = "paper" if fit.recipe == "paper" else "softmax"
        n = gaussians_for_bytes(n_bytes, picture.channels, blend, plan.bits, written)
        return replace(plan, n_gaussians=min(n, height * width))
    room = n_bytes - coded_frame_size(picture.channels, written, 1)
    bits = _coded_bits(room, plan, options, restoration, maps)
    n, layers = 0, 1
    for _ in range(2):  # twice, because the number of layers follows from the number of Gaussians
        frame = coded_frame_size(picture.channels, written, layers)
        n = int(8 * (n_bytes - frame) / bits)
        if n < 1:
            raise ValueError(f"{n_bytes} bytes are too few for a Gaussian")
        layers = len(layer_ends(n, plan.layers))
    return replace(plan, n_gaussians=min(n, height * width), max_bytes=n_bytes)


def _coded_bits(
    n_bytes: int,
    plan: Plan,
    options: CompressionOptions,
    restoration: Restoration,
    maps: Sequence[TextureMap],
) -> float:
    """The bits that a Gaussian should take where all of them have so many bytes."""
    pixels, fit = restoration.target.pixels, options.fit
    usual = CODED_BITS.get(pixels.shape[2], MANY_CODED_BITS)
    if fit.time_budget is not None or not (maps or pixels.shape[2] not in CODED_BITS):
        return usual
    n = min(max(1, int(8 * n_bytes / usual)), pixels.shape[0] * pixels.shape[1])
    weights = plan.weights(restoration.pixel_weights)
    how: dict[str, Any] = {"tune": plan.tune, "layers": plan.layers, "seed": fit.seed}
    return coded_bits(pixels, n, **how, threads=options.threads, **weights)
