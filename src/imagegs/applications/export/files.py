"""An export as a set of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from imagegs._native import TILE
from imagegs.applications.export.buffers import MAX_ENTRIES, TEXTURE_ROW, make_buffers
from imagegs.applications.export.levels import Levels
from imagegs.applications.export.manifest import all_arrays, make_manifest, to_text, with_data
from imagegs.applications.export.maps import SampledMap
from imagegs.applications.export.shaders import make_shader
from imagegs.applications.export.targets import (
    MANIFEST,
    SHADER_TARGETS,
    TEXT,
    buffer_file,
    shader_file,
)
from imagegs.errors import LimitError
from imagegs.gaussians import Gaussians


@dataclass(frozen=True, eq=False)
class Export:
    """What to write, and what the manifest in it says."""

    manifest: dict[str, Any]
    files: dict[
        str, bytes | Iterable[bytes]
    ]  # contents, or their pieces, by name, in the order of `file_names`


def export_files(
    gaussians: Gaussians,
    maps: Sequence[SampledMap],
    target: str,
    *,
    tile: int = TILE,
    title: str = "imagegs export",
    threads: int | None = None,
    most_listed: int = MAX_ENTRIES,
    levels: Levels | None = None,
) -> Export:
    """The files that a shader needs to sample these maps.

    target: one of SHADER_TARGETS: "glsl", "wgsl" and "hlsl" are buffers, a manifest, and the functions in
        that language; "json" is one text with all numbers.
    tile: the side in canvas pixels of the tiles that have lists of their own.
    title: a comment in the shader.
    most_listed: how many entries all lists may have.
    levels: the mip levels of these maps (`make_levels`), which functions that filter read; None: there are no
        such functions.

    Raises ValueError for another target, no maps, and what `make_buffers` does; LimitError as that does, and
    where a text would have more than half as many numbers.
    """
    if target not in SHADER_TARGETS:
        raise ValueError(f"no target {target!r}; there are {', '.join(SHADER_TARGETS)}")
    if not maps:
        raise ValueError("there are no maps to export")
    buffers = make_buffers(gaussians, maps, tile, threads, most_listed)
    manifest = make_manifest(gaussians, maps, buffers, levels)
    arrays = all_arrays(buffers, levels)
    if target == "json":
        if (numbers := sum(array.size for array in arrays.values())) > most_listed // 2:
            raise LimitError(f"{numbers} numbers are over the limit of {most_listed // 2} in a text")
        return Export(manifest, {TEXT: with_data(manifest, arrays)})
    contents: dict[str, bytes | Iterable[bytes]] = {}
    for name, array in arrays.items():
        manifest["buffers"][name] |= {"file": buffer_file(name), "bytes": array.nbytes}
        contents[buffer_file(name)] = array.tobytes()
    if target == "glsl":
        manifest["texture_row"] = TEXTURE_ROW
    contents[shader_file(target)] = make_shader(target, title, manifest, maps).encode("ascii")
    contents[MANIFEST] = to_text(manifest).encode()
    return Export(manifest, contents)
