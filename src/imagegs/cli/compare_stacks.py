"""`imagegs compare` of a texture's folder and its .gsimg file, or of two folders: map by map."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagegs.cli.exit_codes import about, printable
from imagegs.cli.folder_contents import Contents, look_into
from imagegs.cli.folders import load_stack, read_maps
from imagegs.cli.options import UsageError
from imagegs.cli.reports import Verbosity, print_json, print_text, psnr_fields, psnr_text
from imagegs.cli.standard_streams import is_folder

if TYPE_CHECKING:
    from imagegs.textures.stacks import Stack


def compare_stacks(options: Namespace) -> None:
    """Prints the PSNR of each map and of all samples together, and the mean angle between normals."""
    from imagegs.metrics import psnr
    from imagegs.textures.map_list import alphas_of_maps
    from imagegs.textures.normals import mean_angle

    read = [_read(path, options) for path in (options.a, options.b)]
    first, second = (stack for stack, _ in read)
    _check_alike(first, second)
    for _, contents in read:
        if contents is not None:
            contents.tell(Verbosity())
    x, y = first.picture.pixels, second.picture.pixels
    found, angles, start = {}, {}, 0
    for each in first.maps:
        channels = slice(start, start := start + each.channels)
        found[each.name] = psnr(x[:, :, channels], y[:, :, channels], each.alphas)
        if each.kind == "normal" and each.channels in (2, 3):
            angles[each.name] = mean_angle(x[:, :, channels], y[:, :, channels])
    total = psnr(x, y, alphas_of_maps(first.maps))
    if not options.json:
        rows = [*found.items(), ("all maps", total)]
        width = max(len(name) for name, _ in rows)
        degrees = {name: f", {angle:.2f} degrees" for name, angle in angles.items()}
        lines = [f"{name:{width}}  {psnr_text(value)}{degrees.get(name, '')}" for name, value in rows]
        print_text("\n".join(map(printable, lines)))
        return
    height, width, _ = x.shape
    report = {"a": str(options.a), "b": str(options.b), "width": width, "height": height}
    maps = [
        {"name": name, **psnr_fields(value), **({"mean_angle": angles[name]} if name in angles else {})}
        for name, value in found.items()
    ]
    print_json({**report, "maps": maps, **psnr_fields(total)})


def _read(path: Path, options: Namespace) -> tuple[Stack, Contents | None]:
    """The maps in a folder and its contents, or the maps that a .gsimg file decodes to."""
    from imagegs.limits import Limits
    from imagegs.pictures.pixels import Picture
    from imagegs.rendering import check_painting
    from imagegs.textures.painting import paint_stack
    from imagegs.textures.stacks import Stack

    if is_folder(path):
        contents = look_into(path, options.exclude)
        return read_maps(contents, size_limit=options.size_limit), contents
    limits = Limits.of(options.size_limit)
    gaussians, maps = load_stack(path, size_limit=limits.max_picture_pixels, whole=False)
    with about(path):
        # All maps are in memory at once, so the limit is that of a folder's pictures.
        most = replace(limits, max_samples=limits.max_picture_samples)
        check_painting(gaussians, most, pictures=max(1, len(maps)))
    if not maps:
        with about(path):
            raise UsageError("holds one picture, not the maps of a folder")
    painted = Picture(paint_stack(gaussians, maps, options.threads), gaussians.channels)
    return Stack(painted, maps), None


def _check_alike(first: Stack, second: Stack) -> None:
    sizes = [f"{s.picture.pixels.shape[1]} x {s.picture.pixels.shape[0]}" for s in (first, second)]
    if sizes[0] != sizes[1]:
        raise ValueError(f"the maps differ in size: {sizes[0]} and {sizes[1]} pixels")
    names = [" ".join(s.picture.channels) for s in (first, second)]
    if names[0] != names[1]:
        raise ValueError(f"the maps differ in channels: {names[0]} and {names[1]}")
