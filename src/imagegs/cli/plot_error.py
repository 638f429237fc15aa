"""`imagegs plot --error`: where what a .gsimg file decodes to differs from the original."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.compare import check_alike
from imagegs.cli.exit_codes import about
from imagegs.cli.folders import named_map, read_folder
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_output, check_size, output_path, read_input
from imagegs.cli.plot_ellipses import VECTOR_SUFFIX, shown_map
from imagegs.cli.reports import Verbosity
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.applications.map_list import TextureMap
    from imagegs.applications.stacks import Stack
    from imagegs.gaussians import Gaussians
    from imagegs.pixels import Picture


def plot_error(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap]) -> None:
    """Writes what the command line asks for."""
    from imagegs.drawing.error_map import DEFAULT_GAIN, draw_error_map
    from imagegs.image_writers import check_picture_path, write_picture

    file: Path = options.files[0]
    target = output_path(options.output, file, ".error.png")
    shown = shown_map(maps, options.map)
    size = gaussians.width, gaussians.height
    check_size(size, options.size_limit)
    with about(target):
        if target.suffix.lower() == VECTOR_SUFFIX:
            raise UsageError("an error map is made of pixels, not .svg: write .png")
        check_picture_path(target, ("R", "G", "B"), 8, size)
    for source in (file, options.error):
        check_output(target, source, no_overwrite=options.no_overwrite)
    original = _original(options.error, shown, options.size_limit)
    with about(file):
        painted = _painted(gaussians, shown, Limits.of(options.size_limit))
    with about(options.error):
        check_alike(original, painted)
    sheet = draw_error_map(
        original.pixels,
        painted.pixels,
        gain=DEFAULT_GAIN if options.gain is None else options.gain,
        background="light" if options.light else "dark",
    )
    with about(target):
        write_picture(target, sheet, ("R", "G", "B"))
    of = "" if shown is None else f"map {shown.name}, "
    Verbosity(options.quiet).note(f"{target}: {of}{sheet.shape[1]} x {sheet.shape[0]} pixels")


def _painted(gaussians: Gaussians, shown: TextureMap | None, limits: Limits) -> Picture:
    """What `decode` writes."""
    from imagegs.applications.stacks import of_map, paint_map
    from imagegs.engine import at_most
    from imagegs.pixels import Picture
    from imagegs.rendering import check_painting, render

    check_painting(gaussians if shown is None else of_map(gaussians, shown), limits.for_seconds())
    with at_most(limits.seconds, "painting"):
        if shown is not None:
            return Picture(paint_map(gaussians, shown), shown.own_channels)
        return Picture(render(gaussians, dtype=f"uint{gaussians.bit_depth}"), gaussians.channels)


def _original(path: Path, shown: TextureMap | None, size_limit: int | None) -> Picture:
    """A picture; of a stack's map, its file as a stack reads it, or that in a folder of maps."""
    if shown is None:
        return read_input(path, size_limit=size_limit)
    if path.is_dir():
        stack = read_folder(path, size_limit=size_limit)
        with about(path):
            return _map_in(stack, named_map(stack.maps, shown.name))
    from imagegs.applications.stacks import read_stack

    with about(path):
        stack = read_stack([path], limits=Limits.of(size_limit))
        return _map_in(stack, stack.maps[0])


def _map_in(stack: Stack, chosen: TextureMap) -> Picture:
    """One map's own channels."""
    from imagegs.pixels import Picture

    columns = [stack.picture.channels.index(channel) for channel in chosen.stack_channels]
    return Picture(stack.picture.pixels[:, :, columns], chosen.own_channels)
