"""What `imagegs encode` is asked for: its options, held against the picture."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from imagegs.cli.guidance import Guidance, make_guidance
from imagegs.cli.maps import read_map
from imagegs.cli.options import UsageError
from imagegs.cli.standard_streams import STANDARD, file_path

if TYPE_CHECKING:
    from imagegs.codec import Bits
    from imagegs.fitting import RecipeName, Tune
    from imagegs.fitting.placement import Placement
    from imagegs.gaussians import BlendName, FloatArray
    from imagegs.pictures.pixels import Picture
    from imagegs.pictures.transparency import Alphas
    from imagegs.restoration.restoring import Restoration
    from imagegs.textures.map_list import TextureMap

NAMED_PLACEMENTS: dict[str, Literal["gradient", "random"]] = {"gradient": "gradient", "random": "random"}
CODED_BITS = 39  # of a Gaussian, about, where it is worth as much to have one more as to have finer ones
MOST_MAP_WEIGHT = 64  # and its inverse the least: what files can hold
NOISY_CODED_BITS = 44  # where more Gaussians would paint more of the noise


@dataclass(frozen=True)
class Plan:
    """How a picture is fitted and stored, all of it settled before the fit."""

    n_gaussians: int | None
    psnr: float | None  # in place of n_gaussians: as few as give so many dB
    recipe: RecipeName
    effort: int
    tune: Tune
    steps: int | None
    seconds: float | None
    init: Placement
    guidance: Guidance | None  # towards what is salient
    bits: Bits | None  # of numbers in fixed point; None: on a lattice, coded
    max_bytes: int | None  # of a coded file
    layers: int  # at most
    seed: int
    threads: int | None
    wrap: bool = False  # the canvas is periodic
    maps: tuple[TextureMap, ...] = ()  # of a texture stack
    channel_weights: tuple[float, ...] | None = None
    alphas: Alphas | None = None  # of the channels; None: what a picture's names say

    def weights(self, of_pixels: FloatArray | None) -> dict[str, Any]:
        """How much each pixel and each channel counts, and the channels' alphas, as `fit` and `settle` take
        it; None: all the same.

        of_pixels: what a restoration says of them, times what the guidance says. The paper recipe knows no
        weights.
        """
        guided = None if self.guidance is None or self.recipe == "paper" else self.guidance.pixel_weights
        if guided is not None:
            of_pixels = guided if of_pixels is None else of_pixels * guided
        return {"pixel_weights": of_pixels, "channel_weights": self.channel_weights, "alphas": self.alphas}


def make_plan(options: Namespace, restoration: Restoration, maps: tuple[TextureMap, ...] = ()) -> Plan:
    """The plan that the command line asks for.

    Raises UsageError for options that do not go together, ValueError for values out of range, FileError for a
    map that does not fit.
    """
    bits, picture = _bits(options.bits, options.recipe), restoration.shown
    guidance = make_guidance(options, picture, maps)
    plan = Plan(
        n_gaussians=restoration.n_gaussians if options.gaussians is None else options.gaussians,
        psnr=_wanted_psnr(options),
        recipe=options.recipe,
        effort=options.effort,
        tune=options.tune or ("balanced" if restoration.mode is None else "psnr"),
        steps=options.steps,
        seconds=options.time_budget,
        init=_placement(options.init, options.recipe, guidance, picture),
        guidance=guidance,
        bits=bits,
        max_bytes=None,
        layers=_layers(options.layers, bits),
        seed=options.seed,
        threads=options.threads,
        wrap=_wraps(options),
        maps=maps,
        channel_weights=_channel_weights(options.map_weight, options.recipe, maps),
        alphas=_alphas(options.exact, picture, maps),
    )
    if options.bpp is None and options.target_size is None:
        return plan
    coded_bits = NOISY_CODED_BITS if restoration.mode == "denoise" else CODED_BITS
    return _within(_most_bytes(options, picture), plan, picture, coded_bits)


def _alphas(exact: bool, picture: Picture, maps: tuple[TextureMap, ...]) -> Alphas | None:
    from imagegs.textures.map_list import alphas_of_maps

    if exact:
        return (None,) * len(picture.channels)
    return alphas_of_maps(maps) if maps else None


def _channel_weights(texts: list[str], recipe: str, maps: tuple[TextureMap, ...]) -> tuple[float, ...] | None:
    """Of all channels of the maps; the last text that names a map, or its kind, counts."""
    if not texts:
        return None
    if recipe == "paper":
        raise UsageError("--map-weight needs the imagegs recipe")
    weights = {each.name: 1.0 for each in maps}
    for text in texts:
        name, weight = _map_weight(text)
        found = [m.name for m in maps if name in (m.name.casefold(), m.kind.casefold())]
        if not found:
            names = ", ".join(dict.fromkeys([m.name for m in maps] + [m.kind for m in maps]))
            raise UsageError(f"--map-weight {text}: no such map or kind; there are {names}")
        weights |= dict.fromkeys(found, weight)
    return tuple(weights[each.name] for each in maps for _ in each.stack_channels)


def _map_weight(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        weight = float(number)
    except ValueError:
        weight = 0.0
    if not name or not 1 / MOST_MAP_WEIGHT <= weight <= MOST_MAP_WEIGHT:
        raise UsageError(
            f"--map-weight is MAP=W, W from 1/{MOST_MAP_WEIGHT} to {MOST_MAP_WEIGHT}, not {text!r}"
        )
    return name.casefold(), weight


def _wanted_psnr(options: Namespace) -> float | None:
    psnr: float | None = options.psnr
    if options.quality is not None:
        from imagegs.fitting import psnr_of_quality

        psnr = psnr_of_quality(options.quality)
    if psnr is not None and options.recipe == "paper":
        raise UsageError("--psnr and --quality need the imagegs recipe")
    if psnr is not None and options.time_budget is not None:
        raise UsageError("--psnr and --quality take the time that they need: no --time-budget with them")
    if options.recipe == "paper" and (
        options.tune not in (None, "balanced") or options.time_budget is not None
    ):
        raise UsageError("--tune and --time-budget need the imagegs recipe")
    return psnr


def _wraps(options: Namespace) -> bool:
    if options.wrap and options.recipe == "paper":
        raise UsageError("--wrap needs the imagegs recipe")
    return bool(options.wrap)


def _placement(init: str | None, recipe: str, guidance: Guidance | None, picture: Picture) -> Placement:
    """The name of a placement, or weights (H, W): by default the saliency map for the paper recipe, as in
    Image-GS, "gradient" for ours, which takes the weights of pixels into account wherever it starts.
    """
    if init is None:
        from_map = guidance is not None and guidance.guides and recipe == "paper"
        return guidance.saliency if guidance is not None and from_map else "gradient"
    if init in NAMED_PLACEMENTS:
        return NAMED_PLACEMENTS[init]
    path = file_path(init)
    if not (path == STANDARD or path.suffix or path.exists()):
        raise ValueError(f"no placement {init!r}; there are gradient, random, or a picture's path")
    return read_map(path, picture)


def _bits(text: str | None, recipe: str) -> Bits | None:
    from imagegs.codec import Bits

    if text is None:
        return Bits() if recipe == "paper" else None
    bits = Bits.parse(text)
    if bits.weight == 0 and recipe != "paper":
        raise ValueError(f"the {recipe} recipe needs at least 1 bit for the weight")
    return bits


def _layers(layers: int | None, bits: Bits | None) -> int:
    from imagegs.gaussians import DEFAULT_LAYERS

    if bits is None:
        return DEFAULT_LAYERS if layers is None else layers
    if layers is not None and layers > 1:
        raise UsageError("numbers in fixed point have no layers: no --layers with --bits or the paper recipe")
    return 1


def metadata(plan: Plan, steps: int) -> dict[str, Any]:
    """What the file says of its making, and of its maps."""
    from imagegs import __version__
    from imagegs.textures.map_list import to_metadata

    fit = {"recipe": plan.recipe, **({"tune": plan.tune} if plan.recipe != "paper" else {})}
    made = {"software": f"imagegs {__version__}", **fit, "steps": steps, "seed": plan.seed}
    return {**made, **to_metadata(plan.maps)}


def _most_bytes(options: Namespace, picture: Picture) -> int:
    """Of the whole file."""
    from imagegs.codec import bytes_for_bpp

    if options.target_size is not None:
        return int(options.target_size)
    height, width, _ = picture.pixels.shape
    return bytes_for_bpp(options.bpp, height, width)


def _within(n_bytes: int, plan: Plan, picture: Picture, coded_bits: int) -> Plan:
    """The plan with as many Gaussians as a file of so many bytes should have, one a pixel at most."""
    from imagegs.codec import coded_frame_size, gaussians_for_bytes
    from imagegs.fitting import steps_of
    from imagegs.gaussians import layer_ends

    height, width, _ = picture.pixels.shape
    # A fit that ends early writes a smaller number of steps, so the file is never larger than this.
    written = metadata(plan, steps_of(plan.recipe, plan.effort, plan.steps, plan.tune))
    if plan.bits is None:
        n, layers = 0, 1
        for _ in range(2):  # how many layers there are follows from the number of Gaussians
            frame = coded_frame_size(picture.channels, written, layers)
            n = int(8 * (n_bytes - frame) / coded_bits)
            if n < 1:
                raise ValueError(f"{n_bytes} bytes are too few for a Gaussian")
            layers = len(layer_ends(n, plan.layers))
        return replace(plan, n_gaussians=min(n, height * width), max_bytes=n_bytes)
    blend: BlendName = "paper" if plan.recipe == "paper" else "softmax"
    n = gaussians_for_bytes(n_bytes, picture.channels, blend, plan.bits, written)
    return replace(plan, n_gaussians=min(n, height * width))
