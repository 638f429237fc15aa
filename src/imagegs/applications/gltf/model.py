"""A glTF model in memory: its JSON, the bytes of its buffers, and checked ways to what the JSON names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagegs.errors import FormatError

Json = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A model whose bufferViews all lie within their buffers."""

    json: Json
    buffers: tuple[bytes | None, ...]  # the first byteLength bytes; None: it has no data (see `_data_of`)
    images: tuple[bytes | None, ...]  # the file that each image is; None where a bufferView has it
    files: tuple[Path, ...] = ()  # read besides the model's own file
    chunks: tuple[tuple[bytes, bytes], ...] = ()  # type and contents of the chunks that only a .glb file has

    def image_bytes(self, number: int) -> bytes:
        """The file of an image. Raises FormatError where its bufferView has no data."""
        if (found := self.images[number]) is not None:
            return found
        view = index_in(
            self.json["images"][number], "bufferView", self.json, "bufferViews", f"images[{number}]"
        )
        return self.view_bytes(view)

    def view_bytes(self, number: int) -> bytes:
        """The bytes of a bufferView. Raises FormatError where its buffer has no data."""
        view = self.json["bufferViews"][number]
        buffer: int = view["buffer"]
        if (data := self.buffers[buffer]) is None:
            raise FormatError(f"bufferViews[{number}] is in a buffer without data")
        start: int = view.get("byteOffset", 0)
        length: int = view["byteLength"]
        return data[start : start + length]


def objects_in(node: Json, key: str, place: str = "") -> list[Json]:
    """The list of objects under a key, [] without the key. Raises FormatError for anything else there."""
    found = node.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FormatError(f"{place}{key} is no list of objects")
    return found


def object_in(node: Json, key: str, place: str) -> Json:
    """The object under a key, {} without the key. Raises FormatError for anything else there."""
    found = node.get(key, {})
    if not isinstance(found, dict):
        raise FormatError(f"{place}.{key} is no object")
    return found


def index_in(node: Json, key: str, json: Json, target: str, place: str) -> int:
    """The number under a key of an entry of the list `target`. Raises FormatError where there is none."""
    found, count = node.get(key), len(objects_in(json, target))
    if type(found) is not int or not 0 <= found < count:
        raise FormatError(f"{place}.{key} names none of the {count} {target}")
    return found


def length_in(node: Json, key: str, place: str, least: int, default: int | None = None) -> int:
    """A number of bytes under a key. Raises FormatError for anything but an integer of `least` or more."""
    found = node.get(key, default)
    if type(found) is not int or found < least:
        raise FormatError(f"{place}.{key} is no whole number of {least} or more")
    return found


def view_references(tree: Json) -> Iterator[Json]:
    """All objects that name a bufferView. Raises FormatError where one names none that is there."""
    count = len(objects_in(tree, "bufferViews"))
    for node in nodes_with(tree, "bufferView"):
        number = node["bufferView"]
        if type(number) is not int or not 0 <= number < count:
            raise FormatError(f"there is no bufferViews[{number!r}], which something names")
        yield node


def ranges_in(view: Json) -> Iterator[Json]:
    """All that names bytes of a buffer in a bufferView: itself, and its compressed form (meshopt)."""
    yield view
    for extension in object_in(view, "extensions", "bufferViews").values():
        if isinstance(extension, dict) and "buffer" in extension:
            yield extension


def nodes_with(node: Any, key: str) -> Iterator[Json]:
    """All objects within a part of the JSON that have the key, those in `extras` left out."""
    if isinstance(node, list):
        for each in node:
            yield from nodes_with(each, key)
    elif isinstance(node, dict):
        if key in node:
            yield node
        for name, each in node.items():
            if name != "extras":
                yield from nodes_with(each, key)
