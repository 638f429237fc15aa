"""Which images of a model become one texture stack: those of a material that have one size."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace

import numpy as np

from imagegs.applications.gltf.model import Model, objects_in
from imagegs.applications.gltf.uses import Use, images_of_material, uses_of_images
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import MAX_CHANNELS
from imagegs.limits import Limits
from imagegs.pictures.pixels import IntegerPixels, Picture, gray_if_gray
from imagegs.pictures.reading import read_picture


@dataclass(frozen=True, eq=False)
class MapImage:
    """An image that becomes a map."""

    number: int  # of the model's images
    pixels: IntegerPixels  # (H, W, C)
    use: Use
    n_bytes: int  # of its file


@dataclass
class PlannedStack:
    """Images that become one .gsimg file."""

    name: str
    maps: dict[str, MapImage] = field(default_factory=dict)  # by their names

    @property
    def n_channels(self) -> int:
        """Of all maps together."""
        return sum(image.pixels.shape[2] for image in self.maps.values())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        height, width, _ = next(iter(self.maps.values())).pixels.shape
        return width, height

    @property
    def repeats(self) -> bool:
        """Whether the samplers of all textures repeat."""
        return all(image.use.repeats for image in self.maps.values())

    @property
    def keeps_colors(self) -> bool:
        """Whether colours count where the alpha of their map is 0."""
        with_alpha = [image for image in self.maps.values() if image.pixels.shape[2] in (2, 4)]
        return any(not image.use.hides_colors for image in with_alpha)


def plan_stacks(model: Model, limits: Limits) -> list[PlannedStack]:
    """The stacks for all images that materials use, in the order of the materials.

    An image that several materials use belongs to the first one.

    Raises FormatError for images that are no valid pictures and for references to what is not there,
    LimitError above the limits of pictures.
    """
    uses, taken = uses_of_images(model.json), set[int]()
    stacks: list[PlannedStack] = []
    for i, material in enumerate(objects_in(model.json, "materials")):
        given = material.get("name")
        name = given if isinstance(given, str) and given else f"material_{i}"
        own: list[PlannedStack] = []
        for _, number in images_of_material(model.json, i):
            if number not in taken:
                taken.add(number)
                _add(own, _read_image(model, number, uses[number], limits), name)
        stacks += own
    return stacks


def _add(stacks: list[PlannedStack], image: MapImage, name: str) -> None:
    """Puts an image into the first stack of its size that has room for it, or into a new one."""
    height, width, n_channels = image.pixels.shape
    for stack in stacks:
        if stack.size == (width, height) and stack.n_channels + n_channels <= MAX_CHANNELS:
            break
    else:
        stack = PlannedStack(f"{name}_{len(stacks) + 1}" if stacks else name)
        stacks.append(stack)
    plain, count = image.use.map_name, 1
    while (own := plain if count == 1 else f"{plain}_{count}") in stack.maps:
        count += 1
    stack.maps[own] = image


def _read_image(model: Model, number: int, use: Use, limits: Limits) -> MapImage:
    data = model.image_bytes(number)
    try:  # as data, because glTF has colour profiles ignored
        picture = read_picture(io.BytesIO(data), max_pixels=limits.max_picture_pixels, as_data=True)
    except (FormatError, ValueError) as error:
        kind = LimitError if isinstance(error, LimitError) else FormatError
        raise kind(f"images[{number}]: {error}") from error
    picture = gray_if_gray(_without_idle_alpha(picture, use.shows_alpha))
    return MapImage(number, picture.pixels, use, len(data))


def _without_idle_alpha(picture: Picture, shows_alpha: bool) -> Picture:
    """The picture without an alpha channel that no material uses, or that is 1 everywhere."""
    if picture.channels[-1] != "A":
        return picture
    alpha = picture.pixels[:, :, -1]
    if shows_alpha and (alpha != np.iinfo(alpha.dtype).max).any():
        return picture
    opaque = np.ascontiguousarray(picture.pixels[:, :, :-1])
    return replace(picture, pixels=opaque, channels=picture.channels[:-1])
