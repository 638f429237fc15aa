"""The options of `imagegs encode` as the options of `imagegs.compression`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imagegs.choices import PLACEMENTS
from imagegs.cli.guidance import Guidance
from imagegs.cli.maps import read_map
from imagegs.cli.options import UsageError
from imagegs.cli.standard_streams import STANDARD, file_path, is_folder

if TYPE_CHECKING:
    from imagegs.codec import Bits
    from imagegs.compression import CompressionOptions
    from imagegs.fitting import Placement
    from imagegs.pictures.pixels import Picture
    from imagegs.textures.map_list import TextureMap

MOST_MAP_WEIGHT = 64  # files can hold weights from 1 / 64 to 64

# The flags of those options of a compression whose flag is not --NAME.
_FLAGS = {"pixel_weights": "--saliency or --roi", "maps": "a folder of maps"}
# The flags of options that only the imagegs recipe has, by the keyword that a RecipeError names.
_RECIPE_FLAGS = {
    "psnr": "--psnr and --quality need",
    "ssimulacra2": "--ssimulacra2 needs",
    "tune": "--tune and --time-budget need",
    "time_budget": "--tune and --time-budget need",
    "wrap": "--wrap needs",
    "channel_weights": "--map-weight needs",
    "restore": "--restore needs",
    "device": "--device cuda needs",
}


def compression_options(
    options: Namespace,
    guidance: Guidance | None,
    picture: Picture,
    maps: tuple[TextureMap, ...],
    mask: Picture | None,
) -> CompressionOptions:
    """The options of a compression that the command line asks for.

    Raises UsageError for weights of maps that are not there, ValueError for values out of range, and
    FileError for a map that does not fit.
    """
    from imagegs.compression import CompressionOptions, FitSettings, Target

    is_paper = options.recipe == "paper"
    return CompressionOptions(
        target=Target(
            n_gaussians=options.gaussians,
            bpp=options.bpp,
            target_size=options.target_size,
            psnr=options.psnr,
            quality=options.quality,
            ssimulacra2=options.ssimulacra2,
        ),
        fit=FitSettings(
            recipe=options.recipe,
            effort=options.effort,
            tune=options.tune,
            steps=options.steps,
            time_budget=options.time_budget,
            init=_placement(options.init, guidance if is_paper else None, picture),
            layers=options.layers,
            wrap=options.wrap,
            seed=options.seed,
            device=options.device,
        ),
        bits=_bits(options.bits),
        pixel_weights=None if guidance is None or is_paper else guidance.pixel_weights,
        channel_weights=_channel_weights(options.map_weight, maps),
        grain=options.grain,
        exact=options.exact,
        restore=options.restore,
        mask=mask,
        threads=options.threads,
    )


def check_flags(options: Namespace, picture: Picture) -> None:
    """Raises OptionsError for options that do not go together, before any file that they name is read."""
    from imagegs.compression.rules import Given, check_together

    check_together(
        Given(
            restore=options.restore,
            psnr=options.psnr is not None or options.quality is not None,
            ssimulacra2=options.ssimulacra2 is not None,
            time_budget=options.time_budget is not None,
            visual=options.tune == "visual",
            exact=options.exact,
            grain=not isinstance(options.grain, str) and options.grain > 0,
            mask=options.mask is not None,
            init_map=options.init not in (None, *PLACEMENTS),
            pixel_weights=options.saliency is not None or bool(options.roi),
            more_layers=options.layers is not None and options.layers > 1,
            fixed_point=options.recipe == "paper" or options.bits is not None,
            has_maps=is_folder(options.input),
            channels=picture.channels,
            shorter_side=min(picture.pixels.shape[:2]),
        )
    )


@contextmanager
def naming_flags() -> Iterator[None]:
    """Puts the names of flags into messages about options of a compression, as a UsageError."""
    from imagegs.compression.rules import OptionsError
    from imagegs.fitting import RecipeError

    try:
        yield
    except OptionsError as error:
        raise UsageError(error.named(_flag)) from None
    except RecipeError as error:
        raise UsageError(f"{_RECIPE_FLAGS[error.option]} the imagegs recipe") from None


def _flag(option: str) -> str:
    return _FLAGS.get(option) or "--" + option.replace("_", "-").replace("=", " ")


def _channel_weights(texts: list[str], maps: tuple[TextureMap, ...]) -> tuple[float, ...] | None:
    """The weights of all channels of the maps; the last text that names a map or its kind counts."""
    if not texts:
        return None
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


def _placement(init: str | None, guidance: Guidance | None, picture: Picture) -> Placement:
    """The name of a placement, or weights (H, W).

    Without --init these are the weights of the guidance if there is one, else it is "gradient".
    """
    if init is None:
        return guidance.saliency if guidance is not None and guidance.guides else "gradient"
    for name in PLACEMENTS:
        if init == name:
            return name
    path = file_path(init)
    if not (path == STANDARD or path.suffix or path.exists()):
        raise ValueError(f"no placement {init!r}; there are {', '.join(PLACEMENTS)}, or a picture's path")
    return read_map(path, picture)


def _bits(text: str | None) -> Bits | None:
    from imagegs.codec import Bits

    return None if text is None else Bits.parse(text)
