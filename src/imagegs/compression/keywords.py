"""The keywords of `imagegs.compress`, from which the records of `options.py` are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypedDict, Unpack

from numpy.typing import NDArray

from imagegs.choices import DeviceName, GrainChoice, RestorationName
from imagegs.codec import Bits
from imagegs.compression.compressing import Compressed, Compression
from imagegs.compression.options import CompressionOptions, FitSettings, Target
from imagegs.fitting import Placement, Progress, RecipeName, Tune
from imagegs.pictures.given import ImageLike, picture_from
from imagegs.pictures.pixels import Picture
from imagegs.textures.map_list import TextureMap
from imagegs.textures.stacks import stack_of


class CompressKeywords(TypedDict, total=False):
    """The keywords of `compress`, which explains them."""

    n_gaussians: int | None
    bpp: float | None
    target_size: int | None
    psnr: float | None
    quality: float | None
    ssimulacra2: float | None
    effort: int
    tune: Tune | None
    steps: int | None
    time_budget: float | None
    recipe: RecipeName
    init: Placement
    layers: int | None
    bits: Bits | None
    wrap: bool
    seed: int
    pixel_weights: NDArray[Any] | None
    channel_weights: Sequence[float] | None
    grain: GrainChoice
    exact: bool
    restore: RestorationName | None
    mask: ImageLike | None
    channels: tuple[str, ...] | None
    threads: int | None
    device: DeviceName
    progress: Callable[[Progress], None] | None


def compress_image(
    image: ImageLike | Mapping[str, ImageLike], **keywords: Unpack[CompressKeywords]
) -> Compressed:
    """Compress a picture or a stack of maps: see `compress`."""
    channels = keywords.get("channels")
    if not isinstance(image, Mapping):
        return compress_picture(picture_from(image, channels), **keywords)
    if channels is not None:
        raise ValueError("the channels of a stack are named by its maps: give no channels")
    stack = stack_of(image)
    return compress_picture(stack.picture, stack.maps, **keywords)


def compress_picture(
    picture: Picture, maps: tuple[TextureMap, ...] = (), **keywords: Unpack[CompressKeywords]
) -> Compressed:
    """Compress a picture whose channels have names, or the stack of these maps: see `compress`."""
    left: dict[str, Any] = {**keywords}
    left.pop("channels", None)
    progress = left.pop("progress", None)
    target, fit = Target(**_taken(Target, left)), FitSettings(**_taken(FitSettings, left))
    if (mask := left.get("mask")) is not None:
        left["mask"] = picture_from(mask)
    if (weights := left.get("channel_weights")) is not None:
        left["channel_weights"] = tuple(weights)
    options = CompressionOptions(target=target, fit=fit, **left)
    return Compression(picture, options, maps).run(progress)


def _taken(record: type, keywords: dict[str, Any]) -> dict[str, Any]:
    """Removes the keywords that are fields of a record from `keywords`, and returns them."""
    return {field.name: keywords.pop(field.name) for field in fields(record) if field.name in keywords}
