"""What the materials of a model do with its images, and what the maps are called for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imagegs.applications.gltf.model import Json, index_in, object_in, objects_in
from imagegs.applications.gltf.rebuilding import EXTENSION

READ_EXTENSIONS = ("EXT_texture_webp", "EXT_texture_avif")  # of textures, whose pictures can be read
_REPEAT = 10497  # of a sampler's wrapS and wrapT, and their default
_TEXTURE = "Texture"  # the end of the keys under which a material names a texture
# One image may be used for both: its channels are occlusion, roughness and metallic.
_PACKED, _PACKED_NAME = {"occlusionTexture", "metallicRoughnessTexture"}, "OcclusionRoughnessMetallic"
_SEEN_THROUGH_ALPHA = ("baseColorTexture", "diffuseTexture")
_WITHOUT_ALPHA = ("metallicRoughnessTexture", "normalTexture", "occlusionTexture", "emissiveTexture")


@dataclass
class Use:
    """What the materials do with an image."""

    keys: list[str] = field(default_factory=list)  # under which they name its textures
    repeats: bool = True  # whether all textures with it repeat it in both directions
    shows_alpha: bool = False

    @property
    def map_name(self) -> str:
        """The name of the map, whose ending tells its kind: baseColorTexture gives BaseColor."""
        if set(self.keys) == _PACKED:
            return _PACKED_NAME
        plain = self.keys[0].removesuffix(_TEXTURE) or _TEXTURE
        return plain[0].upper() + plain[1:]

    @property
    def hides_colors(self) -> bool:
        """Whether nobody sees colours where alpha is 0."""
        return all(key in _SEEN_THROUGH_ALPHA for key in self.keys)


def uses_of_images(tree: Json) -> dict[int, Use]:
    """The use of each image of a material, by its number, in the order of the materials.

    Raises FormatError for references to what is not there.
    """
    uses: dict[int, Use] = {}
    for i, material in enumerate(objects_in(tree, "materials")):
        for key, number in images_of_material(tree, i):
            use = uses.setdefault(number, Use())
            if key not in use.keys:
                use.keys.append(key)
            is_opaque = material.get("alphaMode", "OPAQUE") == "OPAQUE"
            use.shows_alpha |= not is_opaque if key in _SEEN_THROUGH_ALPHA else key not in _WITHOUT_ALPHA
    for i, texture in enumerate(objects_in(tree, "textures")):
        found = image_of_texture(tree, i)
        if found in uses:
            uses[found].repeats &= _repeats(tree, texture, f"textures[{i}]")
    return uses


def images_of_material(tree: Json, number: int) -> Iterator[tuple[str, int]]:
    """The images of a material, each with the key under which the material names the texture."""
    place = f"materials[{number}]"
    for key, info in _texture_infos(tree["materials"][number]):
        image = image_of_texture(tree, index_in(info, "index", tree, "textures", f"{place}.{key}"))
        if image is not None:
            yield key, image


def image_of_texture(tree: Json, number: int) -> int | None:
    """The image that a texture shows; None where it has none that can be read, or a .gsimg file.

    Raises FormatError for an image that is not there.
    """
    texture, place = tree["textures"][number], f"textures[{number}]"
    extensions = object_in(texture, "extensions", place)
    if EXTENSION in extensions:
        return None
    if "source" in texture:
        return index_in(texture, "source", tree, "images", place)
    for name in READ_EXTENSIONS:
        if name in extensions:
            part = object_in(extensions, name, f"{place}.extensions")
            return index_in(part, "source", tree, "images", f"{place}.extensions.{name}")
    return None


def _texture_infos(node: Json) -> Iterator[tuple[str, Json]]:
    """All objects that name a texture, within a material and its extensions."""
    for key, value in node.items():
        if isinstance(value, dict) and key != "extras":
            if key.endswith(_TEXTURE) and "index" in value:
                yield key, value
            else:
                yield from _texture_infos(value)


def _repeats(tree: Json, texture: Json, place: str) -> bool:
    if "sampler" not in texture:
        return True
    number = index_in(texture, "sampler", tree, "samplers", place)
    sampler = tree["samplers"][number]
    return all(sampler.get(key, _REPEAT) == _REPEAT for key in ("wrapS", "wrapT"))
