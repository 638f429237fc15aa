"""`imagegs plot` of a .gsimg file: its Gaussians as ellipses in a picture or an SVG file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.folders import named_map
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_size, output_path, picture_suffix
from imagegs.cli.reports import Verbosity
from imagegs.cli.run_files import Output, RunFiles

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.textures.map_list import TextureMap

VECTOR_SUFFIX = ".svg"


def plot_ellipses(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap]) -> None:
    """Writes the drawing that the command line asks for."""
    from imagegs.drawing import draw_ellipses, svg_ellipses
    from imagegs.limits import Limits
    from imagegs.pictures.writing import encode_picture
    from imagegs.rendering import output_size
    from imagegs.textures.painting import of_map

    file: Path = options.files[0]
    target = output_path(options.output, file, ".ellipses.png")
    shown = shown_map(maps, options.map)
    own = gaussians if shown is None else of_map(gaussians, shown)
    size = output_size(own, height=options.height)
    check_size(size, options.size_limit)
    suffix = picture_suffix(target)
    with about(target):
        _check_suffix(suffix, size)
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    look: dict[str, Any] = {"height": options.height, "background": "light" if options.light else "dark"}
    look |= {n: getattr(options, n) for n in ("share", "seed", "sigmas") if getattr(options, n) is not None}
    limits = Limits.of(options.size_limit)
    if suffix == VECTOR_SUFFIX:
        with about(file):
            document = svg_ellipses(own, limits, **look)
        files.write(target, document.encode())
    else:
        with about(file):
            pixels = draw_ellipses(own, limits, **look)
        with about(target):
            data = encode_picture(suffix, pixels, ("R", "G", "B"))
        files.write(target, data)
    of = "" if shown is None else f"map {shown.name}, "
    Verbosity(options.quiet).note(f"{target}: {of}{size.width} x {size.height} pixels")


def shown_map(maps: Sequence[TextureMap], name: str | None) -> TextureMap | None:
    """The map of that name; without a name the first color map, else the first map. None for a picture.

    Raises UsageError where there is no such map.
    """
    if not maps:
        if name is not None:
            raise UsageError("--map needs a texture stack: this file holds one picture")
        return None
    if name is not None:
        return named_map(maps, name)
    return next((each for each in maps if each.kind == "color"), maps[0])


def _check_suffix(suffix: str, size: tuple[int, int]) -> None:
    """Raises ValueError for a suffix that is neither a picture's nor .svg, or a size too large for it."""
    from imagegs.pictures.writing import WRITABLE_SUFFIXES, check_picture_format

    if suffix not in (*WRITABLE_SUFFIXES, VECTOR_SUFFIX):
        possible = ", ".join((*WRITABLE_SUFFIXES, VECTOR_SUFFIX))
        raise ValueError(f"cannot write {suffix or 'a file without a suffix'}: possible are {possible}")
    if suffix != VECTOR_SUFFIX:
        check_picture_format(suffix, ("R", "G", "B"), 8, size)
