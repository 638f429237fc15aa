"""A model out of a .glb file, or out of a .gltf file and the files beside it.

Source: the glTF 2.0 specification, sections 3 (JSON, buffers and bufferViews, images) and 4 (GLB).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imagegs.applications.gltf.model import Json, Model, index_in, length_in, object_in, objects_in, ranges_in
from imagegs.applications.gltf.resources import Resources
from imagegs.errors import FormatError
from imagegs.limits import DEFAULT_LIMITS, Limits

MAGIC, VERSION = b"glTF", 2
JSON_CHUNK, BINARY_CHUNK = b"JSON", b"BIN\0"
HEAD, CHUNK_HEAD = struct.Struct("<4s2I"), struct.Struct("<I4s")  # magic, version, length; length, type
_MOST_DEPTH = 100  # of objects and lists within each other
_PADDING = 3  # bytes at most that the binary chunk has more than its buffer


def read_model(data: bytes, folder: Path | None, limits: Limits = DEFAULT_LIMITS) -> Model:
    """The model in the bytes of a .glb or .gltf file, with all its buffers and images.

    folder: where files lie that the model names; None: it may name none.

    Raises FormatError for a damaged file, for another version than 2, for bytes that a buffer does not have,
    and for files outside of the folder; LimitError for files that are too large; OSError for files that
    cannot be read.
    """
    text, binary, chunks = _chunks(data) if data.startswith(MAGIC) else (data, None, ())
    tree = _parsed(text)
    _check_version(tree)
    resources = Resources(folder, limits)
    buffers = tuple(_data_of(tree, i, binary, resources) for i in range(len(objects_in(tree, "buffers"))))
    for i, view in enumerate(objects_in(tree, "bufferViews")):
        _check_view(tree, view, f"bufferViews[{i}]", buffers)
    images = tuple(
        resources.read(image["uri"], f"images[{i}]") if "uri" in image else None
        for i, image in enumerate(objects_in(tree, "images"))
    )
    return Model(tree, buffers, images, tuple(resources.files), chunks)


def _chunks(data: bytes) -> tuple[bytes, bytes | None, tuple[tuple[bytes, bytes], ...]]:
    """The JSON, the binary chunk and all others of a .glb file."""
    if len(data) < HEAD.size:
        raise FormatError("the file ends within its head")
    _, version, length = HEAD.unpack_from(data)
    if version != VERSION:
        raise FormatError(f"the file is of version {version} of GLB, not {VERSION}")
    if length != len(data):
        raise FormatError(f"the file is to have {length} bytes and has {len(data)}")
    (kind, text), *rest = list(_each_chunk(data)) or [(b"", b"")]
    if kind != JSON_CHUNK:
        raise FormatError("the first chunk is not JSON")
    binary = rest.pop(0)[1] if rest and rest[0][0] == BINARY_CHUNK else None
    return text, binary, tuple(rest)


def _each_chunk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = HEAD.size
    while place < len(data):
        if place + CHUNK_HEAD.size > len(data):
            raise FormatError("the file ends within the head of a chunk")
        length, kind = CHUNK_HEAD.unpack_from(data, place)
        place += CHUNK_HEAD.size
        if place + length > len(data):
            raise FormatError(f"a chunk of {length} bytes goes beyond the end of the file")
        yield kind, data[place : place + length]
        place += length


def _parsed(text: bytes) -> Json:
    try:
        tree = json.loads(text.decode("utf-8"), parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError among them
        raise FormatError(f"the file is neither a .glb file nor the JSON of one: {error}") from error
    if not isinstance(tree, dict):
        raise FormatError("the JSON is no object")
    _check_depth(tree)
    return tree


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no finite number")
    return value


def _check_depth(tree: Json) -> None:
    """Raises FormatError for JSON that is nested too deep to be walked through by recursion."""
    nodes: list[Any] = [tree]
    for _ in range(_MOST_DEPTH):
        inner = (node.values() if isinstance(node, dict) else node for node in nodes)
        nodes = [each for node in inner for each in node if isinstance(each, (dict, list))]
        if not nodes:
            return
    raise FormatError(f"the JSON is nested more than {_MOST_DEPTH} deep")


def _check_version(tree: Json) -> None:
    version = object_in(tree, "asset", "the model").get("version")
    if not isinstance(version, str) or version.partition(".")[0] != str(VERSION):
        raise FormatError(f"the model is of version {version!r} of glTF, not {VERSION}.x")


def _data_of(tree: Json, number: int, binary: bytes | None, resources: Resources) -> bytes | None:
    """The bytes of a buffer; None for one without: extensions such as EXT_meshopt_compression have those."""
    buffer, place = tree["buffers"][number], f"buffers[{number}]"
    length = length_in(buffer, "byteLength", place, 1)
    if "uri" in buffer:
        data = resources.read(buffer["uri"], place)
    elif number == 0 and binary is not None:
        data = binary
        if len(data) > length + _PADDING:
            raise FormatError(f"{place} has {length} bytes, and the binary chunk {len(data)}")
    else:
        return None
    if len(data) < length:
        raise FormatError(f"{place} is to have {length} bytes and has {len(data)}")
    return data[:length]


def _check_view(tree: Json, view: Json, place: str, buffers: tuple[bytes | None, ...]) -> None:
    for part in ranges_in(view):
        number = index_in(part, "buffer", tree, "buffers", place)
        end = length_in(part, "byteOffset", place, 0, default=0) + length_in(part, "byteLength", place, 1)
        length = tree["buffers"][number]["byteLength"]
        if end > length:
            raise FormatError(f"{place} goes up to byte {end} of buffers[{number}], which has {length}")
