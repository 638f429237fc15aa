"""A small glTF model with a material of five maps, put together here, and glTF's own validator."""

from __future__ import annotations

import base64
import io
import json
import shutil
import struct
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from requirements import missing

ROOT = Path(__file__).parents[1]
Json = dict[str, Any]

VALIDATE = """
const { validateBytes } = require("gltf-validator");
const { readFileSync } = require("fs"), path = require("path");
const file = process.argv[1];
const externalResourceFunction = async (uri) =>
    new Uint8Array(readFileSync(path.join(path.dirname(file), decodeURIComponent(uri))));
validateBytes(new Uint8Array(readFileSync(file)), { externalResourceFunction, maxIssues: 0 })
    .then((report) => console.log(JSON.stringify(report.issues.messages)));
"""


def map_pixels(name: str, size: tuple[int, int] = (32, 32)) -> NDArray[np.uint8]:
    """(H, W, C) of a map, every one another picture; size: (width, height)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    edge = np.where(x + y > 0.9, 0.3, 0.8)
    planes = {
        "color": (edge, 0.2 + 0.6 * x, 0.7 - 0.4 * y, 0.5 + 0.5 * (x > 0.5)),
        "orm": (0.4 + 0.5 * y, edge * 0.9, 1 - edge),
        "emissive": (0.5 * x, 0.1 + 0 * x, edge),
        "gray": (edge,),
    }
    if name == "normal":
        vectors = np.stack([0.3 * np.sin(6 * x), 0.3 * np.cos(6 * y), np.ones_like(x)], axis=2)
        return to_bytes(vectors / np.linalg.norm(vectors, axis=2, keepdims=True) / 2 + 0.5)
    return to_bytes(np.stack(planes[name], axis=2))


def to_bytes(colors: NDArray[Any]) -> NDArray[np.uint8]:
    return np.round(255 * colors).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def surface(shape: str = "square") -> tuple[bytes, list[Json], list[Json]]:
    """The data, bufferViews and accessors of a square from -1 to 1, or of a sphere of radius 1.

    The uv (0, 0) is at the top left.
    """
    n = 2 if shape == "square" else 65
    v, u = (each.reshape(-1) for each in np.mgrid[0 : 1 : n * 1j, 0 : 1 : n * 1j])
    uv = np.stack([u, v], axis=1).astype(np.float32)
    if shape == "square":
        xyz = np.stack([2 * u - 1, 1 - 2 * v, 0 * u], axis=1).astype(np.float32)
        normals = np.float32([[0, 0, 1]] * len(u))
    else:
        around, down = 2 * np.pi * u, np.pi * v
        normals = np.stack(
            [-np.sin(down) * np.sin(around), np.cos(down), -np.sin(down) * np.cos(around)], axis=1
        )
        xyz = normals = normals.astype(np.float32)
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).reshape(-1, 1)
    triangles = (corner + np.array([0, n, 1, 1, n, n + 1])).astype(np.uint16).reshape(-1)
    views, accessors, data = [], [], b""
    for array, kind in ((xyz, "VEC3"), (normals, "VEC3"), (uv, "VEC2"), (triangles, "SCALAR")):
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
        component = 5123 if kind == "SCALAR" else 5126
        count = array.size if kind == "SCALAR" else len(array)
        accessors.append(
            {"bufferView": len(views) - 1, "componentType": component, "count": count, "type": kind}
        )
        data += array.tobytes() + bytes(-array.nbytes % 4)
    accessors[0] |= {"min": xyz.min(axis=0).tolist(), "max": xyz.max(axis=0).tolist()}
    return data, views, accessors


def model(size: tuple[int, int] = (32, 32)) -> tuple[Json, bytes]:
    """The JSON and the data of a square with a material of four pictures, two of them used in two places."""
    data, views, accessors = surface()
    names = ("color", "normal", "orm", "emissive")
    for name in names:
        picture = png(map_pixels(name, size))
        views.insert(
            1, {"buffer": 0, "byteOffset": len(data), "byteLength": len(picture)}
        )  # not the last ones
        data += picture + bytes(-len(picture) % 4)
    for accessor in accessors[1:]:
        accessor["bufferView"] += len(names)
    images = [
        {"bufferView": 4 - i, "mimeType": "image/png", "name": f"the {name}"} for i, name in enumerate(names)
    ]
    tree: Json = {
        "asset": {"version": "2.0", "generator": "imagegs tests"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "extras": {"bufferView": "mine", "kept": [1.5, "ä"]}}],
        "meshes": [{"primitives": [primitive()]}],
        "materials": [
            {
                "name": "Bottle",
                "alphaMode": "BLEND",
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicRoughnessTexture": {"index": 2},
                },
                "normalTexture": {"index": 1, "scale": 0.8},
                "occlusionTexture": {"index": 2},
                "emissiveTexture": {"index": 3},
                "emissiveFactor": [1, 1, 1],
            }
        ],
        "textures": [{"source": i, "sampler": 0} for i in range(4)],
        "samplers": [{"wrapS": 10497, "wrapT": 10497}],
        "images": images,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    return tree, data


def primitive() -> Json:
    return {"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 3, "material": 0}


def glb(tree: Json, data: bytes | None) -> bytes:
    """The .glb file of a model."""
    text = json.dumps(tree).encode()
    parts = [(b"JSON", text + b" " * (-len(text) % 4))]
    if data is not None:
        parts.append((b"BIN\0", data + bytes(-len(data) % 4)))
    body = b"".join(struct.pack("<I4s", len(part), kind) + part for kind, part in parts)
    return struct.pack("<4s2I", b"glTF", 2, 12 + len(body)) + body


def opened(path: Path) -> tuple[Json, bytes]:
    """The JSON and the data of a .glb file, or of a .gltf file with the one beside it."""
    file = path.read_bytes()
    if path.suffix == ".gltf":
        tree = json.loads(file)
        return tree, (path.parent / tree["buffers"][0]["uri"]).read_bytes()
    length = struct.unpack_from("<I", file, 12)[0]
    return json.loads(file[20 : 20 + length]), file[28 + length :]


def image_data(tree: Json, data: bytes, number: int) -> bytes:
    """The file of an image in a bufferView."""
    view = tree["bufferViews"][tree["images"][number]["bufferView"]]
    return data[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]


def in_files(tree: Json, data: bytes, folder: Path, *, embedded: bool) -> Json:
    """The model as .gltf: its data and pictures in data URIs, or in files of the folder."""
    tree = deepcopy(tree)
    for i, image in enumerate(tree["images"]):
        contents = image_data(tree, data, i)
        image.pop("bufferView")
        if embedded:
            image["uri"] = "data:image/png;base64," + base64.b64encode(contents).decode()
        else:
            (folder / f"a picture {i}.png").write_bytes(contents)
            image["uri"] = f"a%20picture%20{i}.png"
    uri = "model.bin"
    if embedded:
        uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    else:
        (folder / uri).write_bytes(data)
    tree["buffers"][0]["uri"] = uri
    return tree


def problems(path: Path) -> list[Json]:
    """What glTF's own validator calls an error."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "gltf-validator").is_dir():
        missing("gltf-validator (make node_modules/installed)")
    done = subprocess.run(
        [node, "-e", VALIDATE, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [each for each in json.loads(done.stdout) if each["severity"] < 1]
