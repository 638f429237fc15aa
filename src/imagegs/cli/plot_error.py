"""`imagegs plot --error`: where the picture in a .gsimg file differs from the original."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.compare import check_alike
from imagegs.cli.exit_codes import about
from imagegs.cli.folder_contents import check_exclude
from imagegs.cli.folders import named_map, read_folder
from imagegs.cli.options import UsageError
from imagegs.cli.paths import check_size, output_path, picture_suffix, read_input
from imagegs.cli.plot_ellipses import VECTOR_SUFFIX, shown_map
from imagegs.cli.reports import Verbosity
from imagegs.cli.run_files import Output, RunFiles
from imagegs.cli.standard_streams import STANDARD, is_folder
from imagegs.limits import Limits

if TYPE_CHECKING:
    from imagegs.gaussians import Gaussians
    from imagegs.pictures.pixels import Picture
    from imagegs.textures.map_list import TextureMap
    from imagegs.textures.stacks import Stack


def plot_error(options: Namespace, gaussians: Gaussians, maps: Sequence[TextureMap]) -> None:
    """Writes the error map that the command line asks for."""
    from imagegs.drawing.error_map import DEFAULT_GAIN, draw_error_map
    from imagegs.pictures.transparency import alphas_of
    from imagegs.pictures.writing import check_picture_format, encode_picture

    file: Path = options.files[0]
    target = output_path(options.output, file, ".error.png")
    check_exclude(options.exclude, options.error)
    shown = shown_map(maps, options.map)
    size = gaussians.width, gaussians.height
    check_size(size, options.size_limit)
    suffix = picture_suffix(target)
    with about(target):
        if suffix == VECTOR_SUFFIX:
            raise UsageError("an error map is made of pixels, not .svg: write .png")
        check_picture_format(suffix, ("R", "G", "B"), 8, size)
    files = RunFiles.of(options, Output(target, is_named=options.output is not None))
    files.check()
    original = _original(options, shown)
    with about(file):
        painted = _painted(gaussians, shown, Limits.of(options.size_limit))
    with about(options.error):
        check_alike(original, painted)
    sheet = draw_error_map(
        original.pixels,
        painted.pixels,
        gain=DEFAULT_GAIN if options.gain is None else options.gain,
        background="light" if options.light else "dark",
        alphas=alphas_of(painted.channels) if shown is None else shown.alphas,
    )
    with about(target):
        data = encode_picture(suffix, sheet, ("R", "G", "B"))
    files.write(target, data)
    of = "" if shown is None else f"map {shown.name}, "
    Verbosity(options.quiet).note(f"{target}: {of}{sheet.shape[1]} x {sheet.shape[0]} pixels")


def _painted(gaussians: Gaussians, shown: TextureMap | None, limits: Limits) -> Picture:
    """The picture, or the map, that `imagegs decode` writes."""
    from imagegs.engine import at_most
    from imagegs.pictures.pixels import Picture
    from imagegs.rendering import check_painting, render
    from imagegs.textures.painting import of_map, paint_map

    check_painting(gaussians if shown is None else of_map(gaussians, shown), limits.for_seconds())
    with at_most(limits.seconds, "painting"):
        if shown is not None:
            return Picture(paint_map(gaussians, shown), shown.own_channels)
        return Picture(render(gaussians, dtype=f"uint{gaussians.bit_depth}"), gaussians.channels)


def _original(options: Namespace, shown: TextureMap | None) -> Picture:
    """The original: a picture, or the file of a map as a stack reads it, alone or in a folder of maps."""
    path: Path = options.error
    if shown is None:
        return read_input(path, size_limit=options.size_limit)
    if is_folder(path):
        speech = Verbosity(options.quiet)
        stack = read_folder(path, options.exclude, speech, size_limit=options.size_limit)
        with about(path):
            return _map_in(stack, named_map(stack.maps, shown.name))
    from imagegs.textures.stacks import read_stack

    if path == STANDARD:
        raise UsageError("the original of a map is a file or a folder, not standard input")
    with about(path):
        stack = read_stack([path], limits=Limits.of(options.size_limit))
        return _map_in(stack, stack.maps[0])


def _map_in(stack: Stack, chosen: TextureMap) -> Picture:
    """The channels of one map of a stack."""
    from imagegs.pictures.pixels import Picture

    columns = [stack.picture.channels.index(channel) for channel in chosen.stack_channels]
    return Picture(stack.picture.pixels[:, :, columns], chosen.own_channels)
