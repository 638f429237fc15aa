"""The textures of a model as PNG pictures again."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

from imagegs.applications.export.maps import PICTURE
from imagegs.applications.gltf.model import Json, Model, index_in, object_in, objects_in
from imagegs.applications.gltf.rebuilding import (
    EXTENSION,
    NewImage,
    exchanged,
    mark_extension,
    texture_sources,
)
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import Gaussians
from imagegs.limits import Limits
from imagegs.pictures.pixels import CHANNEL_NAMES
from imagegs.pictures.png import encode_png
from imagegs.rendering import check_painting, render
from imagegs.textures.map_list import TextureMap
from imagegs.textures.painting import decode_with_maps, paint_map


@dataclass(frozen=True)
class RestoredImage:
    """A PNG picture that a map was painted to."""

    name: str
    width: int
    height: int
    n_bytes: int


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
    painter = _Painter(model, size_limit, threads, listener)
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


class _Painter:
    """Paints each map of each file once."""

    def __init__(
        self,
        model: Model,
        size_limit: int | None,
        threads: int | None,
        listener: Callable[[RestoredImage], None] | None,
    ) -> None:
        self.model, self.size_limit, self.threads = model, size_limit, threads
        self.listener = listener
        self.images: list[NewImage] = []
        self.restored: list[RestoredImage] = []
        self._numbers: dict[tuple[int, str | None], int] = {}
        self._files: dict[int, tuple[Gaussians, tuple[TextureMap, ...]]] = {}

    def number_of(self, source: int, name: object, place: str) -> int:
        """The number, among the new pictures, of a map of the model's image `source`."""
        if name is not None and not isinstance(name, str):
            raise FormatError(f"{place}: the map's name is no text")
        if (source, name) not in self._numbers:
            try:
                self._paint(source, name)
            except FormatError as error:
                kind = LimitError if isinstance(error, LimitError) else FormatError
                raise kind(f"images[{source}]: {error}") from error
            self._numbers[source, name] = len(self.images) - 1
        return self._numbers[source, name]

    def _paint(self, source: int, name: str | None) -> None:
        if source not in self._files:
            data = self.model.image_bytes(source)
            self._files[source] = decode_with_maps(data, size_limit=self.size_limit, threads=self.threads)
        gaussians, maps = self._files[source]
        check_painting(gaussians, Limits.of(self.size_limit))
        if maps:
            each = next((each for each in maps if each.name == name), None) if name else maps[0]
            if each is None:
                raise FormatError(f"the file has no map {name!r}")
            pixels, is_srgb = paint_map(gaussians, each, self.threads), each.color_space == "srgb"
        elif name in (None, PICTURE) and CHANNEL_NAMES.get(len(gaussians.channels)) == gaussians.channels:
            pixels, is_srgb = (
                render(gaussians, dtype=f"uint{gaussians.bit_depth}", threads=self.threads),
                True,
            )
        else:
            raise FormatError(f"the file has no map {name!r}")
        height, width, _ = pixels.shape
        self._add(source, name, width, height, b"".join(encode_png(pixels, is_srgb=is_srgb)))

    def _add(self, source: int, name: str | None, width: int, height: int, data: bytes) -> None:
        own: Json = self.model.json["images"][source]
        parts = [str(each) for each in (own.get("name"), name) if each]
        image = NewImage("_".join(parts) or f"image_{source}", "image/png", data)
        self.images.append(image)
        self.restored.append(RestoredImage(image.name, width, height, len(data)))
        if self.listener is not None:
            self.listener(self.restored[-1])
