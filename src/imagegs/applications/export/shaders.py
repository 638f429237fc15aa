"""Filling the templates in shaders/.

`$name` stands for a value; lines between `//@each k` or `//@each map` and `//@end` are repeated, for each
place of the top K from the last to the second, or for each map. Lines of `//@each mips` are there where there
are mip levels; those of `//@each filtered` too, for each map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from imagegs.applications.export.buffers import TEXTURE_ROW
from imagegs.applications.export.maps import SampledMap
from imagegs.applications.export.targets import shader_file

_BLOCK = re.compile(r"^ *//@each (\w+)\n(.*?)^ *//@end\n", re.MULTILINE | re.DOTALL)
_VECTORS = {
    "glsl": ("float", "vec2", "vec3", "vec4"),
    "hlsl": ("float", "float2", "float3", "float4"),
    "wgsl": ("f32", "vec2f", "vec3f", "vec4f"),
}
_ADDRESSED = {  # by the manifest's addressing
    "glsl": {"clamp": "clamp(uv, 0.0, 1.0)", "repeat": "fract(uv)"},
    "hlsl": {"clamp": "saturate(uv)", "repeat": "frac(uv)"},
    "wgsl": {"clamp": "saturate(uv)", "repeat": "fract(uv)"},
}
_BEYOND = {"clamp": "beyond the border is the border", "repeat": "the canvas repeats"}
_SWIZZLES = (".x", ".xy", ".xyz", "")
_ENDLESS = "1e30"  # a cutoff that nothing is below


def make_shader(language: str, title: str, manifest: dict[str, Any], maps: Sequence[SampledMap]) -> str:
    """The text of sample.glsl, sample.hlsl or sample.wgsl; title: a line for people, of any characters."""
    template = files(__package__).joinpath("shaders", shader_file(language)).read_text("utf-8")
    functions, has_mips = list(_functions(language, maps)), "mips" in manifest
    rows = {"k": list(_places(manifest["constants"]["top_k"])), "map": functions}
    rows |= {"mips": [{}] if has_mips else [], "filtered": functions if has_mips else []}

    def repeat(block: re.Match[str]) -> str:
        return "".join(Template(block[2]).safe_substitute(row) for row in rows[block[1]])

    addressing = manifest["addressing"]
    texts = {
        "title": _plain(title),
        "addressed": _ADDRESSED[language][addressing],
        "beyond": _BEYOND[addressing],
        "addressing": addressing,
    }
    return Template(_BLOCK.sub(repeat, template)).substitute(_values(manifest, maps), **texts)


def _values(manifest: dict[str, Any], maps: Sequence[SampledMap]) -> dict[str, Any]:
    canvas, tiles, constants = (manifest[key] for key in ("canvas", "tiles", "constants"))
    cutoff = constants["cutoff"]
    return {
        "width": float(canvas["width"]),
        "height": float(canvas["height"]),
        "tile": float(tiles["side"]),
        "columns": tiles["columns"],
        "rows": tiles["rows"],
        "top_k": constants["top_k"],
        "last": constants["top_k"] - 1,
        "cutoff": _ENDLESS if cutoff is None else cutoff,
        "epsilon": constants["epsilon"],
        "shift": "0.0" if cutoff is None else "best[0]",
        "least_length": constants["least_length"],
        "n_maps": len(maps),
        "unit_length": sum(each.unit_length << m for m, each in enumerate(maps)),
        "gray_alpha": sum((each.has_alpha and len(each.channels) == 2) << m for m, each in enumerate(maps)),
        "color_alpha": sum((each.has_alpha and len(each.channels) == 4) << m for m, each in enumerate(maps)),
        **_mips(manifest),
        "row": TEXTURE_ROW,
    }


def _mips(manifest: dict[str, Any]) -> dict[str, Any]:
    if "mips" not in manifest:
        return {}
    mips = manifest["mips"]
    return {"first_level": float(mips["first_level"]), "most_side": 1 + mips["slack"]}


def _places(top_k: int) -> Iterator[dict[str, Any]]:
    return ({"k": k, "above": k - 1} for k in range(top_k - 1, 0, -1))


def _functions(language: str, maps: Sequence[SampledMap]) -> Iterator[dict[str, Any]]:
    for index, each in enumerate(maps):
        last = len(each.columns) - 1
        about = f"{each.name}: {' '.join(each.channels)}, {each.color_space}"
        about += ", vectors of length 1" if each.unit_length else ""
        names = {"name": each.identifier, "index": index, "about": _plain(about)}
        yield {**names, "type": _VECTORS[language][last], "swizzle": _SWIZZLES[last]}


def _plain(text: str) -> str:
    """A text for a comment: it cannot end the comment early, whatever a file or a map is called."""
    plain = (c if c.isascii() and c.isprintable() and c not in "\\$" else f"<U+{ord(c):04X}>" for c in text)
    return "".join(plain)
