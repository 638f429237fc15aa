"""A model as the bytes of a .glb file, or of a .gltf file and one file of binary data beside it."""

from __future__ import annotations

import json
from urllib.parse import quote

from imagegs.applications.gltf.model import Json, Model
from imagegs.applications.gltf.reading import BINARY_CHUNK, CHUNK_HEAD, HEAD, JSON_CHUNK, MAGIC, VERSION
from imagegs.errors import LimitError

_MOST_BYTES = 2**32 - 1  # of a .glb file


def glb_bytes(model: Model) -> bytes:
    """The .glb file of a rebuilt model, whose data are all in its first buffer.

    Raises LimitError where the format cannot hold so many bytes.
    """
    chunks = [_chunk(JSON_CHUNK, _text(model.json), b" ")]
    if model.buffers and model.buffers[0] is not None:
        chunks.append(_chunk(BINARY_CHUNK, model.buffers[0], b"\0"))
    chunks += [_chunk(kind, data, b"\0") for kind, data in model.chunks]
    length = HEAD.size + sum(map(len, chunks))
    if length > _MOST_BYTES:
        raise LimitError(f"a .glb file cannot hold {length} bytes: write .gltf")
    return b"".join([HEAD.pack(MAGIC, VERSION, length), *chunks])


def gltf_bytes(model: Model, binary_name: str) -> tuple[bytes, bytes | None]:
    """The .gltf file of a rebuilt model, and the file of this name that is to lie beside it, if any."""
    if not model.buffers or model.buffers[0] is None:
        return _text(model.json), None
    first, *rest = model.json["buffers"]
    tree = {**model.json, "buffers": [{**first, "uri": quote(binary_name)}, *rest]}
    return _text(tree), model.buffers[0]


def _text(tree: Json) -> bytes:
    return json.dumps(tree, separators=(",", ":")).encode("ascii")


def _chunk(kind: bytes, data: bytes, padding: bytes) -> bytes:
    data += padding * (-len(data) % 4)
    return CHUNK_HEAD.pack(len(data), kind) + data
