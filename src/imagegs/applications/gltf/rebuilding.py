"""Models with other images: what only the old ones used goes, and all data move into one buffer.

Lists are numbered anew; what is unknown in the JSON stays. References are found by the keys that the
specification uses for them: `bufferView` anywhere but in `extras`, `source` in textures and their extensions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from imagegs.applications.gltf.model import Json, Model, object_in, objects_in, view_references
from imagegs.applications.gltf.packing import pack, put
from imagegs.errors import FormatError

EXTENSION, MIME = "EXT_texture_gsimg", "image/x-gsimg"
# These have numbers of bufferViews or images under keys of their own.
_NOT_FOLLOWED = ("EXT_structural_metadata", "EXT_feature_metadata", "EXT_lights_image_based", "VRMC_vrm")
_SIGNATURES = (  # of pictures: where the bytes stand, the bytes, the type
    (0, b"\x89PNG", "image/png"),
    (0, b"\xff\xd8", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"\xabKTX 20", "image/ktx2"),
    (4, b"ftypavif", "image/avif"),
    (0, b"\x89GSI", MIME),
)


@dataclass(frozen=True)
class NewImage:
    """An image that is added to a model."""

    name: str
    mime: str
    data: bytes


def check_followed(tree: Json) -> None:
    """Raises FormatError for a model with extensions whose references cannot be followed."""
    used = tree.get("extensionsUsed", [])
    for name in _NOT_FOLLOWED:
        if isinstance(used, list) and name in used:
            raise FormatError(f"the extension {name} refers to data in ways of its own: not supported")


def exchanged(model: Model, gone: Collection[int], new: Sequence[NewImage]) -> Model:
    """The model without the images of the numbers `gone`, and with new ones behind those that stay.

    No texture may have an image that goes. In the result all images are in bufferViews, and all data are in
    the first buffer.

    Raises FormatError for references to what is not there.
    """
    tree = deepcopy(model.json)
    images = objects_in(tree, "images")
    stay = [i for i in range(len(images)) if i not in gone]
    _renumber_sources(tree, {old: place for place, old in enumerate(stay)})
    put(tree, "images", [images[i] for i in stay])
    left = {node["bufferView"] for node in view_references(tree)}
    dropped = {images[i]["bufferView"] for i in gone if "bufferView" in images[i]} - left
    outside = [(images[i], data) for i in stay if (data := model.images[i]) is not None]
    added = [{"name": each.name, "mimeType": each.mime} for each in new]
    files = [contents for _, contents in outside] + [each.data for each in new]
    buffers = pack(tree, model.buffers, dropped, files)
    first = len(objects_in(tree, "bufferViews")) - len(files)
    for place, image in enumerate([image for image, _ in outside] + added, first):
        image["bufferView"] = place
    for image, contents in outside:
        image.pop("uri")
        image.setdefault("mimeType", mime_of(contents))
    put(tree, "images", [images[i] for i in stay] + added)
    n_images = len(objects_in(tree, "images"))
    return replace(model, json=tree, buffers=buffers, images=(None,) * n_images, files=())


def mime_of(data: bytes) -> str:
    """The type of a picture file, by its first bytes. Raises FormatError for an unknown one."""
    for start, signature, mime in _SIGNATURES:
        if data[start : start + len(signature)] == signature:
            return mime
    raise FormatError("an image that stays is of no known format")


def texture_sources(texture: Json) -> Iterator[Json]:
    """The parts of a texture that name an image: itself, and its extensions.

    Raises FormatError for a name that is no number.
    """
    for part in (texture, *object_in(texture, "extensions", "a texture").values()):
        if isinstance(part, dict) and "source" in part:
            if type(part["source"]) is not int:
                raise FormatError("a texture does not name its image by number")
            yield part


def _renumber_sources(tree: Json, new: dict[int, int]) -> None:
    for i, texture in enumerate(objects_in(tree, "textures")):
        for part in texture_sources(texture):
            if part["source"] not in new:
                raise FormatError(f"textures[{i}] names an image that is not there")
            part["source"] = new[part["source"]]


def mark_extension(tree: Json, name: str, *, used: bool, required: bool) -> None:
    """Says in the JSON whether the model uses, and requires, an extension."""
    for key, wanted in (("extensionsUsed", used), ("extensionsRequired", required)):
        names: Any = tree.get(key, [])
        if not isinstance(names, list):
            raise FormatError(f"{key} is no list")
        rest = [each for each in names if each != name]
        put(tree, key, [*rest, name] if wanted else rest)
