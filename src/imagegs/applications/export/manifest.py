"""The description of an export: what a reader needs to sample it without a shader of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagegs import _native
from imagegs.applications.export.buffers import Buffers
from imagegs.applications.export.levels import Levels
from imagegs.applications.export.maps import SampledMap
from imagegs.applications.export.targets import MIPS
from imagegs.gaussians import Gaussians
from imagegs.rendering import SAMPLE_SLACK
from imagegs.textures.normals import LEAST_LENGTH

FORMAT, VERSION = "imagegs export", 1
_NUMBERS_AT_ONCE = 1 << 16  # as text
_TYPES = {"<u4": "uint32", "<f4": "float32", "|u1": "uint8"}
_MEANINGS = {
    "offsets": "tile t, row by row, sees ids[offsets[t]] up to but without ids[offsets[t + 1]]",
    "ids": "numbers of Gaussians, ascending within a tile",
    "gaussians": "x, y (center, canvas pixels), w (log-weight, nats), 0, ux, uy, vx, vy (1 / canvas pixels)",
    "colors": "of a Gaussian, for each map: its channels in their order, then 0",
    MIPS: "mip level after level, map after map, row after row: its channels in order, then 0; 255 is 1",
}
_FORMULA = (
    "p = (u * width, v * height), clamped to the canvas, or of u - floor(u) and v - floor(v) where "
    "addressing repeats; tile = min(floor(p / side), (columns, rows) - 1), t = tile.y * columns + tile.x",
    "exponent of a Gaussian: d = p - (x, y), e = w - (ux d.x + uy d.y)^2 - (vx d.x + vy d.y)^2",
    "of the tile's ids keep the top_k with the largest e, of equal ones the lower id",
    "softmax: those with e below (the largest e) - cutoff have no weight, the others exp(e - the largest e)",
    "paper: each has the weight exp(e)",
    "color = sum of weight * color / (epsilon + sum of weight)",
    "unit_length: v = 2 color - 1, color = 1/2 + v / (2 |v|) unless |v| < least_length",
    "at last every channel is clamped to 0..1; it is encoded as color_space says",
)
_FILTERING = (
    "footprint of a pixel: dx and dy, the derivatives of p across and down; side = the longer of them",
    "share = log2(side) + 1 - first_level, clamped to 0..1",
    "side <= 1 + slack: the color at p; else the mean of those at p - dx/4 - dy/4, p + dx/4 - dy/4, "
    "p - dx/4 + dy/4 and p + dx/4 + dy/4, channels that alpha covers weighed by it",
    "the texels at p: level log2(side), first_level at least, between two levels, bilinear within each",
    "color = (1 - share) * the first + share * the second; unit_length: brought to length 1 again",
)


def constants_of(gaussians: Gaussians) -> dict[str, Any]:
    """The numbers that define the blend; `cutoff` is None where there is none."""
    if gaussians.blend == "paper":
        numbers = {"top_k": _native.PAPER_TOP_K, "cutoff": None, "epsilon": shortest(_native.PAPER_EPSILON)}
    else:
        numbers = {"top_k": _native.SOFTMAX_TOP_K, "cutoff": _native.SOFTMAX_CUTOFF, "epsilon": 0.0}
    return {**numbers, "least_length": LEAST_LENGTH}


def shortest(number: float) -> float:
    """The float64 with the fewest digits that is the same float32: 0.0001 and not 9.99999974e-05."""
    return float(str(np.float32(number)))


def make_manifest(
    gaussians: Gaussians, maps: Sequence[SampledMap], buffers: Buffers, levels: Levels | None = None
) -> dict[str, Any]:
    """The manifest of an export, but for the places of the buffers' contents."""
    tiles = buffers.tiles
    counts = np.diff(tiles.offsets.astype(np.int64))
    return {
        "format": FORMAT,
        "version": VERSION,
        "canvas": {"width": int(gaussians.width), "height": int(gaussians.height), "unit": "pixels"},
        "addressing": "repeat" if buffers.wrap else "clamp",
        "blend": gaussians.blend,
        "n_gaussians": len(buffers.arrays["gaussians"]),
        "constants": constants_of(gaussians),
        "tiles": {
            "side": tiles.side,
            "columns": tiles.columns,
            "rows": tiles.rows,
            "mean_candidates": float(counts.mean()),
            "most_candidates": int(counts.max()),
        },
        "maps": [_describe(each, index, levels is not None) for index, each in enumerate(maps)],
        **_filtering(gaussians, maps, levels, float(counts.mean())),
        "buffers": {name: _buffer(name, array) for name, array in all_arrays(buffers, levels).items()},
        "formula": list(_FORMULA),
    }


def all_arrays(buffers: Buffers, levels: Levels | None) -> dict[str, NDArray[Any]]:
    """The arrays of an export, in the order in which they are bound."""
    return buffers.arrays | ({MIPS: levels.texels} if levels else {})


def _buffer(name: str, array: NDArray[Any]) -> dict[str, Any]:
    kind = _TYPES[array.dtype.newbyteorder("<").str]
    return {"type": kind, "shape": list(array.shape), "contents": _MEANINGS[name]}


def _filtering(
    gaussians: Gaussians, maps: Sequence[SampledMap], levels: Levels | None, candidates: float
) -> dict[str, Any]:
    """How footprints are painted, and what a pixel with all maps costs at each level of detail."""
    if levels is None:
        return {}
    top_k, first = constants_of(gaussians)["top_k"], levels.first
    point = round(8 * candidates + 12 * top_k + 4 * top_k * len(maps))
    return {
        "mips": {
            "first_level": first,
            "slack": SAMPLE_SLACK,
            "levels": [
                {"level": first + i, "width": width, "height": height, "offset": offset}
                for i, ((width, height), offset) in enumerate(zip(levels.sizes, levels.offsets, strict=True))
            ],
            "multiply_adds": [point if level == 0 else 4 * point for level in range(first)],
            "filtering": list(_FILTERING),
        }
    }


def _describe(each: SampledMap, index: int, has_mips: bool) -> dict[str, Any]:
    functions = {"function": f"sample_{each.identifier}"}
    if has_mips:
        functions["filter"] = f"filter_{each.identifier}"
    facts = {"name": each.name, "index": index, **functions}
    facts |= {"channels": list(each.channels), "color_space": each.color_space}
    facts |= {"has_alpha": each.has_alpha}
    return {**facts, "unit_length": each.unit_length, "cutout": each.cutout}


def to_text(manifest: dict[str, Any]) -> str:
    """JSON for people too."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def with_data(manifest: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """The manifest with each buffer's numbers, row by row, under "data": pieces of one JSON text."""
    rest = {key: value for key, value in manifest.items() if key != "buffers"}
    yield to_text(rest).encode().removesuffix(b"\n}\n") + b',\n  "buffers": {'
    for i, (name, array) in enumerate(arrays.items()):
        facts = json.dumps(manifest["buffers"][name])[:-1]
        yield f'{"," if i else ""}\n    "{name}": {facts}, "data": ['.encode()
        numbers = array.reshape(-1)
        for start in range(0, array.size, _NUMBERS_AT_ONCE):
            part = ",".join(numbers[start : start + _NUMBERS_AT_ONCE].astype(str))  # shortest float32
            yield (b"," if start else b"") + part.encode()
        yield b"]}"
    yield b"\n  }\n}\n"
