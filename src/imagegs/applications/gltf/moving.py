"""The textures of a model moved into .gsimg files, one for the maps of a material that have one size."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Unpack

from imagegs.applications.gltf.model import Json, Model, object_in, objects_in
from imagegs.applications.gltf.rebuilding import (
    EXTENSION,
    MIME,
    NewImage,
    check_followed,
    exchanged,
    mark_extension,
    texture_sources,
)
from imagegs.applications.gltf.stacks import PlannedStack, plan_stacks
from imagegs.applications.gltf.uses import READ_EXTENSIONS, image_of_texture
from imagegs.compression import Compressed, compress_with_report
from imagegs.compression.keywords import CompressKeywords
from imagegs.errors import FormatError
from imagegs.limits import DEFAULT_LIMITS, Limits

LEAST_BYTES = 2048  # that each file may have: its head and its list of maps take some hundred


@dataclass(frozen=True, eq=False)
class MovedStack:
    """A .gsimg file within a model, and what it stands for."""

    plan: PlannedStack
    wraps: bool
    file: Compressed

    @property
    def old_bytes(self) -> int:
        """The bytes of the pictures that it stands for."""
        return sum(image.n_bytes for image in self.plan.maps.values())


def move_textures(
    model: Model,
    *,
    bppc: float | None = None,
    keep_pictures: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    listener: Callable[[MovedStack], None] | None = None,
    **options: Unpack[CompressKeywords],
) -> tuple[Model, list[MovedStack]]:
    """The model with all pictures that its materials use moved into .gsimg files.

    bppc: bits a texel and channel, at most, in place of another amount. A file may have LEAST_BYTES whatever
    bppc and bpp are. keep_pictures: textures keep their pictures for programs that do not know
    EXT_texture_gsimg. limits: of the pictures. listener: is told of each stack. options: of
    `imagegs.compress`, for each stack; `wrap` is for those whose samplers all repeat.

    Raises FormatError for a model without such pictures, for damaged pictures and references, and for
    extensions that refer to images in ways of their own; LimitError above the limits; ValueError for options.
    """
    check_followed(model.json)
    stacks: list[MovedStack] = []
    for plan in plan_stacks(model, limits):
        stacks.append(_moved(plan, bppc, options))
        if listener is not None:
            listener(stacks[-1])
    if not stacks:
        raise FormatError("the model's materials use no pictures that could be moved")
    return _with_stacks(model, stacks, keep_pictures), stacks


def _moved(plan: PlannedStack, bppc: float | None, options: CompressKeywords) -> MovedStack:
    own: dict[str, Any] = {**options, "wrap": options.get("wrap", False) and plan.repeats}
    bpp = options.get("bpp") if bppc is None else bppc * plan.n_channels
    if bpp is not None:
        width, height = plan.size
        own["bpp"] = max(bpp, 8 * LEAST_BYTES / (width * height))
    if plan.keeps_colors:
        own["exact"] = True
    images = {name: image.pixels for name, image in plan.maps.items()}
    return MovedStack(plan, own["wrap"], compress_with_report(images, **own))


def _with_stacks(model: Model, stacks: list[MovedStack], keep_pictures: bool) -> Model:
    """The model with the files of the stacks in place of their pictures, or beside them."""
    maps = {
        image.number: (place, name)
        for place, stack in enumerate(stacks)
        for name, image in stack.plan.maps.items()
    }
    tree = deepcopy(model.json)
    textures = objects_in(tree, "textures")
    shown = [image_of_texture(tree, i) for i in range(len(textures))]
    moved = {i: maps[image] for i, image in enumerate(shown) if image in maps}
    gone = set[int]() if keep_pictures else _without_sources(tree, moved)
    new = [NewImage(stack.plan.name, MIME, stack.file.data) for stack in stacks]
    rebuilt = exchanged(replace(model, json=tree), gone, new)
    first = len(rebuilt.images) - len(new)
    for i, (place, name) in moved.items():
        texture = rebuilt.json["textures"][i]
        texture.setdefault("extensions", {})[EXTENSION] = {"source": first + place, "map": name}
    mark_extension(rebuilt.json, EXTENSION, used=True, required=not keep_pictures)
    for name in READ_EXTENSIONS:
        if not any(name in each.get("extensions", {}) for each in rebuilt.json["textures"]):
            mark_extension(rebuilt.json, name, used=False, required=False)
    return rebuilt


def _without_sources(tree: Json, moved: dict[int, tuple[int, str]]) -> set[int]:
    """Takes the images from the textures that were moved; returns those that no texture has any more."""
    gone: set[int] = set()
    textures = objects_in(tree, "textures")
    for i in moved:
        extensions = object_in(textures[i], "extensions", f"textures[{i}]")
        names = [name for name in READ_EXTENSIONS if name in extensions]
        for part in (textures[i], *(extensions[name] for name in names)):
            if isinstance(number := part.pop("source", None), int):
                gone.add(number)
        for name in names:
            del extensions[name]
        if not extensions:
            textures[i].pop("extensions", None)
    return gone - {part["source"] for texture in textures for part in texture_sources(texture)}
