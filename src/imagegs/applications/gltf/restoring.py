"""The textures of a model as PNG pictures again."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from imagegs.applications.gltf.map_painter import MapPainter, RestoredImage
from imagegs.applications.gltf.model import Model, index_in, object_in, objects_in
from imagegs.applications.gltf.rebuilding import (
    EXTENSION,
    NewImage,
    exchanged,
    mark_extension,
    texture_sources,
)
from imagegs.errors import FormatError


def restore_textures(
    model: Model,
    *,
    size_limit: int | None = None,
    threads: int | None = None,
    listener: Callable[[RestoredImage], None] | None = None,
) -> tuple[Model, list[RestoredImage]]:
    """The model with each map that its textures show as a PNG picture, and without the .gsimg files.

    A texture that has a picture besides keeps that. size_limit: pixels; refuses larger pictures, and more
    work in proportion (None: the default). listener: is told of each picture.

    Raises FormatError for a model without such textures, for damaged files, maps and references; LimitError
    above the limits.
    """
    painter = MapPainter(model, size_limit, threads, listener)
    tree = deepcopy(model.json)
    pictures: dict[int, int] = {}  # by the number of the texture: the number of the new picture
    gone: set[int] = set()
    for i, texture in enumerate(objects_in(tree, "textures")):
        place = f"textures[{i}]"
        extensions = object_in(texture, "extensions", place)
        if EXTENSION not in extensions:
            continue
        part = object_in(extensions, EXTENSION, f"{place}.extensions")
        source = index_in(part, "source", tree, "images", f"{place}.extensions.{EXTENSION}")
        gone.add(source)
        if "source" not in texture:
            pictures[i] = painter.number_of(source, part.get("map"), place)
        del extensions[EXTENSION]
        if not extensions:
            del texture["extensions"]
    if not gone:
        raise FormatError(f"no texture of the model has the extension {EXTENSION}")
    return _with_pictures(replace(model, json=tree), gone, painter.images, pictures), painter.restored


def _with_pictures(model: Model, gone: set[int], new: list[NewImage], pictures: dict[int, int]) -> Model:
    still = {part["source"] for each in objects_in(model.json, "textures") for part in texture_sources(each)}
    rebuilt = exchanged(model, gone - still, new)
    first = len(rebuilt.images) - len(new)
    for i, number in pictures.items():
        rebuilt.json["textures"][i]["source"] = first + number
    mark_extension(rebuilt.json, EXTENSION, used=False, required=False)
    return rebuilt
