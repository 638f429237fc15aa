"""Texture stacks: the maps of a folder as one picture with many channels, and back.

One set of Gaussians paints them all: the edges of the maps of a texture lie at the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imagegs.codec.header import write_names
from imagegs.codec.metadata import write_metadata
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import MAX_CHANNELS
from imagegs.limits import DEFAULT_LIMITS, Limits
from imagegs.pictures.given import ImageLike, picture_from
from imagegs.pictures.pixels import IntegerPixels, Picture, as_pixels, gray_if_gray, to_integers, with_depth
from imagegs.pictures.reading import read_picture
from imagegs.textures.map_list import TextureMap, check_files, make_map, to_metadata
from imagegs.textures.map_names import color_space_of, kind_of, map_names
from imagegs.textures.masks import is_mask
from imagegs.textures.normals import has_unit_normals


@dataclass(frozen=True, eq=False)
class Stack:
    """The maps of a texture, and all of their channels in one picture.

    The picture has 16 bits if one of the maps has: the others are scaled up to it.
    """

    picture: Picture
    maps: tuple[TextureMap, ...]
    n_frames: tuple[int, ...] = ()  # of each map's file, where it was read; the first is the map
    left_out: tuple[tuple[str, ...], ...] = ()  # of each map's file: see `Picture`


def read_stack(files: Sequence[Path], resize: bool = False, limits: Limits = DEFAULT_LIMITS) -> Stack:
    """The maps in picture files of one folder, in the order given; the files have different names.

    Pictures that are RGB with equal channels are read as gray. ICC profiles are applied to colours alone, not
    to data such as roughness. resize: maps of other sizes than the largest
    are brought to its size (Lanczos).

    Raises FormatError for a file that is no valid picture, for maps of different sizes, for more than 32
    channels, and for file names that a .gsimg file cannot hold; LimitError above the limits of pictures;
    OSError.
    """
    if len(files) > MAX_CHANNELS:
        raise FormatError(
            f"{len(files)} pictures are too many for a stack of at most {MAX_CHANNELS} channels"
        )
    pictures = _read_maps(files, limits)
    pixels = [picture.pixels for picture in pictures]
    names = [file.name for file in files]
    maps = tuple(map(_describe, map_names(names), names, pixels))
    picture = _one_picture(pixels, maps, resize, limits)
    n_frames, left_out = tuple(p.n_frames for p in pictures), tuple(p.left_out for p in pictures)
    return Stack(picture, maps, n_frames, left_out)


def stack_of(images: Mapping[str, ImageLike], limits: Limits = DEFAULT_LIMITS) -> Stack:
    """The stack of maps by their names, such as "Color" and "Normal", which tell their kinds.

    A decoder writes the maps as PNG files of these names. Floats become 16 bits. Pictures of Pillow are read
    as `read_stack` reads files.

    Raises what `picture_from` raises; FormatError for no maps, for maps of different sizes, for more than 32
    channels, and for names that a .gsimg file cannot hold; LimitError above the limits of pictures.
    """
    if not images:
        raise FormatError("a stack has one map at least")
    pixels = [_given_map(f"{name}.png", image) for name, image in images.items()]
    maps = tuple(_describe(name, f"{name}.png", each) for name, each in zip(images, pixels, strict=True))
    return Stack(_one_picture(pixels, maps, False, limits), maps)


def _given_map(file: str, image: ImageLike) -> IntegerPixels:
    picture = picture_from(image, as_data=_is_data(file))
    return gray_if_gray(picture).pixels if isinstance(image, Image.Image) else picture.pixels


def _one_picture(
    pixels: list[IntegerPixels], maps: tuple[TextureMap, ...], resize: bool, limits: Limits
) -> Picture:
    """All channels of the maps, of one size and depth."""
    channels = tuple(channel for each in maps for channel in each.stack_channels)
    if len(channels) > MAX_CHANNELS:
        raise FormatError(f"the maps have {len(channels)} channels, at most {MAX_CHANNELS} are possible")
    _check_storable(maps, channels)
    _check_samples(pixels, limits)
    pixels = _of_one_size(pixels, [each.file for each in maps], resize)
    depth = max(each.bit_depth for each in maps)
    return Picture(np.concatenate([with_depth(p, depth) for p in pixels], axis=2), channels)


def _describe(name: str, file: str, pixels: IntegerPixels) -> TextureMap:
    kind, _ = kind_of(file)
    unit_length = kind == "normal" and pixels.shape[2] == 3 and has_unit_normals(pixels)
    cutout = _may_be_mask(kind, pixels.shape[2]) and is_mask(pixels[:, :, -1])
    return make_map(name, file, kind, 8 * pixels.dtype.itemsize, pixels.shape[2], unit_length, cutout)


def _may_be_mask(kind: str, channels: int) -> bool:
    """Whether the last channel tells what is there and what is not."""
    return (kind == "opacity" and channels == 1) or (kind == "color" and channels in (2, 4))


def _read_maps(files: Sequence[Path], limits: Limits) -> list[Picture]:
    pictures: list[Picture] = []
    for file in files:
        pictures.append(_read_map(file, limits.max_picture_pixels))
        _check_samples([picture.pixels for picture in pictures], limits)
    return pictures


def _check_samples(pixels: Sequence[IntegerPixels], limits: Limits) -> None:
    """Raises LimitError for too many samples, all maps brought to the size of the largest."""
    largest = max(p.shape[0] * p.shape[1] for p in pixels)
    if (samples := largest * sum(p.shape[2] for p in pixels)) > limits.max_picture_samples:
        raise LimitError(f"the maps have {samples} samples, over the limit of {limits.max_picture_samples}")


def _read_map(file: Path, max_pixels: int) -> Picture:
    try:
        picture = read_picture(file, max_pixels=max_pixels, as_data=_is_data(file.name))
        as_pixels(picture.pixels)  # its limits
    except LimitError as error:
        raise LimitError(f"{file.name}: {error}") from error
    except (ValueError, FormatError) as error:
        raise FormatError(f"{file.name}: {error}") from error
    return gray_if_gray(picture)  # many tools write masks as RGB


def _is_data(file: str) -> bool:
    """Whether the map of this file name holds data, not colours."""
    return color_space_of(kind_of(file)[0]) == "linear"


def _check_storable(maps: Sequence[TextureMap], channels: Sequence[str]) -> None:
    """Now, before the fit, what writing the file would stumble over after it."""
    check_files(maps)
    try:
        write_names(channels)
        write_metadata(to_metadata(maps))
    except ValueError as error:
        raise FormatError(str(error)) from error


def _of_one_size(pixels: list[IntegerPixels], names: Sequence[str], resize: bool) -> list[IntegerPixels]:
    sizes = [p.shape[1::-1] for p in pixels]
    largest = max(sizes, key=lambda size: size[0] * size[1])
    if resize:
        return [p if p.shape[1::-1] == largest else _resized(p, largest) for p in pixels]
    if other := next((i for i, size in enumerate(sizes) if size != sizes[0]), None):
        texts = [f"{names[i]} has {sizes[i][0]} x {sizes[i][1]} pixels" for i in (0, other)]
        raise FormatError(f"the maps differ in size: {texts[0]}, {texts[1]} (see --resize-maps, --exclude)")
    return pixels


def _resized(pixels: IntegerPixels, size: tuple[int, ...]) -> IntegerPixels:
    # Channel by channel in floating point: Pillow has no other way for 16 bits.
    largest = np.float32(np.iinfo(pixels.dtype).max)
    planes = [
        np.asarray(Image.fromarray(plane / largest).resize((size[0], size[1]), Image.Resampling.LANCZOS))
        for plane in np.moveaxis(pixels, 2, 0).astype(np.float32)
    ]
    return to_integers(np.stack(planes, axis=2), 8 * pixels.dtype.itemsize)
